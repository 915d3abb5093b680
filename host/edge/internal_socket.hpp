/// Sockets under Poco's server that do what Poco 1.11 cannot: a deadline for a whole request, and its header as it
/// came.
#pragma once

#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocketImpl.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "edge/request_reader.hpp"

namespace patchbay::edge {

/// One client of the internal listener. Used by the one thread that Poco gives to its connection.
class ClientSocket final : public Poco::Net::StreamSocketImpl {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param deadline  for all bytes of one request together, from its first
  ClientSocket(poco_socket_t descriptor, std::chrono::milliseconds deadline);

  using StreamSocketImpl::receiveBytes;
  /// @throws Poco::TimeoutException  the deadline has passed, however often a byte came
  int receiveBytes(void* buffer, int length, int flags) override;

  /// Reads the header of the request that Poco has just parsed a second time, with the rules of the public listener:
  /// Poco joins folded lines, decodes values, and takes names with blanks. Call once for each request.
  RequestReader::Progress readHead(RequestReader& reader);

  /// The next request of this connection has its own deadline. Not after a body: its bytes are not told apart here.
  void nextRequest() { deadline_.reset(); }

  bool late() const { return deadline_ && Clock::now() >= *deadline_; }

  /// Says farewell and drops what still comes, for a moment: closing with unread bytes would reset the connection, and
  /// the reset can overtake the answer.
  void linger();

 private:
  const std::chrono::milliseconds time_;
  std::optional<Clock::time_point> deadline_;  // none before the first byte: Poco itself ends idle connections
  std::string unread_;                         // received, and not yet seen by readHead()
  bool keep_ = true;                           // into unread_
};

/// Listens at once, and accepts ClientSockets.
/// @throws Poco::Exception
Poco::Net::ServerSocket listenWithDeadline(const std::string& host, std::uint16_t port,
                                           std::chrono::milliseconds deadline);

}  // namespace patchbay::edge
