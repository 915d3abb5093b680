/// Fetches one file of an inbound message: through the connector's `media` operation, else as a plain download.
#pragma once

#include <memory>

#include "delivery/core.hpp"
#include "delivery/send_store.hpp"

namespace patchbay::delivery {

/// @param lease  a due job of kind "media": {"message_id", "index", "url" | "provider_id", "mime_type", "filename",
///               "sha256", "size", "caption"}
void startMediaFetch(const std::shared_ptr<Core>& core, DueLease lease, std::shared_ptr<connectors::Channel> channel);

}  // namespace patchbay::delivery
