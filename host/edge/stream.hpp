/// The bytes of one connection: straight from the socket, or through TLS.
#pragma once

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

struct ssl_st;  // OpenSSL's SSL

namespace patchbay::edge {

class TlsIdentity;

/// One type for both, so that what stands above is compiled once. OpenSSL works on the socket itself, without Asio's
/// stream over it: no thread, no copy, and a plain connection costs one comparison per call. One thread.
class Stream {
 public:
  using error_code = boost::system::error_code;
  enum class Handshake { kDone, kWait, kFailed };

  /// @param socket    connected and non-blocking
  /// @param identity  null: plain
  /// @throws std::bad_alloc
  Stream(boost::asio::ip::tcp::socket socket, const TlsIdentity* identity);

  bool tls() const { return ssl_ != nullptr; }
  auto executor() { return socket_.get_executor(); }

  /// kWait: wait(), then again. A plain stream is done at once.
  Handshake handshake();

  /// Of TLS: what is there, at least one byte, or an error. would_block: wait(), then again.
  std::size_t readSome(char* data, std::size_t size, error_code& error);

  /// Of a plain stream.
  template <class Done>
  void asyncRead(char* data, std::size_t size, Done&& done) {
    socket_.async_read_some(boost::asio::buffer(data, size), std::forward<Done>(done));
  }

  /// Some of `first`, then of `second`. would_block: wait(), then again with the same bytes.
  std::size_t writeSome(std::string_view first, std::string_view second, error_code& error);

  /// Until the call that would have blocked has a chance.
  template <class Done>
  void wait(Done&& done) {
    using boost::asio::ip::tcp;
    socket_.async_wait(wants_read_ ? tcp::socket::wait_read : tcp::socket::wait_write, std::forward<Done>(done));
  }

  void cancel();  ///< what waits completes with an error
  void close();
  /// No byte more will be written. Of TLS what is still read is raw, fit for being dropped only.
  void finishWriting();
  /// Has anything arrived that was not read?
  bool hasUnread();

 private:
  struct Free {
    void operator()(ssl_st* ssl) const;
  };

  bool blocked(int result);

  boost::asio::ip::tcp::socket socket_;
  std::unique_ptr<ssl_st, Free> ssl_;
  bool wants_read_ = false;
};

}  // namespace patchbay::edge
