#include "edge/internal_socket.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocketImpl.h>
#include <Poco/Net/SocketAddress.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace patchbay::edge {
namespace {

// Over what the strict reading accepts, so that it is that which refuses; Poco's own limits are far higher.
constexpr std::size_t kMaxKept = std::size_t{64} << 10U;
constexpr std::chrono::seconds kLinger{1};
constexpr int kMaxLingerReads = 256;

/// Poco's own acceptConnection() makes plain sockets; a ServerSocket is copied by value, so only its impl can differ.
class AcceptingSocket final : public Poco::Net::ServerSocketImpl {
 public:
  explicit AcceptingSocket(std::chrono::milliseconds deadline) : deadline_(deadline) {}

  Poco::Net::SocketImpl* acceptConnection(Poco::Net::SocketAddress& client) override {
    sockaddr_storage address{};
    socklen_t length = sizeof address;
    int descriptor = -1;
    do {
      descriptor = ::accept4(sockfd(), reinterpret_cast<sockaddr*>(&address), &length, SOCK_CLOEXEC);
    } while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0) error(errno);
    client = Poco::Net::SocketAddress(reinterpret_cast<const sockaddr*>(&address), length);
    return new ClientSocket(descriptor, deadline_);  // NOLINT: Poco counts its references
  }

 private:
  const std::chrono::milliseconds deadline_;
};

class DeadlineServerSocket final : public Poco::Net::ServerSocket {
 public:
  explicit DeadlineServerSocket(std::chrono::milliseconds deadline)
      : ServerSocket(new AcceptingSocket(deadline), true) {}  // NOLINT: as above
};

}  // namespace

ClientSocket::ClientSocket(poco_socket_t descriptor, std::chrono::milliseconds deadline)
    : StreamSocketImpl(descriptor), time_(deadline) {}

int ClientSocket::receiveBytes(void* buffer, int length, int flags) {
  const auto now = Clock::now();
  if (!deadline_) deadline_ = now + time_;
  const auto left = std::chrono::duration_cast<std::chrono::microseconds>(*deadline_ - now);
  if (left.count() <= 0) throw Poco::TimeoutException("the request did not arrive in time");
  setReceiveTimeout(Poco::Timespan(std::max<std::int64_t>(left.count(), 1000)));
  const int count = StreamSocketImpl::receiveBytes(buffer, length, flags);
  if (keep_ && count > 0) {
    if (unread_.size() + static_cast<std::size_t>(count) > kMaxKept)
      throw Poco::Net::MessageException("the header is too large");
    unread_.append(static_cast<const char*>(buffer), static_cast<std::size_t>(count));
  }
  return count;
}

RequestReader::Progress ClientSocket::readHead(RequestReader& reader) {
  std::size_t consumed = 0;
  auto progress = reader.readHead(unread_, consumed);
  unread_.erase(0, consumed);
  if (progress == RequestReader::Progress::kMore && consumed > 0) {  // an empty line came first
    progress = reader.readHead(unread_, consumed);
    unread_.erase(0, consumed);
  }
  keep_ = progress == RequestReader::Progress::kDone && !reader.hasBody();
  if (!keep_) std::string().swap(unread_);
  return progress;
}

void ClientSocket::linger() {
  shutdownSend();
  keep_ = false;
  deadline_ = Clock::now() + kLinger;
  std::array<char, 4096> part{};
  for (int i = 0; i < kMaxLingerReads && receiveBytes(part.data(), static_cast<int>(part.size()), 0) > 0; ++i) {
  }
}

Poco::Net::ServerSocket listenWithDeadline(const std::string& host, std::uint16_t port,
                                           std::chrono::milliseconds deadline) {
  DeadlineServerSocket socket(deadline);
  socket.bind(Poco::Net::SocketAddress(host, port), true, false);
  socket.listen(64);
  return socket;
}

}  // namespace patchbay::edge
