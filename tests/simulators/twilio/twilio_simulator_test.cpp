#include "simulators/twilio/twilio_simulator.hpp"

#include <gtest/gtest.h>

#include "base/crypto.hpp"
#include "simulators/common/bad_input.hpp"
#include "simulators/common/http_client.hpp"
#include "simulators/common/http_server.hpp"
#include "simulators/twilio/wire.hpp"

namespace patchbay::simulators::twilio {
namespace {

// The vector of the provider's fact sheet, checked with its own SDK.
TEST(TwilioWire, SignsTheReferenceVector) {
  const Fields fields = decodeForm(
      "ApiVersion=2010-04-01&MessageStatus=undelivered&SmsSid=SM0123456789abcdef0123456789abcdef&SmsStatus=undelivered&"
      "ErrorCode=30003&To=%2B15550001111&From=%2B15550002222&MessageSid=SM0123456789abcdef0123456789abcdef&"
      "AccountSid=AC00112233445566778899aabbccddeeff");
  EXPECT_EQ(signatureOf("5f1e0d2c3b4a59687766554433221100",
                        "https://hooks.patchbay.example:8443/twilio/acct-7/status?pb=01HZX4", fields),
            "KugDQU9MA//Ewc8WFLytJipSvZs=");
}

TEST(TwilioWire, FormsSurviveARoundTrip) {
  const Fields fields = {{"Body", "a b&c=d+é "}, {"Empty", ""}, {"MediaUrl", "1"}, {"MediaUrl", "2"}};
  EXPECT_EQ(decodeForm(encodeForm(fields)), fields);
  EXPECT_THROW(decodeForm("a=%zz"), BadInput);
}

class TwilioSimulatorTest : public testing::Test {
 protected:
  TwilioSimulatorTest() {
    host_ = std::make_unique<HttpServer>(
        "127.0.0.1", 0,
        [this](HttpRequest& request) {
          const std::lock_guard lock(mutex_);
          seen_.push_back(request);
          return HttpReply{200, {}, "<Response/>"};
        },
        nullptr);
    host_->start();
    Options options;
    options.callback_url = host_->url() + "/hook";
    options.status_delay_ms = 0;
    twilio_ = std::make_unique<TwilioSimulator>(options);
  }

  HttpAnswer send(const Fields& fields, const std::string& password = "simulator-auth-token") {
    return client_.post(
        twilio_->url() + "/2010-04-01/Accounts/AC00112233445566778899aabbccddeeff/Messages.json",
        {{"Content-Type", "application/x-www-form-urlencoded"},
         {"Authorization", "Basic " + crypto::base64Encode("AC00112233445566778899aabbccddeeff:" + password)}},
        encodeForm(fields));
  }
  int codeOf(const Fields& fields) { return parseJson(send(fields).body).value("code", 0); }

  std::mutex mutex_;
  std::vector<HttpRequest> seen_;  // guarded by mutex_
  std::unique_ptr<HttpServer> host_;
  HttpClient client_{std::chrono::seconds(30)};
  std::unique_ptr<TwilioSimulator> twilio_;
};

TEST_F(TwilioSimulatorTest, DeliversSignedMessages) {
  const Json told = twilio_->deliver({{"from", "whatsapp:+15550001111"}, {"text", "Hi ✓"}});
  EXPECT_EQ(told.at("status"), 200);
  ASSERT_EQ(seen_.size(), 1U);
  const Fields fields = decodeForm(seen_[0].body);
  EXPECT_EQ(valueOf(fields, "Body"), "Hi ✓");
  EXPECT_EQ(valueOf(fields, "WaId"), "15550001111");
  EXPECT_EQ(seen_[0].header("X-Twilio-Signature"), signatureOf("simulator-auth-token", host_->url() + "/hook", fields));
  twilio_->deliver({{"from", "+15550001111"}, {"signature", "missing"}});
  EXPECT_EQ(seen_[1].header("X-Twilio-Signature"), "");
  EXPECT_THROW(twilio_->deliver({{"fron", "x"}}), BadInput);
}

TEST_F(TwilioSimulatorTest, RefusesWhatTwilioRefuses) {
  EXPECT_EQ(send({{"To", "+15550001111"}}, "wrong").status, 401);
  EXPECT_EQ(codeOf({{"To", "+0123"}, {"From", "+15550002222"}, {"Body", "x"}}), 0);
  EXPECT_EQ(codeOf({{"To", "+01234567"}, {"From", "+15550002222"}, {"Body", "x"}}), 21211);
  EXPECT_EQ(codeOf({{"To", "+15550001111"}, {"Body", "x"}}), 21603);
  EXPECT_EQ(codeOf({{"To", "+15550001111"}, {"From", "+15550009999"}, {"Body", "x"}}), 21606);
  EXPECT_EQ(codeOf({{"To", "whatsapp:+15550001111"}, {"From", "+15550002222"}, {"Body", "x"}}), 21910);
  EXPECT_EQ(codeOf({{"To", "+15550001111"}, {"From", "+15550002222"}}), 21602);
  EXPECT_EQ(codeOf({{"To", "+15550001111"}, {"From", "+15550002222"}, {"Body", std::string(1601, 'a')}}), 21617);
  EXPECT_EQ(codeOf({{"To", "+15550001111"}, {"From", "+15550002222"}, {"MediaUrl", "ftp://x"}}), 21620);
  twilio_->deliver({{"from", "+15550001111"}, {"text", "STOP"}});
  EXPECT_EQ(codeOf({{"To", "+15550001111"}, {"From", "+15550002222"}, {"Body", "x"}}), 21610);
}

TEST_F(TwilioSimulatorTest, ReportsStatusesToTheCallbackOfTheMessage) {
  const std::string callback = host_->url() + "/hook/status?ref=r-1";
  const auto answer =
      send({{"To", "+15550001111"}, {"From", "+15550002222"}, {"Body", "x"}, {"StatusCallback", callback}});
  EXPECT_EQ(answer.status, 201);
  const std::string sid = parseJson(answer.body).at("sid");
  const auto listed =
      client_.get(twilio_->url() + "/_simulator/statuses?message_id=" + sid + "&status=delivered&timeout_ms=30000");
  ASSERT_EQ(listed.status, 200);
  const std::lock_guard lock(mutex_);
  const Fields fields = decodeForm(seen_.at(0).body);
  EXPECT_EQ(valueOf(fields, "MessageStatus"), "sent");
  EXPECT_EQ(seen_[0].header("X-Twilio-Signature"), signatureOf("simulator-auth-token", callback, fields));
}

TEST_F(TwilioSimulatorTest, GivesFilesBehindARedirectToThoseWhoLogIn) {
  twilio_->deliver({{"from", "+15550001111"}, {"media", {{{"base64", "aGVsbG8="}, {"mime_type", "text/plain"}}}}});
  const std::string url = valueOf(decodeForm(seen_.at(0).body), "MediaUrl0");
  EXPECT_EQ(client_.get(url).status, 401);
  const HttpClient::Headers login = {
      {"Authorization", "Basic " + crypto::base64Encode("AC00112233445566778899aabbccddeeff:simulator-auth-token")}};
  const auto redirect = client_.get(url, login);
  EXPECT_EQ(redirect.status, 307);
  EXPECT_EQ(client_.get(redirect.header("Location")).body, "hello");
}

TEST_F(TwilioSimulatorTest, PlaysFailuresOnOrder) {
  twilio_->failNext(Failure::fromText("what=error,code=20429,retry_after=2"));
  const auto answer = send({{"To", "+15550001111"}, {"From", "+15550002222"}, {"Body", "x"}});
  EXPECT_EQ(answer.status, 429);
  EXPECT_EQ(answer.header("Retry-After"), "2");
  EXPECT_EQ(send({{"To", "+15550001111"}, {"From", "+15550002222"}, {"Body", "x"}}).status, 201);
  EXPECT_EQ(twilio_->sent().size(), 1U);
}

TEST_F(TwilioSimulatorTest, PlaysTheCustomersOfTheDemo) {
  const Json told = twilio_->playDemoCustomers();
  EXPECT_EQ(told.at("ok"), true);
  EXPECT_EQ(told.at("steps").size(), 4U);
}

}  // namespace
}  // namespace patchbay::simulators::twilio
