/// Webhooks of the WhatsApp Cloud API -> events. Pure: same bytes and clock, same events.
#pragma once

#include <patchbay/event.hpp>
#include <patchbay/json.hpp>
#include <patchbay/time.hpp>
#include <vector>

namespace patchbay::whatsapp {

/// Every message, status and notice of every change of every entry, in order. An item that cannot be understood becomes
/// an `unparsed` event; fields that we do not map (quality updates, ...) yield nothing. Never throws on any JSON.
/// @param now  timestamp of items that carry none
std::vector<Event> readWebhook(const Json& webhook, Time now);

}  // namespace patchbay::whatsapp
