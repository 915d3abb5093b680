/// The files of an outbound message, brought into the store and given to the connector as blobs.
#pragma once

#include <functional>
#include <memory>
#include <patchbay/json.hpp>
#include <string>
#include <vector>

#include "delivery/core.hpp"

namespace patchbay::delivery {

struct PreparedMedia {
  Json operation;  ///< for the connector: media items name blobs
  Blobs blobs;
  std::optional<std::string>
      text;  ///< the operation as it should be kept from now on: files by their digest; nothing: unchanged
  std::vector<media::File> fetched;  ///< new for the tenant
};

/// Every item of operation.media that names a stored file ("patchbay-media:<sha256>", an API path) or an address
/// becomes a blob. Addresses are fetched without secrets, from public servers or those in egress_allow.
/// @param done  on a worker: kUnavailable when another try may succeed; any other error is for good
void prepareMedia(const std::shared_ptr<Core>& core, const std::shared_ptr<connectors::Channel>& channel,
                  Json operation, std::function<void(Result<PreparedMedia>)> done);

/// Downloads a file into the store, as a customer's or client's browser would. `done` on a worker; errors as above.
void download(const std::shared_ptr<Core>& core, const connectors::Channel& channel, const std::string& url,
              std::function<void(Result<media::File>)> done);

}  // namespace patchbay::delivery
