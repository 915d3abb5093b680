/// Operations: the calls that they become, and what the answers mean.
#pragma once

#include <patchbay/turn.hpp>
#include <span>
#include <string>

#include "twilio_receive.hpp"

namespace patchbay::twilio {

struct Account {
  std::string sid;
  std::string base_url;            ///< of the API, without a slash at the end
  std::string messaging_base_url;  ///< of the API for typing
  bool api_key = false;            ///< REST calls use the API key instead of the auth token
  std::string from;
  std::string whatsapp_from;  ///< without "whatsapp:"
  std::string messaging_service_sid;
  std::string status_callback;  ///< empty: none is asked for
  bool unreachable = false;     ///< there is no public_url: Twilio can fetch no file of ours

  Reading reading() const { return {sid, base_url}; }
};

Step begin(const Account& account, const Operation& operation, const Call& call);
Step proceed(const Account& account, const Operation& operation, const Carry& carry,
             std::span<const Response> responses, const Call& call);

}  // namespace patchbay::twilio
