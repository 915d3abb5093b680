/// One client connection: reads a request, has it handled, writes the answer, and again.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "edge/exchange.hpp"
#include "edge/input_buffer.hpp"
#include "edge/loop.hpp"
#include "edge/request_reader.hpp"
#include "edge/stream.hpp"

namespace patchbay::edge {

/// Everything runs on its Loop's thread. Requests of one connection are read and answered strictly one after another;
/// while one is handled nothing is read, so a client that sends faster waits in the kernel's buffers.
///
/// Every state has a deadline, which the Loop watches: there is no way to wait in here without end.
///
/// connection.cpp reads, connection_answer.cpp writes, connection_deadlines.cpp says how long.
class Connection final : public std::enable_shared_from_this<Connection> {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param address  of the socket's other end
  /// @param share    of that address
  /// @param proxy    a trusted one: its requests say who their client is
  Connection(Loop& loop, Stream stream, std::string address, std::shared_ptr<PeerShare> share, bool proxy);
  ~Connection();

  void start();
  void refuseBusy();  ///< answers 503 without reading a request

  /// The answer to request number `request`. Ignored when that one was answered already.
  void deliver(std::uint64_t request, http::Response response);

  Clock::time_point deadline() const { return deadline_; }
  void onDeadline(Clock::time_point now);

  bool idle() const { return state_ == State::kIdle && in_.empty(); }
  bool closeIfIdle();  ///< @return whether it was idle, and is closed now
  void close();

  /// How little a connection would be missed when another needs its place; the smallest goes first.
  struct Dispensable {
    /// kGreedy: of an address that has more connections than the one that waits. Otherwise one address could hold all
    /// places for ever, by coming back faster than others come.
    enum Order { kIdle, kSlowHead, kSlowBody, kGreedy } order;
    std::int64_t rank;  ///< the older, or the more connections, the smaller
    auto operator<=>(const Dispensable&) const = default;
  };
  /// Nothing while it is of use: its request is handled, answered, or arrives at a fair speed.
  /// @param held_by_newcomer  connections that the address has which needs a place
  std::optional<Dispensable> dispensable(Clock::time_point now, std::uint32_t held_by_newcomer) const;

  std::size_t slot = 0;  ///< the Loop's index of this connection

 private:
  enum class State {
    kHandshake,  // of TLS
    kIdle,       // no byte of the next request yet
    kHead,       // reading a header
    kBody,       // reading a body
    kHandling,   // waiting for the handler's answer
    kWriting,
    kDrain,   // answered; the rest of its body is read and dropped
    kLinger,  // answered and said farewell; reads until the client closes, so that the answer is not lost to a reset
    kClosed,
  };

  void pump();
  bool step();
  bool stepHandshake();
  bool stepHead();
  bool stepBody();
  bool stepWrite();
  bool stepDrain();
  bool stepLinger();

  RequestReader::Progress readBody();
  void begin();
  void introduce(http::Request& request);
  bool onHead();
  bool startBody();
  bool handle();
  bool refuse(const Refusal& refusal);
  bool refuseUnread(http::Response response);
  void answer(http::Response response, State then);
  void record(const http::Response& response);
  bool afterWrite();
  bool read(std::size_t capacity);
  bool readTls(InputBuffer::Space space);
  void onRead(const boost::system::error_code& error, std::size_t count);
  bool onExpired();
  void expire(Late why, Clock::time_point now);
  void beginBodyWindow(Clock::time_point now);
  void endExchange();
  void count(int status);

  Loop& loop_;
  Stream stream_;
  const std::string address_;
  const std::shared_ptr<PeerShare> share_;
  const bool proxy_;

  State state_ = State::kIdle;
  State then_ = State::kIdle;  // after kWriting
  bool refused_ = false;       // by refuseBusy()
  bool served_ = false;        // a request was answered
  bool pumping_ = false;
  bool reading_ = false;     // an asynchronous read is pending
  bool expired_ = false;     // the deadline passed during it
  int burst_ = 0;            // reads of TLS without a wait
  Clock::time_point since_;  // the present state, where dispensable() asks
  Clock::time_point deadline_ = Clock::time_point::max();
  Clock::time_point total_deadline_;  // of the request in kBody; deadline_ is then the end of its window, if sooner
  std::uint64_t window_begin_ = 0;    // bytes of the body that had come when the window began

  InputBuffer in_;
  RequestReader reader_;
  Exchange exchange_;
  std::uint64_t request_ = 0;   // number of the request in kHandling
  std::uint64_t lingered_ = 0;  // bytes dropped

  std::string out_;         // head and small bodies
  http::Response content_;  // whose large body is being written, not copied
  std::string_view body_;   // of content_
  std::size_t sent_ = 0;
};

}  // namespace patchbay::edge
