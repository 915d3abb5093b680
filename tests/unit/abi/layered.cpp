// A connector on the C++ layer, compiled with whatever header comes first on the path.
#include <patchbay/connector.hpp>

namespace {

class Layered {
 public:
  explicit Layered(const patchbay::Context&) {}

  patchbay::Received receive(const patchbay::Request& request, const patchbay::Call& call) const {
    patchbay::Event event{.kind = "account"};
    event.text = std::string(request.method()) + " " + std::string(request.body()) +
                 " fields:" + std::to_string(request.fields().size()) + " random:" + std::to_string(call.random()[31]);
    return {.events = {event}};
  }

  patchbay::Step perform(const patchbay::Operation&, const patchbay::Call&) const {
    return patchbay::HttpRequest::get("https://api.layered.example/");
  }

  patchbay::Step resume(const patchbay::Operation&, const patchbay::Carry&,
                        std::span<const patchbay::Response> responses, const patchbay::Call&) const {
    return patchbay::Result::sent({std::to_string(responses[0].status()) + std::string(responses[0].body()) +
                                   std::to_string(responses[0].blob().id)});
  }
};

}  // namespace

PATCHBAY_CONNECTOR(Layered);
