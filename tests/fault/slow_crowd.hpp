/// Thousands of clients that hold connections and give nothing in return.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace patchbay::fault {

/// From its construction to its destruction `count` sockets connect to a server on this machine, from eight of its
/// addresses, and each: says nothing; sends a header, a byte ten times a second; a body likewise; or asks without ever
/// reading an answer. Whoever is closed comes back a tenth of a second later. One thread.
class SlowCrowd {
 public:
  SlowCrowd(std::uint16_t port, std::size_t count, std::string path);
  SlowCrowd(const SlowCrowd&) = delete;
  SlowCrowd& operator=(const SlowCrowd&) = delete;
  ~SlowCrowd();

  std::size_t connected() const { return connected_.load(); }  ///< now
  std::uint64_t closed() const { return closed_.load(); }      ///< by the server, since the beginning

 private:
  struct Client {
    int fd = -1;
    bool said_hello = false;
  };
  void run(const std::stop_token& stop);
  void step(std::size_t index);
  void connectAgain(std::size_t index);

  const std::uint16_t port_;
  const std::string path_;
  std::vector<Client> clients_;  // its thread's own
  std::atomic<std::size_t> connected_{0};
  std::atomic<std::uint64_t> closed_{0};
  std::jthread thread_;  // last: uses what stands above
};

}  // namespace patchbay::fault
