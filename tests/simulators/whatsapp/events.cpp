#include "simulators/whatsapp/events.hpp"

#include "base/crypto.hpp"
#include "base/time.hpp"
#include "simulators/common/bad_input.hpp"
#include "simulators/meta/errors.hpp"
#include "simulators/meta/wire.hpp"

namespace patchbay::simulators::whatsapp {
namespace {

std::string seconds(const Json& event) {
  const auto given = event.find("timestamp");
  if (given == event.end())
    return std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now().time_since_epoch()).count());
  return given->is_string() ? given->get<std::string>() : std::to_string(numberOr(event, "timestamp", 0));
}

std::string waId(const Customer& customer) {
  return customer.phone.starts_with('+') ? customer.phone.substr(1) : customer.phone;
}

Json contactOf(const Customer& customer) {
  Json contact = Json::object();
  if (!customer.name.empty()) contact["profile"]["name"] = customer.name;
  if (!customer.username.empty()) contact["profile"]["username"] = customer.username;
  if (!customer.phone.empty()) contact["wa_id"] = waId(customer);
  if (!customer.bsuid.empty()) contact["user_id"] = customer.bsuid;
  return contact;
}

bool isMedia(const std::string& type) {
  return type == "image" || type == "video" || type == "audio" || type == "document" || type == "sticker";
}

Json emptyValue(const Number& number) {
  return {{"messaging_product", "whatsapp"},
          {"metadata",
           {{"display_phone_number", number.display_phone_number}, {"phone_number_id", number.phone_number_id}}}};
}

Json statusValue(const Number& number, const Json& event) {
  allowOnly(event, "status event",
            {"type", "phone_number_id", "message_id", "status", "to", "code", "details", "timestamp",
             "biz_opaque_callback_data", "extra"});
  const std::string status = textOr(event, "status", "");
  if (status.empty()) throw BadInput("status event: 'status' is missing");
  const Customer to = event.contains("to") ? customerFromJson(event["to"]) : Customer{};
  Json item{{"id", textOr(event, "message_id", "")}, {"status", status}, {"timestamp", seconds(event)}};
  if (item["id"] == "") throw BadInput("status event: 'message_id' is missing");
  if (!to.phone.empty()) item["recipient_id"] = waId(to);
  // A failed message names the user id only when it was sent to one.
  if (!to.bsuid.empty() && (status != "failed" || to.phone.empty())) item["recipient_user_id"] = to.bsuid;
  if (event.contains("biz_opaque_callback_data")) item["biz_opaque_callback_data"] = event["biz_opaque_callback_data"];
  if (status == "sent" || status == "delivered")
    item["pricing"] = {{"billable", true}, {"pricing_model", "PMP"}, {"type", "regular"}, {"category", "service"}};
  if (status == "failed")
    item["errors"] = Json::array({meta::statusError(static_cast<int>(numberOr(event, "code", 131026)),
                                                    textOr(event, "details", "Message Undeliverable."))});
  if (event.contains("extra")) item.update(event["extra"]);
  Json value = emptyValue(number);
  Json contact = contactOf(to);
  if (status == "sent" && contact.contains("profile")) contact["profile"].erase("username");
  if (status != "failed" && !contact.empty()) value["contacts"] = Json::array({contact});
  value["statuses"] = Json::array({item});
  return value;
}

Json entryOf(const Number& number, Json changes) {
  return {{"id", number.waba_id}, {"changes", std::move(changes)}};
}

std::string payload(Json entries) {
  return meta::asciiJson({{"object", "whatsapp_business_account"}, {"entry", std::move(entries)}});
}

Json changeJson(const std::string& field, Json value) {
  return {{"field", field}, {"value", std::move(value)}};
}

/// Adds what `more` carries to `value`; of the contacts only those that are new.
void mergeValue(Json& value, const Json& more) {
  for (const char* list : {"contacts", "messages", "statuses", "errors"}) {
    if (!more.contains(list)) continue;
    Json& into = value[list];
    for (const Json& item : more[list])
      if (std::string_view(list) != "contacts" || std::find(into.begin(), into.end(), item) == into.end())
        into.push_back(item);
  }
}

}  // namespace

Json toJson(const Customer& customer) {
  Json json = Json::object();
  if (!customer.name.empty()) json["name"] = customer.name;
  if (!customer.phone.empty()) json["phone"] = customer.phone;
  if (!customer.bsuid.empty()) json["bsuid"] = customer.bsuid;
  if (!customer.username.empty()) json["username"] = customer.username;
  return json;
}

Customer customerFromJson(const Json& json) {
  allowOnly(json, "customer", {"name", "phone", "bsuid", "username"});
  return {textOr(json, "name", ""), textOr(json, "phone", ""), textOr(json, "bsuid", ""), textOr(json, "username", "")};
}

Json textEvent(const Customer& from, const std::string& text) {
  return {{"type", "text"}, {"from", toJson(from)}, {"text", text}};
}

Json replyEvent(const Customer& from, const std::string& text, const std::string& reply_to) {
  Json event = textEvent(from, text);
  event["reply_to"] = reply_to;
  return event;
}

Json mediaEvent(const Customer& from, const std::string& type, const std::string& bytes, const std::string& mime_type,
                const std::string& caption) {
  Json event{{"type", type},
             {"from", toJson(from)},
             {"media", {{"base64", crypto::base64Encode(bytes)}, {"mime_type", mime_type}}}};
  if (!caption.empty()) event["media"]["caption"] = caption;
  return event;
}

Json statusEvent(const std::string& message_id, const std::string& status, const Customer& to) {
  return {{"type", "status"}, {"message_id", message_id}, {"status", status}, {"to", toJson(to)}};
}

Json batchEvent(std::vector<Json> events, const std::string& layout) {
  return {{"type", "batch"}, {"layout", layout}, {"events", std::move(events)}};
}

EventBuilder::EventBuilder(Ids& ids, MediaStore& media, std::function<Number(const std::string&)> find_number,
                           std::function<std::string(const std::string&)> media_url)
    : ids_(ids), media_(media), find_number_(std::move(find_number)), media_url_(std::move(media_url)) {}

Webhook EventBuilder::build(const Number& number, const Json& event) {
  if (!event.is_object()) throw BadInput("event: must be a JSON object, got " + dumpJson(event));
  const std::string type = textOr(event, "type", "");
  if (type.empty()) throw BadInput("event: 'type' is missing");
  Webhook webhook;
  if (type == "raw") {
    allowOnly(event, "raw event", {"type", "phone_number_id", "body", "text"});
    if (event.contains("body") == event.contains("text"))
      throw BadInput("raw event: exactly one of 'body' (JSON) and 'text' (exact bytes) is needed");
    webhook.kind = "raw";
    webhook.body = event.contains("body") ? meta::asciiJson(event["body"]) : textOr(event, "text", "");
    return webhook;
  }
  if (type == "batch") {
    webhook.kind = "batch";
    webhook.body = payload(batch(number, event, webhook));
    return webhook;
  }
  webhook.kind = type == "status" ? "status:" + textOr(event, "status", "") : "messages";
  Change single = change(number, event, webhook);
  webhook.body =
      payload(Json::array({entryOf(number, Json::array({changeJson(single.field, std::move(single.value))}))}));
  return webhook;
}

Json EventBuilder::batch(const Number& number, const Json& event, Webhook& webhook) {
  allowOnly(event, "batch event", {"type", "phone_number_id", "layout", "events"});
  const std::string layout = textOr(event, "layout", "changes");
  if (layout != "changes" && layout != "entries" && layout != "value")
    throw BadInput("batch event: 'layout' must be changes, entries or value, got '" + layout + "'");
  if (!event.contains("events") || !event["events"].is_array() || event["events"].empty())
    throw BadInput("batch event: 'events' must be an array with at least one event");
  std::vector<Change> changes;
  for (const Json& item : event["events"]) {
    if (!item.is_object()) throw BadInput("batch event: each event must be a JSON object, got " + dumpJson(item));
    const std::string id = textOr(item, "phone_number_id", number.phone_number_id);
    Change next = change(id == number.phone_number_id ? number : find_number_(id), item, webhook);
    if (layout == "value" && !changes.empty()) {
      if (changes[0].number.phone_number_id != id || next.field != "messages")
        throw BadInput("batch event: one value cannot mix numbers or fields");
      mergeValue(changes[0].value, next.value);
    } else {
      changes.push_back(std::move(next));
    }
  }
  Json entries = Json::array();
  for (Change& one : changes) {
    Json json = changeJson(one.field, std::move(one.value));
    // One entry holds the changes of one account; a change of another number in the same account may share it.
    if (layout == "changes" && !entries.empty() && entries.back()["id"] == one.number.waba_id)
      entries.back()["changes"].push_back(std::move(json));
    else
      entries.push_back(entryOf(one.number, Json::array({std::move(json)})));
  }
  return entries;
}

EventBuilder::Change EventBuilder::change(const Number& number, const Json& event, Webhook& webhook) {
  Change out{number, "messages", {}};
  const std::string type = textOr(event, "type", "");
  if (type == "raw" || type == "batch") throw BadInput("batch event: an event of type '" + type + "' cannot be inside");
  if (type == "status") {
    out.value = statusValue(number, event);
  } else if (type == "change") {
    allowOnly(event, "change event", {"type", "phone_number_id", "field", "value"});
    if (!event.contains("value") || !event["value"].is_object())
      throw BadInput("change event: 'value' must be a JSON object");
    out.field = textOr(event, "field", "messages");
    out.value = event["value"];
    if (out.field == "messages")
      for (const auto& [key, member] : emptyValue(number).items())
        if (!out.value.contains(key)) out.value[key] = member;
  } else {
    out.value = message(number, event, webhook);
  }
  return out;
}

Json EventBuilder::message(const Number& number, const Json& event, Webhook& webhook) {
  allowOnly(event, "message event",
            {"type", "phone_number_id", "from", "text", "media", "content", "id", "timestamp", "reply_to", "context",
             "extra", "errors", "contacts"});
  const std::string type = textOr(event, "type", "");
  const Customer from = event.contains("from") ? customerFromJson(event["from"]) : Customer{};
  Json item{{"id", textOr(event, "id", ids_.wamid())}, {"timestamp", seconds(event)}, {"type", type}};
  webhook.ids.push_back(item["id"].get<std::string>());
  if (!from.phone.empty()) item["from"] = waId(from);
  if (!from.bsuid.empty()) item["from_user_id"] = from.bsuid;
  if (type == "text" && event.contains("text"))
    item["text"]["body"] = textOr(event, "text", "");
  else if (isMedia(type) && event.contains("media"))
    item[type] = mediaObject(type, event);
  else if (event.contains("content"))
    item[type] = event["content"];
  if (event.contains("context")) item["context"] = event["context"];
  if (event.contains("reply_to"))
    item["context"] = {{"from", number.display_phone_number}, {"id", textOr(event, "reply_to", "")}};
  if (event.contains("extra")) item.update(event["extra"]);
  Json value = emptyValue(number);
  const Json contact = contactOf(from);
  if (truthOr(event, "contacts", true) && !contact.empty()) value["contacts"] = Json::array({contact});
  value["messages"] = Json::array({std::move(item)});
  if (event.contains("errors")) value["errors"] = event["errors"];
  return value;
}

Json EventBuilder::mediaObject(const std::string& type, const Json& event) {
  const Json& media = event["media"];
  allowOnly(media, type + " event: media",
            {"base64", "id", "mime_type", "caption", "filename", "voice", "animated", "url"});
  if (media.contains("base64") == media.contains("id"))
    throw BadInput(type + " event: media needs exactly one of 'base64' and 'id'");
  std::optional<MediaFile> file;
  if (media.contains("base64")) {
    auto bytes = crypto::base64Decode(textOr(media, "base64", ""));
    const std::string mime_type = textOr(media, "mime_type", "");
    if (!bytes) throw BadInput(type + " event: media 'base64' is not base64");
    if (mime_type.empty()) throw BadInput(type + " event: media 'mime_type' is missing");
    file = media_.add(std::move(*bytes), mime_type);
  } else {
    file = media_.find(textOr(media, "id", ""));
    if (!file) throw BadInput(type + " event: there is no media file '" + textOr(media, "id", "") + "'");
  }
  Json object{{"id", file->id}, {"mime_type", file->mime_type}, {"sha256", crypto::base64Encode(file->sha256)}};
  for (const char* copied : {"caption", "filename", "voice", "animated"})
    if (media.contains(copied)) object[copied] = media[copied];
  if (truthOr(media, "url", true)) object["url"] = media_url_(file->id);
  return object;
}

}  // namespace patchbay::simulators::whatsapp
