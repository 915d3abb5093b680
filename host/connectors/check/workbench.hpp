/// A channel on the workbench: made as the host makes it, with fixed markers, a fixed clock and fixed luck, and with
/// every turn run three times to see that it depends on nothing else: in a worker, then twice in this process.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "connectors/channel_factory.hpp"

namespace patchbay::connectors::check {

/// What every turn must keep to.
enum class Rule { kSame, kSecrets, kEgress, kAgain, kSystemCalls, kWorker };
inline constexpr std::array kRules = {Rule::kSame,  Rule::kSecrets,     Rule::kEgress,
                                      Rule::kAgain, Rule::kSystemCalls, Rule::kWorker};
/// As it stands in the list of outcomes: "secrets: none in an effect".
std::string nameOf(Rule rule);

struct Complaint {
  Rule rule;
  std::string text;
};

/// The worker crashed, hung, or sent nonsense. Run in this process, the turn would do that to the check.
struct WorkerDied : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Workbench {
 public:
  /// @throws std::runtime_error  with the reason when the library or the config is refused.
  Workbench(const std::string& library, const Json& config);

  Channel& channel() { return *channel_; }

  /// 2026-01-05T10:00:00Z unless set.
  void setNow(Timestamp now) { context_.now = now; }
  Timestamp now() const { return context_.now; }

  /// Turns throw WorkerDied.
  Turn receive(const UnsignedWebhook& webhook);
  Turn perform(const Json& operation);
  Turn resume(const Json& operation, const std::string& carry, const std::vector<Answer>& answers);
  Turn poll(const std::string& cursor);

  /// What the connector emitted in the last turn, as it emitted it.
  const std::vector<Effect>& effects() const { return effects_; }
  /// The documents of one kind of effect among them.
  std::vector<Json> documents(std::string_view kind) const;

  /// Rules that turns have broken since the last call of this function; what is said twice stands there once.
  std::vector<Complaint> takeComplaints() { return std::exchange(complaints_, {}); }

 private:
  using Call = std::function<Turn(Channel& channel, const TurnContext& context)>;
  Turn thrice(const Call& call);
  /// @return nothing when there is no worker or it may not do what the turn does
  std::optional<Turn> inWorker(const Call& call, std::vector<Effect>& effects);
  void inspect(const Turn& turn);
  /// After a crash the host asks for the step again: resume() with its carry and without answers.
  void makeAgain(const Json& operation, const Turn& turn);
  void complain(Rule rule, std::string what);

  std::unique_ptr<ConnectorSet> connectors_;
  std::shared_ptr<Channel> channel_;
  std::shared_ptr<Channel> isolated_;  // the same in a worker; null when there is none
  int forbidden_ = 0;                  // turns that the sandbox has ended
  std::vector<std::string> secrets_;   // values of all of them
  TurnContext context_;
  std::vector<Effect> effects_;
  std::vector<Complaint> complaints_;
};

/// Whether a request to `url` is one that the manifest's egress (design, section 4.3) names.
bool mayGo(const std::string& url, const Manifest& manifest, const Json& config);

/// Settings that the schema of `manifest` accepts, made up: for probing without a config.yaml.
/// @return null when a pattern is too special to guess; `why` then names the key
Json inventConfig(const Manifest& manifest, std::string& why);

}  // namespace patchbay::connectors::check
