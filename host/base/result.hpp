/// Errors as values: what the outside did wrong is returned, never thrown (see ARCHITECTURE.md, "Errors").
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace patchbay {

/// One class per way in which a caller is told no. The API maps each to one HTTP status, in one table.
enum class ErrorKind {
  kBadRequest,     ///< 400: cannot be understood at all
  kUnauthorized,   ///< 401
  kForbidden,      ///< 403
  kNotFound,       ///< 404
  kConflict,       ///< 409
  kPrecondition,   ///< 412: If-Match did not match
  kTooLarge,       ///< 413
  kInvalid,        ///< 422: understood, but against a rule
  kTooMany,        ///< 429
  kUnsupported,    ///< 501
  kUnavailable,    ///< 503: the same request can succeed later
};

/// One member of a body that broke a rule. `pointer` is a JSON pointer, or `query:name` / `path:name` / `header:name`.
struct FieldError {
  std::string pointer;
  std::string message;
};

struct Error {
  ErrorKind kind = ErrorKind::kBadRequest;
  std::string code;     ///< stable, snake_case, for programs: "tenant_conflict"
  std::string message;  ///< for people: names the thing and the rule
  std::vector<FieldError> fields = {};
};

/// A value or an Error. Reading the value of a failed result is a bug and throws std::logic_error.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::move(value)) {}          // NOLINT(google-explicit-constructor): `return value;`
  Result(Error error) : state_(std::move(error)) {}      // NOLINT(google-explicit-constructor): `return Error{...};`

  bool ok() const { return std::holds_alternative<T>(state_); }
  explicit operator bool() const { return ok(); }

  T& value() { return const_cast<T&>(std::as_const(*this).value()); }
  const T& value() const {
    if (!ok()) throw std::logic_error("value() of a failed Result: " + std::get<Error>(state_).message);
    return std::get<T>(state_);
  }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  const Error& error() const { return std::get<Error>(state_); }

 private:
  std::variant<T, Error> state_;
};

/// For operations that yield nothing but success.
struct Done {};

}  // namespace patchbay
