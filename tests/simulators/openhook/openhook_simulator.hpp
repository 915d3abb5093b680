/// A system of somebody's own, on the other side of an open webhook: it posts signed events and takes signed
/// deliveries.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <patchbay/json.hpp>
#include <string>
#include <string_view>

#include "simulators/common/failures.hpp"

namespace patchbay::simulators::openhook {

struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::string secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  std::string callback_url;  ///< the webhook of the channel
  std::uint64_t seed = 0;
  std::function<void(std::string_view)> story;  ///< a line for people per thing that happens; may be empty
};

/// `webhook-signature` by the specification of Standard Webhooks.
/// @param secret  whsec_ and base64. @throws BadInput when it is not
std::string signatureOf(const std::string& secret, const std::string& id, const std::string& timestamp,
                        std::string_view body);

/// Thread-safe. Serves from construction to destruction.
class OpenHookSimulator {
 public:
  explicit OpenHookSimulator(Options options);
  ~OpenHookSimulator();
  OpenHookSimulator(const OpenHookSimulator&) = delete;
  OpenHookSimulator& operator=(const OpenHookSimulator&) = delete;

  std::string url() const;      ///< "http://127.0.0.1:41234"
  std::string hookUrl() const;  ///< `url` of the connector's config
  void setCallback(std::string url);
  void failNext(Failure failure);

  /// {"event": {...} or [...], "id", "signature": "valid" | "wrong" | "missing", "copies"}
  /// @return {"ids", "status", "body", "milliseconds"}
  Json deliver(const Json& order);
  /// Deliveries that were well signed, each id once; "count" says how often it came.
  Json sent() const;
  Json playDemoCustomers();

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace patchbay::simulators::openhook
