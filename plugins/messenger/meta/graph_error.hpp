/// Errors of the Graph API: what is the same for all products. What a code means is the product's own table.
#pragma once

#include <optional>
#include <patchbay/http.hpp>
#include <patchbay/json.hpp>
#include <patchbay/result.hpp>
#include <string>

namespace patchbay::meta {

/// What an error is decided by: first the code (and subcode), then what Meta says of itself, then the HTTP status. The
/// status alone misleads: WhatsApp's 131045 (number not registered, permanent) comes with 500, 130429 (too fast) with
/// 400.
struct GraphError {
  std::optional<int> code = {};
  int subcode = 0;            ///< 0: none
  bool is_transient = false;  ///< Meta's own flag
  int http_status = 0;        ///< 0 in webhooks
  std::string text = {};      ///< message and details, for people
};

/// How often this operation was refused before with an error that is worth a new try; for the errors that are worth
/// one.
struct Tries {
  unsigned before = 0;     ///< tries of the operation before this one
  unsigned throttled = 0;  ///< times in a row that it was told to slow down
};

/// One object {"code", "message" | "title", "error_data": {"details"}, ...}, as in the body of a refusal and in the
/// `errors` of webhooks. Any JSON will do; what is missing stays empty.
GraphError readError(const Json& error);

/// The words for people; never empty.
std::string wordsOf(const GraphError& error);

/// For an error whose code no table knows: by Meta's own flag, else by the HTTP status. Without code and text.
Failure byRemainder(const GraphError& error);

/// A product's table: the class, whom it concerns and how long to wait.
using Classifier = Failure (*)(const GraphError& error, Tries tries);

/// Any answer that is not a success: an error of the Graph API, a proxy's page, or no answer at all.
///
/// An answer without Meta's error object may hide an accepted message (502 and 504 come from machines between us and
/// Meta), so those are kUnknown; 503 is a refusal to begin and is made again.
Failure failureOf(const Response& response, Tries tries, Classifier classify);

/// For requests that may be made again: what may have happened does not matter.
Failure repeatable(Failure failure);

}  // namespace patchbay::meta
