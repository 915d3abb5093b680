/// What its API accepts and refuses, its media, its control API and its demo.
#include "simulators/whatsapp/simulator_fixture.hpp"

namespace patchbay::simulators::whatsapp {
namespace {

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
  HttpClient impatient(seconds(2));
  const auto answer = impatient.post(meta.url() + "/v23.0/1061/messages",
                                     {{"Authorization", "Bearer the-token"}, {"Content-Type", "application/json"}},
                                     dumpJson(text("x")));
  EXPECT_EQ(answer.status, 0);
  const auto sent = meta.waitForSent(1, seconds(30));
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_TRUE(meta.waitForStatus(sent[0].wamid, "read", seconds(30)));
}

TEST_F(WhatsAppSimulatorTest, ResetLetsGoOfHeldConnections) {
  meta.failNext(Failure::fromText("what=timeout"));
  HttpAnswer answer;
  std::atomic<bool> ended = false;
  std::jthread caller([&] {
    answer = send(text("x"));
    ended = true;
  });
  ASSERT_TRUE(meta.waitForCalls(1, seconds(30)));
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
  const auto sent = meta.waitForSent(3, seconds(30));
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
  EXPECT_EQ(getControl("/statuses?message_id=" + escaped + "&status=read&timeout_ms=30000").status, 200);
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
  ASSERT_TRUE(meta.waitForStatus(wamid, "read", seconds(30)));
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
