#include "fault/slow_crowd.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>

namespace patchbay::fault {
namespace {

constexpr std::size_t kAddresses = 8;
constexpr std::size_t kKinds = 4;
constexpr auto kRound = std::chrono::milliseconds{100};

bool wouldBlock(ssize_t result) {
  return result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOTCONN || errno == EINPROGRESS);
}

}  // namespace

SlowCrowd::SlowCrowd(std::uint16_t port, std::size_t count, std::string path)
    : port_(port),
      path_(std::move(path)),
      clients_(count),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

SlowCrowd::~SlowCrowd() {
  thread_.request_stop();
  thread_.join();
  for (const auto& client : clients_)
    if (client.fd >= 0) close(client.fd);
}

void SlowCrowd::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    const auto next = std::chrono::steady_clock::now() + kRound;
    std::size_t connected = 0;
    for (std::size_t i = 0; i < clients_.size() && !stop.stop_requested(); ++i) {
      step(i);
      if (clients_[i].said_hello) ++connected;
    }
    connected_.store(connected);
    std::this_thread::sleep_until(next);
  }
}

void SlowCrowd::connectAgain(std::size_t index) {
  Client& client = clients_[index];
  if (client.fd >= 0) close(client.fd);
  client = {socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), false};
  if (client.fd < 0) return;
  sockaddr_in own{};
  own.sin_family = AF_INET;
  own.sin_addr.s_addr = htonl(0x7f000101U + static_cast<std::uint32_t>(index % kAddresses));
  const int late_port = 1;
  setsockopt(client.fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &late_port, sizeof late_port);
  bind(client.fd, reinterpret_cast<sockaddr*>(&own), sizeof own);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  connect(client.fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
}

void SlowCrowd::step(std::size_t index) {
  Client& client = clients_[index];
  if (client.fd < 0) return connectAgain(index);
  const auto kind = index / kAddresses % kKinds;
  // Those that never read still learn that the server has closed: sending fails.
  if (kind != 3) {
    std::array<char, 4096> dropped{};
    const ssize_t got = recv(client.fd, dropped.data(), dropped.size(), MSG_DONTWAIT);
    if (got == 0 || (got < 0 && !wouldBlock(got))) {
      if (client.said_hello) closed_.fetch_add(1);
      return connectAgain(index);
    }
  }
  std::string bytes = "x";
  if (kind == 0) bytes = client.said_hello ? "" : "G";
  if (kind == 1 && !client.said_hello) bytes = "GET " + path_ + " HTTP/1.1\r\nHost: slow\r\nX-Slow: ";
  if (kind == 2 && !client.said_hello)
    bytes =
        "POST " + path_ + " HTTP/1.1\r\nHost: slow\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n";
  if (kind == 3) bytes = "GET " + path_ + " HTTP/1.1\r\nHost: slow\r\n\r\n";
  const ssize_t sent = send(client.fd, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0) {
    client.said_hello = true;
  } else if (!wouldBlock(sent)) {
    if (client.said_hello) closed_.fetch_add(1);
    connectAgain(index);
  }
}

}  // namespace patchbay::fault
