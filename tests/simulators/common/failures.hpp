/// Failures on order: the next N requests, or those for one recipient, go wrong in a chosen way.
#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <patchbay/json.hpp>

namespace patchbay::simulators {

struct Failure {
  enum class What {
    kHttpStatus,          ///< a bare status with an HTML body, as a gateway in front of the API gives it
    kError,               ///< the provider's own error body, by `code`
    kTimeout,             ///< the request is read whole and never answered
    kCloseAfterRequest,   ///< read whole, then the connection is closed without a byte
    kCloseBeforeRequest,  ///< closed after the header, the body unread: certainly not sent
    kGarbage,             ///< 200 with a body that is not JSON
    kNoId,                ///< 200 with JSON that names no message
    kDribble,             ///< the right answer, one byte at a time
    kUsage,               ///< the right answer, with headers that say how much of the hour's calls is used up
  };
  What what = What::kHttpStatus;
  int status = 0;                  ///< HTTP status for kHttpStatus; for kError it overrides the code's own when not 0
  int code = 0;                    ///< for kError
  std::string type;                ///< for kError of providers that have names instead of codes
  int subcode = 0;                 ///< likewise, where the provider has them; 0: none
  std::optional<int> retry_after;  ///< seconds, as header
  std::string on = "messages";     ///< which call: see the provider
  std::string to;                  ///< only requests for this recipient; empty: all
  int times = 1;                   ///< how many requests; kAlways: until cleared
  bool counts = true;   ///< the request took effect although the caller cannot know; for the kinds without a no
  int dribble_ms = 20;  ///< pause between two bytes for kDribble
  int percent = 100;    ///< of the calls, for kUsage
  int minutes = 5;      ///< until there are some again, for kUsage

  static constexpr int kAlways = -1;

  /// {"what":"429","times":3,"to":"+33...","retry_after":2}. `what` is an HTTP status, "error" (with "code"),
  /// "timeout", "close_after_request", "close_before_request", "garbage", "no_id", "dribble" or "usage"; "times" is a
  /// number or "always".
  /// @throws BadInput
  static Failure fromJson(const Json& json);
  /// The same as "what=429,times=3,to=+33...". @throws BadInput
  static Failure fromText(std::string_view text);
  Json toJson() const;
};

/// What a gateway's page or an error instead of an answer is: the call had no effect.
bool isRefusal(const std::optional<Failure>& failure);

/// Thread-safe list of orders; the oldest that fits a request is used first.
class Failures {
 public:
  void add(Failure failure);
  /// Uses up one time of the first order that fits.
  /// @param recipient  empty while the body is unread; then only kCloseBeforeRequest orders fit, otherwise all others.
  std::optional<Failure> takeBeforeBody(std::string_view on);
  std::optional<Failure> take(std::string_view on, std::string_view recipient);
  void clear();
  Json toJson() const;
  /// /fail of the control APIs: POST adds an order or a list of them (all or none), DELETE clears.
  /// @return {"failures": what is ordered now}. @throws BadInput
  Json control(std::string_view method, const Json& body);

 private:
  std::optional<Failure> takeWhere(std::string_view on, std::string_view recipient, bool before_body);

  mutable std::mutex mutex_;  // guards orders_
  std::deque<Failure> orders_;
};

}  // namespace patchbay::simulators
