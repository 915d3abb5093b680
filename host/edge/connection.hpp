/// One client connection: reads a request, has it handled, writes the answer, and again.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "edge/input_buffer.hpp"
#include "edge/loop.hpp"
#include "edge/request_reader.hpp"

namespace patchbay::edge {

/// Everything runs on its Loop's thread. Requests of one connection are read and answered strictly one after another;
/// while one is handled nothing is read, so a client that sends faster waits in the kernel's buffers.
///
/// Every state has a deadline, which the Loop watches: there is no way to wait in here without end.
class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  using Clock = std::chrono::steady_clock;

  Connection(Loop& loop, boost::asio::ip::tcp::socket socket, std::string peer);

  void start();
  void refuseBusy();  ///< answers 503 without reading a request

  /// The answer to request number `request`. Ignored when that one was answered already.
  void deliver(std::uint64_t request, http::Response response);

  Clock::time_point deadline() const { return deadline_; }
  void onDeadline(Clock::time_point now);

  void closeIfIdle();
  void close();

  std::size_t slot = 0;  ///< the Loop's index of this connection

 private:
  enum class State {
    kIdle,      // no byte of the next request yet
    kHead,      // reading a header
    kBody,      // reading a body
    kHandling,  // waiting for the handler's answer
    kWriting,
    kDrain,   // answered; the rest of its body is read and dropped
    kLinger,  // answered and said farewell; reads until the client closes, so that the answer is not lost to a reset
    kClosed,
  };

  void pump();
  bool step();
  bool stepHead();
  bool stepBody();
  bool stepWrite();
  bool stepDrain();
  bool stepLinger();

  bool onHead();
  bool startBody();
  bool handle();
  bool refuse(const Refusal& refusal);
  bool refuseUnread(http::Response response);
  void answer(http::Response response, State then);
  bool afterWrite();
  bool read(std::size_t capacity);
  void onRead(const boost::system::error_code& error, std::size_t count);
  bool onExpired();
  void beginBodyWindow(Clock::time_point now);
  void count(int status);

  Loop& loop_;
  boost::asio::ip::tcp::socket socket_;
  const std::string peer_;

  State state_ = State::kIdle;
  State then_ = State::kIdle;  // after kWriting
  bool pumping_ = false;
  bool reading_ = false;  // an asynchronous read is pending
  bool expired_ = false;  // the deadline passed during it
  Clock::time_point started_;
  Clock::time_point deadline_ = Clock::time_point::max();
  Clock::time_point total_deadline_;  // of the request in kBody; deadline_ is then the end of its window, if sooner
  std::uint64_t window_begin_ = 0;    // bytes of the body that had come when the window began

  InputBuffer in_;
  RequestReader reader_;
  std::string request_id_;
  bool head_only_ = false;      // HEAD
  std::uint64_t request_ = 0;   // number of the request in kHandling
  std::uint64_t lingered_ = 0;  // bytes dropped

  std::string out_;         // head and small bodies
  http::Response content_;  // whose large body is being written, not copied
  std::string_view body_;   // of content_
  std::size_t sent_ = 0;
};

}  // namespace patchbay::edge
