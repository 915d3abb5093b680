// Effects of a turn, as a connector (or the worker that speaks for it) hands them over. Input: a kind of turn, then
// effects: the first byte of each is its kind, the rest its text.
#include "connectors/turn_runner.hpp"

#include "base/log.hpp"
#include "fuzz.hpp"

using namespace patchbay;
using namespace patchbay::connectors;
using patchbay::fuzz::check;

FUZZ(std::string_view bytes) {
  log::setLevel(log::Level::kError);
  fuzz::Parts parts(bytes);
  const auto first = parts.next();
  const auto kind = static_cast<TurnKind>(first.empty() ? 1 : static_cast<unsigned char>(first[0]) % 6U);
  TurnContext context;
  context.now = *parseRfc3339("2026-01-05T10:00:00Z");
  const auto run = [&] {
    fuzz::Parts effects(parts.rest());
    return runTurn(kind, "fuzz/fuzz", context, [&](const pb_call* call) -> std::int32_t {
      for (int n = 0; n < 16 && !effects.rest().empty(); ++n) {
        const auto effect = effects.next();
        if (effect.empty()) continue;
        const auto what = static_cast<unsigned char>(effect[0]) % 12U;
        const auto text = borrow(effect.substr(1));
        std::uint64_t id = 0;
        if (what == 10)
          call->blob(call, text.data, text.size, &id);
        else if (what == 11)
          call->diag(call, PB_WARNING, text, text, text);
        else
          call->emit(call, what, text);
      }
      return PB_OK;
    });
  };
  const Turn turn = run();
  check(turn.ok() || !turn.error.empty(), "a failed turn says why");
  if (!turn.ok())
    check(turn.events.empty() && turn.requests.empty() && !turn.result && !turn.reply && !turn.carry &&
              turn.blobs.empty(),
          "a failed turn has no effects");
  check(turn.events.size() <= kMaxTurnEvents && turn.requests.size() <= kMaxTurnRequests,
        "effects are within the limits");
  check(turn.diagnostics.size() <= kMaxTurnDiagnostics, "diagnostics are within their limit");
  if (turn.reply) check(turn.reply->status >= 100 && turn.reply->status <= 599, "a reply has a status");
  const Turn again = run();
  check(again.status == turn.status && again.error == turn.error && again.events.size() == turn.events.size() &&
            again.requests == turn.requests && again.result == turn.result,
        "the same effects are the same turn");
}
