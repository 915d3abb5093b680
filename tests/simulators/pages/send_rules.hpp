/// What the Send API takes (fact sheet, sections 4.2, 4.3 and 5.1).
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <patchbay/json.hpp>

#include "simulators/pages/account.hpp"

namespace patchbay::simulators::pages {

/// Why a body is refused.
struct Refusal {
  int code = 100;
  int subcode = 0;
  std::string details;
};

/// @param known_attachment  whether an uploaded file has this id
/// @return nothing when Meta would take it
std::optional<Refusal> checkSend(const Account& account, const Json& body,
                                 const std::function<bool(const std::string&)>& known_attachment);

}  // namespace patchbay::simulators::pages
