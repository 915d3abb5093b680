// Names and types of files that came from outside.
#include "media/filename.hpp"

#include "base/text.hpp"
#include "fuzz.hpp"

using namespace patchbay;
using patchbay::fuzz::check;

FUZZ(std::string_view bytes) {
  const std::string name = media::safeFilename(bytes);
  check(name.size() <= 120, "a name has 120 bytes at most");
  check(isValidUtf8(name), "a name is UTF-8");
  check(name.find_first_of("/\\\"") == std::string::npos, "a name has no path and no quotes", name);
  for (const char c : name)
    check(static_cast<unsigned char>(c) >= 0x20 && c != 0x7F, "a name has no control character");
  check(!name.starts_with('.'), "a name does not hide", name);
  check(media::safeFilename(name) == name, "a safe name stays as it is", name);

  const std::string type = media::safeMimeType(bytes);
  check(type.find('/') != std::string::npos && type.find_first_of("\r\n") == std::string::npos, "a type has its form",
        type);
  check(media::safeMimeType(type) == type, "a safe type stays as it is", type);
}
