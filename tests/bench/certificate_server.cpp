#include "bench/certificate_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <thread>

namespace patchbay::bench {

void serveCertificate(std::uint16_t port, std::string pem) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  const int one = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(listener, 16) != 0)
    throw std::runtime_error("cannot serve a certificate on port " + std::to_string(port) + ": " +
                             std::strerror(errno));
  const std::string answer =
      "HTTP/1.1 200 OK\r\nContent-Type: application/x-pem-file\r\nConnection: close\r\nContent-Length: " +
      std::to_string(pem.size()) + "\r\n\r\n" + pem;
  std::thread([listener, answer] {
    for (;;) {
      const int client = accept(listener, nullptr, nullptr);
      if (client < 0) continue;
      char request[4096];
      if (recv(client, request, sizeof request, 0) > 0) (void)send(client, answer.data(), answer.size(), MSG_NOSIGNAL);
      close(client);
    }
  }).detach();
}

}  // namespace patchbay::bench
