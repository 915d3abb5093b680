/// The scheme `basic`: HTTP Basic.
#pragma once

#include "connectors/signature/guard.hpp"

namespace patchbay::connectors {

class BasicGuard : public Guard {
 public:
  BasicGuard(const SignatureScheme& scheme, Keys keys);

  std::string why(const Webhook& webhook, Timestamp now) const override;
  void sign(UnsignedWebhook& webhook, Timestamp now) const override;
  http::Headers challenge() const override;

 private:
  SignatureScheme scheme_;
  Keys keys_;
};

}  // namespace patchbay::connectors
