// Text from outside.
#include "base/text.hpp"

#include "fuzz.hpp"

using namespace patchbay;
using patchbay::fuzz::check;

FUZZ(std::string_view bytes) {
  const std::string clean = cleanText(bytes);
  check(isValidUtf8(clean) && clean.find('\0') == std::string::npos, "clean text is UTF-8 without NUL");
  check(cleanText(clean) == clean, "clean text stays as it is");
  if (isValidUtf8(bytes) && bytes.find('\0') == std::string_view::npos)
    check(clean == bytes, "good text is not touched");
  const auto cut = firstCodePoints(clean, 5);
  check(isValidUtf8(cut) && countCodePoints(cut) <= 5 && std::string_view(clean).starts_with(cut),
        "a cut is a beginning");
  check(countCodePoints(clean) <= clean.size(), "a character has a byte at least");

  std::string decoded, encoded = percentEncode(bytes);
  check(percentDecode(encoded, false, decoded) && decoded == bytes, "encoding is undone by decoding");
  check(encoded.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%") ==
            std::string::npos,
        "encoded text is plain", encoded);
  if (percentDecode(bytes, true, decoded)) check(decoded.size() <= bytes.size(), "decoding makes nothing longer");

  std::size_t total = 0;
  for (const auto part : split(bytes, ',')) total += part.size() + 1;
  check(total == bytes.size() + 1, "splitting loses nothing");
  const auto trimmed = trim(bytes);
  check(trimmed.size() <= bytes.size() && trim(trimmed) == trimmed, "trimming is done once");
  check(equalsIgnoreCase(lowerAscii(bytes), bytes), "lower case is the same word");
  if (bytes.size() < 64) (void)nearest(bytes, {"channels", "connector", "database"});
}
