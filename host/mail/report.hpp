/// The machine-readable part of a report: RFC 3464 (delivery), RFC 8098 (read), RFC 5965 (complaint).
#pragma once

#include <string_view>

#include "mail/message.hpp"

namespace patchbay::mail {

/// Reads the groups of fields of a message/delivery-status or message/disposition-notification part into `report`: 200
/// groups and 256 KiB at most.
void readReportFields(std::string_view body, Report& report);

/// Header lines out of a block of text, or the fields of a message/feedback-report part: unfolded, up to the first
/// empty line. At most 1,000 lines of 64 KiB, and 256 KiB in all.
HeaderLines readLines(std::string_view block);

}  // namespace patchbay::mail
