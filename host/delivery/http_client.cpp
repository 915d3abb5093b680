#include "delivery/http_client.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <system_error>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/log.hpp"
#include "delivery/transfer.hpp"

namespace patchbay::delivery {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

void initCurl() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) throw std::runtime_error("libcurl cannot start");
  });
}

int checked(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

}  // namespace

struct HttpClient::Loop {
  Loop(Options o, const media::Store* s) : options(std::move(o)), store(s) {
    initCurl();
    epoll = checked(::epoll_create1(EPOLL_CLOEXEC), "HTTP client: epoll");
    wake = checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "HTTP client: eventfd");
    epoll_event event{EPOLLIN, {.fd = wake}};
    checked(::epoll_ctl(epoll, EPOLL_CTL_ADD, wake, &event), "HTTP client: epoll");
    multi = curl_multi_init();
    if (!multi) throw std::runtime_error("libcurl has no memory");
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, &Loop::onSocket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, this);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, &Loop::onTimer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, this);
    curl_multi_setopt(multi, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
    curl_multi_setopt(multi, CURLMOPT_MAX_HOST_CONNECTIONS, options.max_per_host);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, 256L);  // idle ones that are kept
    thread = std::thread([this] { run(); });
  }

  ~Loop() {
    stop();
    curl_multi_cleanup(multi);
    ::close(wake);
    ::close(epoll);
  }

  void stop() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;  // nothing comes in any more
    }
    poke();
    if (thread.joinable()) thread.join();
  }

  void poke() const {
    const std::uint64_t one = 1;
    if (::write(wake, &one, sizeof one) < 0) return;  // full: a wake-up is pending already
  }

  static int onSocket(CURL*, curl_socket_t socket, int what, void* self, void*) {
    auto& loop = *static_cast<Loop*>(self);
    epoll_event event{};
    event.data.fd = socket;
    if (what == CURL_POLL_REMOVE) {
      ::epoll_ctl(loop.epoll, EPOLL_CTL_DEL, socket, nullptr);  // closed already: gone already
      return 0;
    }
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0U) | (what & CURL_POLL_OUT ? EPOLLOUT : 0U);
    if (::epoll_ctl(loop.epoll, EPOLL_CTL_MOD, socket, &event) != 0 && errno == ENOENT)
      ::epoll_ctl(loop.epoll, EPOLL_CTL_ADD, socket, &event);
    return 0;
  }

  static int onTimer(CURLM*, long timeout_ms, void* self) {
    auto& loop = *static_cast<Loop*>(self);
    loop.timer = timeout_ms < 0 ? steady_clock::time_point::max() : steady_clock::now() + milliseconds{timeout_ms};
    return 0;
  }

  void takeNew() {
    std::vector<std::unique_ptr<Transfer>> fresh;
    {
      const std::lock_guard lock(mutex);
      fresh.swap(incoming);
    }
    for (auto& transfer : fresh) {
      Transfer* key = transfer.get();
      if (!key->prepare() || curl_multi_add_handle(multi, key->handle()) != CURLM_OK) {
        end(*key, [&] { key->abandon("libcurl cannot take the request"); });
        continue;
      }
      active.emplace(key, std::move(transfer));
    }
  }

  template <class Finish>
  void end(Transfer&, Finish finish) {
    finish();
    --in_flight;
  }

  void collect() {
    int remaining = 0;
    while (CURLMsg* message = curl_multi_info_read(multi, &remaining)) {
      if (message->msg != CURLMSG_DONE) continue;
      const CURLcode code = message->data.result;  // the message is gone with the handle
      Transfer* transfer = nullptr;
      curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
      curl_multi_remove_handle(multi, transfer->handle());
      if (transfer->ended(code) && curl_multi_add_handle(multi, transfer->handle()) == CURLM_OK) continue;
      const auto node = active.extract(transfer);
      end(*transfer, [&] { transfer->finish(); });
    }
  }

  int patience() const {
    if (timer == steady_clock::time_point::max()) return -1;
    const auto rest = std::chrono::ceil<milliseconds>(timer - steady_clock::now()).count();
    return static_cast<int>(std::clamp<long long>(rest, 0, 60000));
  }

  void run() {
    std::array<epoll_event, 256> events{};
    int running = 0;
    while (!stopping) {
      const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), patience());
      for (int i = 0; i < count; ++i) {
        if (events[i].data.fd == wake) {
          std::uint64_t ignored = 0;
          if (::read(wake, &ignored, sizeof ignored) > 0) takeNew();
          continue;
        }
        const auto mask = events[i].events;
        const int what = (mask & EPOLLIN ? CURL_CSELECT_IN : 0) | (mask & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                         (mask & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
        curl_multi_socket_action(multi, events[i].data.fd, what, &running);
      }
      if (steady_clock::now() >= timer) {
        timer = steady_clock::time_point::max();
        curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
      }
      collect();
    }
    takeNew();
    for (auto& [key, transfer] : active) {
      curl_multi_remove_handle(multi, key->handle());
      end(*key, [&, one = transfer.get()] { one->abandon("Patchbay is stopping"); });
    }
    active.clear();
  }

  const Options options;
  const media::Store* store;
  std::atomic<bool> stopping{false};
  std::atomic<std::size_t> in_flight{0};
  std::mutex mutex;
  std::vector<std::unique_ptr<Transfer>> incoming;  // guarded by mutex
  // From here on: the loop's thread only.
  std::unordered_map<Transfer*, std::unique_ptr<Transfer>> active;
  CURLM* multi = nullptr;
  int epoll = -1;
  int wake = -1;
  steady_clock::time_point timer = steady_clock::time_point::max();
  std::thread thread;
};

HttpClient::HttpClient(Options options, const media::Store* store)
    : loop_(std::make_unique<Loop>(std::move(options), store)) {}

HttpClient::~HttpClient() = default;

void HttpClient::stop() {
  loop_->stop();
}

void HttpClient::send(PreparedRequest request, Done done) {
  const auto refuse = [&done](const char* why) {
    connectors::Answer answer;
    answer.failure = PB_NOT_SENT;
    answer.error = why;
    done(std::move(answer), nullptr);
  };
  if (request.into_blob && !loop_->store) return refuse("there is no store for the answer");
  if (loop_->in_flight.fetch_add(1) >= loop_->options.max_in_flight) {
    --loop_->in_flight;
    return refuse("too many requests are under way");
  }
  std::unique_lock lock(loop_->mutex);
  if (loop_->stopping) {
    lock.unlock();
    --loop_->in_flight;
    return refuse("Patchbay is stopping");
  }
  loop_->incoming.push_back(
      std::make_unique<Transfer>(std::move(request), std::move(done), loop_->options, loop_->store));
  lock.unlock();
  loop_->poke();
}

std::size_t HttpClient::inFlight() const {
  return loop_->in_flight;
}

}  // namespace patchbay::delivery
