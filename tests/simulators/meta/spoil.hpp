/// Failures as the Graph API shows them.
#pragma once

#include <string_view>

#include <patchbay/json.hpp>

#include "simulators/common/failures.hpp"
#include "simulators/common/http_server.hpp"

namespace patchbay::simulators::meta {

/// What differs between the products.
struct SpoiltAnswers {
  std::string_view garbage;   ///< how a body begins that is no JSON
  Json without_id;            ///< an answer that names no message
  std::string_view product;   ///< whose calls are used up: "whatsapp"
  std::string_view business;  ///< under which id that is told
};

/// The answer that a failure calls for instead of `reply`. An error of Meta's own is not made here: it is `reply`.
HttpReply spoil(const Failure& failure, HttpReply reply, const SpoiltAnswers& answers);

}  // namespace patchbay::simulators::meta
