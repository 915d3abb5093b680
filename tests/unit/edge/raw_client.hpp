/// A client that sends exactly the bytes it is told: for framing that no HTTP library would produce.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace patchbay::edge::test {

struct Reply {
  int status = 0;
  std::string head;  ///< status line and fields, as received
  std::string body;
  /// Value of a field (any case), or "(absent)".
  std::string field(std::string_view name) const;
};

/// Blocking, loopback. Every receive gives up after 60 s, so that a broken server fails a test and does not hang it.
class RawClient {
 public:
  /// @param from  the client's own address: any of 127.0.0.0/8
  explicit RawClient(std::uint16_t port, int receive_buffer = 0, const char* from = "127.0.0.1");
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  /// @return false when the server has closed
  bool send(std::string_view bytes);
  void finishSending();

  /// The next response (by Content-Length), or nothing when the connection ended before it was complete.
  /// @param bodiless  the answer to HEAD
  std::optional<Reply> reply(bool bodiless = false);

  /// All bytes until the server closes.
  std::string readToEnd();
  /// Whether the server has closed (waits for it) and sent nothing more.
  bool closedByServer();
  /// Whether bytes can be read right now.
  bool readable() const;

 private:
  bool receive();
  int fd_ = -1;
  std::string in_;
};

/// "POST /path HTTP/1.1" with Host and Content-Length.
std::string post(std::string_view path, std::string_view body, std::string_view extra_fields = "");
std::string get(std::string_view path, std::string_view extra_fields = "");

}  // namespace patchbay::edge::test
