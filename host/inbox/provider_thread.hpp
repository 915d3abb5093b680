/// A conversation and its messages as the provider knows them: for what is done there and stored nowhere.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/time.hpp"
#include "connectors/event.hpp"
#include "db/pool.hpp"

namespace patchbay::inbox {

struct ProviderThread {
  std::string channel_name;                   ///< empty: no connected channel
  connectors::Address contact;                ///< where answers go
  std::string last_inbound;                   ///< the provider's id of the contact's last message; empty: there is none
  std::optional<Timestamp> window_closes_at;  ///< nothing: free answers are always allowed; the epoch: never opened
  bool group = false;                         ///< several people: `contact` is only one of them
};

struct ProviderMessage {
  ProviderThread thread;
  /// The provider's, one for each part of a text that was split, without those withdrawn; empty: it does not know it.
  std::vector<std::string> provider_ids;
  std::string type;
  bool ours = false;       ///< it went out, and has not failed or been noted here alone
  bool withdrawn = false;  ///< whoever wrote it took it back
};

// Both block: worker threads only. @return kNotFound: conversation_not_found, message_not_found
Result<ProviderThread> findProviderThread(db::Pool& reads, const std::string& tenant, std::int64_t conversation_id);
/// The provider's id of the contact's last message that was read here; empty: none was.
std::string findLastRead(db::Pool& reads, const std::string& tenant, std::int64_t conversation_id);
Result<ProviderMessage> findProviderMessage(db::Pool& reads, const std::string& tenant, std::int64_t message_id);

}  // namespace patchbay::inbox
