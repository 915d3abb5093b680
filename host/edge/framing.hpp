/// The rules by which a parsed header is refused: whatever two HTTP implementations could read in two ways is 400 here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/http.hpp"

namespace patchbay::edge {

/// Why the edge itself says no. The texts are constants: nothing of the request is repeated.
struct Refusal {
  int status;
  const char* code;
  const char* detail;
};

inline constexpr Refusal kLateRead{408, "request_timeout", "the request did not arrive in time"};
inline constexpr Refusal kLateAnswer{503, "deadline_exceeded", "the request was not finished in time"};
inline constexpr Refusal kNoAnswer{500, "no_answer", "the request was dropped without an answer"};

inline constexpr std::size_t kMaxHeaderFields = 100;

/// What the header says about the body and the connection.
struct Framing {
  std::optional<Refusal> refusal;
  bool chunked = false;
  std::optional<std::uint64_t> length;  ///< Content-Length, at most 18 digits
  bool expects_continue = false;
  bool hasBody() const { return chunked || length.value_or(0) > 0; }
};

/// Checks method, target, Host, Content-Length, Transfer-Encoding, Expect and all values of one request.
/// `target` as received; `version` is 10 or 11. Pure.
/// Sources: RFC 9112 sections 3.2, 6.1, 6.3, 7.1; what Beast 1.74 lets through is in the tests' table.
Framing checkFraming(const http::Request& request, std::string_view target, int version);

/// Splits an accepted target into path and query.
void splitTarget(std::string_view target, http::Request& request);

/// Whether `text` has no control character except HTAB. Bytes from 0x80 on (UTF-8 or old Latin-1) are allowed.
bool isFieldValue(std::string_view text);
/// Whether `text` is an RFC 9110 token: what a method and a header name may be.
bool isToken(std::string_view text);

}  // namespace patchbay::edge
