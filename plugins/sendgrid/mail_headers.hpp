/// The header block of a mail (RFC 5322), as far as a connector has to look into it. The host reads the mail itself.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace patchbay::sendgrid {

struct MailHeader {
  std::string_view name;
  std::string_view lines;  ///< as it stands: name, colon, value and its folded lines, the last line's end included
  std::string value;       ///< unfolded, without blanks around it; not decoded
};

/// The header block at the beginning of `mail`, up to and without the empty line. Lines may end with LF or CRLF.
std::string_view headerBlock(std::string_view mail);

/// The headers of a block, in order. Lines that are none (an mbox "From " line, junk) are left out. The views point
/// into `block`.
std::vector<MailHeader> readHeaders(std::string_view block);

/// The value of the first header called `name` in any case; empty when there is none.
std::string_view valueOf(const std::vector<MailHeader>& headers, std::string_view name);

/// Whether two names of headers are the same but for their case.
bool sameName(std::string_view a, std::string_view b);

}  // namespace patchbay::sendgrid
