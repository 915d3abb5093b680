/// The internal listener: a stock Poco::Net::HTTPServer with one adapter from Poco's requests to http::Handler.
/// For trusted neighbours (metrics, health, provisioning); loopback by default. Not for the public: Poco 1.11 gives
/// each connection a thread. Its leniency and its missing deadline are made good by internal_socket.hpp. See
/// ARCHITECTURE.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/http.hpp"

namespace patchbay::edge {

/// Requests carry Listener::kInternal. Bodies are limited to 1 MiB or Limits::max_body, whichever is less. A handler's
/// thread is Poco's: handle() returns at once as on the public listener, and the adapter waits for Respond until the
/// deadline. What a neighbour never sends is refused: chunked bodies (411), and whatever a page in a browser sends
/// (403). A request with a body is the last of its connection.
class InternalServer {
 public:
  /// Binds and starts to answer. `handler` must outlive the server.
  /// @param read_deadline  for a request's header and body to arrive, from its first byte
  /// @throws ListenError (server.hpp)
  InternalServer(const std::string& host, std::uint16_t port, http::Handler& handler,
                 std::chrono::milliseconds read_deadline = std::chrono::seconds{10});
  ~InternalServer();  ///< stops: no new connections, in-flight answers get two seconds
  InternalServer(const InternalServer&) = delete;
  InternalServer& operator=(const InternalServer&) = delete;

  std::uint16_t port() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patchbay::edge
