#include "unit/edge/raw_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "base/text.hpp"

namespace patchbay::edge::test {

std::string Reply::field(std::string_view name) const {
  for (const std::string_view line : split(head, '\n')) {
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || !equalsIgnoreCase(line.substr(0, colon), name)) continue;
    return std::string(trim(line.substr(colon + 1)));
  }
  return "(absent)";
}

RawClient::RawClient(std::uint16_t port, int receive_buffer, const char* from) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
  if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "socket");
  if (receive_buffer > 0) setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  const timeval limit{60, 0};
  setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  sockaddr_in own{};
  own.sin_family = AF_INET;
  inet_pton(AF_INET, from, &own.sin_addr);
  const int late_port = 1;  // the system chooses the port at connect(), when it knows the other end
  setsockopt(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &late_port, sizeof late_port);
  if (bind(fd_, reinterpret_cast<sockaddr*>(&own), sizeof own) != 0) {
    const int why = errno;
    close(fd_);
    throw std::system_error(why, std::generic_category(), "bind");
  }
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    const int why = errno;
    close(fd_);
    throw std::system_error(why, std::generic_category(), "connect");
  }
}

RawClient::~RawClient() {
  close(fd_);
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void RawClient::finishSending() {
  shutdown(fd_, SHUT_WR);
}

bool RawClient::receive() {
  std::array<char, 65536> part{};
  const ssize_t count = recv(fd_, part.data(), part.size(), 0);
  if (count <= 0) return false;
  in_.append(part.data(), static_cast<std::size_t>(count));
  return true;
}

std::optional<Reply> RawClient::reply(bool bodiless) {
  std::size_t end = 0;
  while ((end = in_.find("\r\n\r\n")) == std::string::npos) {
    if (!receive()) return std::nullopt;
  }
  Reply reply;
  reply.head = in_.substr(0, end + 2);
  in_.erase(0, end + 4);
  reply.status = std::atoi(reply.head.c_str() + 9);
  const std::string length = reply.field("content-length");
  if (bodiless || length == "(absent)") return reply;
  const auto size = static_cast<std::size_t>(std::atoll(length.c_str()));
  while (in_.size() < size) {
    if (!receive()) return std::nullopt;
  }
  reply.body = in_.substr(0, size);
  in_.erase(0, size);
  return reply;
}

std::string RawClient::readToEnd() {
  while (receive()) {
  }
  return std::move(in_);
}

bool RawClient::closedByServer() {
  if (!in_.empty()) return false;
  char byte = 0;
  const ssize_t count = recv(fd_, &byte, 1, 0);
  return count == 0 || (count < 0 && errno == ECONNRESET);
}

bool RawClient::readable() const {
  if (!in_.empty()) return true;
  pollfd one{fd_, POLLIN, 0};
  return poll(&one, 1, 0) == 1;
}

std::string post(std::string_view path, std::string_view body, std::string_view extra_fields) {
  std::string text = "POST ";
  text.append(path).append(" HTTP/1.1\r\nHost: test\r\n").append(extra_fields);
  text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  return text;
}

std::string get(std::string_view path, std::string_view extra_fields) {
  std::string text = "GET ";
  text.append(path).append(" HTTP/1.1\r\nHost: test\r\n").append(extra_fields).append("\r\n");
  return text;
}

}  // namespace patchbay::edge::test
