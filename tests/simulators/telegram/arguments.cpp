/// The four ways to give arguments: query, form, JSON, multipart.
#include <cmath>

#include "base/text.hpp"
#include "simulators/common/bad_input.hpp"
#include "simulators/telegram/simulator_impl.hpp"

namespace patchbay::simulators::telegram {
namespace {

int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hexDigit(text[i + 1]) : -1;
    const int low = high >= 0 ? hexDigit(text[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::optional<Json> parsed(const std::string& text) {
  try {
    return parseJson(text);
  } catch (const JsonError&) {
    return std::nullopt;
  }
}

void readForm(std::string_view body, Json& values) {
  for (const std::string_view pair : split(body, '&')) {
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    values[decoded(pair.substr(0, equals))] =
        equals == std::string_view::npos ? std::string() : decoded(pair.substr(equals + 1));
  }
}

}  // namespace

Arguments argumentsOf(const HttpRequest& request) {
  Arguments arguments;
  for (const auto& [name, value] : request.query) arguments.values[name] = value;
  const std::string type = lowerAscii(request.header("Content-Type"));
  if (request.body.empty()) return arguments;
  if (type.starts_with("application/json")) {
    const auto body = parsed(request.body);
    if (!body || !body->is_object()) throw ApiError{400, "Bad Request: can't parse JSON object"};
    arguments.values.update(*body);
  } else if (type.starts_with("multipart/form-data")) {
    auto parts = parseMultipart(request.header("Content-Type"), request.body);
    if (!parts) throw ApiError{400, "Bad Request: can't parse multipart form"};
    for (auto& part : *parts)
      if (part.filename.empty())
        arguments.values[part.name] = part.content;
      else
        arguments.files.push_back(std::move(part));
  } else if (type.starts_with("application/x-www-form-urlencoded")) {
    readForm(request.body, arguments.values);
  } else {
    throw ApiError{400, "Bad Request: unsupported content type"};
  }
  return arguments;
}

std::string Arguments::text(const char* name) const {
  const auto found = values.find(name);
  if (found == values.end() || found->is_null()) return {};
  return found->is_string() ? found->get<std::string>() : dumpJson(*found);
}

std::optional<std::int64_t> Arguments::number(const char* name) const {
  const std::string given = text(name);
  if (given.empty()) return std::nullopt;
  const auto value = parsed(given);
  if (!value || !value->is_number_integer())
    throw ApiError{400, "Bad Request: parameter " + std::string(name) + " must be a number"};
  return value->get<std::int64_t>();
}

std::optional<double> Arguments::real(const char* name) const {
  const auto value = parsed(text(name));
  return value && value->is_number() ? std::optional(value->get<double>()) : std::nullopt;
}

Json Arguments::json(const char* name) const {
  const auto found = values.find(name);
  if (found == values.end()) return nullptr;
  if (!found->is_string()) return *found;
  const auto value = parsed(found->get<std::string>());
  if (!value) throw ApiError{400, "Bad Request: can't parse " + std::string(name) + " JSON object"};
  return *value;
}

const FormPart* Arguments::file(const char* name) const {
  // Under its own name, or under another that the argument points to.
  constexpr std::string_view kAttached = "attach://";
  const std::string given = text(name);
  const std::string wanted = given.starts_with(kAttached) ? given.substr(kAttached.size()) : std::string(name);
  for (const auto& part : files)
    if (part.name == wanted) return &part;
  return nullptr;
}

}  // namespace patchbay::simulators::telegram
