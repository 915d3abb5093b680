/// Operations that send nothing to anybody new: read, typing, test, setup, templates. Making them twice does no harm.
#pragma once

#include <patchbay/connector.hpp>
#include <span>
#include <string_view>

#include "whatsapp_errors.hpp"
#include "whatsapp_graph.hpp"

namespace patchbay::whatsapp {

bool isAsk(std::string_view kind);

/// @throws Refused  it lacks something that Meta needs
Step askStep(const Account& account, const Operation& operation);

/// Without responses, makes the step of this carry again.
/// @throws Refused  as above
Step proceedAsk(const Account& account, const Operation& operation, const Carry& carry,
                std::span<const Response> responses, const Call& call);

}  // namespace patchbay::whatsapp
