#include "connectors/turn.hpp"

#include "fixture.hpp"

namespace patchbay::connectors::test {
namespace {

const Json kEvent = {{"kind", "account"}, {"text", "x"}};
const Json kRequest = {{"method", "GET"}, {"url", "https://api.scripted.example/x"}, {"repeat", "safe"}};
const Json kUnsafe = {{"method", "POST"}, {"url", "https://api.scripted.example/x"}, {"repeat", "unsafe"}};
const Json kResult = {{"status", "sent"}, {"ids", {"1"}}};

class TurnTest : public ChannelTest {
 protected:
  TurnTest() : channel_(make()) {}

  static Json emit(int kind, const Json& json, int times = 1) {
    return {{"emit", kind}, {"json", json}, {"times", times}};
  }

  Turn receive(const std::vector<Json>& script) { return ChannelTest::receive(channel_, Json(script).dump()); }
  Turn perform(const std::vector<Json>& script) {
    return channel_->perform({{"kind", "message"}, {"text", Json(script).dump()}}, context());
  }
  Turn poll(const std::vector<Json>& script) { return channel_->poll(Json(script).dump(), context()); }

  static void expectBug(const Turn& turn, const std::string& why) {
    EXPECT_EQ(turn.status, PB_BUG);
    EXPECT_NE(turn.error.find(why), std::string::npos) << turn.error;
    EXPECT_TRUE(turn.events.empty() && turn.requests.empty() && !turn.result && !turn.carry && !turn.reply &&
                turn.blobs.empty());
  }

  std::shared_ptr<Channel> channel_;
};

TEST_F(TurnTest, KeepsWhatAGoodTurnEmitted) {
  const auto received =
      receive({emit(PB_EMIT_EVENT, kEvent, 3),
               emit(PB_EMIT_REPLY, {{"status", 201}, {"content_type", "text/xml"}, {"body", "<x/>"}})});
  ASSERT_TRUE(received.ok()) << received.error;
  EXPECT_EQ(received.events.size(), 3U);
  EXPECT_EQ(received.reply->status, 201);
  const auto turn = perform({emit(PB_EMIT_REQUEST, kRequest), emit(PB_EMIT_CARRY, "opaque"),
                             emit(PB_EMIT_THROTTLE, {{"scope", "channel"}, {"until", "2026-01-05T11:00:00Z"}}),
                             Json{{"blob", "bytes"}}});
  ASSERT_TRUE(turn.ok()) << turn.error;
  EXPECT_EQ(turn.requests.size(), 1U);
  EXPECT_EQ(turn.carry, "opaque");
  EXPECT_EQ(turn.throttles.at(0).scope, "channel");
  EXPECT_EQ(turn.blobs.begin()->second, "bytes");
  EXPECT_EQ(turn.blobs.begin()->first, 1'000'000U);
}

TEST_F(TurnTest, DropsEveryEffectOfATurnThatFailed) {
  const auto turn = receive({emit(PB_EMIT_EVENT, kEvent), Json{{"diag", "no id"}, {"pointer", "/entry/0"}},
                             Json{{"return", PB_INVALID_INPUT}}});
  EXPECT_EQ(turn.status, PB_INVALID_INPUT);
  EXPECT_TRUE(turn.events.empty());
  EXPECT_EQ(turn.error, "no id (at /entry/0)");
  EXPECT_EQ(turn.diagnostics.at(0).pointer, "/entry/0");
}

TEST_F(TurnTest, KeepsTheEffectsOfAnIgnoredOne) {
  EXPECT_EQ(receive({emit(PB_EMIT_EVENT, kEvent), Json{{"return", PB_IGNORED}}}).events.size(), 1U);
}

TEST_F(TurnTest, RefusesEffectsWhereTheyAreNotLegal) {
  expectBug(receive({emit(PB_EMIT_RESULT, kResult)}), "result refused: not legal in receive");
  expectBug(receive({emit(PB_EMIT_CURSOR, {{"cursor", "x"}})}), "cursor refused: not legal in receive");
  expectBug(perform({emit(PB_EMIT_REPLY, Json::object()), emit(PB_EMIT_RESULT, kResult)}),
            "reply refused: not legal in perform");
  expectBug(perform({emit(PB_EMIT_CURSOR, {{"cursor", "x"}}), emit(PB_EMIT_RESULT, kResult)}),
            "cursor refused: not legal in perform");
  expectBug(poll({emit(PB_EMIT_REPLY, Json::object())}), "reply refused: not legal in poll");
  expectBug(receive({emit(99, kEvent)}), "unknown effect refused");
}

TEST_F(TurnTest, APollThatFailedHasNothingToKeep) {
  const Json failed = {{"status", "failed"}, {"error", {{"class", "transient"}, {"text", "busy"}}}};
  const auto turn = poll({emit(PB_EMIT_RESULT, failed)});
  ASSERT_TRUE(turn.ok()) << turn.error;
  EXPECT_EQ(turn.result->at("error").at("text"), "busy");
  const std::string why = "a poll that failed has neither events nor a cursor";
  expectBug(poll({emit(PB_EMIT_CURSOR, {{"cursor", "x"}}), emit(PB_EMIT_RESULT, failed)}), why);
  expectBug(poll({emit(PB_EMIT_EVENT, kEvent), emit(PB_EMIT_RESULT, failed)}), why);
  expectBug(poll({emit(PB_EMIT_REQUEST, kRequest), emit(PB_EMIT_RESULT, failed)}), "the poll cannot have ended");
}

TEST_F(TurnTest, TakesRequestsThrottlesAndBytesOfReceive) {
  const Json throttle = {{"scope", "channel"}, {"until", "2026-01-05T11:00:00Z"}};
  const auto turn =
      receive({Json{{"blob", "x"}},
               emit(PB_EMIT_EVENT, {{"kind", "message"},
                                    {"id", "1"},
                                    {"timestamp", "2026-01-05T10:00:00Z"},
                                    {"from", {{"kind", "phone"}, {"address", "+1"}}},
                                    {"type", "image"},
                                    {"media", Json::array({{{"blob", 1000000}}})}}),
               emit(PB_EMIT_REQUEST, kRequest), emit(PB_EMIT_CARRY, "left"), emit(PB_EMIT_THROTTLE, throttle)});
  ASSERT_TRUE(turn.ok()) << turn.error;
  EXPECT_EQ(turn.events.size(), 1U);
  EXPECT_EQ(turn.requests.size(), 1U);
  EXPECT_EQ(turn.carry, "left");
  EXPECT_EQ(turn.throttles.size(), 1U);
  EXPECT_EQ(turn.blobs.at(1000000), "x");
  expectBug(receive({emit(PB_EMIT_CARRY, "x")}), "a carry without requests");
}

TEST_F(TurnTest, TakesMailWhoseBytesTheTurnHas) {
  const auto mail = emit(PB_EMIT_EVENT, {{"kind", "message"}, {"mime", 1000000}, {"envelope", {{"from", ""}}}});
  const auto turn = receive({Json{{"blob", "x"}}, mail});
  ASSERT_TRUE(turn.ok()) << turn.error;
  EXPECT_EQ(turn.events.at(0).mime, 1000000U);
  expectBug(receive({mail}), "mime names blob 1000000, which this turn does not have");
}

TEST_F(TurnTest, RefusesTextWithoutBytes) {
  expectBug(receive({Json{{"null_text", "event"}}}), "event refused: a null pointer with a length");
  expectBug(receive({Json{{"null_text", "diag"}}}), "diag refused: a null pointer with a length");
}

TEST_F(TurnTest, TakesOneCursorAndOneNextPoll) {
  expectBug(poll({emit(PB_EMIT_CURSOR, {{"cursor", "x"}}, 2)}), "a second cursor");
  expectBug(poll({emit(PB_EMIT_NEXT_POLL, {{"after_ms", 1}}, 2)}), "a second next_poll");
}

TEST_F(TurnTest, NeedsAnOperationToEndOrToGoOn) {
  expectBug(perform({emit(PB_EMIT_EVENT, kEvent)}), "neither a result nor requests");
  expectBug(perform({emit(PB_EMIT_RESULT, kResult), emit(PB_EMIT_REQUEST, kRequest)}), "a result and requests");
  expectBug(perform({emit(PB_EMIT_EVENT, kEvent), Json{{"return", PB_IGNORED}}}), "neither a result nor requests");
  EXPECT_TRUE(poll({emit(PB_EMIT_EVENT, kEvent)}).ok());
  expectBug(perform({emit(PB_EMIT_RESULT, kResult, 2)}), "a second result");
  expectBug(perform({emit(PB_EMIT_CARRY, "x", 2), emit(PB_EMIT_RESULT, kResult)}), "carry refused: a second one");
}

TEST_F(TurnTest, AllowsOneUnsafeRequestInAStep) {
  EXPECT_EQ(perform({emit(PB_EMIT_REQUEST, kUnsafe), emit(PB_EMIT_REQUEST, kRequest, 5)}).requests.size(), 6U);
  expectBug(perform({emit(PB_EMIT_REQUEST, kUnsafe, 2)}), "a second one with \"repeat\": \"unsafe\"");
}

TEST_F(TurnTest, ChecksRequestsAndResultsByTheirSchema) {
  auto request = kRequest;
  request["method"] = "TRACE";
  expectBug(perform({emit(PB_EMIT_REQUEST, request)}), "http_request refused: /method must be one of");
  request = kRequest;
  request["url"] = "ftp://x";
  expectBug(perform({emit(PB_EMIT_REQUEST, request)}), "/url must");
  request = kRequest;
  request["colour"] = "red";
  expectBug(perform({emit(PB_EMIT_REQUEST, request)}), "/colour is not known here");
  expectBug(perform({emit(PB_EMIT_RESULT, {{"status", "failed"}})}), "result refused: /error is missing");
  expectBug(perform({emit(PB_EMIT_RESULT, "not json")}), "result refused: not JSON");
  expectBug(receive({emit(PB_EMIT_EVENT, {{"kind", "message"}})}), "event refused: event /timestamp is missing");
  expectBug(receive({emit(PB_EMIT_EVENT, std::string(200'000, '['))}), "event refused");
  expectBug(receive({emit(PB_EMIT_REPLY, {{"status", 99}})}), "reply refused: /status must be at least 200");
  expectBug(receive({emit(PB_EMIT_REPLY, {{"content_type", "a\r\nb"}})}), "reply refused: /content_type");
  expectBug(perform({emit(PB_EMIT_THROTTLE, {{"scope", "world"}, {"until", "2026-01-05T10:00:00Z"}})}),
            "throttle refused: /scope");
}

TEST_F(TurnTest, BoundsWhatOneTurnMayEmit) {
  EXPECT_EQ(receive({emit(PB_EMIT_EVENT, kEvent, kMaxTurnEvents)}).events.size(), kMaxTurnEvents);
  expectBug(receive({emit(PB_EMIT_EVENT, kEvent, kMaxTurnEvents + 1)}), "over 5000 events");
  expectBug(receive({emit(PB_EMIT_EVENT, {{"kind", "account"}, {"text", std::string(1U << 20U, 'a')}}, 33)}),
            "bytes of effects");
  const auto result = emit(PB_EMIT_RESULT, kResult);
  expectBug(perform({emit(PB_EMIT_CARRY, std::string(kMaxCarry + 1, 'a')), result}), "65537 bytes");
  EXPECT_TRUE(perform({emit(PB_EMIT_CARRY, std::string(kMaxCarry, 'a')), result}).carry.has_value());
  const Json throttle = {{"scope", "channel"}, {"until", "2026-01-05T11:00:00Z"}};
  EXPECT_EQ(perform({emit(PB_EMIT_THROTTLE, throttle, kMaxTurnThrottles), result}).throttles.size(), kMaxTurnThrottles);
  expectBug(perform({emit(PB_EMIT_THROTTLE, throttle, kMaxTurnThrottles + 1), result}), "over 100 throttles");
  expectBug(perform({emit(PB_EMIT_REQUEST, kRequest, kMaxTurnRequests + 1)}), "over 64 requests");
  const Json blob = Json{{"blob", "b"}, {"size", 32U << 20U}, {"times", 2}};
  EXPECT_EQ(perform({blob, result}).blobs.size(), 2U);
  EXPECT_EQ(perform({blob, Json{{"blob", "one more"}}}).status, PB_REJECTED);
  EXPECT_EQ(perform({Json{{"blob", "b"}, {"times", kMaxTurnBlobCount}}, result}).blobs.size(), kMaxTurnBlobCount);
  EXPECT_EQ(perform({Json{{"blob", "b"}, {"times", kMaxTurnBlobCount + 1}}}).status, PB_REJECTED);
}

TEST_F(TurnTest, BoundsDiagnostics) {
  std::vector<Json> script;
  for (int i = 0; i < 200; ++i) script.push_back(Json{{"diag", std::string(5000, 'x')}});
  const auto turn = receive(script);
  EXPECT_EQ(turn.diagnostics.size(), kMaxTurnDiagnostics);
  EXPECT_EQ(turn.diagnostics[0].text.size(), 2000U);
}

TEST_F(TurnTest, RefusesBlobsThatNobodyHandedOver) {
  const auto with = [](std::uint64_t id) {
    return Json{{"kind", "message"},
                {"id", "1"},
                {"timestamp", "2026-01-05T10:00:00Z"},
                {"from", {{"kind", "phone"}, {"address", "+1"}}},
                {"type", "image"},
                {"media", {Json{{"blob", id}}}}};
  };
  const auto result = emit(PB_EMIT_RESULT, kResult);
  EXPECT_TRUE(perform({Json{{"blob", "x"}}, emit(PB_EMIT_EVENT, with(1'000'000)), result}).ok());
  expectBug(perform({Json{{"blob", "x"}}, emit(PB_EMIT_EVENT, with(1'000'001)), result}), "blob 1000001");
  // Given by the host to operations; a receive turn is given none.
  EXPECT_TRUE(perform({emit(PB_EMIT_EVENT, with(7)), result}).ok());
  expectBug(receive({emit(PB_EMIT_EVENT, with(7))}), "event refused: media names blob 7");
}

TEST_F(TurnTest, TurnsAnExceptionIntoABug) {
  expectBug(receive({emit(PB_EMIT_EVENT, kEvent), Json{{"throw", "oops"}}}), "an exception left the connector: oops");
}

TEST_F(TurnTest, RefusesAStatusThatIsNone) {
  expectBug(receive({Json{{"return", 42}}}), "returned 42");
  expectBug(receive({Json{{"return", -1}}}), "returned -1");
}

TEST_F(TurnTest, AnswersUnsupportedForAnUnknownOperation) {
  const auto turn = channel_->perform({{"kind", "levitate"}}, context());
  EXPECT_EQ(turn.status, PB_UNSUPPORTED);
  EXPECT_EQ(turn.error, "perform returned unsupported");
}

TEST_F(TurnTest, RecordsEveryEffectWhenAsked) {
  std::vector<Effect> effects;
  auto recording = context();
  recording.record = &effects;
  const auto script = Json{emit(PB_EMIT_EVENT, kEvent), Json{{"blob", "b"}}, Json{{"diag", "d"}}, emit(99, "x")}.dump();
  (void)channel_->perform({{"kind", "message"}, {"text", script}}, recording);
  ASSERT_EQ(effects.size(), 4U);
  EXPECT_EQ(effects[0].kind, "event");
  EXPECT_EQ(effects[1].text, "b");
  EXPECT_EQ(effects[2].text, "scripted\n\nd");
}

}  // namespace
}  // namespace patchbay::connectors::test
