#include "simulators/whatsapp/whatsapp_simulator.hpp"

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

namespace patchbay::simulators::whatsapp {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const Customer kInes{"Inês", "+33639980042", "FR.7781", "@ines"};
const Customer kHidden{"小芳", "", "TW.9032", ""};

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

  WhatsAppSimulatorTest() : meta(options()), client(seconds(20)) {
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

TEST_F(WhatsAppSimulatorTest, DeliversTheEnvelopeOfTheSheetAsEscapedAsciiWithAValidSignature) {
  const auto answer = meta.deliver("1061", textEvent(kInes, "Où ? 🥐 https://a.test/b"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.answer, "said 200");
  const auto request = callback.received().at(0);
  EXPECT_EQ(request.header("content-type"), "application/json");
  EXPECT_NE(request.body.find(R"("O\u00f9 ? \ud83e\udd50 https:\/\/a.test\/b")"), std::string::npos) << request.body;
  const Json body = parseJson(request.body);
  EXPECT_EQ(body["object"], "whatsapp_business_account");
  EXPECT_EQ(body["entry"][0]["id"], "3012");
  const Json& value = body["entry"][0]["changes"][0]["value"];
  EXPECT_EQ(value["metadata"], (Json{{"display_phone_number", "15550109999"}, {"phone_number_id", "1061"}}));
  EXPECT_EQ(
      value["contacts"][0],
      (Json{{"profile", {{"name", "Inês"}, {"username", "@ines"}}}, {"wa_id", "33639980042"}, {"user_id", "FR.7781"}}));
  EXPECT_EQ(value["messages"][0]["from"], "33639980042");
  EXPECT_EQ(value["messages"][0]["id"], answer.ids.at(0));
  EXPECT_TRUE(value["messages"][0]["timestamp"].is_string());
}

TEST_F(WhatsAppSimulatorTest, ACustomerWhoHidesTheNumberHasNoPhoneAnywhere) {
  meta.deliver("1061", textEvent(kHidden, "hi"));
  const Json value = parseJson(callback.received().at(0).body)["entry"][0]["changes"][0]["value"];
  EXPECT_FALSE(value["contacts"][0].contains("wa_id"));
  EXPECT_FALSE(value["messages"][0].contains("from"));
  EXPECT_EQ(value["messages"][0]["from_user_id"], "TW.9032");
}

TEST_F(WhatsAppSimulatorTest, SignaturesCanBeWrongOrMissing) {
  using Signature = Delivery::Signature;
  for (const auto signature : {Signature::kWrong, Signature::kMissing}) {
    Delivery how;
    how.signature = signature;
    EXPECT_EQ(meta.deliver("1061", textEvent(kInes, "x"), how).at(0).status, 401);
  }
  EXPECT_EQ(callback.received().at(1).header("X-Hub-Signature-256"), "");
}

TEST_F(WhatsAppSimulatorTest, BatchesCanBeChangesEntriesOrOneValue) {
  const std::vector<Json> events{textEvent(kInes, "1"), textEvent(kHidden, "2"), textEvent(kInes, "3")};
  for (const char* layout : {"changes", "entries", "value"}) {
    const auto answer = meta.deliver("1061", batchEvent(events, layout));
    EXPECT_EQ(answer.ids.size(), 3U);
  }
  const auto received = callback.received();
  const Json changes = parseJson(received.at(0).body)["entry"];
  const Json entries = parseJson(received.at(1).body)["entry"];
  const Json value = parseJson(received.at(2).body)["entry"];
  EXPECT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0]["changes"].size(), 3U);
  EXPECT_EQ(entries.size(), 3U);
  EXPECT_EQ(value[0]["changes"].size(), 1U);
  EXPECT_EQ(value[0]["changes"][0]["value"]["messages"].size(), 3U);
  EXPECT_EQ(value[0]["changes"][0]["value"]["contacts"].size(), 2U);
}

TEST_F(WhatsAppSimulatorTest, CopiesAreTheSameBytesEachWithItsOwnAnswer) {
  Delivery how;
  how.copies = 50;
  EXPECT_EQ(meta.deliver("1061", textEvent(kInes, "x"), how).size(), 50U);
  const auto received = callback.received();
  ASSERT_EQ(received.size(), 50U);
  for (const auto& request : received) EXPECT_EQ(request.body, received[0].body);
}

TEST_F(WhatsAppSimulatorTest, AThousandUpdatesFitInOneWebhook) {
  std::vector<Json> events;
  for (int i = 0; i < 1000; ++i) events.push_back(textEvent(kInes, std::string(2500, 'x')));
  EXPECT_EQ(meta.deliver("1061", batchEvent(events, "value")).status, 200);
  EXPECT_GT(callback.received().at(0).body.size(), 2'500'000U);
}

TEST_F(WhatsAppSimulatorTest, TheHandshakeWantsExactlyTheChallenge) {
  EXPECT_EQ(meta.verify("1061"), "");
  callback.after_challenge = "\n";
  EXPECT_NE(meta.verify("1061").find("nothing else"), std::string::npos);
  callback.verify_token = "another";
  EXPECT_NE(meta.verify("1061").find("403"), std::string::npos);
}

TEST_F(WhatsAppSimulatorTest, AnAcceptedSendIsAnsweredAndFollowedByItsStatusesInOrder) {
  meta.deliver("1061", textEvent(kInes, "hello"));
  const auto answer = send(text("Bonjour"));
  ASSERT_EQ(answer.status, 200) << answer.body;
  const Json body = parseJson(answer.body);
  EXPECT_EQ(body["contacts"], (Json::array({{{"input", "+33639980042"}, {"wa_id", "33639980042"}}})));
  const std::string wamid = body["messages"][0]["id"];
  ASSERT_TRUE(meta.waitForStatus(wamid, "read", seconds(10)));
  const auto received = callback.received();
  ASSERT_EQ(received.size(), 4U);
  const char* expected[] = {"sent", "delivered", "read"};
  for (std::size_t i = 0; i < 3; ++i) {
    const Json value = parseJson(received[i + 1].body)["entry"][0]["changes"][0]["value"];
    const Json& status = value["statuses"][0];
    EXPECT_EQ(status["status"], expected[i]);
    EXPECT_EQ(status["id"], wamid);
    EXPECT_EQ(status["recipient_id"], "33639980042");
    EXPECT_EQ(status["recipient_user_id"], "FR.7781");
    EXPECT_EQ(status["biz_opaque_callback_data"], "out-42");
    EXPECT_EQ(value["contacts"][0]["wa_id"], "33639980042");
  }
}

TEST_F(WhatsAppSimulatorTest, ASendToAUserIdIsAnsweredWithoutAPhone) {
  Json body = text("hi");
  body.erase("to");
  body["recipient"] = "TW.9032";
  const Json answer = parseJson(send(body).body);
  EXPECT_EQ(answer["contacts"][0], (Json{{"input", "TW.9032"}, {"user_id", "TW.9032"}}));
  ASSERT_TRUE(meta.waitForStatus(answer["messages"][0]["id"], "read", seconds(10)));
  const Json status = parseJson(callback.received().at(0).body)["entry"][0]["changes"][0]["value"]["statuses"][0];
  EXPECT_FALSE(status.contains("recipient_id"));
  EXPECT_EQ(status["recipient_user_id"], "TW.9032");
}

TEST_F(WhatsAppSimulatorTest, StatusesCanComeBeforeTheResponseAndInAnyOrder) {
  meta.setStatuses({{"read", "sent"}, milliseconds(0), true, 0});
  const auto answer = send(text("x"));
  const auto hooks = meta.webhooks();  // already there, without waiting
  ASSERT_EQ(hooks.size(), 2U);
  EXPECT_EQ(hooks[0].kind, "status:read");
  EXPECT_EQ(hooks[1].kind, "status:sent");
  EXPECT_EQ(hooks[0].ids.at(0), parseJson(answer.body)["messages"][0]["id"]);
}

TEST_F(WhatsAppSimulatorTest, OneRecipientCanFailWithACode) {
  meta.setStatusesFor("+33639980042", {{"sent", "failed"}, milliseconds(0), true, 131047});
  send(text("x"));
  const Json status = parseJson(callback.received().at(1).body)["entry"][0]["changes"][0]["value"]["statuses"][0];
  EXPECT_EQ(status["status"], "failed");
  EXPECT_EQ(status["errors"][0]["code"], 131047);
  send(text("x", "+4915550123456"));
  EXPECT_TRUE(meta.waitForStatus(meta.sent().at(1).wamid, "read", seconds(10)));
}

TEST_F(WhatsAppSimulatorTest, AReactionOfOursIsReportedAsSentOnly) {
  meta.setStatuses({{"sent", "delivered", "read"}, milliseconds(0), true, 0});
  const Json reaction{{"messaging_product", "whatsapp"},
                      {"to", "+33639980042"},
                      {"type", "reaction"},
                      {"reaction", {{"message_id", "wamid.X"}, {"emoji", "👍"}}}};
  EXPECT_EQ(send(reaction).status, 200);
  ASSERT_EQ(meta.webhooks().size(), 1U);
  EXPECT_EQ(meta.webhooks()[0].kind, "status:sent");
}

TEST_F(WhatsAppSimulatorTest, AStatusThatIsNotAnsweredWith200ComesAgain) {
  meta.setStatuses({{"sent"}, milliseconds(0), false, 0});
  callback.answerWith({500, 201});
  send(text("x"));
  ASSERT_TRUE(meta.waitForStatus(meta.sent().at(0).wamid, "sent", seconds(10)));
  const auto hooks = meta.webhooks();
  ASSERT_EQ(hooks.size(), 3U);
  EXPECT_EQ(hooks[2].attempt, 3);
  EXPECT_EQ(hooks[0].body, hooks[2].body);
}

struct SpoiltSend {
  const char* failure;
  int status;          ///< 0: no answer
  std::size_t counts;  ///< messages the simulator says were sent
};

TEST_F(WhatsAppSimulatorTest, FailuresLookAsOrderedAndCountAsOrdered) {
  for (const auto& [failure, status, counts] : std::vector<SpoiltSend>{{"what=429,retry_after=7", 429, 0},
                                                                       {"what=503", 503, 0},
                                                                       {"what=error,code=130429", 400, 0},
                                                                       {"what=error,code=131000", 500, 0},
                                                                       {"what=error,code=130429,status=429", 429, 0},
                                                                       {"what=garbage", 200, 1},
                                                                       {"what=no_id", 200, 1},
                                                                       {"what=close_after_request", 0, 1},
                                                                       {"what=close_after_request,counts=false", 0, 0},
                                                                       {"what=close_before_request", 0, 0},
                                                                       {"what=dribble,dribble_ms=0", 200, 1}}) {
    meta.reset();
    meta.setStatuses({{}, milliseconds(0), false, 0});
    meta.failNext(Failure::fromText(failure));
    HttpClient fresh(seconds(20));  // libcurl repeats a POST by itself when a reused connection dies
    const auto answer =
        fresh.post(meta.url() + "/v23.0/1061/messages",
                   {{"Authorization", "Bearer the-token"}, {"Content-Type", "application/json"}}, dumpJson(text("x")));
    EXPECT_EQ(answer.status, status) << failure << ": " << answer.error;
    EXPECT_EQ(meta.sent().size(), counts) << failure;
    ASSERT_EQ(meta.calls().size(), 1U) << failure;
    EXPECT_EQ(meta.calls()[0].status, status) << failure;
    EXPECT_EQ(send(text("x")).status, 200) << "the next one is fine again after " << failure;
  }
}

TEST_F(WhatsAppSimulatorTest, AnErrorByCodeHasMetasBodyAnd429ItsRetryAfter) {
  meta.failNext(Failure::fromText("what=error,code=131056"));
  const Json error = parseJson(send(text("x")).body)["error"];
  EXPECT_EQ(error["code"], 131056);
  EXPECT_EQ(error["error_data"]["messaging_product"], "whatsapp");
  meta.failNext(Failure::fromText("what=429,retry_after=7"));
  EXPECT_EQ(send(text("x")).header("Retry-After"), "7");
}

TEST_F(WhatsAppSimulatorTest, GarbageIsNotJsonAndNoIdNamesNoMessage) {
  meta.failNext(Failure::fromText("what=garbage"));
  EXPECT_THROW((void)parseJson(send(text("x")).body), JsonError);
  meta.failNext(Failure::fromText("what=no_id"));
  EXPECT_FALSE(parseJson(send(text("x")).body).contains("messages"));
}

TEST_F(WhatsAppSimulatorTest, ATimeoutIsSilenceAfterTheMessageWasTaken) {
  meta.failNext(Failure::fromText("what=timeout"));
  HttpClient impatient(milliseconds(300));
  const auto answer = impatient.post(meta.url() + "/v23.0/1061/messages",
                                     {{"Authorization", "Bearer the-token"}, {"Content-Type", "application/json"}},
                                     dumpJson(text("x")));
  EXPECT_EQ(answer.status, 0);
  const auto sent = meta.waitForSent(1, seconds(10));
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_TRUE(meta.waitForStatus(sent[0].wamid, "read", seconds(10)));
}

TEST_F(WhatsAppSimulatorTest, ResetLetsGoOfHeldConnections) {
  meta.failNext(Failure::fromText("what=timeout"));
  HttpAnswer answer;
  std::atomic<bool> ended = false;
  std::jthread caller([&] {
    answer = send(text("x"));
    ended = true;
  });
  ASSERT_TRUE(meta.waitForCalls(1, seconds(10)));
  // The call is recorded just before its connection is put aside, so a reset can come a moment too early.
  while (!ended) {
    meta.reset();
    std::this_thread::yield();
  }
  caller.join();
  EXPECT_EQ(answer.status, 0);
  EXPECT_EQ(answer.error.find("Timeout"), std::string::npos) << answer.error;
}

TEST_F(WhatsAppSimulatorTest, AFailureForOneRecipientLeavesOthersAlone) {
  meta.failNext(Failure::fromText("what=error,code=131056,to=+33639980042,times=always"));
  EXPECT_EQ(send(text("x")).status, 400);
  EXPECT_EQ(send(text("x", "+4915550123456")).status, 200);
  EXPECT_EQ(send(text("x")).status, 400);
  meta.clearFailures();
  EXPECT_EQ(send(text("x")).status, 200);
}

TEST_F(WhatsAppSimulatorTest, TheSameBodyTwiceIsCountedAsADuplicate) {
  send(text("x"));
  send(text("y"));
  send(text("x"));
  const auto sent = meta.waitForSent(3, seconds(10));
  EXPECT_EQ(sent.at(0).count, 1);
  EXPECT_EQ(sent.at(1).count, 1);
  EXPECT_EQ(sent.at(2).count, 2);
}

TEST_F(WhatsAppSimulatorTest, RefusesAWrongTokenAnUnknownNumberAndAWrongProof) {
  const auto code = [](const HttpAnswer& answer) { return parseJson(answer.body)["error"]["code"].get<int>(); };
  const auto stranger = post("/v23.0/1061/messages", dumpJson(text("x")), "no");
  EXPECT_EQ(stranger.status, 401);
  EXPECT_EQ(code(stranger), 190);
  const auto unknown = post("/v23.0/999/messages", dumpJson(text("x")));
  EXPECT_EQ(unknown.status, 400);
  EXPECT_EQ(parseJson(unknown.body)["error"]["error_subcode"], 33);
  EXPECT_EQ(code(post("/messages", "{}")), 2500);
  EXPECT_EQ(post("/v23.0/1061/messages?appsecret_proof=00", dumpJson(text("x"))).status, 400);
  EXPECT_EQ(post("/v23.0/1061/messages?appsecret_proof=" + meta::appsecretProof("app-secret", "the-token"),
                 dumpJson(text("x")))
                .status,
            200);
  EXPECT_EQ(meta.sent().size(), 1U);
}

TEST_F(WhatsAppSimulatorTest, GarbageFromTheHostIsAnErrorAndNeverACrash) {
  for (const std::string& body : {std::string(), std::string("{"), std::string(200'000, '['), std::string("\xff\xfe"),
                                  std::string("null"), std::string("[]"), std::string("{\"status\":{}}"),
                                  std::string("{\"to\":5,\"type\":[]}"), std::string(3, '\0')}) {
    const auto answer = post("/v23.0/1061/messages", body);
    EXPECT_EQ(answer.status, 400) << body.substr(0, 20);
    EXPECT_TRUE(parseJson(answer.body).contains("error"));
  }
  EXPECT_TRUE(meta.sent().empty());
}

TEST_F(WhatsAppSimulatorTest, ReadReceiptsAreAnsweredWithSuccessAndAreNoSends) {
  const auto answer = send({{"messaging_product", "whatsapp"},
                            {"status", "read"},
                            {"message_id", "wamid.X"},
                            {"typing_indicator", {{"type", "text"}}}});
  EXPECT_EQ(parseJson(answer.body), (Json{{"success", true}}));
  EXPECT_TRUE(meta.sent().empty());
}

TEST_F(WhatsAppSimulatorTest, AnUploadedFileCanBeSent) {
  const std::string body =
      "--b\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\nimage/png\r\n"
      "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\n"
      "\x89PNG-bytes\r\n--b--\r\n";
  const auto answer = post("/v23.0/1061/media", body, "the-token", "multipart/form-data; boundary=b");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const std::string id = parseJson(answer.body)["id"];
  Json image{{"messaging_product", "whatsapp"}, {"to", "+33639980042"}, {"type", "image"}, {"image", {{"id", id}}}};
  EXPECT_EQ(send(image).status, 200);
  image["image"]["id"] = "1";
  EXPECT_EQ(send(image).status, 400);
}

TEST_F(WhatsAppSimulatorTest, AnUploadIsCheckedForItsParts) {
  const auto upload = [&](const std::string& parts) {
    return post("/v23.0/1061/media", parts + "--b--\r\n", "the-token", "multipart/form-data; boundary=b").body;
  };
  const std::string product = "--b\r\nContent-Disposition: form-data; name=\"messaging_product\"\r\n\r\nwhatsapp\r\n";
  const std::string file = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\nContent-Type: ";
  EXPECT_NE(upload(file + "image/png\r\n\r\nx\r\n").find("messaging_product"), std::string::npos);
  EXPECT_NE(upload(product).find("parameter file"), std::string::npos);
  EXPECT_NE(upload(product + file + "image\\/gif\r\n\r\nx\r\n").find("types Meta takes"), std::string::npos);
  EXPECT_NE(upload(product + file + "image/png\r\n\r\n\r\n").find("1.."), std::string::npos);
}

class MediaTest : public WhatsAppSimulatorTest {
 protected:
  HttpAnswer get(const std::string& url, bool with_token) {
    return with_token ? client.get(url, {{"Authorization", "Bearer the-token"}}) : client.get(url);
  }
  std::string id = meta.addMedia("bytes of a file", "audio/ogg; codecs=opus");
  std::string object = meta.url() + "/v23.0/" + id;
};

TEST_F(MediaTest, IsFetchedInTwoSteps) {
  const auto answer = get(object, true);
  ASSERT_EQ(answer.status, 200) << answer.body;
  const Json body = parseJson(answer.body);
  EXPECT_EQ(body["sha256"], crypto::hexEncode(crypto::digest(crypto::Hash::kSha256, "bytes of a file")));
  EXPECT_EQ(body["file_size"], 15);
  EXPECT_EQ(body["mime_type"], "audio/ogg; codecs=opus");
  const auto file = get(body["url"], true);
  EXPECT_EQ(file.body, "bytes of a file");
  EXPECT_EQ(file.header("Content-Type"), "audio/ogg; codecs=opus");
}

TEST_F(MediaTest, NeedsTheTokenInBothSteps) {
  const std::string url = parseJson(get(object, true).body)["url"];
  EXPECT_EQ(get(object, false).status, 401);
  EXPECT_EQ(get(url, false).status, 401);
}

TEST_F(MediaTest, HasAUrlThatExpires) {
  const std::string url = parseJson(get(object, true).body)["url"];
  meta.setMediaUrlLifetime(milliseconds(0));
  EXPECT_EQ(get(url, true).status, 404);
  meta.setMediaUrlLifetime(seconds(300));
  EXPECT_EQ(get(url, true).status, 200);
  EXPECT_EQ(get(url + "x", true).status, 404);
}

TEST_F(MediaTest, InAWebhookHasABase64HashAndAUrl) {
  meta.deliver("1061", mediaEvent(kInes, "image", "png bytes", "image/png", "légende"));
  const Json image =
      parseJson(callback.received().at(0).body)["entry"][0]["changes"][0]["value"]["messages"][0]["image"];
  EXPECT_EQ(image["sha256"], crypto::base64Encode(crypto::digest(crypto::Hash::kSha256, "png bytes")));
  EXPECT_EQ(image["caption"], "légende");
  EXPECT_EQ(get(image["url"], true).body, "png bytes");
}

TEST_F(MediaTest, FailuresCanBeOrderedForEachStep) {
  meta.failNext(Failure::fromText("what=500,on=media"));
  meta.failNext(Failure::fromText("what=404,on=download"));
  EXPECT_EQ(get(object, true).status, 500);
  const std::string url = parseJson(get(object, true).body)["url"];
  EXPECT_EQ(get(url, true).status, 404);
  EXPECT_EQ(get(url, true).status, 200);
}

TEST_F(WhatsAppSimulatorTest, TheControlApiDeliversAndReports) {
  const auto answer = control("/deliver", {{"type", "text"}, {"from", {{"phone", "+33639980042"}}}, {"text", "hi"}});
  ASSERT_EQ(answer.status, 200) << answer.body;
  const Json body = parseJson(answer.body);
  EXPECT_EQ(body["status"], 200);
  EXPECT_EQ(body["body"], "said 200");
  EXPECT_EQ(body["ids"].size(), 1U);
  EXPECT_EQ(getControl("/sent?at_least=1&timeout_ms=1").status, 408);
  send(text("x"));
  EXPECT_EQ(parseJson(getControl("/sent?at_least=1").body)["total"], 1);
  const std::string wamid = meta.sent().at(0).wamid;
  std::string escaped;
  for (const char c : wamid) escaped += c == '+' ? "%2B" : c == '=' ? "%3D" : c == '/' ? "%2F" : std::string(1, c);
  EXPECT_EQ(getControl("/statuses?message_id=" + escaped + "&status=read&timeout_ms=10000").status, 200);
  EXPECT_EQ(parseJson(getControl("/requests").body)["total"], 1);
}

struct WrongAsk {
  const char* path;
  Json body;
  const char* says;
};

TEST_F(WhatsAppSimulatorTest, TheControlApiNamesWhatIsWrong) {
  for (const auto& [path, body, says] : std::vector<WrongAsk>{
           {"/deliver", {{"type", "text"}, {"txt", "hi"}}, "did you mean 'text'"},
           {"/deliver", {{"text", "hi"}}, "'type' is missing"},
           {"/deliver", {{"type", "text"}, {"phone_number_id", "7"}}, "'7'"},
           {"/deliver", {{"type", "text"}, {"copies", 0}}, "1..1000"},
           {"/deliver", {{"type", "image"}, {"media", {{"base64", "*"}, {"mime_type", "a/b"}}}}, "not base64"},
           {"/deliver", {{"type", "status"}, {"status", "sent"}}, "message_id"},
           {"/deliver", {{"type", "batch"}, {"events", Json::array()}}, "at least one"},
           {"/deliver", Json::array(), "JSON object"},
           {"/fail", {{"what", "nothing"}}, "nothing"},
           {"/statuses", {{"statuses", "sent"}}, "array"},
           {"/numbers", {{"phone_number_id", "5"}, {"callback_url", "ftp://x"}}, "http"}}) {
    const auto answer = control(path, body);
    EXPECT_EQ(answer.status, 400) << path << " " << body;
    EXPECT_NE(answer.body.find(says), std::string::npos) << answer.body;
  }
  EXPECT_EQ(control("/nothing", {}).status, 404);
  EXPECT_EQ(callback.received().size(), 0U);
}

TEST_F(WhatsAppSimulatorTest, TheDemoWritesToBothNumbersAndFollowsTheAnswers) {
  Callback second;
  meta.registerNumber({"2062", second.url(), "", "", "", "", "", "globex"});
  const Json told = parseJson(control("/demo/customers", {}).body);
  EXPECT_TRUE(told["ok"].get<bool>()) << told;
  EXPECT_EQ(told["messages"], 9);
  EXPECT_EQ(callback.received().size(), 3U);
  EXPECT_EQ(second.received().size(), 4U);
  EXPECT_EQ(told["steps"][3]["ids"], told["steps"][6]["ids"]) << "the last repeats one";
  const std::string wamid = parseJson(send(text("Bonjour !", "+33639980042")).body)["messages"][0]["id"];
  ASSERT_TRUE(meta.waitForStatus(wamid, "read", seconds(10)));
  const Json state = parseJson(getControl("/demo/state").body);
  EXPECT_EQ(state["read"], 1);
  EXPECT_EQ(state["sent"][0]["statuses"], (Json::array({"sent", "delivered", "read"})));
  EXPECT_EQ(state["customers"].size(), 7U);
}

TEST_F(WhatsAppSimulatorTest, TheDemoSaysWhenAWebhookWasRefused) {
  callback.answerWith({500});
  const auto answer = control("/demo/customers", {});
  EXPECT_EQ(answer.status, 502);
  EXPECT_EQ(parseJson(answer.body)["steps"][0]["status"], 500);
}

}  // namespace
}  // namespace patchbay::simulators::whatsapp
