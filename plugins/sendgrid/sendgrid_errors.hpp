/// What SendGrid's answers to a send mean, in the classes of sdk/schema/result.schema.json.
#pragma once

#include <chrono>
#include <optional>
#include <patchbay/http.hpp>
#include <patchbay/result.hpp>
#include <patchbay/time.hpp>
#include <vector>

namespace patchbay::sendgrid {

/// Any answer that is not a success, and no answer at all. Answers of trouble (5xx) leave open whether the mail was
/// taken: there is no idempotency key, so those are kUnknown, and an event about the mail settles it.
Failure failureOf(const Response& response, Time now);

/// When the budget of requests is spent, or was by this one: nothing more of this account until it is renewed.
void heedRate(const Response& response, Time now, std::vector<Throttle>& throttles);

}  // namespace patchbay::sendgrid
