/// Operations -> requests of the Cloud API, and its answers -> results.
///
/// A message may need several steps: a file is uploaded before it is sent, a long text leaves in parts. Where it stands
/// is the carry, so that a step is made again without repeating those before it.
#pragma once

#include <patchbay/connector.hpp>
#include <span>
#include <string>
#include <string_view>

namespace patchbay::whatsapp {

/// Where the API is and which number we are; from the channel's config.
struct Account {
  std::string base_url;     ///< without a slash at the end
  std::string api_version;  ///< "v23.0"
  std::string phone_number_id;
  std::string waba_id;  ///< may be empty
};

/// Begins an operation.
Step begin(const Account& account, const Operation& operation);

/// Goes on after a step; without responses, makes the step of this carry again.
Step proceed(const Account& account, const Operation& operation, const Carry& carry,
             std::span<const Response> responses, const Call& call);

}  // namespace patchbay::whatsapp
