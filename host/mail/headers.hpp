/// What the header lines of a mail say. For mail that the host parses and for mail that came parsed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.hpp"

namespace patchbay::mail {

/// [name, value], unfolded. Encoded words are still in the value.
using HeaderLines = std::vector<std::pair<std::string, std::string>>;

struct Mailbox {
  std::string address;  ///< at most 320 bytes, the domain in lower case
  std::string name;     ///< decoded; may be empty
};

struct Headers {
  std::vector<Mailbox> from, reply_to, to, cc;  ///< at most 100 each
  std::string subject;                          ///< decoded, at most 4,000 bytes
  std::string message_id;                       ///< ids are without brackets and have at most 500 bytes
  std::vector<std::string> in_reply_to;         ///< at most 20: some systems name several
  std::vector<std::string> references;          ///< at most 100, oldest first
  std::optional<Timestamp> date;
};

Headers readHeaders(const HeaderLines& lines);

/// The first value of the field, empty without one. Names in any case.
std::string_view find(const HeaderLines& lines, std::string_view name);

/// Encoded words (RFC 2047) and raw 8-bit bytes as UTF-8, control characters as blanks.
std::string decodeWords(std::string_view value);

/// Addresses of a From, To, ... field. The structure is read before words are decoded, so that a decoded comma forges
/// no second address.
std::vector<Mailbox> readMailboxes(std::string_view value);

/// Every id in the value, in order, each once. Brackets may be missing, commas and comments may stand between.
std::vector<std::string> readIds(std::string_view value, std::size_t most);

/// "Re: AW: [2] Offer" -> "Offer". The prefixes of the usual programs in the usual languages.
std::string_view bareSubject(std::string_view subject);
/// Whether the first prefix says that the mail passes another one on.
bool isForward(std::string_view subject);

}  // namespace patchbay::mail
