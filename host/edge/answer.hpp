/// Responses as bytes, and the answers that the edge gives by itself.
#pragma once

#include <cstddef>
#include <ctime>
#include <string>
#include <string_view>

#include "base/http.hpp"
#include "edge/framing.hpp"

namespace patchbay::edge {

/// "Sun, 06 Nov 1994 08:49:37 GMT", made anew once a second. One per thread.
class DateText {
 public:
  std::string_view now();

 private:
  std::time_t second_ = -1;
  std::string text_;
};

/// What the edge says when it refuses or gives up by itself, in the form that the API's errors have. 503 carries
/// `Retry-After: 1`.
http::Response problem(const Refusal& refusal, std::string_view request_id);

/// Why a handler's response may not be sent, or null when it may: a status outside 200..599, a header name that is no
/// token, a control character in a value (it could split the response), or a header that belongs to the edge.
const char* faultOf(const http::Response& response);

struct HeadFacts {
  std::string_view date;
  std::string_view request_id;
  bool close = false;  ///< say `Connection: close`
  long hsts = 0;       ///< seconds for which browsers shall use TLS alone; 0: not said
};

/// Whether the status has a body at all (204 and 304 have none).
bool statusHasBody(int status);

/// Appends status line and header of a response without fault. Content-Length is the body's, whether it is sent or not.
/// Where the response does not say otherwise itself: no sniffing of types, no referrer, no frame around it and nothing
/// loaded by it (Content-Security-Policy), not embedded by other origins, not kept by caches.
void appendHead(std::string& out, const http::Response& response, const HeadFacts& facts);

}  // namespace patchbay::edge
