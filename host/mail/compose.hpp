/// A mail of ours as bytes: 7 bit, CRLF, lines of at most 998 bytes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "mail/headers.hpp"
#include "mail/message.hpp"

namespace patchbay::mail {

struct Draft {
  Mailbox from;
  std::string to;        ///< one address
  std::string reply_to;  ///< may be empty
  std::string subject;
  std::string message_id;               ///< without brackets
  std::string in_reply_to;              ///< without brackets; may be empty
  std::vector<std::string> references;  ///< without brackets, oldest first
  HeaderLines headers;                  ///< further ones
  std::string text;
  std::string html;         ///< may be empty
  std::vector<File> files;  ///< attachments
  Timestamp date{};
};

/// The same draft gives the same bytes: boundaries come from the Message-ID.
/// @return kInvalid naming the header when a value holds a line end or NUL, which would forge further headers
Result<std::string> composeMessage(const Draft& draft);

/// References of an answer (RFC 5322 3.6.4), kept under about 900 bytes: the first id and as many of the last as fit.
std::vector<std::string> referencesOf(const std::vector<std::string>& parents,
                                      const std::vector<std::string>& in_reply_to, const std::string& message_id);

}  // namespace patchbay::mail
