/// Messages that have not left and will not by themselves: failed for good, or held since nobody knows whether they
/// arrived. A person looks at them, has them sent again, or gives them up. For the REST service and for commands.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "db/lane.hpp"
#include "inbox/service.hpp"

namespace patchbay::inbox {

/// Sends a message again that is in the outbox: failed, held, or still waiting (then now). It becomes `pending`, and
/// message.updated is emitted. In the tenant's lane; the dispatcher must be woken, or finds it at its next look.
/// @return kNotFound: the outbox has no such message; kConflict `under_way`: a request of it may be on the wire
Result<Done> sendAgain(db::TenantWrite& write, const db::Actor& actor, std::int64_t message_id);

/// Gives a message up: it leaves the outbox, and fails with class `dropped` unless it has failed already. Errors as
/// above.
Result<Done> dropMessage(db::TenantWrite& write, const db::Actor& actor, std::int64_t message_id);

/// POST messages/{id}/retry: sendAgain(), also for a message that the provider has refused after it had left: that one
/// is made anew. What the channel cannot carry now (a closed reply window) is refused as for a new message.
/// @return kConflict `not_retryable` when it is neither failed nor held
Result<Document> retryMessage(db::TenantWrite& write, const db::Actor& actor, std::int64_t message_id,
                              const FindChannel& find_channel);

/// One message of the outbox, for a person.
struct OutboxEntry {
  std::int64_t message_id = 0;
  std::string state;  ///< queued, started, unknown, held, failed
  std::string channel, recipient, type, text;
  int attempts = 0;
  bool possible_duplicate = false;
  std::string error;  ///< JSON {class, code, text}, or empty
  Timestamp created_at{}, expires_at{};
  std::optional<Timestamp> next_at, settled_at;
};

struct OutboxQuery {
  std::vector<std::string> states = {};                   ///< none: failed and held
  std::string channel = {};                               ///< empty: all
  std::optional<std::int64_t> message_id = std::nullopt;  ///< this one alone
  std::int64_t after = 0;                                 ///< message ids above it
  int limit = 100;
};

/// By message id. @throws db::Unavailable, db::SqlError
std::vector<OutboxEntry> outboxEntries(db::Connection& connection, const db::SchemaName& schema,
                                       const OutboxQuery& query);

/// A try of a message, as pb_attempts has it.
struct Attempt {
  int attempt = 0, step = 0;
  Timestamp started_at{};
  std::optional<Timestamp> finished_at;
  std::string phase, code, text;
  int http_status = 0;  ///< 0: no answer
};
std::vector<Attempt> attemptsOf(db::Connection& connection, const db::SchemaName& schema, std::int64_t message_id);

}  // namespace patchbay::inbox
