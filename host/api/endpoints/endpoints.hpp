/// The endpoints, in groups. Each adds its operations to the table and keeps references to what it calls.
#pragma once

#include <string>

#include "api/api.hpp"
#include "api/call.hpp"
#include "api/contract.hpp"
#include "api/problem.hpp"
#include "api/turn_queues.hpp"

namespace patchbay::delivery {
struct DirectOutcome;
}

namespace patchbay::api {

void addSystemEndpoints(Endpoints& table, const Dependencies& dependencies);
void addDocumentationEndpoints(Endpoints& table, const Contract& contract);
/// @param desk  tells providers what was read, and names templates; may be null
void addConversationEndpoints(Endpoints& table, inbox::Service& inbox, delivery::ChannelDesk* desk);
void addMessageEndpoints(Endpoints& table, inbox::Service& inbox, delivery::ChannelDesk* desk);
/// Typing, reactions, edits and withdrawals.
void addSignalEndpoints(Endpoints& table, const Dependencies& dependencies);
void addInboxChannelEndpoints(Endpoints& table, const Dependencies& dependencies);
void addMediaEndpoints(Endpoints& table, ReadMedia read, ReadMediaLink read_link);
void addTenantEndpoints(Endpoints& table, tenancy::Tenants& tenants);
/// @param turns  must outlive the endpoints
void addWebhookEndpoints(Endpoints& table, const Dependencies& dependencies, TurnQueues& turns);

// What the groups share.

http::Response jsonResponse(int status, const Json& body);
http::Response jsonResponse(int status, std::string body);

/// A list of texts. Json's own constructor from a vector trips g++ 12's -Warray-bounds with JSON_DIAGNOSTICS on.
Json listOf(const std::vector<std::string>& texts);

/// An endpoint that answers at once.
Run immediate(std::function<http::Response(const Call&)> answer);

/// What a provider's no means to the caller: 422 when it will stay a no, 502, 503 or 504 when it need not.
Problem providerProblem(const delivery::DirectOutcome& outcome);

/// Who writes, for the services. The Idempotency-Key of a POST goes along.
inbox::WriteContext writeContext(const Call& call);

/// Turns a service's reply into the answer: `created` when the document is new, else 200; ETag for versions.
/// @param location  path of the collection, when a new thing gets a Location: "/conversations"
inbox::Reply replyWith(const Call& call, Answer answer, int created = 200, std::string location = {});

/// The same for what is read at once.
http::Response documentResponse(const Call& call, const Result<inbox::Document>& document);

/// The version that If-Match names; -1 for a tag that no version can have; nothing when there is no condition.
Result<std::optional<std::int64_t>> ifMatch(const Call& call);

}  // namespace patchbay::api
