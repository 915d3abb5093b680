#include "telegram_entities.hpp"

#include <algorithm>
#include <patchbay/lenient.hpp>
#include <patchbay/utf8.hpp>
#include <vector>

#include "first_of.hpp"

namespace patchbay::telegram {
namespace {

/// Bytes before the code point that begins at `units`; nothing when none begins there.
std::optional<std::size_t> byteAt(std::string_view text, std::int64_t units) {
  std::size_t at = 0;
  while (units > 0 && at < text.size()) {
    const std::size_t bytes = utf8Length(text, at);
    units -= bytes == 4 ? 2 : 1;
    at += bytes;
  }
  return units == 0 ? std::optional(at) : std::nullopt;
}

constexpr std::size_t kMaxEntities = 200;  // Telegram has 100; each costs a walk through the text

struct Link {
  std::size_t end;
  std::string url;
};

}  // namespace

std::optional<Span> spanOf(std::string_view text, std::int64_t offset, std::int64_t length) {
  if (offset < 0 || length <= 0) return std::nullopt;
  const auto begin = byteAt(text, offset);
  if (!begin) return std::nullopt;
  const auto size = byteAt(text.substr(*begin), length);
  return size ? std::optional(Span{*begin, *size}) : std::nullopt;
}

std::string readableText(const std::string& text, const Json& entities) {
  std::vector<Link> links;
  if (entities.is_array())
    for (const Json& entity : firstOf(entities.get_ref<const Json::array_t&>(), kMaxEntities)) {
      if (textOf(entity, "type") != "text_link") continue;
      const std::string url = textOf(entity, "url");
      const auto span = spanOf(text, wholeOf(entity, "offset").value_or(-1), wholeOf(entity, "length").value_or(0));
      if (!span || url.empty() || url == text.substr(span->begin, span->size)) continue;
      links.push_back({span->begin + span->size, url});
    }
  std::stable_sort(links.begin(), links.end(), [](const Link& a, const Link& b) { return a.end < b.end; });
  std::string out;
  std::size_t done = 0;
  for (const Link& link : links) {
    out += text.substr(done, link.end - done) + " (" + link.url + ")";
    done = link.end;
  }
  return out + text.substr(done);
}

std::string startPayload(const std::string& text, const Json& entities) {
  if (!entities.is_array()) return {};
  for (const Json& entity : entities) {
    if (textOf(entity, "type") != "bot_command" || wholeOf(entity, "offset") != 0) continue;
    const auto span = spanOf(text, 0, wholeOf(entity, "length").value_or(0));
    if (!span) return {};
    const std::string command = text.substr(0, span->size);
    if (command != "/start" && !command.starts_with("/start@")) return {};
    const std::string payload = span->size + 1 < text.size() ? text.substr(span->size + 1) : std::string();
    const bool good =
        payload.size() <= 64 && std::all_of(payload.begin(), payload.end(), [](char c) {
          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        });
    return good ? payload : std::string();
  }
  return {};
}

}  // namespace patchbay::telegram
