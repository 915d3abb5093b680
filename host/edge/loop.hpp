/// One I/O thread: its event loop, its connections, and the queue by which other threads hand it finished answers.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/byte_budget.hpp"
#include "edge/answer.hpp"
#include "edge/peer_shares.hpp"
#include "edge/proxies.hpp"
#include "edge/server.hpp"

namespace patchbay::edge {

class Connection;

/// Why a connection waited too long, as ServerStats names it.
enum class Late { kHandshake, kHeader, kBody, kHandler, kWrite, kIdle };

/// What all I/O threads of one server share. Counters are relaxed: they are for people.
struct Shared {
  Shared(const ServerOptions& o, http::Handler& h);

  using Counter = std::atomic<std::uint64_t>;
  static void add(Counter& counter, std::uint64_t number = 1) { counter.fetch_add(number, std::memory_order_relaxed); }
  void late(Late why) { add(timed_out[static_cast<std::size_t>(why)]); }
  ServerStats stats() const;  // without `idle`, which the loops know

  const ServerOptions options;
  http::Handler& handler;
  ByteBudget budget;
  PeerShares shares;
  const TrustedProxies proxies;
  const std::unique_ptr<TlsCertificates> tls;  // null: plain
  Counter connections{0}, refusing{0}, accepted{0}, accept_errors{0}, shed{0}, requests{0}, bytes_in{0}, bytes_out{0};
  Counter refused_framing{0}, refused_size{0}, refused_busy{0}, refused_address{0};
  Counter tls_handshakes{0}, tls_failures{0};
  std::array<Counter, 6> answers{};    // by class of status
  std::array<Counter, 6> timed_out{};  // by Late

  std::mutex empty_mutex;  // only to wait on: `connections` is atomic
  std::condition_variable empty;
};

/// Answers on their way from any thread to one I/O thread. Outlives the server as long as a Respond exists; after
/// close() it drops what it is given.
class Mailbox {
 public:
  struct Item {
    std::weak_ptr<Connection> to;
    std::uint64_t request = 0;
    http::Response response;
  };

  explicit Mailbox(boost::asio::io_context& io) : io_(&io) {}

  /// [any-thread] Wakes the I/O thread only when the queue was empty, so a hundred answers cost one wake-up.
  void put(Item item);
  /// [main-thread] After this the io_context may be destroyed.
  void close();

 private:
  void deliver();  // [I/O thread]

  std::mutex mutex_;
  std::vector<Item> items_;
  boost::asio::io_context* io_;  // null when closed
  std::vector<Item> taken_;      // I/O thread only; kept for its capacity
};

/// All functions are for its own thread unless marked.
class Loop {
 public:
  explicit Loop(Shared& shared);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  void start();  ///< [main-thread]
  void join();   ///< [main-thread] after cutAll() was posted

  boost::asio::io_context& io() { return io_; }
  Shared& shared() { return shared_; }
  const std::shared_ptr<Mailbox>& mailbox() const { return mailbox_; }

  /// The socket is counted in Shared::connections already. When the server is full one of this loop's connections must
  /// go, or the new one.
  void adopt(boost::asio::ip::tcp::socket socket, const std::string& address);
  void drop(Connection& connection);

  /// No request after the present one on any connection.
  void drain();
  bool draining() const { return draining_; }
  /// Closes what is left and ends the thread.
  void cutAll();

  std::string_view date() { return date_.now(); }
  std::uint64_t newRequestNumber() { return ++last_request_; }
  std::uint64_t idle() const { return idle_.load(std::memory_order_relaxed); }  ///< [any-thread] connections

 private:
  void run();
  void tick();
  bool makeRoom(std::uint32_t held_by_newcomer);
  void left();

  Shared& shared_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  boost::asio::steady_timer timer_;
  bool ticking_ = false;
  bool draining_ = false;
  std::shared_ptr<Mailbox> mailbox_;
  std::vector<std::shared_ptr<Connection>> connections_;  // Connection::slot is the index
  std::atomic<std::uint64_t> idle_{0};
  std::chrono::steady_clock::time_point no_room_until_;  // makeRoom() need not look before
  DateText date_;
  std::uint64_t last_request_ = 0;
  std::thread thread_;
};

}  // namespace patchbay::edge
