/// Bounces that are no multipart/report: some servers still write to people alone.
#pragma once

#include <string>
#include <string_view>

#include "mail/message.hpp"

namespace patchbay::mail {

/// X-Failed-Recipients, or MAILER-DAEMON with an empty envelope sender.
/// @param envelope_from  MAIL FROM; null where the provider does not tell it
bool isPlainBounce(const HeaderLines& lines, const Headers& headers, const std::string* envelope_from);

/// What a plain bounce says, as a report: the Message-IDs of mails that it repeats (20 at most), and a failed recipient
/// where it says that it has given up (a delay it only tells of has none). Looks into the first 64 KiB of the text and
/// of each of the first three mails that are attached.
Report readPlainBounce(const Message& message, std::string_view text);

}  // namespace patchbay::mail
