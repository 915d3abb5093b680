// The simulator over its own port, as a client sees it.
#include "simulators/telegram/telegram_simulator.hpp"

#include <gtest/gtest.h>

#include <future>

#include "simulators/common/bad_input.hpp"
#include "simulators/common/http_client.hpp"
#include "simulators/common/http_server.hpp"

namespace patchbay::simulators::telegram {
namespace {

using std::chrono::seconds;

constexpr const char* kToken = "110201543:AAHpatchbayExampleToken000000000000";

class Simulator : public ::testing::Test {
 protected:
  Simulator() { telegram_.registerBot({.token = kToken, .label = "acme"}); }

  Json call(const std::string& method, const Json& arguments = Json::object()) {
    const auto answer = client_.post(telegram_.url() + "/bot" + kToken + "/" + method,
                                     {{"Content-Type", "application/json"}}, dumpJson(arguments));
    return answer.status == 0 ? Json{{"lost", answer.error}} : parseJson(answer.body);
  }

  TelegramSimulator telegram_{Options{}};
  HttpClient client_{seconds(60)};
};

TEST_F(Simulator, AnUnknownTokenIsUnauthorized) {
  const auto answer = client_.get(telegram_.url() + "/bot1:wrong/getMe");
  EXPECT_EQ(answer.status, 401);
  EXPECT_EQ(parseJson(answer.body), Json({{"ok", false}, {"error_code", 401}, {"description", "Unauthorized"}}));
  EXPECT_EQ(call("getMe")["result"]["id"], 110201543);
}

TEST_F(Simulator, AnOffsetConfirmsWhatIsBelowIt) {
  const auto first = telegram_.deliver("", {{"text", "one"}})["update_id"].get<std::int64_t>();
  telegram_.deliver("acme", {{"text", "two"}});
  EXPECT_EQ(call("getUpdates")["result"].size(), 2U);
  EXPECT_EQ(call("getUpdates")["result"].size(), 2U) << "nothing was confirmed";
  const Json rest = call("getUpdates", {{"offset", first + 1}});
  ASSERT_EQ(rest["result"].size(), 1U);
  EXPECT_EQ(rest["result"][0]["message"]["text"], "two");
  EXPECT_EQ(call("getUpdates", {{"offset", first + 2}})["result"].size(), 0U);
}

TEST_F(Simulator, ALongPollEndsWithAnUpdate) {
  auto waiting = std::async(std::launch::async, [&] { return call("getUpdates", {{"timeout", 50}}); });
  const auto begun = std::chrono::steady_clock::now();
  // Whether the poll has begun or not: it gets the update.
  telegram_.deliver("", {{"text", "now"}});
  EXPECT_EQ(waiting.get()["result"].size(), 1U);
  EXPECT_LT(std::chrono::steady_clock::now() - begun, seconds(40));
}

TEST_F(Simulator, WebhookAndPollingExcludeEachOther) {
  EXPECT_EQ(call("setWebhook", {{"url", "http://127.0.0.1:9/hook"}, {"secret_token", "s"}})["ok"], true);
  EXPECT_EQ(call("getUpdates")["error_code"], 409);
  EXPECT_EQ(call("deleteWebhook")["ok"], true);
  EXPECT_EQ(call("getUpdates")["ok"], true);
  EXPECT_EQ(call("setWebhook", {{"url", "http://example.test/hook"}})["error_code"], 400) << "https only";
  EXPECT_EQ(call("setWebhook", {{"url", "https://example.test"}, {"secret_token", "a b"}})["error_code"], 400);
}

TEST_F(Simulator, AWebhookCarriesTheSecretAndAnErrorIsRemembered) {
  std::string secret, body;
  int status = 200;
  HttpServer host(
      "127.0.0.1", 0,
      [&](HttpRequest& request) {
        secret = request.header("X-Telegram-Bot-Api-Secret-Token");
        body = request.body;
        return HttpReply{status, {}, ""};
      },
      [](const HttpRequest&) { return false; });
  host.start();
  call("setWebhook", {{"url", host.url() + "/hook"}, {"secret_token", "pb_SECRET-0123456789"}});
  const Json told = telegram_.deliver("", {{"text", "Olá 👋"}});
  EXPECT_EQ(told["status"], 200);
  EXPECT_EQ(secret, "pb_SECRET-0123456789");
  EXPECT_EQ(parseJson(body)["message"]["text"], "Olá 👋");
  EXPECT_EQ(call("getWebhookInfo")["result"]["pending_update_count"], 0);
  telegram_.deliver("", {{"text", "x"}, {"secret", "wrong"}});
  EXPECT_EQ(secret, "not-pb_SECRET-0123456789");
  status = 503;
  EXPECT_EQ(telegram_.deliver("", {{"text", "y"}})["status"], 503);
  const Json info = call("getWebhookInfo")["result"];
  EXPECT_EQ(info["pending_update_count"], 1);
  EXPECT_EQ(info["last_error_message"], "Wrong response from the webhook: 503");
}

TEST_F(Simulator, SendsAreCheckedAndKept) {
  EXPECT_EQ(call("sendMessage", {{"chat_id", 5550001}, {"text", ""}})["error_code"], 400);
  EXPECT_EQ(call("sendMessage", {{"chat_id", 5550001}, {"text", std::string(4097, 'x')}})["error_code"], 400);
  EXPECT_EQ(call("sendPhoto", {{"chat_id", 5550001}})["error_code"], 400);
  EXPECT_EQ(call("noSuchMethod", {{"chat_id", 5550001}})["error_code"], 404);
  const Json sent = call("sendMessage", {{"chat_id", 5550001}, {"text", "Hello"}})["result"];
  EXPECT_EQ(sent["chat"]["id"], 5550001);
  EXPECT_EQ(telegram_.waitForSent(1, seconds(0))[0]["message_id"], sent["message_id"]);
  const Json edit{{"chat_id", 5550001}, {"message_id", sent["message_id"]}, {"text", "Hello"}};
  EXPECT_TRUE(call("editMessageText", edit)["description"].get<std::string>().starts_with(
      "Bad Request: message is not modified"));
}

TEST_F(Simulator, WhoBlocksTheBotIsNotReachedUntilTheyWrite) {
  telegram_.deliver("", {{"membership", "kicked"}});
  EXPECT_EQ(call("sendMessage", {{"chat_id", 5550001}, {"text", "x"}})["error_code"], 403);
  telegram_.deliver("", {{"text", "back"}});
  EXPECT_EQ(call("sendMessage", {{"chat_id", 5550001}, {"text", "x"}})["ok"], true);
}

TEST_F(Simulator, FilesAreFetchedInTwoSteps) {
  telegram_.deliver("", {{"file", {{"kind", "photo"}, {"content_base64", "aGVsbG8="}}}});
  const Json photo = call("getUpdates")["result"][0]["message"]["photo"];
  const Json file = call("getFile", {{"file_id", photo[1]["file_id"]}})["result"];
  const auto bytes = client_.get(telegram_.url() + "/file/bot" + kToken + "/" + file["file_path"].get<std::string>());
  EXPECT_EQ(bytes.status, 200);
  EXPECT_EQ(bytes.body, "hello");
  EXPECT_EQ(call("getFile", {{"file_id", "no"}})["error_code"], 400);
}

TEST_F(Simulator, FailuresComeAsOrdered) {
  telegram_.failNext(Failure::fromText("what=error,code=429,retry_after=7"));
  const Json refused = call("sendMessage", {{"chat_id", 1}, {"text", "x"}});
  EXPECT_EQ(refused["error_code"], 429);
  EXPECT_EQ(refused["parameters"]["retry_after"], 7);
  EXPECT_EQ(call("sendMessage", {{"chat_id", 1}, {"text", "x"}})["ok"], true);
  telegram_.failNext(Failure::fromText("what=close_after_request,on=updates,times=always"));
  EXPECT_TRUE(call("getUpdates").contains("lost"));
}

TEST_F(Simulator, WrongInputIsNamed) {
  EXPECT_THROW(telegram_.deliver("", {{"txet", "x"}}), BadInput);
  EXPECT_THROW(telegram_.deliver("nobody", {{"text", "x"}}), BadInput);
  EXPECT_THROW(telegram_.registerBot({.token = "no token"}), BadInput);
  EXPECT_THROW(telegram_.deliver("", {{"from", {{"id", "5"}}}}), BadInput);
}

}  // namespace
}  // namespace patchbay::simulators::telegram
