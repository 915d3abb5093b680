#include "edge/stream.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <new>

#include "edge/tls.hpp"

namespace patchbay::edge {
namespace {

using boost::asio::ip::tcp;

int fdOf(BIO* bio) {
  return static_cast<int>(reinterpret_cast<std::intptr_t>(BIO_get_data(bio)));
}

bool mayRetry(ssize_t result) {
  return result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

int writeSocket(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t sent = ::send(fdOf(bio), data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (mayRetry(sent)) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int readSocket(BIO* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  const ssize_t got = ::recv(fdOf(bio), data, static_cast<std::size_t>(size), 0);
  if (mayRetry(got)) BIO_set_retry_read(bio);
  return static_cast<int>(got);
}

long controlSocket(BIO*, int command, long, void*) {
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

/// OpenSSL's own socket BIO writes with write(), which kills a process that does not ignore SIGPIPE.
BIO_METHOD* socketMethod() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "patchbay socket");
    if (made == nullptr) throw std::bad_alloc();
    BIO_meth_set_write(made, writeSocket);
    BIO_meth_set_read(made, readSocket);
    BIO_meth_set_ctrl(made, controlSocket);
    return made;
  }();
  return method;
}

int clamp(std::size_t size) {
  return static_cast<int>(std::min<std::size_t>(size, INT_MAX));
}

}  // namespace

void Stream::Free::operator()(ssl_st* ssl) const {
  SSL_free(ssl);
}

Stream::Stream(tcp::socket socket, const TlsIdentity* identity) : socket_(std::move(socket)) {
  if (identity == nullptr) return;
  ssl_.reset(SSL_new(identity->context()));  // keeps the context alive by itself
  BIO* bio = ssl_ ? BIO_new(socketMethod()) : nullptr;
  if (bio == nullptr) throw std::bad_alloc();
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<std::intptr_t>(socket_.native_handle())));
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_.get(), bio, bio);
  SSL_set_accept_state(ssl_.get());
}

/// Whether a call that did not succeed may be made again after wait().
bool Stream::blocked(int result) {
  const int why = SSL_get_error(ssl_.get(), result);
  ERR_clear_error();
  wants_read_ = why == SSL_ERROR_WANT_READ;
  return wants_read_ || why == SSL_ERROR_WANT_WRITE;
}

Stream::Handshake Stream::handshake() {
  if (!ssl_) return Handshake::kDone;
  ERR_clear_error();
  const int result = SSL_accept(ssl_.get());
  if (result == 1) return Handshake::kDone;
  return blocked(result) ? Handshake::kWait : Handshake::kFailed;
}

std::size_t Stream::readSome(char* data, std::size_t size, error_code& error) {
  ERR_clear_error();
  const int got = SSL_read(ssl_.get(), data, clamp(size));
  if (got > 0) {
    error = {};
    return static_cast<std::size_t>(got);
  }
  error = blocked(got) ? boost::asio::error::would_block : boost::asio::error::connection_reset;
  return 0;
}

std::size_t Stream::writeSome(std::string_view first, std::string_view second, error_code& error) {
  if (!ssl_) {
    wants_read_ = false;
    if (second.empty()) return socket_.write_some(boost::asio::buffer(first.data(), first.size()), error);
    if (first.empty()) return socket_.write_some(boost::asio::buffer(second.data(), second.size()), error);
    const std::array<boost::asio::const_buffer, 2> both{boost::asio::buffer(first.data(), first.size()),
                                                        boost::asio::buffer(second.data(), second.size())};
    return socket_.write_some(both, error);
  }
  const std::string_view part = first.empty() ? second : first;
  ERR_clear_error();
  const int sent = SSL_write(ssl_.get(), part.data(), clamp(part.size()));
  if (sent > 0) {
    error = {};
    return static_cast<std::size_t>(sent);
  }
  error = blocked(sent) ? boost::asio::error::would_block : boost::asio::error::connection_reset;
  return 0;
}

void Stream::cancel() {
  error_code ignored;
  socket_.cancel(ignored);
}

void Stream::close() {
  error_code ignored;
  socket_.close(ignored);
}

void Stream::finishWriting() {
  if (ssl_) {
    // close_notify, so that the client can tell the end from a cut. Not possible in the middle of a handshake.
    ERR_clear_error();
    if (SSL_is_init_finished(ssl_.get()) == 1) SSL_shutdown(ssl_.get());
    ERR_clear_error();
    ssl_.reset();
  }
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

bool Stream::hasUnread() {
  error_code error;
  if (ssl_ && SSL_has_pending(ssl_.get()) == 1) return true;
  return socket_.available(error) > 0 && !error;
}

}  // namespace patchbay::edge
