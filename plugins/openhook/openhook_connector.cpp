// Any system that can sign JSON: what comes in and goes out is the inbox's own form of a message, README.md has all of
// it.
#include <patchbay/connector.hpp>

#include "openhook_event.hpp"
#include "openhook_send.hpp"

namespace patchbay::openhook {
namespace {

/// No state between turns, so reentrant.
class OpenHook {
 public:
  explicit OpenHook(const Context& context) : url_(context.setting("url")) {}

  Received receive(const Request& request, const Call& call) const {
    return {.events = readEvents(request.body(), std::string(request.header("webhook-id")), call)};
  }

  Step perform(const Operation& operation, const Call& call) const { return deliver(url_, operation, call); }

  Step resume(const Operation& operation, const Carry&, std::span<const Response> responses, const Call& call) const {
    return responses.empty() ? deliver(url_, operation, call) : Step(resultOf(operation, responses.front()));
  }

 private:
  std::string url_;
};

}  // namespace
}  // namespace patchbay::openhook

PATCHBAY_CONNECTOR(patchbay::openhook::OpenHook);
