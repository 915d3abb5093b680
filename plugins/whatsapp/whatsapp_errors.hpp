/// What Meta's error codes mean, in the classes of sdk/schema/result.schema.json.
#pragma once

#include <optional>
#include <patchbay/event.hpp>
#include <patchbay/http.hpp>
#include <patchbay/json.hpp>
#include <patchbay/result.hpp>
#include <string>

#include "meta/graph_error.hpp"

namespace patchbay::whatsapp {

using meta::GraphError;
using meta::readError;
using meta::Tries;

/// The class, whom it concerns and how long to wait.
Failure classify(const GraphError& error, Tries tries);

/// Any answer that is not a success.
Failure failureOf(const Response& response, Tries tries);

/// For a webhook: a `failed` status, a message that Meta could not render, a problem of the account. Nothing can be
/// made again there, so an error that was worth one more try is a request error.
EventError eventErrorOf(const Json& error);

}  // namespace patchbay::whatsapp
