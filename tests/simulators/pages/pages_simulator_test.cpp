#include "simulators/pages/pages_simulator.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <mutex>

#include "simulators/common/bad_input.hpp"
#include "simulators/common/http_client.hpp"
#include "simulators/meta/wire.hpp"

namespace patchbay::simulators::pages {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Stands where the host's webhook endpoint stands: a real server that checks the signature.
class Callback {
 public:
  Callback()
      : server_(
            "127.0.0.1", 0, [this](HttpRequest& request) { return answer(request); },
            [](const HttpRequest&) { return false; }) {
    server_.start();
  }
  std::string url() const { return server_.url() + "/api/v1/webhooks/acme/page"; }
  std::vector<Json> received() const {
    const std::lock_guard lock(mutex_);
    return received_;
  }
  void refuseNext() {
    const std::lock_guard lock(mutex_);
    refuse_ = true;
  }

 private:
  HttpReply answer(const HttpRequest& request) {
    if (request.method == "GET")
      return {request.parameter("hub.verify_token") == "v-token" ? 200 : 403, {}, request.parameter("hub.challenge")};
    if (request.header("X-Hub-Signature-256") != meta::signature("app-secret", request.body)) return {401, {}, ""};
    const std::lock_guard lock(mutex_);
    if (std::exchange(refuse_, false)) return {503, {}, ""};
    received_.push_back(parseJson(request.body));
    return {200, {}, ""};
  }

  mutable std::mutex mutex_;  // guards what follows
  std::vector<Json> received_;
  bool refuse_ = false;
  HttpServer server_;
};

class PagesSimulatorTest : public ::testing::Test {
 protected:
  static Options options() {
    Options options;
    options.app_secret = "app-secret";
    options.token = "the-token";
    options.verify_token = "v-token";
    options.receipts.delay = milliseconds(1);
    return options;
  }
  PagesSimulatorTest() : meta(options()), client(seconds(30), Connections::kFresh) {
    meta.registerAccount({.product = Product::kMessenger, .id = "1001", .callback_url = callback.url()});
    meta.registerAccount({.product = Product::kInstagram, .id = "1784", .callback_url = callback.url()});
  }
  HttpAnswer post(const std::string& path, const Json& body, const std::string& token = "the-token") {
    return client.post(meta.url() + path, {{"Authorization", "Bearer " + token}, {"Content-Type", "application/json"}},
                       dumpJson(body));
  }
  HttpAnswer get(const std::string& path) {
    return client.get(meta.url() + path, {{"Authorization", "Bearer the-token"}});
  }
  static Json text(const std::string& words) {
    return {{"recipient", {{"id", "7001"}}},
            {"messaging_type", "RESPONSE"},
            {"message", {{"text", words}, {"metadata", "out-42"}}}};
  }

  Callback callback;
  PagesSimulator meta;
  HttpClient client;
};

TEST_F(PagesSimulatorTest, DeliversTheEnvelopeOfTheSheetEscapedAndSigned) {
  const auto answer = meta.deliver("1001", textEvent({"7001", "Ines"}, "O\u00f9 ? https://a.test"));
  ASSERT_EQ(answer.status, 200);
  EXPECT_NE(answer.body.find(R"("O\u00f9 ? https:\/\/a.test")"), std::string::npos) << answer.body;
  const Json body = callback.received().at(0);
  EXPECT_EQ(body["object"], "page");
  const Json item = body["entry"][0]["messaging"][0];
  EXPECT_EQ(item["sender"]["id"], "7001");
  EXPECT_EQ(item["recipient"]["id"], "1001");
  EXPECT_EQ(item["message"]["mid"], answer.ids.at(0));
  meta.deliver("1784", textEvent({"9001", ""}, "x"));
  EXPECT_EQ(callback.received().at(1)["object"], "instagram");
}

TEST_F(PagesSimulatorTest, AWrongSignatureIsRefusedByTheOtherSide) {
  EXPECT_EQ(meta.deliver("1001", textEvent({"7001", ""}, "x"), {.signature = Delivery::Signature::kWrong}).at(0).status,
            401);
}

TEST_F(PagesSimulatorTest, TheHandshakeIsChecked) {
  EXPECT_EQ(meta.verify("1001"), "");
  meta.registerAccount({.id = "1002", .callback_url = callback.url(), .verify_token = "wrong"});
  EXPECT_EQ(meta.verify("1002"), "answered 403 instead of 200");
}

TEST_F(PagesSimulatorTest, ASendIsFollowedByItsEchoAndByWatermarks) {
  const HttpAnswer answer = post("/v24.0/1001/messages", text("Hello"));
  ASSERT_EQ(answer.status, 200) << answer.body;
  const std::string mid = parseJson(answer.body)["message_id"];
  EXPECT_EQ(parseJson(answer.body)["recipient_id"], "7001");
  ASSERT_TRUE(meta.waitForStatus(mid, "read", seconds(30)));
  const auto received = callback.received();
  ASSERT_EQ(received.size(), 3U);
  const Json echo = received[0]["entry"][0]["messaging"][0];
  EXPECT_EQ(echo["sender"]["id"], "1001");
  EXPECT_EQ(echo["recipient"]["id"], "7001");
  EXPECT_EQ(echo["message"]["mid"], mid);
  EXPECT_EQ(echo["message"]["metadata"], "out-42");
  EXPECT_EQ(echo["message"]["is_echo"], true);
  const Json delivery = received[1]["entry"][0]["messaging"][0]["delivery"];
  EXPECT_EQ(delivery["mids"], Json::array({mid}));
  EXPECT_EQ(received[2]["entry"][0]["messaging"][0]["read"]["watermark"], delivery["watermark"]);
}

TEST_F(PagesSimulatorTest, InstagramHasNoDeliveryAndNamesWhatWasSeen) {
  Json body = text("Hello");
  body.erase("messaging_type");
  const std::string mid = parseJson(post("/v24.0/1784/messages", body).body)["message_id"];
  ASSERT_TRUE(meta.waitForStatus(mid, "read", seconds(30)));
  const auto received = callback.received();
  ASSERT_EQ(received.size(), 2U);
  EXPECT_EQ(received[1]["entry"][0]["messaging"][0]["read"], Json({{"mid", mid}}));
}

TEST_F(PagesSimulatorTest, AReceiptThatWasNotTakenComesAgain) {
  meta.setReceipts({.statuses = {"read"}, .delay = milliseconds(1)});
  callback.refuseNext();
  const std::string mid = parseJson(post("/v24.0/1001/messages", text("Hello")).body)["message_id"];
  EXPECT_TRUE(meta.waitForStatus(mid, "read", seconds(20)));
}

TEST_F(PagesSimulatorTest, TheTokenMayStandInTheQueryAndMustBeRight) {
  const HttpAnswer by_query = client.post(meta.url() + "/v24.0/me/messages?access_token=the-token",
                                          {{"Content-Type", "application/json"}}, dumpJson(text("x")));
  EXPECT_EQ(by_query.status, 200) << by_query.body;
  const HttpAnswer wrong = post("/v24.0/1001/messages", text("x"), "stolen");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(parseJson(wrong.body)["error"]["code"], 190);
}

TEST_F(PagesSimulatorTest, FailuresAreMetasOwn) {
  meta.failNext(Failure::fromText("what=error,code=10,subcode=2018278"));
  const HttpAnswer answer = post("/v24.0/1001/messages", text("x"));
  EXPECT_EQ(answer.status, 403);
  EXPECT_EQ(parseJson(answer.body)["error"]["error_subcode"], 2018278);
  EXPECT_TRUE(meta.sent().empty());
  meta.failNext(Failure::fromText("what=close_after_request"));
  EXPECT_EQ(post("/v24.0/1001/messages", text("x")).status, 0);
  EXPECT_EQ(meta.sent().size(), 1U);
  meta.failNext(Failure::fromText("what=close_before_request"));
  EXPECT_EQ(post("/v24.0/1001/messages", text("x")).status, 0);
  EXPECT_EQ(meta.sent().size(), 1U);
}

TEST_F(PagesSimulatorTest, TheWindowIsEnforcedOnRequestAndTheTagOpensItLonger) {
  meta.enforceWindow(true);
  EXPECT_EQ(parseJson(post("/v24.0/1001/messages", text("x")).body)["error"]["error_subcode"], 2018278);
  meta.deliver("1001", textEvent({"7001", ""}, "x"));
  EXPECT_EQ(post("/v24.0/1001/messages", text("x")).status, 200);
}

TEST_F(PagesSimulatorTest, UploadsWantATypeAndGiveAnId) {
  const std::string boundary = "b0";
  const auto form = [&](const std::string& type) {
    return "--b0\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\n"
           "{\"attachment\":{\"type\":\"image\",\"payload\":{\"is_reusable\":true}}}\r\n"
           "--b0\r\nContent-Disposition: form-data; name=\"filedata\"; filename=\"a.png\"\r\n" +
           type + "\r\npng\r\n--b0--\r\n";
  };
  const auto upload = [&](const std::string& type) {
    return client.post(meta.url() + "/v24.0/1001/message_attachments",
                       {{"Authorization", "Bearer the-token"}, {"Content-Type", "multipart/form-data; boundary=b0"}},
                       form(type));
  };
  EXPECT_EQ(parseJson(upload("").body)["error"]["error_subcode"], 2018047);
  const HttpAnswer good = upload("Content-Type: image/png\r\n");
  ASSERT_EQ(good.status, 200) << good.body;
  const Json id = parseJson(good.body)["attachment_id"];
  Json body = text("x");
  body["message"] = {{"attachment", {{"type", "image"}, {"payload", {{"attachment_id", id}}}}}};
  EXPECT_EQ(post("/v24.0/1001/messages", body).status, 200);
}

TEST_F(PagesSimulatorTest, ProfilesAreThoseOfWhoHasWritten) {
  EXPECT_EQ(get("/v24.0/7001?fields=name").status, 400);
  meta.deliver("1001", textEvent({"7001", "Ines Moreau"}, "x"));
  EXPECT_EQ(parseJson(get("/v24.0/7001?fields=first_name,name").body),
            Json({{"id", "7001"}, {"first_name", "Ines"}, {"name", "Ines Moreau"}}));
  meta.deliver("1001", textEvent({"7002", ""}, "x"));
  EXPECT_EQ(parseJson(get("/v24.0/7002?fields=name").body), Json::object());
}

TEST_F(PagesSimulatorTest, AFileOfACustomerIsReadWithoutAToken) {
  const auto answer = meta.deliver(
      "1001",
      {{"type", "image"}, {"from", {{"id", "7001"}}}, {"media", {{"base64", "cG5n"}, {"mime_type", "image/png"}}}});
  const std::string url =
      parseJson(answer.body)["entry"][0]["messaging"][0]["message"]["attachments"][0]["payload"]["url"];
  const HttpAnswer file = client.get(url);
  EXPECT_EQ(file.body, "png");
  EXPECT_EQ(file.header("Content-Type"), "image/png");
}

TEST_F(PagesSimulatorTest, TheControlApiNamesWhatIsWrong) {
  const auto control = [&](const std::string& path, const Json& body) {
    return client.post(meta.url() + "/_simulator" + path, {{"Content-Type", "application/json"}}, dumpJson(body));
  };
  EXPECT_EQ(control("/deliver", {{"type", "text"}, {"from", {{"id", "7001"}}}, {"text", "x"}}).status, 200);
  EXPECT_EQ(control("/instagram/deliver", {{"type", "text"}, {"from", {{"id", "9"}}}, {"text", "x"}}).status, 200);
  EXPECT_EQ(callback.received().back()["object"], "instagram");
  EXPECT_NE(control("/deliver", {{"type", "hologram"}, {"from", {{"id", "7"}}}}).body.find("no type 'hologram'"),
            std::string::npos);
  EXPECT_EQ(control("/settings", {{"windows", true}}).status, 400);
  EXPECT_EQ(control("/statuses", {{"statuses", {"sent"}}}).status, 400);
  const Json told = parseJson(control("/demo/customers", Json::object()).body);
  EXPECT_EQ(told["ok"], true);
  EXPECT_EQ(told["messages"], 6);
  EXPECT_EQ(parseJson(client.get(meta.url() + "/_simulator/sent").body)["total"], 0);
}

}  // namespace
}  // namespace patchbay::simulators::pages
