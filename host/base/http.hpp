/// HTTP as values. Both front ends (host/edge) turn sockets into these and back; nothing below knows a socket.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace patchbay::http {

struct Header {
  std::string name;
  std::string value;
};
using Headers = std::vector<Header>;

/// Value of the first header called `name` (any case), or empty.
std::string_view find(const Headers& headers, std::string_view name);

/// The reason phrase of a status as RFC 9110 has it, also the title of its problem document; "Other" for an unknown
/// one.
const char* reason(int status);

/// Which door the request came through. Provisioning without a token exists only on the internal one.
enum class Listener { kPublic, kInternal };

struct Request {
  std::string method;  ///< as received, upper case by rule of HTTP
  std::string path;   ///< raw path: still percent-encoded ASCII, without query; starts with '/' (or is "*" for OPTIONS)
  std::string query;  ///< raw query without '?'
  Headers
      headers;  ///< in order of arrival; values hold no control character but HTAB (bytes from 0x80 on are possible)
  std::string body;  ///< complete; at most the limit that Handler::limits() gave
  std::string peer;  ///< the client's address, without port: the socket's other end, or what a trusted proxy says
  std::string id;    ///< request id: the client's X-Request-Id when it is well-formed, else new
  std::string trace_id = {};     ///< W3C trace id, 32 hex digits: of a valid `traceparent`, else new
  std::string traceparent = {};  ///< for what is asked elsewhere because of this request: its trace, a span of ours
  Listener listener = Listener::kPublic;
  std::chrono::steady_clock::time_point deadline;  ///< the edge answers 503 by itself when nothing has come by then

  std::string_view header(std::string_view name) const { return find(headers, name); }
};

/// Bytes that an answer does not copy: they are part of the program, or `keeper` holds them until the last copy of the
/// answer is gone.
struct Borrowed {
  std::string_view bytes;
  std::shared_ptr<const void> keeper;
};

struct Response {
  int status = 200;
  Headers headers;         ///< without Content-Length, Date, Connection, X-Request-Id: those are the edge's
  std::string body;        ///< not sent for HEAD, 204 and 304
  Borrowed borrowed = {};  ///< when it has bytes, they are the body: for what is large and asked for by many
  std::string_view route = {};  ///< for the access log: template of the path; lives as long as the Handler
  std::string tenant = {};      ///< for the access log: whom the request was about; empty: nobody or not known

  std::string_view content() const { return borrowed.bytes.empty() ? std::string_view{body} : borrowed.bytes; }
  void dropContent() {
    body.clear();
    borrowed = {};
  }
};

/// Completes one request. Call once, from any thread, now or later; later calls are ignored. It never blocks: many
/// completions from one thread wake each I/O thread once. Destroyed without a call, it answers 500.
using Respond = std::function<void(Response)>;

/// What is read of a request, decided when its header is complete and before its body is.
struct Limits {
  std::size_t max_body = 1U << 20U;  ///< bytes; more is 413
  std::chrono::milliseconds total{
      std::chrono::seconds{30}};  ///< from the first byte of the header to the last of the answer
};

/// Implemented by api::Router. All functions are called from I/O threads, concurrently, and must not block.
class Handler {
 public:
  virtual ~Handler() = default;

  /// `headers` hold what is known so far. A refusal by header alone (401, 404, 405, 413) is given here, before the body
  /// is read: then `refusal` is set and handle() is not called.
  virtual Limits limits(const Request& head, Response* refusal, bool* refused) = 0;

  virtual void handle(Request request, Respond respond) = 0;
};

}  // namespace patchbay::http
