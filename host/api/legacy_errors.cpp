#include "api/legacy_errors.hpp"

#include <charconv>
#include <patchbay/json.hpp>

#include "base/text.hpp"

namespace patchbay::api {
namespace {

constexpr std::string_view kProblem = "application/problem+json";

/// One step of a JSON pointer (RFC 6901): an index when it can be one. A member called "0" looks the same.
Json step(std::string_view token) {
  std::size_t index = 0;
  const auto* end = token.data() + token.size();
  if (const auto [stop, error] = std::from_chars(token.data(), end, index); error == std::errc{} && stop == end)
    return index;
  std::string name;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const bool escape = token[i] == '~' && i + 1 < token.size();
    name += escape ? (token[++i] == '1' ? '/' : '~') : token[i];
  }
  return name;
}

/// "/tags/0" -> ["body", "tags", 0]; "query:limit" -> ["query", "limit"].
Json place(std::string_view pointer) {
  Json loc = Json::array();
  if (const auto colon = pointer.find(':'); colon != std::string_view::npos && !pointer.starts_with('/')) {
    loc.push_back(std::string(pointer.substr(0, colon)));
    loc.push_back(std::string(pointer.substr(colon + 1)));
    return loc;
  }
  if (!pointer.empty() && !pointer.starts_with('/')) {
    loc.push_back(std::string(pointer));  // "query" as a whole
    return loc;
  }
  loc.push_back("body");
  if (!pointer.empty())
    for (const auto token : split(pointer.substr(1), '/')) loc.push_back(step(token));
  return loc;
}

}  // namespace

void toLegacyError(http::Response& response) {
  for (auto& header : response.headers) {
    if (!equalsIgnoreCase(header.name, "Content-Type") || header.value != kProblem) continue;
    const Json problem = parseJson(response.content());  // ours, so it is JSON
    Json body = {{"detail", problem.at("detail")}};
    if (response.status == 422 && !problem.at("errors").empty()) {
      body["detail"] = Json::array();
      for (const auto& error : problem["errors"]) {
        const auto& message = error.at("message").get_ref<const std::string&>();
        body["detail"].push_back({{"loc", place(error.at("pointer").get_ref<const std::string&>())},
                                  {"msg", message},
                                  {"type", message == "is missing" ? "missing" : "value_error"}});
      }
    }
    for (const char* name : {"error", "message", "path"})
      if (const auto member = problem.find(name); member != problem.end()) body[name] = *member;
    header.value = "application/json";
    response.dropContent();
    response.body = dumpJson(body);
    return;
  }
}

}  // namespace patchbay::api
