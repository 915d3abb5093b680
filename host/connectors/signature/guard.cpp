#include "connectors/signature/guard.hpp"

#include "connectors/signature/basic.hpp"
#include "connectors/signature/ecdsa.hpp"
#include "connectors/signature/hmac.hpp"
#include "connectors/signature/hmac_url_form.hpp"
#include "connectors/signature/sns.hpp"
#include "connectors/signature/token.hpp"

namespace patchbay::connectors {
namespace {

/// The scheme `none`: anybody may.
class Open : public Guard {
 public:
  std::string why(const Webhook&, Timestamp) const override { return {}; }
  void sign(UnsignedWebhook&, Timestamp) const override {}
};

}  // namespace

Result<std::unique_ptr<Guard>> makeGuard(const SignatureScheme& scheme, Keys keys, const std::string& url,
                                         const std::vector<std::string>& egress_allow, const std::string& other_url) {
  switch (scheme.kind) {
    case SignatureScheme::Kind::kHmac:
      return HmacGuard::make(scheme, keys);
    case SignatureScheme::Kind::kHmacUrlForm:
      return HmacUrlFormGuard::make(scheme, keys, url, other_url);
    case SignatureScheme::Kind::kToken:
      return std::unique_ptr<Guard>(std::make_unique<TokenGuard>(scheme, std::move(keys)));
    case SignatureScheme::Kind::kBasic:
      return std::unique_ptr<Guard>(std::make_unique<BasicGuard>(scheme, std::move(keys)));
    case SignatureScheme::Kind::kEcdsa:
      return EcdsaGuard::make(scheme, keys);
    case SignatureScheme::Kind::kSns:
      return std::unique_ptr<Guard>(std::make_unique<SnsGuard>(scheme, std::move(keys), egress_allow));
    case SignatureScheme::Kind::kNone:
      break;
  }
  return std::unique_ptr<Guard>(std::make_unique<Open>());
}

}  // namespace patchbay::connectors
