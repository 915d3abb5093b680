/// What all writes of the REST service share: the lane, the idempotency key, and errors that name the thing.
#pragma once

#include <functional>

#include "db/lane.hpp"
#include "inbox/service.hpp"

namespace patchbay::inbox {

using Work = std::function<Result<Document>(db::TenantWrite&)>;

/// Runs `work` in the tenant's lane. With an idempotency key the first answer is stored in the same transaction, and a
/// repeat gets it back without running `work`; the same key with another request is refused.
void submitWrite(db::Lanes& lanes, const WriteContext& context, Work work, Reply reply);

Error notFound(std::string_view what, std::int64_t id);
Error invalid(std::string code, std::string pointer, std::string message);

/// Reads one conversation or message as it is now, inside a write.
Result<Document> readConversation(db::TenantWrite& write, std::int64_t id);
Result<Document> readMessage(db::TenantWrite& write, std::int64_t id);

/// A string member that may be missing or null.
std::string stringOr(const Json& body, const char* key, std::string fallback = {});
/// JSON text that jsonb takes: NUL in strings becomes U+FFFD (jsonb refuses \\u0000), as does invalid UTF-8.
std::string cleanJson(const Json& value);
std::optional<std::int64_t> integer(const Json& body, const char* key);

}  // namespace patchbay::inbox
