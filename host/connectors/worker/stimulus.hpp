/// What goes into a turn, as one value: the same for a connector in this process and for one in a worker.
#pragma once

#include <span>
#include <string_view>

#include "connectors/turn.hpp"
#include "connectors/turn_runner.hpp"

namespace patchbay::connectors {

/// Borrows everything: valid for the call. Which members count depends on `kind`.
struct Stimulus {
  TurnKind kind = TurnKind::kReceive;
  std::string_view context;    ///< kCreate: the JSON of connector.h
  Webhook webhook;             ///< kReceive
  std::string_view operation;  ///< kPerform, kResume, kResumePoll: JSON
  std::string_view carry;      ///< kResume, kResumePoll
  std::span<const Answer> answers;
  std::string_view cursor;  ///< kPoll
};

/// Has the connector a function for this kind of turn?
bool has(const pb_connector& functions, TurnKind kind);

/// Calls the function for `stimulus.kind`, which must be there.
/// @param instance  set by kCreate, given to the connector by the others
std::int32_t enter(const pb_connector& functions, const pb_host& host, pb_instance*& instance, const Stimulus& stimulus,
                   const pb_call* call);

}  // namespace patchbay::connectors
