/// Reading JSON that came from outside.
///
/// `Json::parse` alone is not safe on hostile input: nlohmann/json accepts 200,000 nested brackets and then overflows
/// the stack when the value is printed or destroyed. parseJson() bounds size and depth while it reads.
#pragma once

/// Exceptions of nlohmann/json name the path of the offending value ("/entry/0/id") only with this switch.
#ifndef JSON_DIAGNOSTICS
#define JSON_DIAGNOSTICS 1
#elif !JSON_DIAGNOSTICS
#error "include <patchbay/...> before <nlohmann/json.hpp>, or compile with -DJSON_DIAGNOSTICS=1"
#endif

#include <cstddef>
#include <nlohmann/json.hpp>
#include <patchbay/utf8.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

namespace patchbay {

using Json = nlohmann::json;

/// What parseJson() accepts. The defaults fit every provider we know (WhatsApp posts up to 3 MB, 12 levels deep).
struct JsonLimits {
  std::size_t max_bytes = 32U << 20U;
  int max_depth = 64;
};

/// The text is not JSON, or larger or deeper than the limits allow. what() says which, and where.
class JsonError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Parses `text`; the whole text must be one JSON value in valid UTF-8.
///
/// @throws JsonError  not JSON, or over a limit.
inline Json parseJson(std::string_view text, JsonLimits limits = {}) {
  if (text.size() > limits.max_bytes)
    throw JsonError("JSON text of " + std::to_string(text.size()) + " bytes is over the limit of " +
                    std::to_string(limits.max_bytes));
  // A scan for depth costs a twentieth of the parse and leaves the parser's own fast path alone. Brackets inside
  // strings do not count; a text that is not JSON may be judged wrongly here, and is then refused by the parser.
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > limits.max_depth)
        throw JsonError("JSON nested deeper than " + std::to_string(limits.max_depth) + " levels at byte " +
                        std::to_string(i));
    } else if (c == '}' || c == ']') {
      --depth;
    }
  }
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    // What was read last goes into logs, and may be what a customer wrote.
    const std::string_view what = error.what();
    throw JsonError(std::string(what.substr(0, what.find("; last read:"))));
  }
}

namespace detail {

/// The UTF-16 unit of the escape "\\uXXXX" at `at`; -1 when there is none.
inline int escapedUnit(std::string_view text, std::size_t at) {
  if (at + 6 > text.size() || text[at] != '\\' || text[at + 1] != 'u') return -1;
  int unit = 0;
  for (std::size_t i = at + 2; i < at + 6; ++i) {
    const char c = text[i];
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

}  // namespace detail

/// parseJson() for bodies in which people's text may be broken: bytes that are not UTF-8 and escapes of half a
/// surrogate pair (a provider cut a name inside an emoji) become U+FFFD. Otherwise one such name would cost a whole
/// batch.
///
/// @throws JsonError  still not JSON, or over a limit.
inline Json parseJsonLoosely(std::string_view text, JsonLimits limits = {}) {
  try {
    return parseJson(text, limits);
  } catch (const JsonError&) {
    if (text.size() > limits.max_bytes) throw;
  }
  constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
  std::string repaired;
  repaired.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const int unit = detail::escapedUnit(text, i);
    if (unit >= 0xD800 && unit <= 0xDFFF) {
      const int next = unit < 0xDC00 ? detail::escapedUnit(text, i + 6) : -1;
      const bool pair = next >= 0xDC00 && next <= 0xDFFF;
      repaired += pair ? text.substr(i, 12) : kReplacement;
      i += pair ? 12 : 6;
    } else if (text[i] == '\\' && i + 1 < text.size()) {
      repaired += text.substr(i, 2);  // an escaped backslash does not begin an escape
      i += 2;
    } else {
      const std::size_t length = utf8Length(text, i);
      const char32_t c = utf8Decode(text, i, length);
      const bool valid = length == 1 ? c < 0x80
                                     : length == 2 || (length == 3 ? c >= 0x800 && (c < 0xD800 || c > 0xDFFF)
                                                                   : c >= 0x10000 && c <= 0x10FFFF);
      repaired += valid ? text.substr(i, length) : kReplacement;
      i += length;
    }
  }
  return parseJson(repaired, limits);
}

/// Serialises `value`. Bytes that are not UTF-8 become U+FFFD instead of an exception.
inline std::string dumpJson(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace patchbay
