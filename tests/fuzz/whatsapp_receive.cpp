// Webhooks of WhatsApp, through the connector as the host calls it. The input is the body.
#include <patchbay/testing.hpp>

#include "fuzz.hpp"
#include "host_checks.hpp"

using namespace patchbay;
using patchbay::fuzz::check;

FUZZ(std::string_view bytes) {
  static patchbay::testing::FakeHost host(
      {{"phone_number_id", "401200000000002"}, {"access_token", "t"}, {"app_secret", "s"}});
  const auto turn = host.receive(std::string(bytes));
  check(turn.status != PB_BUG, "no input is a bug of the connector", turn.refused);
  const auto again = host.receive(std::string(bytes));
  check(again.status == turn.status && again.events.size() == turn.events.size(), "the same webhook is the same turn");
  for (std::size_t i = 0; i < turn.events.size(); ++i) {
    const std::string text = dumpJson(turn.events[i]);
    check(dumpJson(again.events[i]) == text, "the same webhook is the same events");
    const std::string why = fuzz::whyNotEvent(text);
    check(why.empty(), "the host takes the event", why + " " + text);
  }
}
