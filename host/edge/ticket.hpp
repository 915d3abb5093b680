/// The one right to answer a request.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "base/log.hpp"
#include "edge/loop.hpp"

namespace patchbay::edge {

/// Status of the response that a dropped Respond leaves; the connection answers 500 in its place.
inline constexpr int kDropped = 0;

/// The request that this thread is handing to the handler right now: an answer given inside that call needs no queue.
struct Inline {
  std::uint64_t request = 0;
  Mailbox* mailbox = nullptr;
  std::optional<http::Response> response;
};
inline thread_local Inline* t_inline = nullptr;

/// Shared by the copies of one Respond. [any-thread]
class Ticket {
 public:
  Ticket(std::shared_ptr<Mailbox> mailbox, std::weak_ptr<Connection> connection, std::uint64_t request)
      : mailbox_(std::move(mailbox)), connection_(std::move(connection)), request_(request) {}
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;

  ~Ticket() {
    if (used_.load(std::memory_order_relaxed)) return;
    try {
      complete(http::Response{kDropped, {}, {}});
    } catch (const std::exception& error) {
      log::error("edge", "a dropped request could not be answered", {{"what", error.what()}});
    }
  }

  void complete(http::Response response) {
    if (used_.exchange(true)) return;
    if (t_inline != nullptr && t_inline->request == request_ && t_inline->mailbox == mailbox_.get()) {
      t_inline->response = std::move(response);
    } else {
      mailbox_->put({std::move(connection_), request_, std::move(response)});
    }
  }

 private:
  std::shared_ptr<Mailbox> mailbox_;
  std::weak_ptr<Connection> connection_;
  const std::uint64_t request_;
  std::atomic<bool> used_{false};
};

}  // namespace patchbay::edge
