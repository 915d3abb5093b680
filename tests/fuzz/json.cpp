// The SDK's reader of JSON, with which connectors and the host read all of it.
#include <patchbay/json.hpp>

#include "base/text.hpp"
#include "fuzz.hpp"

using namespace patchbay;
using patchbay::fuzz::check;

FUZZ(std::string_view bytes) {
  Json strict;
  bool read = false;
  try {
    strict = parseJson(bytes);
    read = true;
  } catch (const JsonError& error) {
    check(error.what()[0] != '\0', "a refusal says why");
  }
  if (read) {
    const std::string text = dumpJson(strict);
    check(isValidUtf8(text), "what is written is UTF-8");
    check(dumpJson(parseJson(text)) == text, "what is written reads the same");
  }
  try {
    const Json loose = parseJsonLoosely(bytes);
    check(isValidUtf8(dumpJson(loose)), "what was read loosely can be written");
    if (read) check(loose == strict || dumpJson(loose) == dumpJson(strict), "loosely reads what strictly does");
  } catch (const JsonError&) {
    check(!read, "loosely refuses nothing that strictly accepts");
  }
}
