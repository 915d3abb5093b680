/// Internal to the simulator: its state, and the two APIs over it.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <set>

#include "simulators/common/http_client.hpp"
#include "simulators/common/http_server.hpp"
#include "simulators/common/ids.hpp"
#include "simulators/common/scheduler.hpp"
#include "simulators/twilio/twilio_simulator.hpp"
#include "simulators/twilio/wire.hpp"

namespace patchbay::simulators::twilio {

struct StoredMedia {
  std::string bytes;
  std::string mime_type;
};

struct TwilioSimulator::Impl {
  explicit Impl(Options given);

  HttpReply serve(HttpRequest& request);

  // messages_api.cpp: the provider's own API
  HttpReply messagesApi(const HttpRequest& request);
  HttpReply createMessage(const HttpRequest& request);
  HttpReply readMedia(const HttpRequest& request, const std::string& id);
  bool authorised(const HttpRequest& request) const;
  using Plan = std::shared_ptr<const std::vector<std::string>>;
  void scheduleStatuses(const Json& message, const std::string& callback);
  void scheduleNext(const Json& message, const std::string& callback, Plan plan, std::size_t at);
  void reportStatus(const Json& message, const std::string& callback, const std::string& status);

  // control_api.cpp
  HttpReply control(const HttpRequest& request);
  Json waitFor(const HttpRequest& request, const std::vector<Json>& list);

  // customers.cpp
  Json deliver(const Json& event);
  Json playDemoCustomers();

  std::string sid(const char* prefix);
  void tell(const std::string& line) const {
    if (options.story) options.story(line);
  }

  Options options;
  Ids ids;
  Failures failures;
  HttpClient client;

  mutable std::mutex mutex;  // guards what follows
  std::condition_variable changed;
  std::string callback_url;
  std::vector<Json> sent;
  std::vector<Json> reported;
  std::vector<Json> requests;
  std::map<std::string, StoredMedia> media;
  std::set<std::string> opted_out;
  std::set<std::string> demo_customers;
  std::vector<std::string> statuses;

  // Last: their threads end before what they use.
  Scheduler scheduler;
  HttpServer server;
};

}  // namespace patchbay::simulators::twilio
