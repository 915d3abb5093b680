/// Where the requests of one channel may go, and where its secrets may go along.
#pragma once

#include <memory>
#include <patchbay/json.hpp>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "connectors/manifest.hpp"
#include "delivery/url.hpp"

namespace patchbay::delivery {

/// Immutable. Three questions, asked for every hop of a request:
///   refuse()         may a request go to this URL at all?
///   trusts()         may secrets go along? Only to servers that the manifest's `egress` names.
///   refuseAddress()  may this connection be made? Asked of the socket's own address, so a name that resolves to
///   another
///                    address the second time (DNS rebinding) changes nothing.
class EgressRules {
 public:
  /// @param config  the channel's configuration, for {"config": key}: scheme, host and port of the URL that the key
  /// holds
  /// @param allow   "host:port" of the admin's egress_allow: plain http, loopback and private addresses are fine there
  EgressRules(const std::vector<connectors::Egress>& manifest, const Json& config, std::vector<std::string> allow);

  bool trusts(const Url& url) const;

  /// @param without_secrets  a download for the store (`into: blob`) that carries no secret: any public server will do
  /// @return why not; empty when it may
  std::string refuse(const Url& url, bool without_secrets) const;

  /// @param address  numeric, of the socket's other end
  std::string refuseAddress(const Url& url, const std::string& address) const;

 private:
  bool allowed(const Url& url) const;

  std::vector<std::string> patterns_;
  std::vector<Url> servers_;
  std::vector<std::string> allow_;
};

}  // namespace patchbay::delivery
