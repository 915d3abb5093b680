#include "base/json_schema_rules.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <stdexcept>

#include "base/text.hpp"
#include "base/uuid.hpp"
#include "base/time.hpp"

namespace patchbay::schema {
namespace {

using valijson::adapters::Adapter;

/// Absolute URI: a scheme, a colon, something after it, and only characters that RFC 3986 allows.
bool isUri(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size()) return false;
  if (std::isalpha(static_cast<unsigned char>(text[0])) == 0) return false;
  for (const char c : text.substr(0, colon))
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '+' && c != '-' && c != '.') return false;
  for (std::size_t i = colon + 1; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c <= 0x20 || c >= 0x7F || std::string_view{"\"<>\\^`{|}"}.find(text[i]) != std::string_view::npos) return false;
    if (c == '%' && (i + 2 >= text.size() || std::isxdigit(static_cast<unsigned char>(text[i + 1])) == 0 ||
                     std::isxdigit(static_cast<unsigned char>(text[i + 2])) == 0))
      return false;
  }
  // "https:" and "https://" name no host.
  if (text.substr(colon + 1, 2) == "//") return text.size() > colon + 3 && text[colon + 3] != '/';
  return true;
}

bool isDate(std::string_view text) {
  return text.size() == 10 && parseRfc3339(std::string{text} + "T00:00:00Z").has_value();
}

/// Formats that are only a hint for readers of the document.
const std::set<std::string, std::less<>> kHints = {"binary", "byte", "double", "float", "password"};
const std::set<std::string, std::less<>> kChecked = {"uuid", "uri", "date", "date-time", "int32", "int64"};

const char* article(std::string_view type) {
  return type == "integer" || type == "array" || type == "object" ? "an " : type == "null" ? "" : "a ";
}

std::string typeOf(const Adapter& value) {
  if (value.isNull()) return "null";
  if (value.isBool()) return "boolean";
  if (value.isNumber()) return "number";
  if (value.isString()) return "string";
  return value.isArray() ? "array" : "object";
}

bool isWhole(const Adapter& value) {
  if (value.isInteger()) return true;
  if (!value.isDouble()) return false;
  const double number = value.asDouble();
  return std::isfinite(number) && number == std::trunc(number) && std::fabs(number) <= 9007199254740992.0;
}

bool equals(const Adapter& value, const Json& wanted) {
  switch (wanted.type()) {
    case Json::value_t::null:
      return value.isNull();
    case Json::value_t::boolean:
      return value.isBool() && value.asBool() == wanted.get<bool>();
    case Json::value_t::string:
      return value.isString() && value.asString() == wanted.get_ref<const std::string&>();
    default:
      return value.isNumber() &&
             (value.isInteger() && wanted.is_number_integer() ? value.asInteger() == wanted.get<std::int64_t>()
                                                              : value.asDouble() == wanted.get<double>());
  }
}

std::string show(double number) {
  auto text = Json(number).dump();
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

std::string list(const std::vector<Json>& values) {
  std::string text;
  for (const auto& value : values)
    text += (text.empty() ? "" : ", ") + (value.is_string() ? value.get<std::string>() : value.dump());
  return text;
}

/// "; did you mean 'x'?" when one of the words is close to the value.
std::string suggestion(const Adapter& value, const std::vector<Json>& wanted) {
  if (!value.isString() || wanted.size() == 1) return "";
  std::vector<std::string> words;
  for (const auto& word : wanted)
    if (word.is_string()) words.push_back(word.get<std::string>());
  const auto near = nearest(value.asString(), words);
  return near.empty() ? "" : "; did you mean '" + std::string{near} + "'?";
}

[[noreturn]] void bad(const std::string& what) {
  throw std::invalid_argument(what);
}

std::optional<double> number(const Json& schema, const char* key) {
  const auto found = schema.find(key);
  if (found == schema.end()) return std::nullopt;
  if (!found->is_number()) bad(std::string{key} + " must be a number (draft 7)");
  return found->get<double>();
}

std::optional<std::size_t> size(const Json& schema, const char* key) {
  const auto found = schema.find(key);
  if (found == schema.end()) return std::nullopt;
  // Signed as well: that is what whole numbers of a YAML document become.
  if (!found->is_number_integer() || *found < 0) bad(std::string{key} + " must be a whole number of 0 or more");
  return found->get<std::size_t>();
}

}  // namespace

const std::vector<std::string>& Rules::keywords() {
  static const std::vector<std::string> words = {
      "type",       "enum",      "const",     "minimum",  "maximum",  "exclusiveMinimum", "exclusiveMaximum",
      "multipleOf", "minLength", "maxLength", "minItems", "maxItems", "minProperties",    "maxProperties",
      "pattern",    "format",    "required"};
  return words;
}

Rules::Rules(const Json& schema) {
  static const std::set<std::string, std::less<>> known = {"null",   "boolean", "integer", "number",
                                                           "string", "array",   "object"};
  if (const auto type = schema.find("type"); type != schema.end()) {
    const Json names = type->is_array() ? *type : Json::array({*type});
    for (const auto& name : names) {
      if (!name.is_string() || !known.contains(name.get_ref<const std::string&>())) bad("unknown type " + name.dump());
      types_.push_back(name.get<std::string>());
    }
  }
  if (const auto values = schema.find("enum"); values != schema.end()) {
    if (!values->is_array() || values->empty()) bad("enum must be a list with something in it");
    enum_ = values->get<std::vector<Json>>();
  }
  if (const auto value = schema.find("const"); value != schema.end()) {
    if (enum_) bad("const beside enum");
    enum_ = std::vector<Json>{*value};
  }
  if (enum_)
    for (const auto& value : *enum_)
      if (value.is_structured()) bad("enum and const may hold plain values only");
  minimum_ = number(schema, "minimum");
  maximum_ = number(schema, "maximum");
  exclusive_minimum_ = number(schema, "exclusiveMinimum");
  exclusive_maximum_ = number(schema, "exclusiveMaximum");
  multiple_of_ = number(schema, "multipleOf");
  if (multiple_of_ && *multiple_of_ <= 0) bad("multipleOf must be above 0");
  min_length_ = size(schema, "minLength");
  max_length_ = size(schema, "maxLength");
  min_items_ = size(schema, "minItems");
  max_items_ = size(schema, "maxItems");
  min_properties_ = size(schema, "minProperties");
  max_properties_ = size(schema, "maxProperties");
  if (const auto pattern = schema.find("pattern"); pattern != schema.end()) {
    if (!pattern->is_string()) bad("pattern must be a string");
    re2::RE2::Options options;
    options.set_log_errors(false);
    pattern_ = std::make_unique<re2::RE2>(pattern->get<std::string>(), options);
    if (!pattern_->ok()) bad("pattern is not a regular expression of RE2: " + pattern_->error());
  }
  if (const auto format = schema.find("format"); format != schema.end()) {
    if (!format->is_string()) bad("format must be a string");
    format_ = format->get<std::string>();
    if (kHints.contains(format_))
      format_.clear();
    else if (!kChecked.contains(format_))
      bad("format '" + format_ + "' is not one that is checked (uuid, uri, date, date-time, int32, int64)");
  }
  if (const auto required = schema.find("required"); required != schema.end()) {
    if (!required->is_array()) bad("required must be a list of names");
    for (const auto& name : *required) {
      if (!name.is_string()) bad("required must be a list of names");
      required_.push_back(name.get<std::string>());
    }
  }
  closed_ = schema.contains("additionalProperties") && schema["additionalProperties"] == false;
  if (closed_ && schema.contains("properties"))
    for (const auto& [name, unused] : schema["properties"].items()) properties_.push_back(name);
}

bool Rules::check(const Adapter& value, const Report& report) const {
  // After a wrong type every other message would only be noise.
  if (!checkType(value, report)) return false;
  bool fits = true;
  const auto broken = [&](const std::string& message) {
    report("", message);
    fits = false;
  };
  if (enum_ && std::none_of(enum_->begin(), enum_->end(), [&](const Json& wanted) { return equals(value, wanted); }))
    broken((enum_->size() == 1 ? "must be " : "must be one of: ") + list(*enum_) + suggestion(value, *enum_));
  if (value.isString()) {
    fits = checkString(value.asString(), report) && fits;
  } else if (value.isNumber()) {
    fits = checkNumber(value, report) && fits;
  } else if (value.isArray()) {
    const auto count = value.getArraySize();
    if (min_items_ && count < *min_items_)
      broken("must have at least " + std::to_string(*min_items_) + " items, has " + std::to_string(count));
    if (max_items_ && count > *max_items_)
      broken("must have at most " + std::to_string(*max_items_) + " items, has " + std::to_string(count));
  } else if (value.isObject()) {
    fits = checkObject(value, report) && fits;
  }
  return fits;
}

bool Rules::checkType(const Adapter& value, const Report& report) const {
  if (types_.empty()) return true;
  const auto actual = typeOf(value);
  std::string wanted;
  for (const auto& type : types_) {
    if (type == actual || (type == "integer" && isWhole(value))) return true;
    wanted += (wanted.empty() ? "" : " or ") + std::string{article(type)} + type;
  }
  const bool fraction = actual == "number" && std::count(types_.begin(), types_.end(), "integer") != 0;
  report("", "must be " + wanted + ", not " + (fraction ? "a fraction" : article(actual) + actual));
  return false;
}

bool Rules::checkString(const std::string& text, const Report& report) const {
  if (min_length_ || max_length_) {
    const auto length = countCodePoints(text);
    if (min_length_ && length < *min_length_) {
      report("", length == 0 ? "must not be empty"
                             : "must be at least " + std::to_string(*min_length_) + " characters long, is " +
                                   std::to_string(length));
      return false;
    }
    if (max_length_ && length > *max_length_) {
      report("", "must be at most " + std::to_string(*max_length_) + " characters long, is " + std::to_string(length));
      return false;
    }
  }
  if (pattern_ && !re2::RE2::PartialMatch(text, *pattern_)) {
    report("", "must match " + pattern_->pattern());
    return false;
  }
  const char* wanted = format_ == "uuid" && !isUuid(text)   ? "must be a UUID"
                       : format_ == "uri" && !isUri(text)   ? "must be an absolute URI"
                       : format_ == "date" && !isDate(text) ? "must be a date (2026-01-31)"
                       : format_ == "date-time" && !parseRfc3339(text).has_value()
                           ? "must be an RFC 3339 time (2026-01-31T10:00:00Z)"
                           : nullptr;
  if (wanted != nullptr) report("", wanted);
  return wanted == nullptr;
}

bool Rules::checkNumber(const Adapter& value, const Report& report) const {
  const double number = value.asDouble();
  bool fits = true;
  const auto broken = [&](const std::string& message) {
    report("", message);
    fits = false;
  };
  if (minimum_ && !(number >= *minimum_)) broken("must be at least " + show(*minimum_));
  if (maximum_ && !(number <= *maximum_)) broken("must be at most " + show(*maximum_));
  if (exclusive_minimum_ && !(number > *exclusive_minimum_)) broken("must be above " + show(*exclusive_minimum_));
  if (exclusive_maximum_ && !(number < *exclusive_maximum_)) broken("must be below " + show(*exclusive_maximum_));
  if (multiple_of_) {
    const double quotient = number / *multiple_of_;
    if (std::fabs(quotient - std::nearbyint(quotient)) > 1e-9 * std::max(1.0, std::fabs(quotient)))
      broken("must be a multiple of " + show(*multiple_of_));
  }
  if (format_ == "int32" && std::fabs(number) > 2147483647.0) broken("must fit 32 bits");
  return fits;
}

bool Rules::checkObject(const Adapter& value, const Report& report) const {
  bool fits = true;
  const auto broken = [&](const std::string& member, const std::string& message) {
    fits = false;
    return report(member, message);
  };
  const auto count = value.getObjectSize();
  if (min_properties_ && count < *min_properties_)
    broken("", "must have at least " + std::to_string(*min_properties_) + " members");
  if (max_properties_ && count > *max_properties_)
    broken("", "must have at most " + std::to_string(*max_properties_) + " members");
  if (required_.empty() && !closed_) return fits;
  std::set<std::string> present;
  value.applyToObject([&](const std::string& name, const Adapter&) {
    present.insert(name);
    return true;
  });
  for (const auto& name : required_)
    if (!present.contains(name)) broken(name, "is missing");
  if (closed_)
    for (const auto& name : present)
      if (std::find(properties_.begin(), properties_.end(), name) == properties_.end()) {
        const auto near = nearest(name, properties_);
        if (!broken(name, "is not known here" + (near.empty() ? "" : "; did you mean '" + std::string{near} + "'?")))
          return fits;
      }
  return fits;
}

}  // namespace patchbay::schema
