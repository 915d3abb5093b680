/// How an operation ended: schema/result.schema.json in C++. What the host does for each class stands there.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <patchbay/http.hpp>
#include <patchbay/json.hpp>
#include <patchbay/time.hpp>
#include <patchbay/utf8.hpp>
#include <string>
#include <utility>
#include <vector>

namespace patchbay {

enum class ErrorClass {
  kTransient,    ///< the same again may succeed: the host tries again, a few times
  kRateLimited,  ///< too fast: everything in the scope waits; costs no attempt
  kAuth,         ///< our credentials are refused: the channel pauses, the admin is told
  kAccount,      ///< the provider stopped our account or number: likewise
  kWindow,       ///< no free answer any more, only a template
  kRecipient,    ///< this person cannot be reached
  kRequest,      ///< the provider will never take this content
  kUnknown,      ///< it may have been sent: never repeated silently
  kBounced,      ///< accepted, and returned later
  kUnsupported,  ///< the connector or the provider cannot do that
};

/// The word in the documents: "transient", "rate_limited", ...
inline const char* toString(ErrorClass error_class) {
  switch (error_class) {
    case ErrorClass::kTransient:
      return "transient";
    case ErrorClass::kRateLimited:
      return "rate_limited";
    case ErrorClass::kAuth:
      return "auth";
    case ErrorClass::kAccount:
      return "account";
    case ErrorClass::kWindow:
      return "window";
    case ErrorClass::kRecipient:
      return "recipient";
    case ErrorClass::kRequest:
      return "request";
    case ErrorClass::kUnknown:
      return "unknown";
    case ErrorClass::kBounced:
      return "bounced";
    case ErrorClass::kUnsupported:
      return "unsupported";
  }
  return "unknown";
}

/// Whom an error or a pause concerns.
enum class Scope { kRecipient, kChannel, kAccount };

inline const char* toString(Scope scope) {
  return scope == Scope::kRecipient ? "recipient" : scope == Scope::kChannel ? "channel" : "account";
}

struct Failure {
  ErrorClass error_class = ErrorClass::kUnknown;
  std::string code = {};  ///< the provider's; cut at 100 bytes
  std::string text = {};  ///< for the agent, without secrets; cut at 2000 bytes
  std::optional<std::chrono::seconds> retry_after = {};
  Scope scope = Scope::kRecipient;
};

/// Until then, nothing in that scope is sent.
struct Throttle {
  Scope scope = Scope::kRecipient;
  Time until;
};

class Result {
 public:
  /// The provider accepted all of it, as these messages. No ids: typing, read, test.
  static Result sent(std::vector<std::string> ids = {}) {
    Result result("sent");
    result.setIds(ids);
    return result;
  }
  /// Nothing of it left (or, with kUnknown, nobody can tell).
  static Result failed(const Failure& failure) {
    Result result("failed");
    result.document_["error"] = toJson(failure);
    return result;
  }
  static Result failed(ErrorClass error_class, std::string code, std::string text) {
    return failed(Failure{error_class, std::move(code), std::move(text)});
  }
  /// Some parts of it left, as `ids`; the rest did not.
  static Result partial(std::vector<std::string> ids, const Failure& failure) {
    Result result("partial");
    result.setIds(ids);
    result.document_["error"] = toJson(failure);
    return result;
  }
  /// Operation "media": the bytes are in `blob`. `sha256` in hex, where the provider names it.
  static Result fetched(Blob blob, std::string mime_type, std::string sha256 = {}, std::string filename = {}) {
    Result result = sent();
    Json& media = result.document_["media"] = {{"blob", blob.id}};
    if (!mime_type.empty()) media["mime_type"] = std::move(mime_type);
    if (!sha256.empty()) media["sha256"] = std::move(sha256);
    if (!filename.empty()) media["filename"] = std::move(filename);
    return result;
  }
  /// Operations "test" and "setup": what was found, for the admin.
  Result& details(Json found) {
    document_["details"] = std::move(found);
    return *this;
  }
  Result& templates(Json list) {
    document_["templates"] = std::move(list);
    return *this;
  }

  const Json& toJson() const { return document_; }

 private:
  /// One by one: g++ 12 takes the conversion of the whole list for an access out of bounds, with -O2 -Wall.
  void setIds(const std::vector<std::string>& ids) {
    Json& list = document_["ids"] = Json::array();
    for (const std::string& id : ids) list.push_back(id);
  }

  explicit Result(const char* status) : document_{{"status", status}} {}
  static Json toJson(const Failure& failure) {
    Json json = {{"class", toString(failure.error_class)},
                 {"code", utf8Prefix(failure.code, 100)},
                 {"text", utf8Prefix(failure.text, 2000)},
                 {"scope", toString(failure.scope)}};
    if (failure.retry_after) json["retry_after"] = failure.retry_after->count();
    return json;
  }

  Json document_;
};

}  // namespace patchbay
