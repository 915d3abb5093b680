/// Inbound Parse -> events. Pure: same fields, same event.
#pragma once

#include <patchbay/event.hpp>
#include <patchbay/turn.hpp>
#include <vector>

namespace patchbay::sendgrid {

/// The one mail of the POST. In raw mode (a field `email`) the host gets it as it came; in parsed mode it is put
/// together again from the header block and the texts in the charsets that SendGrid names, so that one reader of mail
/// decides about charsets, threads and loops, and the attachments go beside it. A POST that holds no mail becomes
/// `unparsed`.
std::vector<Event> readInbound(const Request& request, const Call& call);

}  // namespace patchbay::sendgrid
