/// A channel on the workbench: made as the host makes it, with fixed markers, a fixed clock and fixed luck, and with
/// every turn run twice to see that it depends on nothing else.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connectors/channel_factory.hpp"

namespace patchbay::connectors::check {

class Workbench {
 public:
  /// @throws std::runtime_error  with the reason when the library or the config is refused.
  Workbench(const std::string& library, const Json& config);

  Channel& channel() { return *channel_; }

  /// 2026-01-05T10:00:00Z unless set.
  void setNow(Timestamp now) { context_.now = now; }
  Timestamp now() const { return context_.now; }

  Turn receive(const UnsignedWebhook& webhook);
  Turn perform(const Json& operation);
  Turn resume(const Json& operation, const std::string& carry, const std::vector<Answer>& answers);
  Turn poll(const std::string& cursor);

  /// What the connector emitted in the last turn, as it emitted it.
  const std::vector<Effect>& effects() const { return effects_; }
  /// The documents of one kind of effect among them.
  std::vector<Json> documents(std::string_view kind) const;

  /// Rules that every turn must keep, broken since the last call of this function: determinism, no secret in an effect,
  /// requests only to hosts that the manifest's egress names, and a step that comes out the same when it is made again.
  std::vector<std::string> takeComplaints() { return std::exchange(complaints_, {}); }

 private:
  template <class Call>
  Turn twice(Call call);
  void inspect(const Turn& turn);
  /// After a crash the host asks for the step again: resume() with its carry and without answers.
  void makeAgain(const Json& operation, const Turn& turn);
  void complain(std::string what);

  std::unique_ptr<ConnectorSet> connectors_;
  std::shared_ptr<Channel> channel_;
  std::vector<std::string> secrets_;  // values of all of them
  TurnContext context_;
  std::vector<Effect> effects_;
  std::vector<std::string> complaints_;
};

/// Whether a request to `url` is one that the manifest's egress (design, section 4.3) names.
bool mayGo(const std::string& url, const Manifest& manifest, const Json& config);

/// Settings that the schema of `manifest` accepts, made up: for probing without a config.yaml.
/// @return null when a pattern is too special to guess; `why` then names the key
Json inventConfig(const Manifest& manifest, std::string& why);

}  // namespace patchbay::connectors::check
