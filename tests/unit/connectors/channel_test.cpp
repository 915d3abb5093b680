#include "connectors/channel.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

#include "fixture.hpp"

namespace patchbay::connectors::test {
namespace {

using Channels = ChannelTest;

TEST_F(Channels, VerifiesByThePathOfTheManifest) {
  const auto channel = make();
  UnsignedWebhook webhook{"POST", "", "", {}, "{}"};
  channel->sign(webhook, now());
  EXPECT_EQ(channel->verify({"POST", "", "", &webhook.headers, "{}"}).kind, Verdict::Kind::kPass);
  EXPECT_EQ(channel->verify({"POST", "second", "", &webhook.headers, "{}"}).kind, Verdict::Kind::kRefused);
  EXPECT_EQ(channel->verify({"POST", "third", "", &webhook.headers, "{}"}).kind, Verdict::Kind::kUnknownPath);
  EXPECT_EQ(channel->maxBody(""), 33554432U);
  EXPECT_EQ(channel->maxBody("second"), 4U << 20U);
  EXPECT_EQ(channel->maxBody("third"), 0U);
  EXPECT_EQ(channel->signatureScheme("second")->name, "token");
}

TEST_F(Channels, KnowWhichTurnsAreUnderWay) {
  const Folder folder;
  const std::string fifo = (folder.path() / "fifo").string();
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  const auto channel = make();
  const auto& running = channel->stats().running;
  EXPECT_FALSE(running.oldest());
  const auto before = RunningTurns::Clock::now();
  std::jthread turn([&] {
    const http::Headers none;
    const std::string script = R"([{"read": ")" + fifo + R"("}])";
    EXPECT_TRUE(channel->receive({"POST", "", "", &none, script}, context()).ok());
  });
  int writer = -1;  // opens once the connector is in its turn and reads
  for (int i = 0; i < 60000 && writer < 0; ++i) {
    writer = ::open(fifo.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (writer < 0) std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  const auto oldest = running.oldest();
  ASSERT_GE(writer, 0);
  ::close(writer);  // ends the turn
  turn.join();
  ASSERT_TRUE(oldest);
  EXPECT_GE(*oldest, before);
  EXPECT_FALSE(running.oldest());
}

TEST_F(Channels, AcknowledgesAsTheManifestSays) {
  const auto channel = make();
  const auto first = channel->acknowledgement("");
  EXPECT_EQ(first.status, 202);
  EXPECT_EQ(first.body, "thanks");
  EXPECT_EQ(first.headers.at(0).value, "text/plain");
  const auto second = channel->acknowledgement("second");
  EXPECT_EQ(second.status, 200);
  EXPECT_TRUE(second.headers.empty());
}

TEST_F(Channels, HandTheWholeWebhookToTheConnector) {
  const auto channel = make();
  const http::Headers headers = {{"A", "1"}, {"b", "2"}};
  const auto turn = channel->receive({"PUT", "sub/path", "x=1", &headers, "not a script"}, context());
  ASSERT_EQ(turn.events.size(), 1U) << turn.error;
  EXPECT_EQ(turn.events[0].raw, "PUT sub/path?x=1 A;b;");
  EXPECT_EQ(turn.events[0].timestamp, context().now);
}

TEST_F(Channels, HandAFormToTheConnectorAsFields) {
  const auto channel = make();
  const http::Headers headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  const auto turn = channel->receive({"POST", "form", "", &headers, "From=%2B1&Body=a+b&From="}, context());
  ASSERT_EQ(turn.events.size(), 1U) << turn.error;
  EXPECT_EQ(turn.events[0].raw, "From=+1|||0;Body=a b|||0;From=|||0;");
  EXPECT_EQ(turn.events[0].why, "body: ") << "the body is empty when there are fields";
}

TEST_F(Channels, LeaveABodyAloneThatIsNoFormOrWhosePathDecodesNone) {
  const auto channel = make();
  const http::Headers json = {{"Content-Type", "application/json"}};
  EXPECT_EQ(channel->receive({"POST", "form", "", &json, R"([{"clock": true}])"}, context()).events.size(), 1U);
  const http::Headers form = {{"Content-Type", "application/x-www-form-urlencoded"}};
  EXPECT_EQ(channel->receive({"POST", "", "", &form, R"([{"clock": true}])"}, context()).events.size(), 1U);
}

TEST_F(Channels, KeepTheFilesOfAFormThatTheTurnUses) {
  const auto channel = make();
  const http::Headers headers = {{"Content-Type", "multipart/form-data; boundary=X"}};
  const std::string file = "--X\r\nContent-Disposition: form-data; name=f; filename=a\r\n\r\n";
  const auto body = [&](const std::string& script) {
    return file + "one\r\n" + file + "two\r\n" + file + "three\r\n--X\r\n" +
           "Content-Disposition: form-data; name=script\r\n\r\n" + script + "\r\n--X--\r\n";
  };
  const auto webhook = body(R"([{"emit": 1, "json": {"kind": "message", "id": "m", "type": "image",
      "timestamp": "2026-01-05T10:00:00Z", "from": {"kind": "phone", "address": "+1"}, "media": [{"blob": 2}]}},
      {"emit": 3, "json": {"method": "POST", "url": "https://api.scripted.example/", "repeat": "unsafe",
      "json": {"deep": [{"$blob": 3, "as": "base64"}]}}}])");
  const auto turn = channel->receive({"POST", "form", "", &headers, webhook}, context());
  ASSERT_TRUE(turn.ok()) << turn.error;
  EXPECT_EQ(turn.blobs, (std::map<std::uint64_t, std::string>{{2, "two"}, {3, "three"}}));
  const auto stranger = body(R"([{"emit": 1, "json": {"kind": "message", "id": "m", "type": "image",
      "timestamp": "2026-01-05T10:00:00Z", "from": {"kind": "phone", "address": "+1"}, "media": [{"blob": 4}]}}])");
  const auto refused = channel->receive({"POST", "form", "", &headers, stranger}, context());
  EXPECT_EQ(refused.status, PB_BUG);
  EXPECT_NE(refused.error.find("blob 4"), std::string::npos) << refused.error;
}

TEST_F(Channels, DoNotCallTheConnectorWithABrokenForm) {
  const auto channel = make();
  const http::Headers headers = {{"Content-Type", "multipart/form-data; boundary=X"}};
  const auto turn = channel->receive({"POST", "form", "", &headers, "--X\r\n"}, context());
  EXPECT_EQ(turn.status, PB_INVALID_INPUT);
  EXPECT_NE(turn.error.find("the form cannot be read"), std::string::npos) << turn.error;
}

TEST_F(Channels, GiveTheConnectorTheClockAndTheAttempt) {
  const auto turn = receive(make(), R"([{"clock": true}])");
  ASSERT_EQ(turn.events.size(), 1U);
  EXPECT_EQ(turn.events[0].text, "1767607200123 2");
}

TEST_F(Channels, CarryAnOperationThroughItsSteps) {
  const auto channel = make();
  const Json operation = {{"kind", "message"}, {"to", {{"kind", "phone"}, {"address", "+1"}}}, {"text", "Hello"}};
  auto turn = channel->perform(operation, context());
  ASSERT_EQ(turn.requests.size(), 1U) << turn.error;
  EXPECT_EQ(turn.requests[0]["json"]["text"], "Hello");
  EXPECT_EQ(turn.carry, "step 1");
  const std::vector<Answer> answers = {{.status = 200, .headers = {{"X", "y"}}, .body = "{}", .error = {}},
                                       {.failure = PB_NO_ANSWER, .headers = {}, .body = {}, .error = "late"}};
  turn = channel->resume(operation, *turn.carry, answers, context());
  ASSERT_TRUE(turn.result) << turn.error;
  EXPECT_EQ((*turn.result)["ids"][0], "step 1/2");
  turn = channel->resume(operation, "",
                         std::vector<Answer>{{.failure = PB_NOT_SENT, .headers = {}, .body = {}, .error = "refused"}},
                         context());
  EXPECT_EQ((*turn.result)["error"]["text"], "refused");
}

TEST_F(Channels, PollWithACursor) {
  const auto channel = make();
  EXPECT_EQ(channel->poll("41", context()).cursor, "41+");
  const auto turn = channel->resume(
      {{"kind", "poll"}, {"cursor", "41"}}, "",
      std::vector<Answer>{{.status = 200,
                           .headers = {},
                           .body = R"([{"emit": 6, "json": {"cursor": "42"}}, {"emit": 7, "json": {"after_ms": 500}}])",
                           .error = {}}},
      context());
  EXPECT_EQ(turn.cursor, "42") << turn.error;
  EXPECT_EQ(turn.next_poll, std::chrono::milliseconds{500});
}

TEST_F(Channels, NeverEnterAnInstanceTwiceAtOnce) {
  // The connector counts its turns without any lock; it says nothing of being reentrant.
  const auto channel = make();
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 250; ++i) (void)receive(channel, R"([{"return": 1}])");
    });
  threads.clear();
  const auto turn = receive(channel, R"([{"turns": true}])");
  EXPECT_EQ(turn.events.at(0).text, "1001");
}

TEST_F(Channels, OutliveADestroyThatThrows) {
  auto config = goodConfig();
  config["count"] = 99;
  EXPECT_NO_THROW(make(config).reset());
}

TEST_F(Channels, SendNothingWhoseAnswerNobodyReads) {
  ConnectorSet set({QUIET_LIBRARY}, "");
  ChannelFactory factory(set);
  ChannelSettings settings;
  settings.tenant = "acme";
  settings.name = "support";
  settings.connector = "quiet";
  settings.config = Json::object();
  const auto channel = *factory.create(settings);
  EXPECT_TRUE(channel->perform({{"kind", "message"}, {"text", "ends"}}, context()).ok());
  const auto turn = channel->perform({{"kind", "message"}, {"text", "hello"}}, context());
  EXPECT_EQ(turn.status, PB_BUG);
  EXPECT_TRUE(turn.requests.empty());
  EXPECT_NE(turn.error.find("write resume()"), std::string::npos) << turn.error;
}

TEST_F(Channels, AConnectorThatLogsTooMuchIsCutShort) {
  ConnectorSet set({SCRIPTED_LIBRARY}, "");
  ChannelFactory factory(set);
  ChannelSettings settings;
  settings.tenant = "acme";
  settings.name = "support";
  settings.connector = "scripted";
  settings.config = goodConfig();
  const auto channel = *factory.create(settings);
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(receive(channel, R"([{"log": true}])").ok());
  const std::string few = ::testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(few.begin(), few.end(), '\n'), 50);
  EXPECT_NE(few.find("connector: a line\\nof the connector tenant=acme channel=support"), std::string::npos) << few;

  const auto started = std::chrono::steady_clock::now();
  ::testing::internal::CaptureStderr();
  for (int i = 0; i < 5000; ++i) EXPECT_TRUE(receive(channel, R"([{"log": true}])").ok());
  const std::string many = ::testing::internal::GetCapturedStderr();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  // Each refill may bring a line and one that tells what was left out.
  EXPECT_LT(std::count(many.begin(), many.end(), '\n'), 160 + 2 * static_cast<long>(took.count() * 10));
}

TEST_F(Channels, OutliveTheSetTheyCameFrom) {
  std::shared_ptr<Channel> channel;
  {
    ConnectorSet set({SCRIPTED_LIBRARY}, "");
    ChannelFactory factory(set);
    ChannelSettings settings;
    settings.tenant = "acme";
    settings.name = "support";
    settings.connector = "scripted";
    settings.config = goodConfig();
    channel = *factory.create(settings);
  }
  EXPECT_TRUE(receive(channel, R"([{"log": true}])").ok());
}

}  // namespace
}  // namespace patchbay::connectors::test
