#include "api/input.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

#include "base/text.hpp"

namespace patchbay::api {
namespace {

constexpr std::size_t kMaxParameters = 200;
constexpr std::size_t kMaxIgnoredHeader = 1024;

/// Words that clients of the predecessor send for booleans ("True" is what Python prints).
std::optional<bool> readBoolean(std::string_view text) {
  const auto word = lowerAscii(text);
  for (const auto* yes : {"true", "1", "yes", "on"})
    if (word == yes) return true;
  for (const auto* no : {"false", "0", "no", "off"})
    if (word == no) return false;
  return std::nullopt;
}

/// Text as the parameter's type. std::from_chars: Poco's parser takes "+5" and "1,000" (engineering facts, 1.4).
std::optional<Json> convert(const std::string& type, const std::string& text) {
  const auto* end = text.data() + text.size();
  if (type == "integer") {
    std::int64_t number = 0;
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    return error == std::errc{} && stop == end ? std::optional<Json>(number) : std::nullopt;
  }
  if (type == "number") {
    double number = 0;
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    return error == std::errc{} && stop == end && std::isfinite(number) ? std::optional<Json>(number) : std::nullopt;
  }
  if (type == "boolean") {
    const auto value = readBoolean(text);
    return value ? std::optional<Json>(*value) : std::nullopt;
  }
  return isValidUtf8(text) && text.find('\0') == std::string::npos ? std::optional<Json>(text) : std::nullopt;
}

std::string typeError(const std::string& type) {
  if (type == "integer") return "must be a whole number";
  if (type == "number") return "must be a number";
  if (type == "boolean") return "must be true or false";
  return "must be UTF-8 text without NUL";
}

void readOne(const Parameter& parameter, const std::string& place, const std::string& text, Json& into,
             std::vector<FieldError>& errors) {
  const auto value = convert(parameter.type, text);
  if (!value) {
    errors.push_back({place, typeError(parameter.type)});
    return;
  }
  const auto broken = parameter.schema.validate(*value);
  if (broken.empty()) {
    into[parameter.name] = *value;
    return;
  }
  // Several at once come from anyOf: each names one way to be right.
  std::string message;
  for (const auto& error : broken) message += (message.empty() ? "" : ", or ") + error.message;
  errors.push_back({place, std::move(message)});
}

void fillDefault(const Parameter& parameter, Json& into) {
  const auto& schema = parameter.schema.document();
  if (const auto value = schema.find("default"); value != schema.end()) into[parameter.name] = *value;
}

struct Pair {
  std::string name, value;
  bool good = true;
};

/// application/x-www-form-urlencoded, bounded.
std::vector<Pair> pairsOf(std::string_view raw_query, bool& too_many) {
  std::vector<Pair> pairs;
  too_many = false;
  if (raw_query.empty()) return pairs;
  for (const auto part : split(raw_query, '&')) {
    if (part.empty()) continue;
    if (pairs.size() == kMaxParameters) {
      too_many = true;
      break;
    }
    const auto equals = part.find('=');
    Pair pair;
    pair.good = percentDecode(part.substr(0, equals), true, pair.name) &&
                (equals == std::string_view::npos || percentDecode(part.substr(equals + 1), true, pair.value));
    if (!pair.good) pair.name = std::string{part.substr(0, equals)};
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

/// A member's name as a step of a JSON pointer (RFC 6901).
std::string pointerStep(const std::string& name) {
  std::string step;
  for (const char c : name) {
    if (c == '~')
      step += "~0";
    else if (c == '/')
      step += "~1";
    else
      step += c;
  }
  return step;
}

/// Walks a body beside its schema. Members are known by `properties` alone: bodies in openapi.yaml use no allOf.
class Members {
 public:
  explicit Members(std::vector<std::string>& ignored) : ignored_(ignored) {}

  void walk(const Json& schema, Json& value, const std::string& where = {}, int depth = 0) {
    if (depth > kMaxBodyDepth) return;
    if (value.is_array()) {
      if (const auto items = schema.find("items"); items != schema.end())
        for (std::size_t i = 0; i < value.size(); ++i)
          walk(*items, value[i], where + std::to_string(i) + "/", depth + 1);
      return;
    }
    const auto properties = schema.find("properties");
    if (!value.is_object() || properties == schema.end()) return;
    const bool open = schema.contains("additionalProperties") && schema["additionalProperties"] != false;
    for (auto member = value.begin(); member != value.end();) {
      const auto known = properties->find(member.key());
      if (known == properties->end()) {
        if (open) {
          ++member;
          continue;
        }
        if (ignored_.size() <= kMaxNamed) ignored_.push_back(where + pointerStep(member.key()));
        member = value.erase(member);
        continue;
      }
      const Json& member_schema = *known;
      if (member->is_null() && !required(schema, member.key()) &&
          member_schema.value("x-patchbay-null", "") != "clears") {
        member = value.erase(member);
        continue;
      }
      walk(member_schema, *member, where + pointerStep(member.key()) + "/", depth + 1);
      ++member;
    }
  }

 private:
  static bool required(const Json& schema, const std::string& name) {
    const auto list = schema.find("required");
    return list != schema.end() && std::find(list->begin(), list->end(), Json(name)) != list->end();
  }

  std::vector<std::string>& ignored_;
};

/// @return false when `value` has more than `left` members and items
bool fits(const Json& value, std::size_t& left) {
  if (!value.is_structured()) return true;
  if (value.size() > left) return false;
  left -= value.size();
  return std::all_of(value.begin(), value.end(), [&left](const Json& member) { return fits(member, left); });
}

void replaceNul(Json& value) {
  if (value.is_string()) {
    value = cleanText(value.get_ref<const std::string&>());
  } else if (value.is_array()) {
    for (auto& item : value) replaceNul(item);
  } else if (value.is_object()) {
    Json clean = Json::object();
    for (auto& [key, member] : value.items()) {
      replaceNul(member);
      clean[cleanText(key)] = std::move(member);
    }
    value = std::move(clean);
  }
}

}  // namespace

std::optional<std::string> queryValue(std::string_view raw_query, std::string_view name) {
  bool too_many = false;
  for (auto& pair : pairsOf(raw_query, too_many))
    if (pair.good && pair.name == name) return std::move(pair.value);
  return std::nullopt;
}

Json readPath(const Operation& operation, const std::vector<std::string>& names, const std::vector<std::string>& values,
              std::vector<FieldError>& errors) {
  Json path = Json::object();
  for (const auto& parameter : operation.path_parameters)
    for (std::size_t i = 0; i < names.size(); ++i)
      if (names[i] == parameter.name) readOne(parameter, "path:" + parameter.name, values[i], path, errors);
  return path;
}

Json readQuery(const Operation& operation, std::string_view raw_query, std::vector<std::string>& ignored,
               std::vector<FieldError>& errors) {
  bool too_many = false;
  const auto pairs = pairsOf(raw_query, too_many);
  if (too_many) errors.push_back({"query", "has more than " + std::to_string(kMaxParameters) + " parameters"});
  Json query = Json::object();
  std::set<std::string_view> given;
  for (const auto& pair : pairs) {
    const auto place = "query:" + cleanText(pair.name);
    const auto known = std::find_if(operation.query_parameters.begin(), operation.query_parameters.end(),
                                    [&](const Parameter& parameter) { return parameter.name == pair.name; });
    if (known == operation.query_parameters.end()) {
      ignored.push_back(cleanText(pair.name));
    } else if (!pair.good) {
      errors.push_back({place, "has a broken percent escape"});
    } else if (!given.insert(known->name).second) {
      errors.push_back({place, "is given more than once"});
    } else {
      readOne(*known, place, pair.value, query, errors);
    }
  }
  for (const auto& parameter : operation.query_parameters) {
    if (given.contains(parameter.name)) continue;
    if (parameter.required) errors.push_back({"query:" + parameter.name, "is missing"});
    fillDefault(parameter, query);
  }
  return query;
}

Json readHeaders(const Operation& operation, const http::Headers& headers, std::vector<FieldError>& errors) {
  Json values = Json::object();
  for (const auto& parameter : operation.header_parameters) {
    bool given = false;
    for (const auto& header : headers) {
      if (!equalsIgnoreCase(header.name, parameter.name)) continue;
      if (given)
        errors.push_back({"header:" + parameter.name, "is given more than once"});
      else
        readOne(parameter, "header:" + parameter.name, header.value, values, errors);
      given = true;
    }
    if (!given && parameter.required) errors.push_back({"header:" + parameter.name, "is missing"});
  }
  return values;
}

Result<Json> readBody(const Operation& operation, const http::Request& request, std::vector<std::string>& ignored,
                      std::vector<FieldError>& errors) {
  if (!operation.body) return Json();
  if (trim(request.body).empty()) {
    if (!operation.body_required) return Json();
    return Error{ErrorKind::kInvalid, "body_missing", "This needs a JSON body.", {{"", "is missing"}}};
  }
  Json body;
  try {
    body = parseJson(request.body, {.max_bytes = request.body.size(), .max_depth = kMaxBodyDepth});
  } catch (const JsonError& error) {
    return Error{ErrorKind::kBadRequest, "invalid_json",
                 std::string{"The body is not JSON: "} + cleanText(error.what())};
  }
  if (std::size_t left = kMaxBodyValues; !fits(body, left))
    return Error{ErrorKind::kInvalid,
                 "body_too_complex",
                 "The body has too many parts.",
                 {{"", "has more than " + std::to_string(kMaxBodyValues) + " members and items in all"}}};
  Members(ignored).walk(operation.body_shape, body);
  for (auto& error : operation.body->validate(body)) errors.push_back(std::move(error));
  operation.body->fillDefaults(body);
  if (request.body.find("\\u0000") != std::string::npos) replaceNul(body);
  return body;
}

std::string ignoredHeader(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  const bool more = names.size() > kMaxNamed;
  if (more) names.resize(kMaxNamed);
  std::string text;
  for (const auto& name : names) {
    std::string safe;
    for (const char c : name) safe += c == '/' ? std::string{"/"} : percentEncode(std::string_view{&c, 1});
    if (text.size() + safe.size() + 2 > kMaxIgnoredHeader) return text + (text.empty() ? "..." : ", ...");
    text += (text.empty() ? "" : ", ") + safe;
  }
  if (more) text += ", ...";
  return text;
}

bool wantsStrict(const http::Request& request) {
  for (const auto& header : request.headers) {
    if (!equalsIgnoreCase(header.name, "Prefer")) continue;
    for (const auto preference : split(header.value, ',')) {
      // What follows a ';' are parameters of the preference, not preferences.
      const auto one = preference.substr(0, preference.find(';'));
      const auto equals = one.find('=');
      if (equals == std::string_view::npos || !equalsIgnoreCase(trim(one.substr(0, equals)), "handling")) continue;
      auto word = trim(one.substr(equals + 1));
      if (word.size() >= 2 && word.front() == '"' && word.back() == '"') word = word.substr(1, word.size() - 2);
      return equalsIgnoreCase(word, "strict");  // of several, the first counts (RFC 7240, 2)
    }
  }
  return false;
}

}  // namespace patchbay::api
