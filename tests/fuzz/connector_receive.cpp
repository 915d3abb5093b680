// Webhooks of a provider, through its connector as the host calls it, with the settings of its transcripts.
// Input: a digit that chooses among the manifest's webhooks, then the body.
#include <patchbay/testing.hpp>

#include "fuzz.hpp"
#include "host_checks.hpp"

using namespace patchbay;
using patchbay::fuzz::check;

namespace {

/// The event without ids of blobs: those count on from turn to turn.
Json withoutBlobs(Json event) {
  event.erase("mime");
  if (event.contains("media"))
    for (Json& item : event["media"]) item.erase("blob");
  return event;
}

}  // namespace

FUZZ(std::string_view bytes) {
  static patchbay::testing::FakeHost host(parseJson(fuzz::settingsOf(fuzz::kTranscripts)));
  static const Json webhooks = host.manifest().at("webhooks");
  if (bytes.empty()) return;
  const Json& path = webhooks.at(static_cast<unsigned char>(bytes[0] - '0') % webhooks.size());
  testing::Webhook webhook{.body = std::string(bytes.substr(1)), .suffix = path.value("suffix", "")};
  if (path.value("decode", "") == "form") {
    // As the host does it; what it cannot read never comes this far.
    const auto fields = fuzz::fieldsOf(webhook.body);
    if (!fields) return;
    webhook.body.clear();
    for (const auto& [name, value] : *fields) webhook.fields.push_back({name, value});
  }
  const auto turn = host.receive(webhook);
  check(turn.status != PB_BUG, "no input is a bug of the connector", turn.refused);
  const auto again = host.receive(webhook);
  check(again.status == turn.status && again.events.size() == turn.events.size(), "the same webhook is the same turn");
  for (std::size_t i = 0; i < turn.events.size(); ++i) {
    const std::string text = dumpJson(turn.events[i]);
    check(withoutBlobs(again.events[i]) == withoutBlobs(turn.events[i]), "the same webhook is the same events");
    const std::string why = fuzz::whyNotEvent(text);
    check(why.empty(), "the host takes the event", why + " " + text);
  }
}
