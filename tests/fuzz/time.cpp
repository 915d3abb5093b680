// RFC 3339.
#include "base/time.hpp"

#include "fuzz.hpp"

using namespace patchbay;
using patchbay::fuzz::check;

FUZZ(std::string_view bytes) {
  const auto time = parseRfc3339(bytes);
  if (!time) return;
  check(bytes.size() >= 20 && bytes.size() <= 40, "a time has 20 characters or a few more");
  const std::string text = formatRfc3339(*time);
  const auto again = parseRfc3339(text);
  check(again.has_value() || text.size() != 24, "what is printed can be read", text);
  if (!again) return;  // an offset may lead out of the years 1 to 9999
  check(*again == std::chrono::floor<std::chrono::milliseconds>(*time), "it is the same millisecond", text);
}
