#include "edge/loop.hpp"

#include <boost/asio/post.hpp>
#include <exception>
#include <utility>

#include "base/log.hpp"
#include "edge/connection.hpp"

namespace patchbay::edge {
namespace {

// Deadlines are looked at this often: one timer for all connections instead of two timer calls per request. A deadline
// is kept to within this, and the cost is one comparison per connection.
constexpr std::chrono::milliseconds kTick{50};

}  // namespace

void Mailbox::put(Item item) {
  const std::lock_guard lock(mutex_);
  if (io_ == nullptr) return;
  const bool was_empty = items_.empty();
  items_.push_back(std::move(item));
  if (!was_empty) return;
  // Inside the lock, because close() must not overtake it. The mailbox stays alive: whoever calls holds it, and so does
  // the loop.
  boost::asio::post(*io_, [this] { deliver(); });
}

void Mailbox::deliver() {
  taken_.clear();  // not empty only after an exception; those requests end at their deadline
  {
    const std::lock_guard lock(mutex_);
    taken_.swap(items_);
  }
  for (Item& item : taken_) {
    if (const auto connection = item.to.lock()) connection->deliver(item.request, std::move(item.response));
  }
}

void Mailbox::close() {
  const std::lock_guard lock(mutex_);
  io_ = nullptr;
  items_.clear();
}

Loop::Loop(Shared& shared)
    : shared_(shared), work_(io_.get_executor()), timer_(io_), mailbox_(std::make_shared<Mailbox>(io_)) {}

Loop::~Loop() {
  mailbox_->close();
}

void Loop::start() {
  thread_ = std::thread([this] { run(); });
}

void Loop::join() {
  if (thread_.joinable()) thread_.join();
}

void Loop::run() {
  for (;;) {
    try {
      io_.run();
      return;
    } catch (const std::exception& error) {
      // The connection it came from has nothing pending any more; its deadline closes it.
      log::error("edge", "an exception reached the event loop", {{"what", error.what()}});
    }
  }
}

void Loop::adopt(boost::asio::ip::tcp::socket socket, std::string peer, bool refuse) {
  auto connection = std::make_shared<Connection>(*this, std::move(socket), std::move(peer));
  connection->slot = connections_.size();
  connections_.push_back(connection);
  if (!ticking_) {
    ticking_ = true;
    tick();
  }
  if (refuse) {
    connection->refuseBusy();
  } else {
    connection->start();
  }
}

void Loop::drop(Connection& connection) {
  const std::size_t slot = connection.slot;
  if (slot + 1 != connections_.size()) {
    connections_[slot] = std::move(connections_.back());
    connections_[slot]->slot = slot;
  }
  connections_.pop_back();
  if (shared_.connections.fetch_sub(1) == 1) {
    const std::lock_guard lock(shared_.empty_mutex);
    shared_.empty.notify_all();
  }
}

void Loop::tick() {
  if (connections_.empty()) {
    ticking_ = false;
    return;
  }
  timer_.expires_after(kTick);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) tick();
  });
  const auto now = std::chrono::steady_clock::now();
  // Backwards: drop() moves the last one, which was already looked at, into the gap.
  for (std::size_t i = connections_.size(); i-- > 0;) {
    if (i < connections_.size() && now >= connections_[i]->deadline()) {
      const std::shared_ptr<Connection> connection = connections_[i];
      connection->onDeadline(now);
    }
  }
}

void Loop::drain() {
  draining_ = true;
  for (std::size_t i = connections_.size(); i-- > 0;) {
    const std::shared_ptr<Connection> connection = connections_[i];
    connection->closeIfIdle();
  }
}

void Loop::cutAll() {
  while (!connections_.empty()) {
    const std::shared_ptr<Connection> connection = connections_.back();
    connection->close();
  }
  timer_.cancel();
  work_.reset();
  io_.stop();
}

}  // namespace patchbay::edge
