// Events of connectors: refused, or fit for the database.
#include "connectors/event.hpp"

#include "base/text.hpp"
#include "fuzz.hpp"

using namespace patchbay;
using namespace patchbay::connectors;
using patchbay::fuzz::check;

namespace {

void fits(std::string_view text, std::size_t limit = kMaxEventText) {
  check(isValidUtf8(text), "text is UTF-8");
  check(text.find('\0') == std::string_view::npos, "text has no NUL");
  check(text.size() <= limit, "text is within its limit");
}

}  // namespace

FUZZ(std::string_view bytes) {
  const auto event = decodeEvent(bytes, *parseRfc3339("2026-01-05T10:00:00Z"));
  if (!event.ok()) {
    check(fuzz::oneLine(event.error().message), "a refusal is one line", event.error().message);
    return;
  }
  check(!kindName(event->kind).empty(), "an event has a kind");
  for (const auto& text :
       {event->id, event->account, event->ref, event->from.name, event->from.address.address, event->from.address.kind,
        event->type, event->text, event->subject, event->html, event->reply_to, event->thread_key, event->raw_type,
        event->message_id, event->status, event->emoji, event->contact.address, event->raw, event->why})
    fits(text);
  for (const auto& alias : event->from.aliases) fits(alias.address);
  for (const auto& item : event->media) {
    check((item.url.empty() ? 0 : 1) + (item.provider_id.empty() ? 0 : 1) + (item.blob == 0 ? 0 : 1) <= 1,
          "a file has one source");
    for (const auto& text :
         {item.url, item.provider_id, item.mime_type, item.filename, item.sha256, item.caption, item.content_id})
      fits(text);
  }
  if (event->sender_checks)
    for (const auto& signature : event->sender_checks->signatures) fits(signature.domain, 253);
  fits(dumpJson(event->extra), 32U << 20U);
  if (event->kind == EventKind::kMessage) check(!event->id.empty(), "a message has an id");
}
