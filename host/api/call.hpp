/// One request as an endpoint sees it: routed, authorised, and fitting openapi.yaml.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <patchbay/json.hpp>
#include <string>

#include "api/contract.hpp"
#include "api/principal.hpp"
#include "base/http.hpp"
#include "base/result.hpp"

namespace patchbay::api {

struct Call {
  http::Request request;
  const Operation* operation = nullptr;
  std::string prefix;   ///< what stood before the path: "/api/v1/communications", "/api/v1/tenants/acme"; for Location
  Principal principal;  ///< of nobody when the operation is open to all
  std::string tenant;   ///< slug of an active tenant; empty when the operation belongs to none
  Json path = Json::object();     ///< typed by the document: {"id": 7}
  Json query = Json::object();    ///< with the document's defaults
  Json headers = Json::object();  ///< those that the operation declares, by their names as the document spells them
  Json body;  ///< defaults filled in, meaningless nulls and unknown members taken out; null when there is none

  /// Member of `query`, when it is there.
  template <class T>
  std::optional<T> queryValue(const char* name) const {
    const auto found = query.find(name);
    return found == query.end() ? std::nullopt : std::optional<T>(found->get<T>());
  }
  template <class T>
  std::optional<T> headerValue(const char* name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? std::nullopt : std::optional<T>(found->get<T>());
  }
};

/// Takes the answer, now or later, from any thread; never blocks. Later calls are ignored.
using Answer = http::Respond;

/// What an operation does. Throwing db::Unavailable makes a 503, anything else a 500.
using Run = std::function<void(Call, Answer)>;

/// Decides before the body is read: sets `limits`, or returns the refusal. On an I/O thread: must not wait.
using Gate = std::function<std::optional<http::Response>(
    const http::Request& head, const std::vector<std::string>& path_values, http::Limits& limits)>;

/// Is the thing that the path names there? Asked only when the body does not fit, because a missing thing is said
/// first. May block. An Error is the refusal.
using Exists = std::function<Result<Done>(const Call&)>;

/// Is a `by_size` request long work in spite of its size? Then it is a worker's too. Must not wait.
using Heavy = std::function<bool(const std::vector<std::string>& path_values)>;

struct Endpoint {
  Run run;
  Gate gate = nullptr;
  Exists exists = nullptr;
  Heavy heavy = nullptr;
};

/// By operationId.
using Endpoints = std::map<std::string, Endpoint, std::less<>>;

}  // namespace patchbay::api
