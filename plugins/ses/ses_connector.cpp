// Amazon SES: mail out through its API, mail and statuses in through topics of SNS. README.md has the set-up and the
// quirks.
#include <patchbay/connector.hpp>

#include "ses_account.hpp"
#include "ses_mail.hpp"
#include "ses_send.hpp"
#include "ses_topic.hpp"

namespace patchbay::ses {
namespace {

/// One sender. No state between turns, so reentrant.
class Ses {
 public:
  explicit Ses(const Context& context) : account_(context) {}

  Received receive(const Request& request, const Call& call) const { return readTopicMessage(account_, request, call); }

  Step perform(const Operation& operation, const Call&) const { return begin(account_, operation); }

  Step resume(const Operation& operation, const Carry& carry, std::span<const Response> responses,
              const Call& call) const {
    if (operation.kind() == "receive") return takeObject(account_, carry, responses, call);
    return proceed(account_, operation, responses);
  }

 private:
  Account account_;
};

}  // namespace
}  // namespace patchbay::ses

PATCHBAY_CONNECTOR(patchbay::ses::Ses);
