// Mail through SendGrid: Mail Send, the Event Webhook and Inbound Parse. What goes over the wire is described beside
// the functions that read and build it; README.md has the set-up and the quirks.
#include <patchbay/connector.hpp>

#include "sendgrid_account.hpp"
#include "sendgrid_events.hpp"
#include "sendgrid_inbound.hpp"
#include "sendgrid_send.hpp"

namespace patchbay::sendgrid {
namespace {

/// One sender address. No state between turns, so reentrant.
class SendGrid {
 public:
  explicit SendGrid(const Context& context) : account_(Account::from(context)) {}

  Received receive(const Request& request, const Call& call) const {
    if (request.suffix() == "events") return {.events = readEvents(account_, request.body(), call)};
    return {.events = readInbound(request, call)};
  }

  Step perform(const Operation& operation, const Call&) const { return begin(account_, operation); }

  Step resume(const Operation& operation, const Carry&, std::span<const Response> responses, const Call& call) const {
    return responses.empty() ? begin(account_, operation) : proceed(account_, operation, responses.front(), call);
  }

 private:
  Account account_;
};

}  // namespace
}  // namespace patchbay::sendgrid

PATCHBAY_CONNECTOR(patchbay::sendgrid::SendGrid);
