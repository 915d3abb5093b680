/// The scheme `sns`: messages of a topic that are signed with a certificate which the message names.
#pragma once

#include "connectors/signature/guard.hpp"
#include "connectors/signature/sns_message.hpp"

namespace patchbay::connectors {

class SnsGuard : public Guard {
 public:
  SnsGuard(const SignatureScheme& scheme, Keys keys, std::vector<std::string> egress_allow);

  /// As prove(); a certificate that is not there counts as a refusal.
  std::string why(const Webhook& webhook, Timestamp now) const override;
  Proof prove(const Webhook& webhook, Timestamp now) const override;
  std::shared_ptr<SigningCertificates> certificates() const override { return certificates_; }

  /// A body that is no message of a topic becomes the text of one. Signed with a key of this process, whose certificate
  /// certificates() then has.
  void sign(UnsignedWebhook& webhook, Timestamp now) const override;

 private:
  std::string whyNotMessage(const SnsMessage& message, const http::Headers& headers, Timestamp now) const;

  std::vector<std::string> topics_;
  int min_version_;
  std::vector<std::string> egress_allow_;
  std::shared_ptr<SigningCertificates> certificates_;
};

}  // namespace patchbay::connectors
