/// The Event Webhook -> events. Pure: same bytes and clock, same events.
#pragma once

#include <patchbay/event.hpp>
#include <patchbay/turn.hpp>
#include <string_view>
#include <vector>

#include "sendgrid_account.hpp"

namespace patchbay::sendgrid {

/// Every element of the batch, in order. One that cannot be understood becomes an `unparsed` event; one that changes
/// nothing for us (an unknown word, a machine that opened the mail) yields nothing.
/// @throws TurnError  the body is not a JSON array
std::vector<Event> readEvents(const Account& account, std::string_view body, const Call& call);

/// How a mail that SendGrid accepted came not to be delivered. `element` is a `bounce` or a `dropped`.
EventError errorOf(const Json& element);

}  // namespace patchbay::sendgrid
