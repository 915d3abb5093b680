#include "app/issuer_keys.hpp"

#include <charconv>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stdexcept>

#include "base/text.hpp"

namespace patchbay::app {
namespace {

/// Where the fetching thread waits for the client's. Shared: the answer may come when nobody waits any more.
struct Mailbox {
  std::mutex mutex;
  std::condition_variable_any arrived;
  std::optional<connectors::Answer> answer;  // guarded by mutex
};

/// How long the answer may be kept (RFC 9111): no-store and no-cache count as not at all.
std::optional<std::chrono::seconds> maxAge(const http::Headers& headers) {
  std::optional<std::chrono::seconds> age;
  for (const auto& header : headers) {
    if (!equalsIgnoreCase(header.name, "Cache-Control")) continue;
    for (const auto directive : split(header.value, ',')) {
      const auto word = lowerAscii(trim(directive));
      if (word == "no-store" || word == "no-cache") return std::chrono::seconds{0};
      constexpr std::string_view kName = "max-age=";
      if (!word.starts_with(kName)) continue;
      std::int64_t seconds = 0;
      const auto* end = word.data() + word.size();
      const auto [stop, error] = std::from_chars(word.data() + kName.size(), end, seconds);
      constexpr std::int64_t kYear = 31536000;
      if (error == std::errc{} && stop == end && seconds >= 0) age = std::chrono::seconds{std::min(seconds, kYear)};
    }
  }
  return age;
}

Error noKeys(std::string why) {
  return {ErrorKind::kUnavailable, "keys_unavailable", std::move(why)};
}

}  // namespace

api::Jwks::Fetch fetchKeysFrom(const std::string& url, delivery::HttpClient& http, std::chrono::milliseconds timeout) {
  auto parsed = delivery::parseUrl(url);
  if (!parsed.ok()) throw std::invalid_argument("auth.jwks_url: " + parsed.error().message);
  delivery::PreparedRequest request;
  request.method = "GET";
  request.headers = {{"Accept", "application/jwk-set+json, application/json"}};
  request.unsafe = false;
  request.max_response = api::kMaxJwksBytes;
  request.timeout = timeout;
  request.egress = std::make_shared<const delivery::EgressRules>(std::vector<connectors::Egress>{}, Json::object(),
                                                                 std::vector<std::string>{parsed->authority()});
  request.url = std::move(*parsed);
  return [request, &http, timeout](const std::stop_token& stop) -> Result<api::FetchedKeys> {
    const auto mailbox = std::make_shared<Mailbox>();
    http.send(request, [mailbox](connectors::Answer answer, const std::unique_ptr<media::Writer>&) {
      const std::lock_guard lock(mailbox->mutex);
      mailbox->answer = std::move(answer);
      mailbox->arrived.notify_all();
    });
    std::unique_lock lock(mailbox->mutex);
    // The client keeps the deadline; the second more is for the day when it does not.
    mailbox->arrived.wait_for(lock, stop, timeout + std::chrono::seconds{1},
                              [&] { return mailbox->answer.has_value(); });
    if (!mailbox->answer) return noKeys(stop.stop_requested() ? "the host stops" : "there was no answer in time");
    auto& answer = *mailbox->answer;
    if (answer.failure != PB_ANSWERED) return noKeys(answer.error);
    if (answer.status != 200) return noKeys("the answer was HTTP " + std::to_string(answer.status));
    return api::FetchedKeys{std::move(answer.body), maxAge(answer.headers)};
  };
}

}  // namespace patchbay::app
