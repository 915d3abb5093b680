/// A mail that a customer writes, and how Inbound Parse posts it.
#pragma once

#include <string>
#include <vector>

#include <patchbay/json.hpp>

#include "base/time.hpp"
#include "simulators/common/ids.hpp"

namespace patchbay::simulators::sendgrid {

struct MailFile {
  std::string filename;
  std::string type;
  std::string content_id;  ///< inline picture of the HTML
  std::string bytes;
};

struct CustomerMail {
  std::string from;  ///< address; empty in delivery reports (envelope and header say so)
  std::string name;
  std::vector<std::string> to;  ///< header addresses; the envelope's unless envelope_to says otherwise
  std::vector<std::string> cc;
  std::vector<std::string> envelope_to;
  std::string subject;
  std::string text;  ///< UTF-8
  std::string html;
  std::string charset = "UTF-8";  ///< in which text and HTML travel: UTF-8 or iso-8859-1
  std::string message_id;         ///< with brackets; empty: the mail has none
  std::string in_reply_to;
  std::string references;
  std::vector<std::pair<std::string, std::string>> headers;  ///< further ones
  std::vector<MailFile> files;
  std::string raw;  ///< the whole message as it is; everything above but the envelope then only fills the form
  std::string spf = "pass";
  std::string dkim;  ///< empty: that of the sender's domain passes
  Timestamp time;
};

/// {"from": {"name", "email"}, "to": ["..."], "cc", "envelope_to", "subject", "text", "html", "charset", "message_id",
/// "in_reply_to", "references", "headers": {"name": "value"}, "files": [{"filename", "type", "content_id", "base64" or
/// "size"}], "raw" or "raw_base64", "SPF", "dkim"}. A Message-ID is made unless "message_id" is there; "" leaves it
/// out.
/// @throws BadInput
CustomerMail mailFromJson(const Json& json, const std::string& to, Ids& ids, Timestamp now);

/// The header block, lines ending with CRLF, without the empty line; with those that describe the body.
std::string headerBlock(const CustomerMail& mail);
/// The whole message.
std::string rawMessage(const CustomerMail& mail);

struct Form {
  std::string content_type;
  std::string body;
};

/// The POST of Inbound Parse in raw mode (the message in `email`) or in parsed mode (text, html, attachment1, ...).
Form inboundForm(const CustomerMail& mail, bool raw, Ids& ids);

}  // namespace patchbay::simulators::sendgrid
