/// A turn's way from the worker to the host: recorded there as the connector made it, made again here. Both sides run
/// it through runTurn(), the worker so that the connector gets the answers that it would get in process, the host
/// because it believes nothing that it has not checked itself.
#pragma once

#include <deque>
#include <string>

#include "connectors/instance.hpp"
#include "connectors/worker/frame.hpp"

namespace patchbay::connectors::worker {

/// Stands between a connector and the pb_call of runTurn(). In the worker; one per turn.
class Recorder {
 public:
  /// Runs `call` with a pb_call that forwards to `inner` and notes what passes. Throws what `call` throws, noted too.
  std::int32_t run(const pb_call* inner, const std::function<std::int32_t(const pb_call*)>& call);

  /// A line of the connector for the host's log.
  void log(std::uint32_t severity, pb_str text);

  /// Borrows from this.
  Reply& reply() { return reply_; }

 private:
  static Recorder& self(const pb_call* call) { return *static_cast<Recorder*>(call->host_data); }
  std::int32_t emit(std::uint32_t kind, pb_str json) noexcept;
  std::int32_t blob(const void* bytes, std::uint64_t size, std::uint64_t* id) noexcept;
  std::int32_t diag(std::uint32_t severity, pb_str code, pb_str pointer, pb_str text) noexcept;
  std::string_view keep(std::string_view text) { return kept_.emplace_back(text); }

  const pb_call* inner_ = nullptr;
  Reply reply_;
  std::deque<std::string> kept_;  // what the items borrow
  std::size_t json_bytes_ = 0;
  std::size_t diagnostics_ = 0;
  std::size_t lines_ = 0;
  bool refused_ = false;  // an effect was: the turn has failed, further ones change nothing
};

/// What the turn of `reply` came to, by the host's own judgement; its log lines go to the host's log.
Turn replay(const Reply& reply, TurnKind kind, ConnectorLog& log, const TurnContext& context);

}  // namespace patchbay::connectors::worker
