/// A server made of bare sockets, for tests of what happens when the other side does not behave.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace patchbay::testing_support {

/// The server's end of one connection. Blocking; closes when it goes.
class RawConnection {
 public:
  explicit RawConnection(int descriptor) : descriptor_(descriptor) {}
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  /// One whole request with its body (by Content-Length); empty when the client has gone.
  std::string request();
  /// @return false when the client has gone
  bool send(std::string_view bytes);
  /// Waits until the client closes.
  void waitForClose();
  /// Closes with a reset instead of a regular end.
  void reset();
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
  std::string buffer_;
};

/// Loopback, a port of the system's choice, a thread per connection. The destructor closes everything and joins.
class RawServer {
 public:
  /// @param serve  called per connection with its number, from 1
  explicit RawServer(std::function<void(RawConnection&, int)> serve, const char* address = "127.0.0.1");
  ~RawServer();

  std::uint16_t port() const { return port_; }
  std::string authority() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url(const std::string& path = "/") const { return "http://" + authority() + path; }
  int connections() const { return connections_; }

 private:
  std::function<void(RawConnection&, int)> serve_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::vector<int> open_;             // guarded by mutex_
  std::vector<std::thread> threads_;  // guarded by mutex_
  std::thread acceptor_;
};

/// "HTTP/1.1 200 OK" with a length and `body`.
std::string answer(std::string_view body, std::string_view head = "HTTP/1.1 200 OK");

}  // namespace patchbay::testing_support
