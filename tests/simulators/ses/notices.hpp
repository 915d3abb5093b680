/// What SES puts into the `Message` of a topic: received mail, and what became of sent mail.
#pragma once

#include <string>
#include <vector>

#include <patchbay/json.hpp>

#include "base/time.hpp"

namespace patchbay::simulators::ses {

/// One message that the API accepted.
struct SentMail {
  std::string id;  ///< as the API returned it
  std::string topic;
  std::vector<std::string> to;  ///< envelope recipients
  std::string raw;              ///< as it was handed in; of Content.Simple what became of it
  std::string wire;             ///< as it left: with the Message-ID of SES
  std::string configuration_set;
  Json tags = Json::object();  ///< name -> value
  Json body;                   ///< the request's, without the bytes of the mail
  Timestamp time;
  int count = 1;  ///< how many times this very body was accepted so far; 2 is a mail the customer got twice
};

/// Event publishing. `type`: Send, Delivery, Bounce, Complaint, Reject, DeliveryDelay, Open, Click.
/// @param more  members for the event's own object: {"bounceType": "Transient", "bounceSubType": "MailboxFull"}
/// @throws BadInput  unknown type
Json eventOf(const SentMail& mail, const std::string& type, const Json& more);
/// The same as an identity notification, which has no tags. @throws BadInput  no such notification
Json identityNotificationOf(const SentMail& mail, const std::string& type, const Json& more);

/// A mail that a customer wrote, in the short form of the control API.
struct Written {
  std::string from = "Ana Example <ana@example.org>";
  std::string to;  ///< empty: the topic's address
  std::string subject = "Hello";
  std::string text;
  std::string message_id;  ///< without brackets; empty: made up
  std::string in_reply_to;
  std::vector<std::string> references;
  std::string raw;                                             ///< not empty: the whole mail as it is
  std::vector<std::pair<std::string, std::string>> more = {};  ///< further header lines
};

/// The RFC 5322 text of it, with CRLF; text that is not ASCII as quoted-printable.
std::string mailOf(const Written& written, Timestamp time);

/// "Ana <ana@example.org>" -> "ana@example.org"
std::string bareAddress(const std::string& text);
/// The value of the first header line of that name, unfolded; empty when there is none.
std::string headerOf(const std::string& mail, const std::string& name);

/// The notification about a received mail, without content.
/// @param verdicts  {"virus": "FAIL"} for other verdicts than PASS
Json receivedNotice(const std::string& id, const std::string& mail, const std::string& envelope_from,
                    const std::vector<std::string>& recipients, const Json& action, const Json& verdicts,
                    Timestamp time);

}  // namespace patchbay::simulators::ses
