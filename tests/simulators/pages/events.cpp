#include "simulators/pages/events.hpp"

#include <array>
#include <utility>

#include "base/crypto.hpp"
#include "simulators/common/bad_input.hpp"
#include "simulators/meta/wire.hpp"

namespace patchbay::simulators::pages {
namespace {

std::string personIn(const Json& event, const char* name) {
  const auto found = event.find(name);
  if (found == event.end() || !found->is_object())
    throw BadInput(std::string("event: '") + name + "' must be {\"id\"}, of type " + event.value("type", ""));
  std::string id = textOr(*found, "id", "");
  if (id.empty()) throw BadInput(std::string("event: '") + name + "' has no id");
  return id;
}

Json attachmentOf(const std::string& type, std::string url) {
  return {{"type", type}, {"payload", {{"url", std::move(url)}}}};
}

}  // namespace

Json toJson(const Customer& customer) {
  return {{"id", customer.id}, {"name", customer.name}};
}

Json textEvent(const Customer& from, const std::string& text) {
  return {{"type", "text"}, {"from", toJson(from)}, {"text", text}};
}

std::string newMid(Ids& ids, Product product) {
  return product == Product::kMessenger ? "m_" + ids.word(24) + "-" + ids.word(20)
                                        : "aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOj" + ids.word(90);
}

EventBuilder::EventBuilder(Ids& ids, std::function<std::string(std::string, std::string)> keep_file)
    : ids_(ids), keep_file_(std::move(keep_file)) {}

std::string EventBuilder::mid(const Account& account, const Json& event) {
  const std::string given = textOr(event, "id", "");
  return given.empty() ? newMid(ids_, account.product) : given;
}

Json EventBuilder::message(const Account& account, const Json& event, Webhook& webhook) {
  const std::string type = textOr(event, "type", "");
  Json message{{"mid", mid(account, event)}};
  webhook.ids.push_back(message["mid"]);
  if (event.contains("text")) message["text"] = textOr(event, "text", "");
  if (event.contains("media")) {
    const Json& media = event["media"];
    allowOnly(media, "media", {"url", "base64", "mime_type"});
    std::string url = textOr(media, "url", "");
    if (url.empty()) {
      auto bytes = crypto::base64Decode(textOr(media, "base64", ""));
      if (!bytes) throw BadInput("media: needs 'url' or 'base64'");
      url = keep_file_(*std::move(bytes), textOr(media, "mime_type", "application/octet-stream"));
    }
    message["attachments"] = Json::array({attachmentOf(type, std::move(url))});
  }
  if (event.contains("attachments")) message["attachments"] = event["attachments"];
  if (event.contains("quick_reply")) message["quick_reply"] = {{"payload", textOr(event, "quick_reply", "")}};
  if (event.contains("reply_to")) message["reply_to"] = {{"mid", textOr(event, "reply_to", "")}};
  if (event.contains("extra")) message.update(event["extra"]);
  return message;
}

Json EventBuilder::item(const Account& account, const Json& event, long long now_ms, Webhook& webhook) {
  const std::string type = textOr(event, "type", "");
  if (type == "item") return event.at("item");
  const bool echo = type == "echo";
  const std::string customer = personIn(event, echo ? "to" : "from");
  Json item{{"sender", {{"id", echo ? account.id : customer}}},
            {"recipient", {{"id", echo ? customer : account.id}}},
            {"timestamp", numberOr(event, "timestamp", now_ms)}};
  if (type == "postback") {
    const std::string id = mid(account, event);
    webhook.ids.push_back(id);
    item["postback"] = {{"mid", id}, {"title", textOr(event, "title", "")}, {"payload", textOr(event, "payload", "")}};
  } else if (type == "reaction") {
    const std::string emoji = textOr(event, "emoji", "");
    item["reaction"] = {{"mid", textOr(event, "mid", "")}, {"action", emoji.empty() ? "unreact" : "react"}};
    if (!emoji.empty()) item["reaction"].update({{"reaction", "other"}, {"emoji", emoji}});
  } else if (type == "edit") {
    item["message_edit"] = {{"mid", textOr(event, "mid", "")},
                            {"text", textOr(event, "text", "")},
                            {"num_edit", numberOr(event, "num_edit", 1)}};
  } else if (type == "unsend") {
    item["message"] = {{"mid", textOr(event, "mid", "")}, {"is_deleted", true}};
  } else if (type == "read" || type == "delivery") {
    Json receipt = Json::object();
    if (event.contains("mid")) receipt["mid"] = textOr(event, "mid", "");
    if (event.contains("mids")) receipt["mids"] = event["mids"];
    if (event.contains("watermark")) receipt["watermark"] = numberOr(event, "watermark", 0);
    item[type] = std::move(receipt);
  } else {
    constexpr std::array<std::string_view, 7> kMessages{"text", "image",   "video",  "audio",
                                                        "file", "sticker", "message"};
    if (!echo && std::find(kMessages.begin(), kMessages.end(), type) == kMessages.end())
      throw BadInput("event: there is no type '" + type + "'");
    item["message"] = message(account, event, webhook);
    if (echo) {
      item["message"].update({{"is_echo", true}, {"app_id", numberOr(event, "app_id", 263902037430900)}});
      if (event.contains("metadata")) item["message"]["metadata"] = textOr(event, "metadata", "");
    }
  }
  return item;
}

Webhook EventBuilder::build(const Account& account, const Json& event, long long now_ms) {
  if (!event.is_object()) throw BadInput("event: must be a JSON object");
  const std::string type = textOr(event, "type", "");
  Webhook webhook;
  webhook.kind = type;
  if (type == "raw") {
    webhook.body = event.contains("text") ? textOr(event, "text", "") : meta::asciiJson(event.value("body", Json()));
    return webhook;
  }
  Json items = Json::array();
  if (type == "batch") {
    if (!event.contains("events") || !event["events"].is_array()) throw BadInput("batch: 'events' must be a list");
    for (const Json& inner : event["events"]) items.push_back(item(account, inner, now_ms, webhook));
  } else {
    items.push_back(item(account, event, now_ms, webhook));
  }
  const char* list = truthOr(event, "standby", false) ? "standby" : "messaging";
  Json entry{{"id", account.id}, {"time", now_ms}, {list, std::move(items)}};
  webhook.body = meta::asciiJson({{"object", account.product == Product::kMessenger ? "page" : "instagram"},
                                  {"entry", Json::array({std::move(entry)})}});
  return webhook;
}

}  // namespace patchbay::simulators::pages
