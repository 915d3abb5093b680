/// What the control APIs under /_simulator/ read and answer alike.
#pragma once

#include <chrono>
#include <patchbay/json.hpp>
#include <string>

#include "simulators/common/http_server.hpp"

namespace patchbay::simulators {

HttpReply plain(int status, const Json& body);

/// Query parameter `timeout_ms`, up to two minutes; none: 0. @throws BadInput
std::chrono::milliseconds waitOf(const HttpRequest& request);

/// Query parameter `at_least`; none: 0. @throws BadInput
std::size_t atLeast(const HttpRequest& request);

/// A body as it is shown: JSON where it is some, else the text.
Json readable(const std::string& body);

/// Each as its toJson() has it.
template <class Records>
Json listOf(const Records& records) {
  Json list = Json::array();
  for (const auto& record : records) list.push_back(toJson(record));
  return list;
}

/// For a `catch (...)` around a control API: wrong input is answered with 400 and {"error": "..."} that names the
/// member and the rule. Everything else is thrown on.
HttpReply wrongInput();

}  // namespace patchbay::simulators
