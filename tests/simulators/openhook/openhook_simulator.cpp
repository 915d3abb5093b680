#include "simulators/openhook/openhook_simulator.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <set>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "simulators/common/bad_input.hpp"
#include "simulators/common/control.hpp"
#include "simulators/common/http_client.hpp"
#include "simulators/common/http_server.hpp"
#include "simulators/common/ids.hpp"

namespace patchbay::simulators::openhook {
namespace {

constexpr std::int64_t kTolerance = 300;  // seconds; the specification's

std::int64_t secondsNow() {
  return std::chrono::floor<std::chrono::seconds>(now()).time_since_epoch().count();
}

HttpReply broken(Manner manner) {
  HttpReply reply;
  reply.manner = manner;
  return reply;
}

}  // namespace

std::string signatureOf(const std::string& secret, const std::string& id, const std::string& timestamp,
                        std::string_view body) {
  const auto key = crypto::base64Decode(secret.starts_with("whsec_") ? std::string_view{secret}.substr(6) : secret);
  if (!key || key->empty()) throw BadInput("the secret must be whsec_ and base64");
  return "v1," + crypto::base64Encode(
                     crypto::hmac(crypto::Hash::kSha256, *key, id + "." + timestamp + "." + std::string(body)));
}

struct OpenHookSimulator::Impl {
  explicit Impl(Options given)
      : options(std::move(given)),
        ids(options.seed),
        client(std::chrono::seconds(30)),
        callback_url(options.callback_url),
        server(
            options.host, options.port, [this](HttpRequest& request) { return serve(request); }, nullptr) {}

  HttpReply serve(HttpRequest& request) {
    try {
      if (request.path.starts_with("/_simulator/")) return control(request);
      return request.path == "/hook" && request.method == "POST" ? take(request) : HttpReply{404, {}, ""};
    } catch (const std::exception& problem) {
      return plain(400, {{"error", problem.what()}});
    }
  }

  HttpReply refuse(int status, const std::string& code) {
    return plain(status, {{"error", {{"code", code}, {"text", "refused: " + code}}}});
  }

  /// A delivery of the inbox.
  HttpReply take(const HttpRequest& request) {
    const std::string id = request.header("webhook-id"), timestamp = request.header("webhook-timestamp");
    const auto codes = request.header("webhook-signature");
    const auto wanted = signatureOf(options.secret, id, timestamp, request.body);
    bool valid = false;
    for (const auto code : split(codes, ' ')) valid = crypto::constantTimeEqual(code, wanted) | valid;
    if (id.empty() || !valid) return refuse(401, "signature");
    const auto distance = secondsNow() - parseNumber("'webhook-timestamp'", timestamp, 0, 99'999'999'999);
    if (distance > kTolerance || distance < -kTolerance) return refuse(401, "timestamp");
    const Json body = parseJson(request.body);
    const auto order = failures.take("messages", "");
    if (order) {
      if (order->what == Failure::What::kTimeout) return broken(Manner::kNeverAnswer);
      if (order->what == Failure::What::kCloseAfterRequest && !order->counts) return broken(Manner::kClose);
      if (order->what == Failure::What::kHttpStatus) {
        HttpReply reply{order->status, {}, "<html/>"};
        if (order->retry_after) reply.headers.emplace_back("Retry-After", std::to_string(*order->retry_after));
        return reply;
      }
    }
    keep(id, body);
    if (order && order->what == Failure::What::kCloseAfterRequest) return broken(Manner::kClose);
    return plain(200, {{"id", "own-" + id}});
  }

  void keep(const std::string& id, const Json& body) {
    {
      const std::lock_guard lock(mutex);
      const auto known =
          std::find_if(received.begin(), received.end(), [&](const Json& one) { return one.at("id") == id; });
      if (known != received.end())
        (*known)["count"] = known->at("count").get<int>() + 1;
      else
        received.push_back({{"id", id}, {"body", body}, {"count", 1}});
    }
    changed.notify_all();
    if (options.story) options.story("delivered: " + dumpJson(body));
  }

  Json deliver(const Json& order) {
    allowOnly(order, "delivery", {"event", "id", "signature", "copies"});
    if (!order.contains("event")) throw BadInput("'event' is needed");
    const std::string body = dumpJson(order.at("event"));
    const std::string id = textOr(order, "id", "msg_" + ids.word(24)), timestamp = std::to_string(secondsNow());
    const std::string signature = textOr(order, "signature", "valid");
    std::string url;
    {
      const std::lock_guard lock(mutex);
      url = callback_url;
    }
    if (url.empty()) throw BadInput("no callback URL is set");
    HttpClient::Headers headers = {
        {"Content-Type", "application/json"}, {"webhook-id", id}, {"webhook-timestamp", timestamp}};
    if (signature == "valid")
      headers.emplace_back("webhook-signature", signatureOf(options.secret, id, timestamp, body));
    else if (signature == "wrong")
      headers.emplace_back("webhook-signature", signatureOf(options.secret, id, timestamp, body + " "));
    else if (signature != "missing")
      throw BadInput("'signature' must be valid, wrong or missing");
    const auto copies = numberOr(order, "copies", 1);
    if (copies < 1 || copies > 1000) throw BadInput("'copies' must be 1..1000");
    HttpAnswer answer;
    for (long long i = 0; i < copies; ++i) answer = client.post(url, headers, body);
    if (options.story) options.story("posted " + body + " -> " + std::to_string(answer.status));
    return {{"ids", {id}},
            {"status", answer.status},
            {"body", answer.body},
            {"milliseconds", std::chrono::duration_cast<std::chrono::milliseconds>(answer.took).count()}};
  }

  Json playDemoCustomers() {
    const std::vector<Json> events = {
        {{"from", {{"kind", "openhook"}, {"address", "visitor-17"}, {"name", "Mira"}}},
         {"text", "Is the blue one in stock?"}},
        {{"from", {{"kind", "email"}, {"address", "joao@example.test"}, {"name", "João"}}},
         {"text", "My parcel has not come."}}};
    bool ok = true;
    Json steps = Json::array();
    for (const Json& event : events) {
      const Json told = deliver({{"event", event}});
      ok = ok && told.at("status") == 200;
      steps.push_back({{"customer", {{"name", event.at("from").at("name")}}},
                       {"channel", "openhook"},
                       {"step", event.at("text")},
                       {"ids", told.at("ids")},
                       {"status", told.at("status")},
                       {"milliseconds", told.at("milliseconds")}});
    }
    return {{"ok", ok}, {"steps", steps}};
  }

  HttpReply control(const HttpRequest& request) {
    const std::string what = request.method + " " + request.path.substr(12);
    const Json body = request.body.empty() ? Json::object() : parseJson(request.body);
    if (what == "POST deliver") return plain(200, deliver(body));
    if (what == "GET sent") return waitForSent(request);
    if (what == "POST fail") {
      failures.add(Failure::fromJson(body));
      return plain(200, failures.toJson());
    }
    if (what == "DELETE fail") {
      failures.clear();
      return plain(200, Json::array());
    }
    if (what == "POST settings") {
      allowOnly(body, "settings", {"callback_url"});
      const std::lock_guard lock(mutex);
      callback_url = textOr(body, "callback_url", callback_url);
      return plain(200, {{"callback_url", callback_url}});
    }
    if (what == "POST demo/customers") {
      const Json told = playDemoCustomers();
      return plain(told.at("ok") == true ? 200 : 502, told);
    }
    if (what == "POST reset") {
      failures.clear();
      server.release();
      const std::lock_guard lock(mutex);
      received.clear();
      return plain(200, Json::object());
    }
    return plain(404, {{"error", "the control API has no " + what}});
  }

  HttpReply waitForSent(const HttpRequest& request) {
    const std::size_t wanted = atLeast(request);
    std::unique_lock lock(mutex);
    const bool there = changed.wait_for(lock, waitOf(request), [&] { return received.size() >= wanted; });
    return there ? plain(200, received) : plain(408, {{"error", "it did not come"}});
  }

  Options options;
  Ids ids;
  Failures failures;
  HttpClient client;
  mutable std::mutex mutex;  // guards callback_url and received
  std::condition_variable changed;
  std::string callback_url;
  std::vector<Json> received;
  HttpServer server;  // last: its threads use the rest
};

OpenHookSimulator::OpenHookSimulator(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {
  impl_->server.start();
}
OpenHookSimulator::~OpenHookSimulator() = default;

std::string OpenHookSimulator::url() const {
  return impl_->server.url();
}
std::string OpenHookSimulator::hookUrl() const {
  return url() + "/hook";
}
void OpenHookSimulator::setCallback(std::string url) {
  const std::lock_guard lock(impl_->mutex);
  impl_->callback_url = std::move(url);
}
void OpenHookSimulator::failNext(Failure failure) {
  impl_->failures.add(std::move(failure));
}
Json OpenHookSimulator::deliver(const Json& order) {
  return impl_->deliver(order);
}
Json OpenHookSimulator::sent() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->received;
}
Json OpenHookSimulator::playDemoCustomers() {
  return impl_->playDemoCustomers();
}

}  // namespace patchbay::simulators::openhook
