#include "media/filename.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/text.hpp"

namespace patchbay::media {
namespace {

constexpr std::size_t kMaxName = 120;
constexpr std::size_t kMaxExtension = 12;
constexpr std::size_t kMaxType = 200;

/// The longest prefix of valid UTF-8 `text` that has at most `size` bytes and ends between characters.
std::string_view firstBytes(std::string_view text, std::size_t size) {
  if (text.size() <= size) return text;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  return text.substr(0, size);
}

bool isToken(std::string_view text) {
  constexpr std::string_view kOthers = "!#$&-^_.+";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return isLower(c) || isDigit(c) || kOthers.find(c) != std::string_view::npos;
  });
}

}  // namespace

std::string shownFilename(std::string_view name) {
  const std::size_t slash = name.find_last_of("/\\");
  if (slash != std::string_view::npos) name.remove_prefix(slash + 1);
  std::string out = cleanText(name);
  for (std::size_t at = out.find('\xE2'); at != std::string::npos; at = out.find('\xE2', at)) {
    const auto mark = std::string_view(out).substr(at, 3);
    const bool turns = (mark >= "\xE2\x80\xAA" && mark <= "\xE2\x80\xAE") ||  // U+202A..U+202E
                       (mark >= "\xE2\x81\xA6" && mark <= "\xE2\x81\xA9");    // U+2066..U+2069
    turns ? void(out.erase(at, 3)) : void(++at);
  }
  std::replace_if(out.begin(), out.end(), isControl, '_');
  return out;
}

std::string safeFilename(std::string_view name) {
  std::string out;
  for (const char c : shownFilename(name)) {
    const bool harmful = c == '"' || c == '<' || c == '>' || c == '|' || c == ':' || c == '*' || c == '?' || c == '%';
    out += harmful ? '_' : c;
  }
  const std::size_t from = out.find_first_not_of(" .");
  if (from == std::string::npos) return {};
  out.erase(0, from);
  out.erase(out.find_last_not_of(" .") + 1);
  if (out.size() <= kMaxName) return out;
  const std::size_t dot = out.rfind('.');
  const std::string extension = dot != std::string::npos && out.size() - dot <= kMaxExtension ? out.substr(dot) : "";
  std::string cut = std::string(firstBytes(out, kMaxName - extension.size())) + extension;
  cut.erase(cut.find_last_not_of(" .") + 1);  // the cut may have left a dot or blank at the end
  return cut;
}

std::string safeMimeType(std::string_view type) {
  constexpr const char* kUnknown = "application/octet-stream";
  if (type.size() > kMaxType) return kUnknown;
  const bool printable = std::all_of(type.begin(), type.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
  const std::size_t semicolon = type.find(';');
  const std::string essence = lowerAscii(trim(type.substr(0, semicolon)));
  const std::size_t slash = essence.find('/');
  if (!printable || slash == std::string::npos || !isToken(std::string_view(essence).substr(0, slash)) ||
      !isToken(std::string_view(essence).substr(slash + 1)))
    return kUnknown;
  if (semicolon == std::string_view::npos) return essence;
  const std::string whole = essence + "; " + std::string(trim(type.substr(semicolon + 1)));
  return whole.size() > kMaxType ? essence : whole;  // the blank that we write may be the one too many
}

}  // namespace patchbay::media
