/// Webhooks of Messenger and Instagram -> events. Pure: same bytes and clock, same events.
#pragma once

#include <patchbay/event.hpp>
#include <patchbay/json.hpp>
#include <patchbay/time.hpp>
#include <vector>

#include "meta/account.hpp"

namespace patchbay::meta {

/// Every item of every entry, in order, those that another app has to answer (`standby`) included. An item that cannot
/// be understood becomes an `unparsed` event; kinds that we do not map yield nothing. Never throws on any JSON.
/// @param now  timestamp of items that carry none
std::vector<Event> readMessaging(const Account& account, const Json& webhook, Time now);

}  // namespace patchbay::meta
