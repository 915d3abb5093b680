/// One WhatsApp business number that the simulator plays.
#pragma once

#include <string>

namespace patchbay::simulators::whatsapp {

/// Empty members get defaults when the number is registered: the simulator's secrets and invented ids.
struct Number {
  std::string phone_number_id;
  std::string callback_url;          ///< where its webhooks go
  std::string display_phone_number;  ///< digits, as in `metadata`
  std::string waba_id;               ///< `entry[].id`
  std::string app_secret;            ///< signs its webhooks
  std::string token;                 ///< bearer of its Graph calls
  std::string verify_token;          ///< of the hub.challenge handshake
  std::string label;                 ///< in stories; the last two parts of the callback's path, "acme/whatsapp"
};

/// A WhatsApp user. Any member may be empty: names are optional, and a user with a username may hide the number.
struct Customer {
  std::string name;
  std::string phone;     ///< E.164 with '+'
  std::string bsuid;     ///< "FR.7781234500991122"
  std::string username;  ///< with or without '@'
};

}  // namespace patchbay::simulators::whatsapp
