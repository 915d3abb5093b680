#include "simulators/meta/errors.hpp"

#include <array>

namespace patchbay::simulators::meta {
namespace {

struct Row {
  int code;
  int status;
  std::string_view title;
  bool transient;
};

constexpr Row kUnknown{0, 400, "An unknown error has occurred.", false};

constexpr std::array<Row, 61> kRows{{
    {0, 401, "AuthException", false},
    {1, 400, "API Unknown", false},
    {2, 503, "API Service", true},
    {3, 500, "API Method", false},
    {4, 400, "Application request limit reached", true},
    {10, 403, "Permission Denied", false},
    {33, 400, "Parameter value is not valid", false},
    {100, 400, "Invalid parameter", false},
    {190, 401, "Access token has expired", false},
    {200, 403, "Permissions error", false},
    {368, 403, "Temporarily blocked for policies violations", false},
    {2500, 400, "An active access token must be used to query information about the current user.", false},
    {80007, 400, "Rate limit issues", true},
    {130429, 400, "Rate limit hit", true},
    {130472, 400, "User's number is part of an experiment", false},
    {130497, 403, "Business account is restricted from messaging users in this country.", false},
    {131000, 500, "Something went wrong", false},
    {131005, 403, "Access denied", false},
    {131008, 400, "Required parameter is missing", false},
    {131009, 400, "Parameter value is not valid", false},
    {131016, 500, "Service unavailable", true},
    {131021, 400, "Recipient cannot be sender", false},
    {131026, 400, "Message undeliverable", false},
    {131030, 400, "Recipient phone number not in allowed list", false},
    {131031, 403, "Account has been locked", false},
    {131037, 400, "Display name approval needed", false},
    {131042, 400, "Business eligibility payment issue", false},
    {131045, 500, "Incorrect certificate", false},
    {131047, 400, "Re-engagement message", false},
    {131048, 400, "Spam rate limit hit", false},
    {131049, 400, "This message was not delivered to maintain healthy ecosystem engagement.", false},
    {131050, 400, "User has stopped marketing messages", false},
    {131051, 400, "Unsupported message type", false},
    {131052, 400, "Media download error", false},
    {131053, 400, "Media upload error", false},
    {131056, 400, "(Business Account, Consumer Account) pair rate limit hit", true},
    {131057, 500, "Account in maintenance mode", true},
    {131062, 400, "Business-scoped user id is not allowed for this message", false},
    {131063, 400, "Marketing templates are disabled for the Cloud API", false},
    {131064, 400, "Messaging limit reduced after template misclassification", false},
    {132000, 400, "Template param count mismatch", false},
    {132001, 404, "Template does not exist", false},
    {132005, 400, "Template hydrated text too long", false},
    {132007, 400, "Template format character policy violated", false},
    {132012, 400, "Template parameter format mismatch", false},
    {132015, 400, "Template is paused", false},
    {132016, 400, "Template is disabled", false},
    {132068, 400, "Flow is in blocked state", false},
    {132069, 400, "Flow is in throttled state", true},
    {133000, 500, "Incomplete deregistration", false},
    {133004, 503, "Server temporarily unavailable", true},
    {133005, 400, "Two step verification PIN mismatch", false},
    {133006, 400, "Phone number re-verification needed", false},
    {133008, 400, "Too many two step verification PIN guesses", false},
    {133009, 400, "Two step verification PIN guessed too fast", false},
    {133010, 400, "Phone number not registered", false},
    {133015, 400, "Phone number was deleted recently", false},
    {133016, 400, "Account register or deregister rate limit exceeded", false},
    {134011, 400, "Payments terms of service not accepted", false},
    {135000, 400, "Generic user error", false},
    {137000, 400, "Identity key hash mismatch", false},
}};

const Row& rowOf(int code) {
  for (const Row& row : kRows)
    if (row.code == code) return row;
  return kUnknown;
}

}  // namespace

GraphError graphError(int code, std::string_view details, const std::string& trace_id, int subcode) {
  const Row& row = rowOf(code);
  // An object that does not exist is the one error whose type is not OAuthException.
  Json error{{"message", "(#" + std::to_string(code) + ") " + std::string(row.title)},
             {"type", code == 100 && subcode == 33 ? "GraphMethodException" : "OAuthException"},
             {"code", code},
             {"fbtrace_id", trace_id}};
  if (!details.empty()) error["error_data"] = {{"messaging_product", "whatsapp"}, {"details", details}};
  if (subcode != 0) error["error_subcode"] = subcode;
  if (row.transient) error["is_transient"] = true;
  return {row.status, {{"error", std::move(error)}}};
}

Json statusError(int code, std::string_view details) {
  const Row& row = rowOf(code);
  Json error{{"code", code},
             {"title", row.title},
             {"message", row.title},
             {"href", "https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes/"}};
  if (!details.empty()) error["error_data"] = {{"details", details}};
  return error;
}

}  // namespace patchbay::simulators::meta
