#include "simulators/twilio/twilio_simulator.hpp"

#include "simulators/common/bad_input.hpp"
#include "simulators/common/control.hpp"
#include "simulators/twilio/twilio_simulator_impl.hpp"

namespace patchbay::simulators::twilio {
namespace {

constexpr std::chrono::seconds kWebhookTimeout{15};  // Twilio's own

/// Messages to the customers of the demo.
Json answersIn(const std::vector<Json>& sent, const std::set<std::string>& customers) {
  int answers = 0, read = 0;
  for (const Json& message : sent) {
    if (customers.count(message.at("to").get<std::string>()) == 0) continue;
    ++answers;
    read += message.at("status") == "delivered" || message.at("status") == "read" ? 1 : 0;
  }
  return {{"answers", answers}, {"read", read}, {"customers", customers.size()}};
}

}  // namespace

TwilioSimulator::Impl::Impl(Options given)
    : options(std::move(given)),
      ids(options.seed),
      client(kWebhookTimeout),
      callback_url(options.callback_url),
      statuses(options.statuses),
      scheduler(4),
      server(
          options.host, options.port, [this](HttpRequest& request) { return serve(request); },
          [this](const HttpRequest& request) {
            return request.path.ends_with("/Messages.json") && failures.takeBeforeBody("messages").has_value();
          }) {}

std::string TwilioSimulator::Impl::sid(const char* prefix) {
  std::string text = prefix;
  const std::string digits = ids.digits(32);
  return text + digits;
}

HttpReply TwilioSimulator::Impl::serve(HttpRequest& request) {
  try {
    if (request.path.starts_with("/_simulator/")) return control(request);
    if (request.path.starts_with("/cdn/")) {
      const std::lock_guard lock(mutex);
      const auto found = media.find(request.path.substr(5));
      if (found == media.end()) return {404, {}, ""};
      return {200,
              {{"Content-Type", found->second.mime_type}, {"Content-Disposition", "inline; filename=\"media.png\""}},
              found->second.bytes};
    }
    {
      const std::lock_guard lock(mutex);
      requests.push_back({{"method", request.method}, {"path", request.path}, {"body", request.body}});
    }
    changed.notify_all();
    return messagesApi(request);
  } catch (const BadInput& problem) {
    return plain(400, {{"error", problem.what()}});
  } catch (const JsonError& problem) {
    return plain(400, {{"error", problem.what()}});
  }
}

Json TwilioSimulator::Impl::waitFor(const HttpRequest& request, const std::vector<Json>& list) {
  const std::size_t wanted = atLeast(request);
  const auto patience = waitOf(request);
  const std::string id = request.parameter("message_id"), status = request.parameter("status");
  const auto fits = [&] {
    if (!status.empty() || !id.empty())
      return std::any_of(list.begin(), list.end(), [&](const Json& one) {
        return (id.empty() || one.value("message_id", "") == id) &&
               (status.empty() || one.value("message_status", "") == status) && one.value("status", Json()) == 200;
      });
    return list.size() >= wanted;
  };
  std::unique_lock lock(mutex);
  if (!changed.wait_for(lock, patience, fits)) return nullptr;
  return list;
}

HttpReply TwilioSimulator::Impl::control(const HttpRequest& request) {
  const std::string what = request.method + " " + request.path.substr(12);
  const auto waited = [&](const std::vector<Json>& list) {
    const Json found = waitFor(request, list);
    return found.is_null() ? plain(408, {{"error", "it did not come"}}) : plain(200, found);
  };
  const Json body = request.body.empty() ? Json::object() : parseJson(request.body);
  if (what == "POST deliver") return plain(200, deliver(body));
  if (what == "GET sent") return waited(sent);
  if (what == "GET requests") return waited(requests);
  if (what == "GET statuses") return waited(reported);
  if (what == "POST fail") {
    for (const Json& order : body.is_array() ? body : Json::array({body})) failures.add(Failure::fromJson(order));
    return plain(200, failures.toJson());
  }
  if (what == "GET fail") return plain(200, failures.toJson());
  if (what == "DELETE fail") {
    failures.clear();
    return plain(200, Json::array());
  }
  if (what == "POST settings") {
    allowOnly(body, "settings", {"callback_url", "statuses"});
    const std::lock_guard lock(mutex);
    callback_url = textOr(body, "callback_url", callback_url);
    if (body.contains("statuses")) {
      statuses.clear();
      for (const Json& name : body.at("statuses")) {
        if (!name.is_string())
          throw BadInput("'statuses' must be a list of names, as \"sent\" or \"undelivered:30003\"");
        statuses.push_back(name.get<std::string>());
      }
    }
    return plain(200, {{"callback_url", callback_url}, {"statuses", statuses}});
  }
  if (what == "POST demo/customers") {
    const Json told = playDemoCustomers();
    return plain(told.at("ok") == true ? 200 : 502, told);
  }
  if (what == "GET demo/state") {
    const std::lock_guard lock(mutex);
    return plain(200, answersIn(sent, demo_customers));
  }
  if (what == "POST reset") {
    scheduler.clear();
    failures.clear();
    server.release();
    const std::lock_guard lock(mutex);
    sent.clear();
    reported.clear();
    requests.clear();
    opted_out.clear();
    demo_customers.clear();
    statuses = options.statuses;
    return plain(200, Json::object());
  }
  return plain(404, {{"error", "the control API has no " + what}});
}

TwilioSimulator::TwilioSimulator(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {
  impl_->server.start();
}
TwilioSimulator::~TwilioSimulator() = default;

std::string TwilioSimulator::url() const {
  return impl_->server.url();
}
void TwilioSimulator::setCallback(std::string url) {
  const std::lock_guard lock(impl_->mutex);
  impl_->callback_url = std::move(url);
}
void TwilioSimulator::failNext(Failure failure) {
  impl_->failures.add(std::move(failure));
}
Json TwilioSimulator::deliver(const Json& event) {
  return impl_->deliver(event);
}
Json TwilioSimulator::sent() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->sent;
}
Json TwilioSimulator::statuses() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->reported;
}
Json TwilioSimulator::playDemoCustomers() {
  return impl_->playDemoCustomers();
}
Json TwilioSimulator::demoState() const {
  const std::lock_guard lock(impl_->mutex);
  return answersIn(impl_->sent, impl_->demo_customers);
}

}  // namespace patchbay::simulators::twilio
