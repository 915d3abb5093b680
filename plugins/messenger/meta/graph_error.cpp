#include "meta/graph_error.hpp"

#include <algorithm>
#include <charconv>
#include <patchbay/lenient.hpp>

namespace patchbay::meta {
namespace {

using std::chrono::seconds;

Failure byStatus(int http_status) {
  if (http_status == 401 || http_status == 403) return {.error_class = ErrorClass::kAuth, .scope = Scope::kChannel};
  if (http_status == 429)
    return {.error_class = ErrorClass::kRateLimited, .retry_after = seconds(30), .scope = Scope::kChannel};
  if (http_status >= 500) return {.error_class = ErrorClass::kTransient, .scope = Scope::kChannel};
  return {.error_class = ErrorClass::kRequest};
}

/// Seconds of a Retry-After header; Meta does not document it, machines before Meta send it.
std::optional<seconds> retryAfter(const Response& response) {
  const std::string_view text = response.header("Retry-After");
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return seconds(std::min(value, 86400));
}

}  // namespace

GraphError readError(const Json& error) {
  GraphError read;
  if (const auto code = wholeOf(error, "code"); code && *code >= 0 && *code < 10'000'000)
    read.code = static_cast<int>(*code);
  if (const auto subcode = wholeOf(error, "error_subcode"); subcode && *subcode > 0 && *subcode < 1'000'000'000)
    read.subcode = static_cast<int>(*subcode);
  read.is_transient = flagOf(error, "is_transient");
  read.text = textOf(error, "message");
  if (read.text.empty()) read.text = textOf(error, "title");
  std::string details = textOf(memberOf(error, "error_data"), "details");
  if (details.empty()) details = textOf(error, "error_data");
  if (details.empty()) details = textOf(error, "error_user_msg");
  if (!details.empty() && details != read.text) read.text += (read.text.empty() ? "" : ": ") + details;
  if (const std::string trace = textOf(error, "fbtrace_id"); !trace.empty()) read.text += " (fbtrace_id " + trace + ")";
  return read;
}

std::string wordsOf(const GraphError& error) {
  if (!error.text.empty()) return error.text;
  return error.http_status != 0 ? "HTTP " + std::to_string(error.http_status) : "no reason given";
}

Failure byRemainder(const GraphError& error) {
  if (error.is_transient) return {.error_class = ErrorClass::kTransient, .scope = Scope::kRecipient};
  return byStatus(error.http_status);
}

Failure failureOf(const Response& response, Tries tries, Classifier classify) {
  if (!response.answered()) {
    const bool sent = response.failure() != PB_NOT_SENT;
    return {.error_class = sent ? ErrorClass::kUnknown : ErrorClass::kTransient,
            .text = response.error().empty() ? "no answer" : std::string(response.error()),
            .scope = Scope::kChannel};
  }
  const std::optional<Json> body = response.json();
  const int status = response.status();
  if (!body || !body->is_object() || !body->contains("error") || !body->at("error").is_object()) {
    Failure failure = byStatus(status);
    if (status < 400 || (status >= 500 && status != 503)) failure.error_class = ErrorClass::kUnknown;
    failure.text = "HTTP " + std::to_string(status) + " without an error of the Graph API";
    if (const auto wait = retryAfter(response)) failure.retry_after = wait;
    return failure;
  }
  GraphError error = readError(body->at("error"));
  error.http_status = status;
  Failure failure = classify(error, tries);
  const bool made_again =
      failure.error_class == ErrorClass::kTransient || failure.error_class == ErrorClass::kRateLimited;
  if (const auto wait = retryAfter(response); wait && made_again) failure.retry_after = wait;
  return failure;
}

Failure repeatable(Failure failure) {
  if (failure.error_class == ErrorClass::kUnknown) failure.error_class = ErrorClass::kTransient;
  return failure;
}

}  // namespace patchbay::meta
