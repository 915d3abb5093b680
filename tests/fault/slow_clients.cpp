// Do good clients go on while thousands of sockets dribble? Against a server of its own, or one that runs already.
#include <sys/resource.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>

#include "edge/server.hpp"
#include "fault/slow_crowd.hpp"
#include "unit/edge/raw_client.hpp"
#include "unit/edge/test_handler.hpp"

namespace patchbay::fault {
namespace {

using Clock = std::chrono::steady_clock;
using edge::test::RawClient;

constexpr const char* kUsage =
    "usage: patchbay-slow-clients [--sockets N] [--seconds N] [--port N] [--path PATH]\n"
    "\n"
    "Opens N sockets (2000) that connect and then dribble, while four good clients ask again and again for N seconds "
    "(3),\n"
    "on new and on kept connections. Without --port: against servers of its own, one with room for all and one with a\n"
    "quarter of it. With --port: against a server on this machine that answers 200 to GET PATH (/health).\n"
    "Exit status 0: every good request was answered. 1: some were not. 77: this machine does not allow so many "
    "sockets.\n";

constexpr int kSkipped = 77;
constexpr std::size_t kGoodClients = 4;
constexpr std::uint64_t kFewestRequests = 200;

struct Options {
  std::size_t sockets = 2000;
  std::chrono::seconds time{3};
  std::uint16_t port = 0;
  std::string path = "/health";
};

/// A client as they should be: on a connection that it keeps, and whose loss between two requests it takes for what it
/// is (RFC 9112, 9.3.1); every fourth time on a new one.
class GoodClient {
 public:
  GoodClient(std::uint16_t port, std::string request) : port_(port), request_(std::move(request)) {}

  bool ask() {
    if (++asked_ % 4 == 0) kept_.reset();
    if (kept_ && once()) return true;
    kept_.reset();
    try {
      kept_ = std::make_unique<RawClient>(port_);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "a good client cannot connect: %s\n", error.what());
      return false;
    }
    return once();
  }

 private:
  bool once() {
    if (!kept_->send(request_)) return false;
    const auto reply = kept_->reply();
    return reply && reply->status == 200;
  }

  const std::uint16_t port_;
  const std::string request_;
  std::unique_ptr<RawClient> kept_;
  std::uint64_t asked_ = 0;
};

/// @return whether all went well
bool besiege(const char* what, std::uint16_t port, std::size_t expected, const Options& options) {
  SlowCrowd crowd(port, options.sockets, options.path);
  std::size_t crowded = 0;
  for (const auto until = Clock::now() + std::chrono::seconds{60};
       (crowded = crowd.connected()) < expected && Clock::now() < until;)
    std::this_thread::sleep_for(std::chrono::milliseconds{20});

  std::atomic<std::uint64_t> good{0}, bad{0};
  {
    const auto until = Clock::now() + options.time;
    std::vector<std::jthread> clients;
    for (std::size_t i = 0; i < kGoodClients; ++i)
      clients.emplace_back([&] {
        GoodClient client(port, edge::test::get(options.path));
        while (Clock::now() < until || good + bad < kFewestRequests) ++(client.ask() ? good : bad);
      });
  }
  std::printf(
      "%s: %zu slow sockets were connected; good requests: %llu answered, %llu not; slow sockets closed: %llu\n", what,
      crowded, static_cast<unsigned long long>(good), static_cast<unsigned long long>(bad),
      static_cast<unsigned long long>(crowd.closed()));
  return bad == 0 && good > 0 && crowded >= expected;
}

bool besiegeOwn(const char* what, std::size_t max_connections, const Options& options) {
  edge::test::TestHandler handler;
  handler.onHandle = [](http::Request, http::Respond respond) { respond({200, {}, std::string(2000, 'x')}); };
  auto server_options = edge::test::loopback<edge::ServerOptions>();
  server_options.max_connections = max_connections;
  edge::Server server(server_options, handler);
  // A tenth less than all: some are always on their way back.
  const auto expected = std::min(options.sockets, max_connections) * 9 / 10;
  const bool well = besiege(what, server.port(), expected, options);
  const auto stats = server.stats();
  std::printf("  the server: %llu accepted, %llu shed, %llu refused, %llu headers and %llu bodies too late\n",
              static_cast<unsigned long long>(stats.accepted), static_cast<unsigned long long>(stats.shed),
              static_cast<unsigned long long>(stats.refused_busy),
              static_cast<unsigned long long>(stats.timed_out_header),
              static_cast<unsigned long long>(stats.timed_out_body));
  return well;
}

bool enoughDescriptors(std::size_t wanted) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur >= wanted;
}

bool read(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (i + 1 == argc) return false;
    const char* value = argv[++i];
    if (name == "--path") {
      options.path = value;
      continue;
    }
    const long number = std::atol(value);
    if (number <= 0 || number > 1'000'000) return false;
    if (name == "--sockets")
      options.sockets = static_cast<std::size_t>(number);
    else if (name == "--seconds")
      options.time = std::chrono::seconds{number};
    else if (name == "--port")
      options.port = static_cast<std::uint16_t>(number);
    else
      return false;
  }
  return true;
}

int main(int argc, char** argv) {
  Options options;
  if (!read(argc, argv, options)) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  if (!enoughDescriptors(options.sockets * 2 + 500)) {
    std::fputs("this machine does not allow a process so many sockets\n", stderr);
    return kSkipped;
  }
  if (options.port != 0) return besiege("the server", options.port, options.sockets / 2, options) ? 0 : 1;
  const bool roomy = besiegeOwn("room for all", options.sockets * 2, options);
  const bool crowded = besiegeOwn("room for a quarter", options.sockets / 4, options);
  return roomy && crowded ? 0 : 1;
}

}  // namespace
}  // namespace patchbay::fault

int main(int argc, char** argv) {
  return patchbay::fault::main(argc, argv);
}
