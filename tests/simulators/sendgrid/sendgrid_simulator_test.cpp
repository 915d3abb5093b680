#include "simulators/sendgrid/sendgrid_simulator.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>

#include "connectors/signature/verifier.hpp"
#include "simulators/common/bad_input.hpp"
#include "simulators/common/http_client.hpp"
#include "simulators/common/http_server.hpp"
#include "simulators/sendgrid/signature.hpp"

namespace patchbay::simulators::sendgrid {
namespace {

using namespace std::chrono_literals;

/// In the place of the host: keeps what it is sent.
class Callback {
 public:
  Callback()
      : server_(
            "127.0.0.1", 0, [this](HttpRequest& request) { return take(request); },
            [](const HttpRequest&) { return false; }) {
    server_.start();
  }
  std::string url() const { return server_.url() + "/hooks"; }
  void answer(int status) { status_ = status; }
  void refuseNext() { refuse_ = true; }
  std::vector<HttpRequest> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

 private:
  HttpReply take(const HttpRequest& request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
    return {refuse_.exchange(false) ? 503 : status_.load(), {}, {}};
  }
  mutable std::mutex mutex_;  // guards requests_
  std::vector<HttpRequest> requests_;
  std::atomic<int> status_ = 200;
  std::atomic<bool> refuse_ = false;
  HttpServer server_;
};

class SendGridSimulatorTest : public testing::Test {
 protected:
  SendGridSimulatorTest() {
    Options options;
    options.events.delay = 1ms;
    options.retry_delays = {1ms, 1ms};
    simulator_.emplace(options);
    simulator_->addMailbox(
        {.address = "help@patchbay.example", .callback_url = host_.url(), .inbound = "help@in.example"});
  }

  static Json mail(const std::string& to = "ana@example.org") {
    return {{"personalizations", Json::array({Json{{"to", Json::array({Json{{"email", to}}})},
                                                   {"custom_args", {{"pb_msg", "ref-1"}, {"event", "lost"}}}}})},
            {"from", {{"email", "help@patchbay.example"}}},
            {"reply_to", {{"email", "help+7@in.example"}}},
            {"subject", "Hi"},
            {"headers", {{"Message-ID", "<o1@patchbay.example>"}, {"References", "<c1@example.org>"}}},
            {"content", Json::array({Json{{"type", "text/plain"}, {"value", "Hello"}}})}};
  }
  HttpAnswer send(const Json& body, const std::string& key = "SG.simulator-api-key") {
    HttpClient once(30s);  // a connection that was used before makes libcurl repeat what was cut
    return once.post(simulator_->url() + "/v3/mail/send",
                     {{"Authorization", "Bearer " + key}, {"Content-Type", "application/json"}}, dumpJson(body));
  }
  Json control(const std::string& method, const std::string& path, const Json& body = nullptr, int status = 200) {
    const HttpAnswer answer =
        client_.request(method, simulator_->url() + "/_simulator/" + path, {}, body.is_null() ? "" : dumpJson(body));
    EXPECT_EQ(answer.status, status) << answer.body;
    return parseJson(answer.body);
  }
  /// Judged by the host's own verifier.
  static bool verifies(const HttpRequest& request) {
    connectors::SignatureScheme scheme;
    scheme.kind = connectors::SignatureScheme::Kind::kEcdsa;
    scheme.name = "ecdsa";
    scheme.header = kSignatureHeader;
    scheme.timestamp_header = kTimestampHeader;
    scheme.tolerance = std::chrono::minutes(5);
    scheme.key = "key";
    connectors::WebhookPath path;
    path.signatures = {scheme};
    const auto secrets = std::make_shared<connectors::Secrets>(
        std::map<std::string, std::vector<std::string>>{{"key", {kPublicKey}}}, "nonce");
    const auto verifier = connectors::Verifier::make(path, secrets, Json::object());
    http::Headers headers;
    for (const auto& [name, value] : request.headers) headers.push_back({name, value});
    return (*verifier)->verify({"POST", "", "", &headers, request.body}, now()).kind ==
           connectors::Verdict::Kind::kPass;
  }

  Callback host_;
  HttpClient client_{30s};
  std::optional<SendGridSimulator> simulator_;
};

TEST_F(SendGridSimulatorTest, AnAcceptedMailIsAnsweredWith202AndFollowedByItsEvents) {
  const HttpAnswer answer = send(mail());
  ASSERT_EQ(answer.status, 202);
  EXPECT_EQ(answer.body, "");
  const std::string id = answer.header("X-Message-Id");
  ASSERT_TRUE(simulator_->waitForEvent(id, "delivered", 30s));
  const auto requests = host_.requests();
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[1].path, "/hooks/events");
  EXPECT_TRUE(verifies(requests[1]));
  EXPECT_TRUE(requests[1].body.ends_with("}]\r\n"));
  const Json event = parseJson(requests[1].body).at(0);
  EXPECT_EQ(event.at("event"), "delivered") << "a custom argument cannot take the place of SendGrid's own member";
  EXPECT_EQ(event.at("pb_msg"), "ref-1");
  EXPECT_TRUE(event.at("sg_message_id").get<std::string>().starts_with(id + "."));
}

TEST_F(SendGridSimulatorTest, RefusesAsSendGridDoes) {
  EXPECT_EQ(send(mail(), "SG.wrong").status, 401);
  Json stranger = mail();
  stranger["from"]["email"] = "other@patchbay.example";
  EXPECT_EQ(send(stranger).status, 403);
  Json empty = mail();
  empty["content"][0]["value"] = "";
  const HttpAnswer refused = send(empty);
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(parseJson(refused.body).at("errors").at(0).at("field"), "content.0.value");
  Json large = mail();
  large["content"][0]["value"] = std::string(30'000'001, 'x');
  EXPECT_EQ(send(large).status, 413);
  EXPECT_EQ(client_.get(simulator_->url() + "/v3/mail/send").status, 405);
  EXPECT_EQ(client_.get(simulator_->url() + "/v3/other").status, 404);
  EXPECT_TRUE(simulator_->sent().empty());
}

TEST_F(SendGridSimulatorTest, InSandboxModeNothingIsDelivered) {
  Json checked = mail();
  checked["mail_settings"] = {{"sandbox_mode", {{"enable", true}}}};
  EXPECT_EQ(send(checked).status, 200);
  EXPECT_TRUE(simulator_->sent().empty());
}

TEST_F(SendGridSimulatorTest, DeliversMailRawAndParsedSigned) {
  for (const char* mode : {"raw", "parsed"}) {
    const auto records =
        simulator_->deliver({{"from", {{"email", "ana@example.org"}}}, {"text", "Hi"}, {"mode", mode}});
    EXPECT_TRUE(records.at(0).ok());
    const auto request = host_.requests().back();
    EXPECT_EQ(request.path, "/hooks/inbound");
    EXPECT_TRUE(verifies(request));
    EXPECT_EQ(request.body.find("name=\"email\"") != std::string::npos, std::string_view(mode) == "raw");
  }
  simulator_->deliver({{"from", {{"email", "ana@example.org"}}}, {"text", "Hi"}, {"signature", "wrong"}});
  EXPECT_FALSE(verifies(host_.requests().back()));
  simulator_->deliver({{"from", {{"email", "ana@example.org"}}}, {"text", "Hi"}, {"signature", "missing"}});
  EXPECT_EQ(host_.requests().back().header(kSignatureHeader), "");
}

TEST_F(SendGridSimulatorTest, CredentialsOfTheUrlGoIntoTheHeader) {
  std::string url = host_.url() + "/inbound/token";
  url.insert(url.find("//") + 2, "sendgrid:secret@");
  simulator_->addMailbox(
      {.address = "help@patchbay.example", .callback_url = host_.url(), .inbound_url = url, .sign_inbound = false});
  simulator_->deliver({{"from", {{"email", "ana@example.org"}}}, {"text", "Hi"}});
  EXPECT_EQ(host_.requests().back().header("Authorization"), "Basic c2VuZGdyaWQ6c2VjcmV0");
  EXPECT_EQ(host_.requests().back().path, "/hooks/inbound/token");
  EXPECT_EQ(host_.requests().back().header(kSignatureHeader), "");
}

TEST_F(SendGridSimulatorTest, ACustomerAnswersInTheThread) {
  send(mail());
  simulator_->deliver({{"type", "reply"}, {"text", "Thanks"}});
  std::string body;  // events come between
  for (const HttpRequest& request : host_.requests())
    if (request.path == "/hooks/inbound") body = request.body;
  for (const char* part :
       {"In-Reply-To: <o1@patchbay.example>\r\n", "References: <c1@example.org> <o1@patchbay.example>\r\n",
        "To: help+7@in.example\r\n", "Subject: Re: Hi\r\n", R"("to":["help+7@in.example"])"})
    EXPECT_NE(body.find(part), std::string::npos) << part;
}

TEST_F(SendGridSimulatorTest, RepeatsEventsUntilTheyAreTaken) {
  simulator_->setEvents({.events = {"delivered"}, .delay = 1ms});
  host_.refuseNext();  // one alone: it gives up after three attempts
  const std::string id = send(mail()).header("X-Message-Id");
  EXPECT_TRUE(simulator_->waitForEvent(id, "delivered", 30s));
  EXPECT_EQ(host_.requests().size(), 2u);
}

TEST_F(SendGridSimulatorTest, ASuppressedAddressIsDropped) {
  simulator_->setEventsFor("gone@example.org", {.events = {"bounce"}, .delay = 1ms});
  ASSERT_TRUE(simulator_->waitForEvent(send(mail("gone@example.org")).header("X-Message-Id"), "bounce", 30s));
  EXPECT_TRUE(simulator_->waitForEvent(send(mail("gone@example.org")).header("X-Message-Id"), "dropped", 30s));
}

TEST_F(SendGridSimulatorTest, PlaysFailures) {
  simulator_->failNext(Failure::fromText("what=error,code=429,retry_after=7"));
  const HttpAnswer slow = send(mail());
  EXPECT_EQ(slow.status, 429);
  EXPECT_GT(std::stoll(slow.header("X-RateLimit-Reset")), 1'700'000'000);
  simulator_->failNext(Failure::fromText("what=close_after_request"));
  EXPECT_EQ(send(mail()).status, 0);
  EXPECT_EQ(simulator_->sent().size(), 1u) << "accepted, though nobody was told";
  simulator_->failNext(Failure::fromText("what=close_before_request"));
  EXPECT_EQ(send(mail()).status, 0);
  simulator_->failNext(Failure::fromText("what=503,to=ana@example.org"));
  EXPECT_EQ(send(mail("other@example.org")).status, 202);
  EXPECT_EQ(send(mail()).status, 503);
  simulator_->failNext(Failure::fromText("what=no_id"));
  EXPECT_EQ(send(mail()).header("X-Message-Id"), "");
  EXPECT_EQ(simulator_->calls().size(), 6u);
}

TEST_F(SendGridSimulatorTest, TheControlApiDoesTheSame) {
  EXPECT_EQ(control("GET", "key").at("public_key"), kPublicKey);
  EXPECT_EQ(control("POST", "deliver", {{"from", {{"email", "a@x.example"}}}, {"text", "t"}}).at("status"), 200);
  EXPECT_EQ(control("POST", "deliver", {{"type", "events"}, {"events", Json::array()}, {"copies", 3}})
                .at("deliveries")
                .size(),
            3u);
  control("POST", "events", {{"events", {"processed", "open"}}, {"one_batch", true}, {"delay_ms", 1}});
  control("POST", "events", {{"events", {"sunk"}}}, 400);
  control("POST", "deliver", {{"type", "reply"}, {"text", "t"}}, 400);
  control("POST", "fail", {{"what", "500"}});
  EXPECT_EQ(control("GET", "fail").at("failures").size(), 1u);
  control("DELETE", "fail");
  ASSERT_EQ(send(mail()).status, 202);
  EXPECT_EQ(control("GET", "sent?at_least=1&timeout_ms=30000").at("sent").at(0).at("body").at("subject"), "Hi");
  control("GET", "sent?at_least=9&timeout_ms=1", nullptr, 408);
  control("GET", "nothing", nullptr, 404);
  control("POST", "reset");
  EXPECT_TRUE(control("GET", "sent").at("sent").empty());
}

TEST_F(SendGridSimulatorTest, TheDemosCustomersWriteAndSaySo) {
  const Json summary = control("POST", "demo/customers");
  EXPECT_TRUE(summary.at("ok").get<bool>());
  EXPECT_EQ(summary.at("messages"), 3);
  EXPECT_EQ(host_.requests().size(), 3u);
  host_.answer(401);
  EXPECT_FALSE(control("POST", "demo/customers", nullptr, 502).at("ok").get<bool>());
}

TEST_F(SendGridSimulatorTest, RefusesMailboxesThatCannotBe) {
  EXPECT_THROW(simulator_->addMailbox({.address = "nobody", .callback_url = host_.url()}), BadInput);
  EXPECT_THROW(simulator_->addMailbox({.address = "a@x.example", .callback_url = "ftp://x"}), BadInput);
  EXPECT_THROW(simulator_->deliver({{"mailbox", "b@x.example"}}), BadInput);
}

}  // namespace
}  // namespace patchbay::simulators::sendgrid
