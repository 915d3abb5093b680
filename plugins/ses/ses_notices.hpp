// What became of mail that we sent: identity notifications (`notificationType`) and event publishing (`eventType`).
// Both may be on, and then each fact arrives twice; statuses that are told twice change nothing.
#pragma once

#include <patchbay/connector.hpp>
#include <string>
#include <vector>

#include "ses_account.hpp"

namespace patchbay::ses {

/// The SNS message around a notice.
struct Notified {
  std::string id;
  Time time;
};

/// @return nothing for kinds that change nothing
std::vector<Event> readStatus(const Account& account, const Json& notice, const Notified& notified, const Call& call);

/// The tag that carries our ref to SES and back.
inline constexpr const char* kRefTag = "pb_ref";

}  // namespace patchbay::ses
