// The SDK's reader and writer of JSON for connectors in C, against the one that everything else reads JSON with.
#include <patchbay/json.h>

#include <patchbay/json.hpp>

#include "fuzz.hpp"

using namespace patchbay;
using patchbay::fuzz::check;

namespace {

std::string textOf(pb_json value) {
  std::string text(value.text.size + 1, '\0');
  const auto size = pb_json_copy(value, text.data(), text.size());
  check(size >= 0, "a string is never longer read than written");
  text.resize(static_cast<std::size_t>(size));
  return text;
}

/// Writes the value again, walking all of it.
void copy(pb_json_writer* writer, pb_json value) {
  std::int64_t number = 0;
  if (value.kind == PB_JSON_ARRAY || value.kind == PB_JSON_OBJECT) {
    pb_json item, name;
    pb_json_items items = pb_json_iterate(value);
    pb_json_open(writer, value.kind == PB_JSON_ARRAY ? '[' : '{');
    while (pb_json_next(&items, &item, &name)) {
      check(item.kind != PB_JSON_ABSENT, "what is inside of JSON is JSON");
      if (value.kind == PB_JSON_OBJECT) {
        const std::string text = textOf(name);
        if (text.find('\0') != std::string::npos) {  // a name that C cannot write
          writer->failed = 1;
          return;
        }
        check(pb_json_is(name, text.c_str()), "a name is what was read of it");
        check(pb_json_get(value, text.c_str()).kind != PB_JSON_ABSENT, "a member is found by its name");
        pb_json_name(writer, text.c_str());
      }
      copy(writer, item);
    }
    pb_json_close(writer, value.kind == PB_JSON_ARRAY ? ']' : '}');
  } else if (value.kind == PB_JSON_STRING) {
    const std::string text = textOf(value);
    pb_json_string(writer, {text.data(), text.size()});
  } else if (pb_json_integer(value, &number)) {
    pb_json_number(writer, number);
  } else {
    pb_json_value(writer, value);
  }
}

}  // namespace

FUZZ(std::string_view bytes) {
  if (bytes.size() > 4096) return;  // members are looked up in a walk: quadratic here, where all of them are
  if (bytes.find('\0') != std::string_view::npos) return;  // outside of a string it ends the text for nlohmann/json
  pb_json value;
  const bool read = pb_json_read({bytes.data(), bytes.size()}, &value) == 1;
  check(read == (value.kind != PB_JSON_ABSENT), "what is not JSON is absent");
  Json reference;
  bool expected = true;
  try {
    reference = parseJson(bytes);
  } catch (const JsonError& error) {
    if (std::string_view(error.what()).find("number overflow") != std::string_view::npos) return;  // 1e999
    expected = false;
  }
  check(read == expected, "it reads what the other one reads");
  if (!read) return;
  pb_json_writer writer{};
  copy(&writer, value);
  const pb_str text = pb_json_written(&writer);
  if (text.data) check(parseJson({text.data, text.size}) == reference, "what is written again is the same");
  pb_json_free(&writer);
  pb_json_string(&writer, {bytes.data(), bytes.size()});
  const pb_str quoted = pb_json_written(&writer);
  check(quoted.data && parseJson({quoted.data, quoted.size}).is_string(), "any bytes can be written as a string");
  pb_json_free(&writer);
}
