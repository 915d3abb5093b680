/// What a send led to, written into the message. Called by host/delivery inside the tenant's lane.
#pragma once

#include <string>
#include <vector>

#include "connectors/event.hpp"
#include "db/lane.hpp"

namespace patchbay::inbox {

struct SendOutcome {
  enum class Kind {
    kSent,      ///< `ids` are the provider's, one per part of a split text; none: it named none, or statuses have
    kFailed,    ///< for good, with `error`
    kProgress,  ///< parts have left (`ids`), the others come later: stays pending
    kUnknown,   ///< bytes left and no whole answer came: stays pending with error.class "unknown"
  } kind = Kind::kSent;
  std::vector<std::string> ids;
  connectors::EventError error;
  bool possible_duplicate = false;
  bool perhaps_partial = false;  ///< kSent, by a status and not by an answer: later parts were perhaps never sent
  int attempts = 0;              ///< tries so far, this one included
  std::vector<std::string> mail_ids = {};  ///< of a mail: every id under which answers and reports may name it
};

/// Moves the message forward, stores its parts, applies statuses that were parked for them, and emits the event
/// (message.sent, message.failed, message.updated). A message that a status settled meanwhile is not moved back.
void applySendOutcome(db::TenantWrite& write, std::int64_t message_id, const std::string& channel_name,
                      const SendOutcome& outcome);

/// Media of an inbound message have been fetched: replaces entry `index` of its media list by `item` (JSON) and emits
/// message.updated.
void replaceMedia(db::TenantWrite& write, std::int64_t message_id, int index, const std::string& item);

}  // namespace patchbay::inbox
