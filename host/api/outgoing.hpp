/// What happens to every answer of a route on its way out: conditional and compressed answers, facts for the log.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/rate_limits.hpp"
#include "base/http.hpp"

namespace patchbay::api {

/// Made for one request by the dispatcher, used once by whoever completes it.
class Outgoing {
 public:
  /// @param pattern  template of the path; must outlive the answer
  /// @param get      the operation is a GET (HEAD too)
  Outgoing(const http::Request& request, std::string_view pattern, bool get);

  /// Whom the request is about. Before the endpoint runs.
  void setTenant(std::string tenant) { tenant_ = std::move(tenant); }

  /// What is left of the caller's budget. Before the endpoint runs.
  void setRate(const RateState& state) { rate_ = state; }

  /// 304 when the client has what the ETag names; gzip where it pays and the client takes it.
  void finish(http::Response& response);

  /// `respond`, with finish() before it.
  static http::Respond before(std::shared_ptr<Outgoing> outgoing, http::Respond respond);

 private:
  bool notModified(http::Response& response) const;
  void compress(http::Response& response) const;

  const std::string_view pattern_;
  const bool get_;
  const bool gzip_;
  const std::string if_none_match_;
  std::string tenant_;
  std::optional<RateState> rate_;
};

}  // namespace patchbay::api
