#include "connectors/instance.hpp"

#include <algorithm>
#include <utility>

#include "connectors/library.hpp"

namespace patchbay::connectors {
namespace {

class InProcess final : public Instance {
 public:
  InProcess(std::shared_ptr<Library> library, std::string who) : library_(std::move(library)), log_(std::move(who)) {
    host_.struct_size = sizeof host_;
    host_.abi_minor = PB_ABI_MINOR;
    host_.host_data = this;
    host_.log = [](const pb_host* host, std::uint32_t severity, pb_str text) {
      static_cast<InProcess*>(host->host_data)->log_.write(severity, view(text));
    };
  }

  ~InProcess() override {
    if (instance_ == nullptr) return;
    const log::Scope scope(log_.ids());
    try {
      // Before library_ and host_ go: the instance's code and its way to log.
      library_->functions().destroy(instance_);
    } catch (const std::exception& error) {
      log::error("connectors", "destroy threw; what it left behind stays", {{"why", error.what()}});
    } catch (...) {
      log::error("connectors", "destroy threw; what it left behind stays");
    }
  }

  bool has(TurnKind kind) const override { return connectors::has(library_->functions(), kind); }

  Turn run(const Stimulus& stimulus, const TurnContext& context) override {
    const auto lock = library_->manifest().reentrant ? std::unique_lock<std::mutex>{} : std::unique_lock{turn_};
    return turn(instance_, stimulus, context);
  }

  Turn create(const std::string& context, const TurnContext& turn_context) {
    Stimulus stimulus;
    stimulus.kind = TurnKind::kCreate;
    stimulus.context = context;
    pb_instance* made = nullptr;
    auto created = turn(made, stimulus, turn_context);
    // Whatever a failed create left behind is not ours to destroy: connector.h promises an instance with PB_OK alone.
    if (created.ok()) instance_ = made;
    if (created.ok() && made == nullptr) {
      created.status = PB_BUG;
      created.error = "create returned " + std::string{statusName(PB_OK)} + " without an instance";
    }
    return created;
  }

 private:
  Turn turn(pb_instance*& instance, const Stimulus& stimulus, const TurnContext& context) {
    return runTurn(stimulus.kind, log_.who(), context,
                   [&](const pb_call* call) { return enter(library_->functions(), host_, instance, stimulus, call); });
  }

  const std::shared_ptr<Library> library_;
  ConnectorLog log_;
  pb_host host_{};
  pb_instance* instance_ = nullptr;
  std::mutex turn_;  // held for a turn unless the manifest says reentrant
};

}  // namespace

WorkerStats& WorkerStats::operator+=(const WorkerStats& other) {
  starts += other.starts;
  turns += other.turns;
  crashes += other.crashes;
  overruns += other.overruns;
  violations += other.violations;
  not_started += other.not_started;
  up += other.up;
  off += other.off;
  return *this;
}

Created createInProcess(std::shared_ptr<Library> library, const std::string& who, const std::string& context,
                        const TurnContext& turn) {
  auto instance = std::make_unique<InProcess>(std::move(library), who);
  Created created;
  created.turn = instance->create(context, turn);
  if (created.turn.ok()) created.instance = std::move(instance);
  return created;
}

bool LogAllowance::take(std::chrono::steady_clock::time_point now, std::uint64_t& left_out) {
  const std::lock_guard lock(mutex_);
  if (filled_ != std::chrono::steady_clock::time_point{})
    lines_ = std::min(kBurst, lines_ + std::chrono::duration<double>(now - filled_).count() * kPerSecond);
  filled_ = now;
  if (lines_ < 1) {
    ++left_out_;
    return false;
  }
  lines_ -= 1;
  left_out = std::exchange(left_out_, 0);
  return true;
}

log::Ids ConnectorLog::ids() const {
  const std::string_view who = who_;
  const auto slash = who.find('/');
  return {.tenant = who.substr(0, slash), .channel = who.substr(slash + 1)};
}

void ConnectorLog::write(std::uint32_t severity, std::string_view text) noexcept {
  try {
    const auto level = severity == PB_DEBUG     ? log::Level::kDebug
                       : severity == PB_WARNING ? log::Level::kWarn
                       : severity >= PB_ERROR   ? log::Level::kError
                                                : log::Level::kInfo;
    std::uint64_t left_out = 0;
    if (!log::enabled(level) || !allowance_.take(std::chrono::steady_clock::now(), left_out)) return;
    const log::Scope scope(ids());
    log::write(level, "connector", text);
    if (left_out > 0) log::warn("connector", "logs too much: lines were left out", {{"lines", left_out}});
  } catch (const std::exception&) {
    // Out of memory in a log line: nothing may be thrown into the connector, and there is nobody else to tell.
  }
}

}  // namespace patchbay::connectors
