#include "app/public_fetch.hpp"

namespace patchbay::app {
namespace {

Error notFetched(std::string why) {
  return {ErrorKind::kUnavailable, "not_fetched", std::move(why)};
}

}  // namespace

void fetchPublic(delivery::HttpClient& http, const connectors::Channel& channel, const api::PublicPage& page,
                 std::function<void(Result<std::string> body)> done) {
  auto url = delivery::parseUrl(page.url);
  if (!url.ok()) return done(notFetched(url.error().message));
  delivery::PreparedRequest request;
  request.method = "GET";
  request.unsafe = false;
  request.max_response = page.max_bytes;
  request.timeout = page.timeout;
  // No server of the manifest: whatever is asked here gets no secret.
  request.egress = std::make_shared<const delivery::EgressRules>(std::vector<connectors::Egress>{}, Json::object(),
                                                                 channel.settings().egress_allow);
  if (auto why = request.egress->refuse(*url, true); !why.empty()) return done(notFetched(std::move(why)));
  request.url = std::move(*url);
  http.send(std::move(request),
            [done = std::move(done)](connectors::Answer answer, const std::unique_ptr<media::Writer>&) {
              if (answer.failure != PB_ANSWERED) return done(notFetched(answer.error));
              if (answer.status < 200 || answer.status > 299)
                return done(notFetched("the answer was HTTP " + std::to_string(answer.status)));
              done(std::move(answer.body));
            });
}

}  // namespace patchbay::app
