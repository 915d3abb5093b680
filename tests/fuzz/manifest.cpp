// manifest.json of a stranger's connector; and a channel's settings read by the schema that it brings.
// Input: the manifest, the settings.
#include "connectors/manifest.hpp"

#include "base/text.hpp"
#include "connectors/channel_config.hpp"
#include "fuzz.hpp"

using namespace patchbay;
using namespace patchbay::connectors;
using patchbay::fuzz::check;

FUZZ(std::string_view bytes) {
  fuzz::Parts parts(bytes);
  const auto manifest = Manifest::parse(parts.next());
  if (!manifest.ok()) {
    check(fuzz::oneLine(manifest.error().message), "a refusal is one line", manifest.error().message);
    return;
  }
  check(!manifest->id.empty(), "a manifest has an id");
  check(isValidUtf8(manifest->name), "a name is UTF-8");
  for (const auto& webhook : manifest->webhooks) {
    check(!webhook.signatures.empty(), "a webhook has a signature scheme");
    check(webhook.max_body > 0 && webhook.max_body <= (32U << 20U), "a webhook's limit is within the host's");
    check(webhook.ack_status >= 200 && webhook.ack_status < 300, "an acknowledgement is 2xx");
  }
  check(Manifest::parse(manifest->text).ok(), "what was read can be read again");

  Json given;
  try {
    given = parseJson(parts.rest());
  } catch (const JsonError&) {
    return;
  }
  const auto config = readChannelConfig(*manifest, given, [](const std::string&) { return std::nullopt; });
  for (const auto& [name, values] : config.secrets)
    check(!config.values.contains(name), "no secret is among the values", name);
}
