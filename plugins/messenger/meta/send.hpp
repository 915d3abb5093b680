/// Operations -> requests of the Send API, and its answers -> results.
///
/// A message may need several steps: a file is uploaded before it is sent, a long text leaves in parts. Where it stands
/// is the carry, so that a step is made again without repeating those before it.
#pragma once

#include <patchbay/connector.hpp>
#include <span>

#include "meta/account.hpp"

namespace patchbay::meta {

/// Begins an operation.
Step begin(const Account& account, const Operation& operation);

/// Goes on after a step; without responses, makes the step of this carry again.
Step proceed(const Account& account, const Operation& operation, const Carry& carry,
             std::span<const Response> responses, const Call& call);

}  // namespace patchbay::meta
