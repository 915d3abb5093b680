#include "connectors/check/mail_event.hpp"

#include "base/text.hpp"
#include "mail/take_apart.hpp"

namespace patchbay::connectors::check {
namespace {

/// The members that a transcript may expect.
Json described(const Event& event) {
  Json out{{"kind", kindName(event.kind)}, {"id", event.id},     {"timestamp", formatRfc3339(event.timestamp)},
           {"subject", event.subject},     {"text", event.text}, {"type", event.type}};
  if (!event.from.address.address.empty())
    out["from"] = {
        {"kind", event.from.address.kind}, {"address", event.from.address.address}, {"name", event.from.name}};
  for (const auto& item : event.media)
    out["media"].push_back({{"filename", item.filename}, {"mime_type", item.mime_type}, {"size", item.size}});
  if (event.extra.is_object() && event.extra.contains("thread")) out["thread"] = event.extra["thread"];
  if (event.kind == EventKind::kOptOut) out["message_id"] = event.message_id;  // whose recipient it is about
  if (event.kind == EventKind::kStatus) {
    out["status"] = event.status;
    out["message_id"] = event.message_id;
    out["ref"] = event.ref;
    if (event.error)
      out["error"] = {{"class", event.error->error_class}, {"code", event.error->code}, {"text", event.error->text}};
  }
  if (event.kind == EventKind::kUnparsed) out["why"] = event.why;
  if (event.mail) {
    out["html"] = event.mail->html;
    out["full_text"] = event.mail->full_text.empty() ? event.text : event.mail->full_text;
    out["mail"] = event.mail->shown;
  }
  return out;
}

}  // namespace

void expandMime(Json& event, const Json& expected, const std::map<std::uint64_t, std::string>& blobs, Timestamp now) {
  if (!expected.is_object() || !expected.contains("mime") || !event.contains("mime")) return;
  const auto& wanted = expected["mime"];
  const auto found = blobs.find(event.value("mime", std::uint64_t{0}));
  if (found == blobs.end()) return;
  if (wanted.is_string()) event["mime"] = cleanText(found->second);
  if (!wanted.is_object()) return;
  auto decoded = decodeEvent(dumpJson(event), now);
  if (!decoded.ok()) return;
  std::vector<Event> events;
  events.push_back(std::move(*decoded));
  mail::BlobBytes bytes = blobs;  // files beside the mail, too: its HTML may show them
  events = mail::takeApart(std::move(events), bytes, now);
  event["mime"] = events.empty() ? Json() : described(events[0]);
}

}  // namespace patchbay::connectors::check
