/// The scheme `token`: a secret that the provider sends as it is, in a header, a query parameter or the path.
#pragma once

#include "connectors/signature/guard.hpp"

namespace patchbay::connectors {

class TokenGuard : public Guard {
 public:
  TokenGuard(const SignatureScheme& scheme, Keys keys);

  std::string why(const Webhook& webhook, Timestamp now) const override;
  void sign(UnsignedWebhook& webhook, Timestamp now) const override;
  /// A token in the path is its last segment, so the path goes on behind what the manifest says.
  bool matches(std::string_view path, std::string_view suffix) const override;

 private:
  SignatureScheme scheme_;
  Keys keys_;
};

}  // namespace patchbay::connectors
