/// The simulator with a webhook endpoint of its own, for the tests of both.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <mutex>
#include <thread>

#include "base/crypto.hpp"
#include "simulators/common/bad_input.hpp"
#include "simulators/common/http_client.hpp"
#include "simulators/common/http_server.hpp"
#include "simulators/meta/wire.hpp"
#include "simulators/whatsapp/whatsapp_simulator.hpp"

namespace patchbay::simulators::whatsapp {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline const Customer kInes{"Inês", "+33639980042", "FR.7781", "@ines"};
inline const Customer kHidden{"小芳", "", "TW.9032", ""};

/// Stands where the host's webhook endpoint stands: a real server that checks the signature and answers as it is told.
class Callback {
 public:
  Callback()
      : server_(
            "127.0.0.1", 0, [this](HttpRequest& request) { return answer(request); },
            [](const HttpRequest&) { return false; }) {
    server_.start();
  }

  std::string url() const { return server_.url() + "/api/v1/webhooks/acme/whatsapp"; }

  /// The next requests get these statuses; afterwards 200.
  void answerWith(std::deque<int> statuses) {
    const std::lock_guard lock(mutex_);
    statuses_ = std::move(statuses);
  }
  std::vector<HttpRequest> received() const {
    const std::lock_guard lock(mutex_);
    return received_;
  }
  std::string verify_token = "v-token";
  std::string after_challenge;

 private:
  HttpReply answer(const HttpRequest& request) {
    const std::lock_guard lock(mutex_);
    received_.push_back(request);
    if (request.method == "GET") {
      const bool good =
          request.parameter("hub.mode") == "subscribe" && request.parameter("hub.verify_token") == verify_token;
      return {good ? 200 : 403, {}, request.parameter("hub.challenge") + after_challenge};
    }
    int status = 200;
    if (!statuses_.empty()) {
      status = statuses_.front();
      statuses_.pop_front();
    }
    const bool signed_well = request.header("X-Hub-Signature-256") == meta::signature("app-secret", request.body);
    return {signed_well ? status : 401, {}, "said " + std::to_string(signed_well ? status : 401)};
  }

  mutable std::mutex mutex_;  // guards what follows
  std::vector<HttpRequest> received_;
  std::deque<int> statuses_;
  HttpServer server_;
};

class WhatsAppSimulatorTest : public ::testing::Test {
 protected:
  static Options options() {
    Options options;
    options.app_secret = "app-secret";
    options.token = "the-token";
    options.verify_token = "v-token";
    options.statuses.delay = milliseconds(1);
    options.retry_delays = {milliseconds(0), milliseconds(1), milliseconds(1)};
    return options;
  }

  WhatsAppSimulatorTest() : meta(options()), client(seconds(30)) {
    meta.registerNumber({"1061", callback.url(), "15550109999", "3012", "", "", "", ""});
  }

  HttpAnswer post(const std::string& path, const std::string& body, const std::string& token = "the-token",
                  const std::string& type = "application/json") {
    return client.post(meta.url() + path, {{"Authorization", "Bearer " + token}, {"Content-Type", type}}, body);
  }
  HttpAnswer send(const Json& body) { return post("/v23.0/1061/messages", dumpJson(body)); }
  HttpAnswer control(const std::string& path, const Json& body) {
    return client.post(meta.url() + "/_simulator" + path, {{"Content-Type", "application/json"}}, dumpJson(body));
  }
  HttpAnswer getControl(const std::string& path) { return client.get(meta.url() + "/_simulator" + path); }

  static Json text(const std::string& body, const std::string& to = "+33639980042") {
    return {{"messaging_product", "whatsapp"},
            {"to", to},
            {"type", "text"},
            {"text", {{"body", body}}},
            {"biz_opaque_callback_data", "out-42"}};
  }

  Callback callback;
  WhatsAppSimulator meta;
  HttpClient client;
};

}  // namespace patchbay::simulators::whatsapp
