/// Runs one call of a connector: hands in the callbacks, checks every effect as it comes, and judges the whole
/// afterwards.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "connectors/turn.hpp"

namespace patchbay::connectors {

enum class TurnKind { kCreate, kReceive, kPerform, kResume, kPoll, kResumePoll };

/// @param who   "tenant/channel", for the log.
/// @param call  the connector's function with everything but the pb_call bound; may be entered on this thread only.
///
/// Effects are refused (and the turn is PB_BUG, unless it failed by itself) when they are not JSON, break their schema,
/// are not legal in this kind of turn, or are over a limit. An exception out of `call` is PB_BUG too. A deadline that
/// was overrun is logged; it does not change the outcome, since the work is done.
Turn runTurn(TurnKind kind, const std::string& who, const TurnContext& context,
             const std::function<std::int32_t(const pb_call*)>& call);

/// pb_str of a view that outlives the call.
inline pb_str borrow(std::string_view text) {
  return {text.data(), text.size()};
}

/// A null pointer with a length: nothing that could be read, and not an empty text either.
inline bool broken(pb_str text) {
  return text.data == nullptr && text.size > 0;
}

/// What a pb_str shows; empty for a null one.
inline std::string_view view(pb_str text) {
  return text.data == nullptr ? std::string_view{} : std::string_view{text.data, text.size};
}

}  // namespace patchbay::connectors
