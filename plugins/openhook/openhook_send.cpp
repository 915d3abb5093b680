#include "openhook_send.hpp"

#include <charconv>
#include <initializer_list>
#include <patchbay/lenient.hpp>

namespace patchbay::openhook {
namespace {

/// Members of an operation that other systems are told of, in the words of operation.schema.json.
Json dataOf(const Operation& operation) {
  Json data = Json::object();
  for (const char* name : {"to", "type", "text", "location", "contacts", "quick_replies", "list", "reply_to",
                           "message_id", "emoji", "subject", "thread"})
    if (operation.json().contains(name)) data[name] = operation.json().at(name);
  for (const Media& item : operation.media()) {
    Json file = Json::object();
    const auto put = [&](const char* name, const std::string& value) {
      if (!value.empty()) file[name] = value;
    };
    put("mime_type", item.mime_type);
    put("filename", item.filename);
    put("caption", item.caption);
    if (item.voice) file["voice"] = true;
    // By address where the host has one: a file of many megabytes does not belong into JSON.
    if (!item.url.empty())
      file["url"] = item.url;
    else if (item.blob != 0)
      file["base64"] = Blob{item.blob}.asBase64();
    data["media"].push_back(std::move(file));
  }
  return data;
}

std::optional<std::chrono::seconds> retryAfter(const Response& response) {
  const std::string_view text = response.header("Retry-After");
  int seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 1 || seconds > 86400) return std::nullopt;
  return std::chrono::seconds(seconds);
}

/// {"error": {"code", "text"}}, where the system says it.
void addWords(const Response& response, Failure& failure) {
  const Json body = response.json().value_or(Json());
  const Json& error = memberOf(body, "error");
  if (auto code = textOf(error, "code"); !code.empty()) failure.code = std::move(code);
  if (auto text = textOf(error, "text"); !text.empty()) failure.text = std::move(text);
}

Failure failureOf(const Response& response) {
  if (response.failure() == PB_TOO_LARGE) return {ErrorClass::kUnknown, "", "the answer is too large"};
  if (!response.answered()) return {ErrorClass::kTransient, "", std::string(response.error())};
  const int status = response.status();
  Failure failure{ErrorClass::kRequest, std::to_string(status), "the system answered " + std::to_string(status)};
  failure.retry_after = retryAfter(response);
  if (status == 429 || (status == 503 && failure.retry_after)) {
    failure.error_class = ErrorClass::kRateLimited;
    failure.scope = Scope::kChannel;
  } else if (status >= 500 || status == 408 || status == 425) {
    failure.error_class = ErrorClass::kTransient;
  } else if (status == 401 || status == 403) {
    failure.error_class = ErrorClass::kAuth;
    failure.scope = Scope::kChannel;
  } else if (status == 410) {  // Standard Webhooks: the receiver wants no more
    failure.error_class = ErrorClass::kAccount;
    failure.scope = Scope::kChannel;
  }
  addWords(response, failure);
  return failure;
}

}  // namespace

Step deliver(const std::string& url, const Operation& operation, const Call& call) {
  const std::string kind = operation.kind();
  bool known = false;
  for (const char* one : {"message", "typing", "read", "reaction", "edit", "delete", "test"}) known |= kind == one;
  if (!known) return Step::unsupported("an open webhook has no operation '" + kind + "'");
  std::string id = operation.ref();
  if (id.empty()) id = operation.text("id");
  if (id.empty()) id = kind + "-" + std::to_string(call.now().time_since_epoch().count());
  const Json body = {{"id", id}, {"kind", kind}, {"timestamp", rfc3339(call.now())}, {"data", dataOf(operation)}};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(call.now()).time_since_epoch().count();
  // The receiver knows a repeated delivery by its id, so a lost answer means: again.
  return HttpRequest::post(url)
      .header("webhook-id", id)
      .header("webhook-timestamp", std::to_string(seconds))
      .json(body)
      .safe()
      .completes()
      .auth({{"scheme", "hmac"},
             {"hash", "sha256"},
             {"key", "secret"},
             {"key_encoding", "base64"},
             {"key_prefix", "whsec_"},
             {"template", "{header:webhook-id}.{header:webhook-timestamp}.{body}"},
             {"encoding", "base64"},
             {"target", "header"},
             {"name", "webhook-signature"},
             {"prefix", "v1,"},
             {"list", true}});
}

Result resultOf(const Operation& operation, const Response& response) {
  if (!response.ok()) return Result::failed(failureOf(response));
  if (operation.kind() != "message") return Result::sent();
  if (auto id = textOf(response.json().value_or(Json()), "id"); !id.empty() && id.size() <= 512)
    return Result::sent({std::move(id)});
  return Result::sent({operation.ref().empty() ? operation.text("id") : operation.ref()});
}

}  // namespace patchbay::openhook
