/// Webhooks of Twilio: inbound messages, and the statuses of ours.
#pragma once

#include <patchbay/event.hpp>
#include <patchbay/turn.hpp>
#include <string>
#include <vector>

#include "twilio_fields.hpp"

namespace patchbay::twilio {

/// What reading needs to know of the channel.
struct Reading {
  std::string account_sid;
  std::string base_url;           ///< of the API, without a slash at the end
  bool whatsapp_keywords = true;  ///< WhatsApp has no opt-out of its own: STOP and START count there, too
};

/// @param request  that the fields are of: our status callbacks have a suffix of their own, and `ref` in the query
/// @throws TurnError  when neither a message nor a status can be found in it
std::vector<Event> readWebhook(const Reading& reading, const Fields& fields, const Request& request, const Call& call);

/// What Twilio tells of a message of ours, by a webhook or when asked.
struct Report {
  std::string sid;
  std::string status;     ///< Twilio's word
  std::string code;       ///< of the error, in digits; empty: none
  std::string text;       ///< of the error
  std::string recipient;  ///< as Twilio writes it
  std::string ref = {};   ///< ours; empty when it is not told
};
std::vector<Event> readReport(const Report& report, const Call& call);

/// SM or MM, and 32 hex digits.
bool isMessageSid(std::string_view text);

/// An address of a file of this account at the API: the only one that is ever fetched with our credentials.
bool isOwnMedia(const Reading& reading, std::string_view url);

}  // namespace patchbay::twilio
