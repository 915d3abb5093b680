#include "edge/loop.hpp"

#include <algorithm>
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
// Connections over the limit that get their 503 at the same time; more are closed without a word.
constexpr std::uint64_t kRefusedAtOnce = 64;
constexpr std::size_t kFewest = 64;  // connections that one address may have, when nobody says
// An address with more connections than these is not worth a look through all others twice in a tick.
constexpr std::uint32_t kFewConnections = 8;
constexpr std::size_t kShedPart = 64;  // of all connections this part at most is closed at once to make room

}  // namespace

namespace {

ServerOptions completed(ServerOptions options) {
  if (options.body_budget_per_peer == 0) options.body_budget_per_peer = options.body_budget / 4;
  if (options.max_connections_per_address == 0)
    options.max_connections_per_address = std::max<std::size_t>(kFewest, options.max_connections / 4);
  return options;
}

}  // namespace

Shared::Shared(const ServerOptions& o, http::Handler& h)
    : options(completed(o)),
      handler(h),
      budget(options.body_budget),
      shares(options.body_budget_per_peer),
      proxies(options.trusted_proxies),
      tls(options.tls ? std::make_unique<TlsCertificates>(*options.tls) : nullptr) {}

ServerStats Shared::stats() const {
  const auto late_by = [this](Late why) { return timed_out[static_cast<std::size_t>(why)].load(); };
  ServerStats stats;
  stats.connections = connections.load();
  stats.accepted = accepted.load();
  stats.accept_errors = accept_errors.load();
  stats.shed = shed.load();
  stats.requests = requests.load();
  for (std::size_t i = 0; i < answers.size(); ++i) stats.answers[i] = answers[i].load();
  stats.bytes_in = bytes_in.load();
  stats.bytes_out = bytes_out.load();
  stats.refused_framing = refused_framing.load();
  stats.refused_size = refused_size.load();
  stats.refused_busy = refused_busy.load();
  stats.refused_address = refused_address.load();
  stats.timed_out_handshake = late_by(Late::kHandshake);
  stats.timed_out_header = late_by(Late::kHeader);
  stats.timed_out_body = late_by(Late::kBody);
  stats.timed_out_handler = late_by(Late::kHandler);
  stats.timed_out_write = late_by(Late::kWrite);
  stats.timed_out_idle = late_by(Late::kIdle);
  stats.timed_out = stats.timed_out_handshake + stats.timed_out_header + stats.timed_out_body +
                    stats.timed_out_handler + stats.timed_out_write;
  stats.body_bytes = budget.used();
  stats.body_budget = budget.limit();
  stats.tls = tls != nullptr;
  stats.tls_handshakes = tls_handshakes.load();
  stats.tls_failures = tls_failures.load();
  if (tls) {
    stats.tls_reloads = tls->reloads();
    stats.tls_reload_failures = tls->failures();
    stats.tls_not_after = std::chrono::system_clock::to_time_t(tls->current()->notAfter());
  }
  return stats;
}

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

void Loop::adopt(boost::asio::ip::tcp::socket socket, const std::string& address) {
  auto share = shared_.shares.of(address);
  const bool proxy = shared_.proxies.trusts(address);
  const bool greedy = !proxy && share->connections.load() >= shared_.options.max_connections_per_address;
  if (greedy) Shared::add(shared_.refused_address);
  // Those that are being refused do not count: a flood of them must not fill the server.
  const bool full = shared_.connections.load() > shared_.options.max_connections + shared_.refusing.load();
  const bool refuse = greedy || (full && !makeRoom(share->connections.load()));
  // With TLS a 503 would cost a handshake, which is what a flood is after.
  if (refuse && (shared_.tls || shared_.refusing.load() >= kRefusedAtOnce)) {
    Shared::add(shared_.refused_busy);
    return left();
  }
  const auto identity = shared_.tls ? shared_.tls->current() : nullptr;
  auto connection =
      std::make_shared<Connection>(*this, Stream(std::move(socket), identity.get()), address, std::move(share), proxy);
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

// Closes those that matter least. A batch, so that a flood does not look through all connections for each of its own;
// of those that go for the sake of fairness only one.
bool Loop::makeRoom(std::uint32_t held_by_newcomer) {
  const auto now = std::chrono::steady_clock::now();
  if (now < no_room_until_ && held_by_newcomer > kFewConnections) return false;
  struct Candidate {
    Connection::Dispensable why;
    std::shared_ptr<Connection> connection;
  };
  std::vector<Candidate> candidates;
  for (const auto& connection : connections_)
    if (const auto why = connection->dispensable(now, held_by_newcomer)) candidates.push_back({*why, connection});
  if (candidates.empty()) {
    no_room_until_ = now + kTick;
    return false;
  }
  const auto most = std::min(candidates.size(), std::max<std::size_t>(1, shared_.options.max_connections / kShedPart));
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) { return a.why < b.why; });
  std::size_t closed = 0;
  for (const auto& [why, connection] : candidates) {
    if (closed == most || (closed > 0 && why.order == Connection::Dispensable::kGreedy)) break;
    if (why.order != Connection::Dispensable::kIdle)
      connection->close();
    else if (!connection->closeIfIdle())
      continue;  // its next request has arrived
    ++closed;
  }
  if (closed == 0) no_room_until_ = now + kTick;
  Shared::add(shared_.shed, closed);
  return closed > 0;
}

void Loop::drop(Connection& connection) {
  const std::size_t slot = connection.slot;
  if (slot + 1 != connections_.size()) {
    connections_[slot] = std::move(connections_.back());
    connections_[slot]->slot = slot;
  }
  connections_.pop_back();
  left();
}

void Loop::left() {
  if (shared_.connections.fetch_sub(1) == 1) {
    const std::lock_guard lock(shared_.empty_mutex);
    shared_.empty.notify_all();
  }
}

void Loop::tick() {
  if (connections_.empty()) {
    ticking_ = false;
    idle_.store(0, std::memory_order_relaxed);
    return;
  }
  timer_.expires_after(kTick);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) tick();
  });
  const auto now = std::chrono::steady_clock::now();
  // Backwards: drop() moves the last one, which was already looked at, into the gap.
  std::uint64_t idle = 0;
  for (std::size_t i = connections_.size(); i-- > 0;) {
    if (i < connections_.size() && connections_[i]->idle()) ++idle;
    if (i < connections_.size() && now >= connections_[i]->deadline()) {
      const std::shared_ptr<Connection> connection = connections_[i];
      connection->onDeadline(now);
    }
  }
  idle_.store(idle, std::memory_order_relaxed);
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
