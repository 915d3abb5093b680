#include "inbox/outbound.hpp"

#include "base/text.hpp"
#include "connectors/manifest.hpp"
#include "inbox/reply_window.hpp"
#include "inbox/write.hpp"

namespace patchbay::inbox {
namespace {

bool isMedia(std::string_view type) {
  return type == "image" || type == "audio" || type == "video" || type == "document" || type == "sticker";
}

/// Length in the provider's own unit (manifest, text_limit.unit).
std::size_t length(std::string_view text, std::string_view unit) {
  if (unit == "bytes") return text.size();
  std::size_t count = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) != 0x80U) count += unit == "utf16" && byte >= 0xF0U ? 2 : 1;  // four bytes: a surrogate pair
  }
  return count;
}

std::optional<Error> checkLength(const Json& capability, const char* rule, const std::string& text) {
  if (!capability.contains(rule)) return std::nullopt;
  const auto& limit = capability[rule];
  if (limit.value("split", false)) return std::nullopt;  // the connector sends several
  const std::string unit = limit.value("unit", "code_points");
  const auto most = limit.value("limit", std::size_t{0}), have = length(text, unit);
  if (have <= most) return std::nullopt;
  return invalid("text_too_long", "/content",
                 "content is " + std::to_string(have) + " long; this channel takes at most " + std::to_string(most) +
                     " (" + unit + ")");
}

std::string templateHint(const Json& capability) {
  return capability.value("templates", false) ? " Send a template (type 'template') instead." : "";
}

}  // namespace

bool reachesGroups(const connectors::Channel& channel, const std::string& address_kind) {
  const auto& capabilities = channel.manifest().capabilities;
  const auto found = capabilities.find(address_kind);
  return found != capabilities.end() && found->value("groups", false);
}

Draft readDraft(const Json& body) {
  Draft draft;
  draft.direction = stringOr(body, "direction", "out");
  draft.type = stringOr(body, "type", "text");
  draft.content = stringOr(body, "content");
  draft.media_url = stringOr(body, "media_url");
  draft.external_id = stringOr(body, "external_id");
  draft.client_ref = stringOr(body, "client_ref");
  draft.subject = stringOr(body, "subject");
  draft.is_note = body.value("is_note", Json(false)) == Json(true);
  draft.reply_to_id = integer(body, "reply_to_id");
  if (body.contains("media") && body["media"].is_array()) draft.media = body["media"];
  if (draft.media.empty() && !draft.media_url.empty()) draft.media.push_back({{"url", draft.media_url}});
  if (body.contains("quick_replies")) draft.quick_replies = body["quick_replies"];
  if (body.contains("template")) draft.message_template = body["template"];
  draft.extra = Json::object();
  for (const char* key : {"location", "contacts", "list"})
    if (body.contains(key) && !body[key].is_null()) draft.extra[key] = body[key];
  return draft;
}

std::optional<Error> checkDraft(const Draft& draft, const connectors::Channel& channel, const Outlet& outlet,
                                Timestamp now) {
  const auto& manifest = channel.manifest();
  const auto found = manifest.capabilities.find(outlet.to.kind);
  const Json capability = found == manifest.capabilities.end() ? Json::object() : *found;
  const Json types = capability.value("types", Json::array());
  if (std::find(types.begin(), types.end(), Json(draft.type)) == types.end())
    return invalid("type_not_supported", "/type",
                   "channel '" + channel.settings().name + "' cannot send type '" + draft.type + "' to a " +
                       outlet.to.kind + " address; it can send " + dumpJson(types));
  if (draft.type == "text" && trim(draft.content).empty())
    return invalid("content_missing", "/content", "content must not be empty for type 'text'");
  if (isMedia(draft.type) && draft.media.empty())
    return invalid("media_missing", "/media_url", "type '" + draft.type + "' needs media_url or media");
  if (draft.type == "template" && !draft.message_template.is_object())
    return invalid("template_missing", "/template", "type 'template' needs template {name, language}");
  if (draft.type == "location" && !draft.extra.contains("location"))
    return invalid("location_missing", "/location", "type 'location' needs location {latitude, longitude}");
  if (draft.type == "contacts" && !draft.extra.contains("contacts"))
    return invalid("contacts_missing", "/contacts", "type 'contacts' needs contacts [{name, ...}]");
  const auto closes_at = outlet.window_closes_at;
  const bool opened = closes_at && *closes_at != Timestamp{};
  // Cards of a channel without approved templates are answers like any other.
  const bool approved = draft.type == "template" && capability.value("templates", false);
  if (!approved && closes_at &&
      *closes_at + (opened ? lateAnswers(channel, capability) : std::chrono::hours{0}) <= now) {
    const std::string since =
        opened ? "closed at " + formatRfc3339(*closes_at) : "has not been opened by the contact yet";
    return invalid("reply_window_closed", "/conversation_id",
                   "the reply window " + since + "." + templateHint(capability));
  }
  return checkLength(capability, isMedia(draft.type) ? "caption" : "text", draft.content);
}

std::string operationJson(const Draft& draft, std::int64_t message_id, const std::string& ref, const Outlet& outlet,
                          Timestamp now, const MailAnswer* mail) {
  Json operation{{"kind", "message"},
                 {"id", std::to_string(message_id)},
                 {"ref", ref},
                 {"to", {{"kind", outlet.to.kind}, {"address", outlet.to.address}}},
                 {"type", draft.type}};
  if (!draft.content.empty()) operation["text"] = draft.content;
  if (!draft.media.empty()) operation["media"] = draft.media;
  if (!draft.subject.empty()) operation["subject"] = draft.subject;
  if (draft.quick_replies.is_array() && !draft.quick_replies.empty()) operation["quick_replies"] = draft.quick_replies;
  if (draft.message_template.is_object()) operation["template"] = draft.message_template;
  for (const auto& [key, value] : draft.extra.items()) operation[key] = value;
  if (mail != nullptr) {
    operation["thread"] = mail->thread;
    operation["mail"] = mail->mail;
  } else if (!outlet.thread_key.empty()) {
    operation["thread"] = {{"key", outlet.thread_key}};
  }
  if (outlet.reply_to) operation["reply_to"] = *outlet.reply_to;
  if (outlet.window_closes_at && *outlet.window_closes_at != Timestamp{})
    operation["window"] = {{"open", *outlet.window_closes_at > now},
                           {"closes_at", formatRfc3339(*outlet.window_closes_at)}};
  return dumpJson(operation);
}

}  // namespace patchbay::inbox
