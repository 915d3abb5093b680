/// Makes requests: one thread, one libcurl multi handle on epoll, thousands in flight.
///
/// What is told about each is the truth about the wire: PB_NOT_SENT only when no byte of the request left, PB_NO_ANSWER
/// when some did and the answer is not whole. libcurl may make a request again by itself when a reused connection turns
/// out to be dead (7.88: engineering facts, 11); for an unsafe request that is stopped: its body is read once and
/// cannot rewind, and a second attempt to start it is aborted.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "connectors/turn.hpp"
#include "delivery/request.hpp"
#include "media/store.hpp"

namespace patchbay::delivery {

class HttpClient {
 public:
  struct Options {
    std::string ca_file;  ///< PEM file of trusted authorities; empty: the system's
    std::string user_agent = "Patchbay/1.0";
    std::chrono::milliseconds timeout{30000};  ///< in total, of requests that do not say
    std::chrono::milliseconds connect_timeout{10000};
    std::size_t max_in_flight = 4096;  ///< more are refused: PB_NOT_SENT
    long max_per_host = 256;           ///< connections to one server; further requests wait, within their deadline
    std::size_t max_header_bytes = 64U << 10U;  ///< of one answer
  };

  /// The answer; with `into: blob` and a 2xx status also the file, whole but not committed. Called once, on the
  /// client's thread; must not block or throw.
  using Done = std::function<void(connectors::Answer, std::unique_ptr<media::Writer>)>;

  /// @param store  where `into: blob` goes; outlives the client; null: such requests are refused
  HttpClient(Options options, const media::Store* store);
  /// Ends what is in flight: each gets its answer by what had happened on the wire.
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  /// Any thread; does not block.
  void send(PreparedRequest request, Done done);

  /// Ends what is in flight, each with its answer, and refuses what comes later. Not from a callback; once is enough,
  /// the destructor does it too.
  void stop();

  std::size_t inFlight() const;

 private:
  struct Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace patchbay::delivery
