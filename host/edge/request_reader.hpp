/// One HTTP/1.1 request after another out of a stream of bytes. Knows no socket: bytes in, http::Request out.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "base/byte_budget.hpp"
#include "base/http.hpp"
#include "edge/framing.hpp"

namespace patchbay::edge {

/// Used by one thread. Call readHead() until it is not kMore, then setBodyLimit() and readBody() until it is not kMore,
/// then release the request and call next(). After kRefused the stream cannot be understood any more: answer refusal()
/// and close.
class RequestReader {
 public:
  enum class Progress { kMore, kDone, kRefused };

  /// @param max_header  bytes of request line, fields and empty line; more is 431
  /// @param share       of the budget for this client; null: all of it
  RequestReader(std::size_t max_header, ByteBudget& budget, std::shared_ptr<ByteBudget> share = nullptr);
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  /// `bytes`: everything received and not consumed. Consumes nothing before the header is complete (an empty line
  /// before the request excepted: RFC 9112, 2.2), then the header and nothing of the body.
  Progress readHead(std::string_view bytes, std::size_t& consumed);

  /// Of the request whose head is complete.
  bool hasBody() const { return framing_.hasBody(); }
  bool expectsContinue() const { return framing_.expects_continue; }
  bool keepAlive() const { return keep_alive_; }  ///< false for HTTP/1.0 and `Connection: close`
  std::optional<std::uint64_t> length() const { return framing_.length; }

  /// Of another client's share from now on: of this request, before setBodyLimit().
  void setShare(std::shared_ptr<ByteBudget> share) { charge_.emplace(budget_, std::move(share)); }

  /// A declared length over `max_body`, or over what the budget or the client's share has left, is refused at once
  /// (413, 503).
  /// @return the refusal; the body is then still in the stream
  std::optional<Refusal> setBodyLimit(std::size_t max_body);

  /// Appends to request().body and charges the budget for it. kRefused: over the limit, over the budget, or bad chunks.
  Progress readBody(std::string_view bytes, std::size_t& consumed);

  /// From now on body bytes are read and dropped, without limit and charge: the caller counts.
  void discardBody();

  /// Bytes of the body so far, as sent (chunk sizes not counted).
  std::uint64_t bodySeen() const { return body_seen_; }

  http::Request& request() { return request_; }
  const Refusal& refusal() const { return *framing_.refusal; }

  /// Forgets the request that was read, and gives its charge back.
  void next();
  /// The body's bytes are no longer held (its request was answered).
  void releaseCharge() { charge_->release(); }

 private:
  class Parser;
  struct Engine;

  Progress refuse(const Refusal& refusal);
  Progress parseHead(std::string_view head);
  bool append(std::string_view part);

  const std::size_t max_header_;
  ByteBudget& budget_;
  std::unique_ptr<Engine> engine_;
  http::Request request_;
  Framing framing_;
  bool keep_alive_ = false;
  bool blank_line_seen_ = false;
  bool discard_ = false;
  std::size_t max_body_ = 0;
  std::uint64_t body_seen_ = 0;
  std::optional<Charge> charge_;  // always there
};

}  // namespace patchbay::edge
