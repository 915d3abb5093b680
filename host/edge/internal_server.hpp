/// The internal listener: a stock Poco::Net::HTTPServer with one adapter from Poco's requests to http::Handler.
/// For trusted neighbours (metrics, health, provisioning); loopback by default. Not for the public: Poco 1.11 reads
/// headers leniently, gives each connection a thread and has no total deadline while a header arrives. See
/// ARCHITECTURE.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/http.hpp"

namespace patchbay::edge {

/// Requests carry Listener::kInternal. Bodies are limited to 1 MiB or Limits::max_body, whichever is less. A handler's
/// thread is Poco's: handle() returns at once as on the public listener, and the adapter waits for Respond until the
/// deadline.
class InternalServer {
 public:
  /// Binds and starts to answer. `handler` must outlive the server.
  /// @throws ListenError (server.hpp)
  InternalServer(const std::string& host, std::uint16_t port, http::Handler& handler);
  ~InternalServer();  ///< stops: no new connections, in-flight answers get two seconds
  InternalServer(const InternalServer&) = delete;
  InternalServer& operator=(const InternalServer&) = delete;

  std::uint16_t port() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patchbay::edge
