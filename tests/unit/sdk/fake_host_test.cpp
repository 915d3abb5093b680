// FakeHost refuses what the host refuses; each rule is broken by a few lines of C.
#include <gtest/gtest.h>

#include <patchbay/testing.hpp>

namespace patchbay {
namespace {

constexpr const char* kManifest = R"({"config":{"type":"object","properties":{}}})";

int32_t createNothing(const pb_host*, pb_str, const pb_call*, pb_instance** instance) {
  static int something;
  *instance = reinterpret_cast<pb_instance*>(&something);
  return PB_OK;
}

pb_connector connectorOf(std::int32_t (*perform)(pb_instance*, const pb_call*, pb_str)) {
  pb_connector connector{};
  connector.struct_size = sizeof connector;
  connector.manifest = {kManifest, std::string_view(kManifest).size()};
  connector.create = &createNothing;
  connector.perform = perform;
  return connector;
}

std::int32_t emit(const pb_call* call, std::uint32_t kind, std::string_view json) {
  return call->emit(call, kind, {json.data(), json.size()}) == PB_OK ? PB_OK : PB_BUG;
}

/// @return why the host refused the effect
std::string refusal(std::int32_t (*perform)(pb_instance*, const pb_call*, pb_str)) {
  const pb_connector connector = connectorOf(perform);
  testing::FakeHost host(Json::object(), &connector);
  const auto turn = host.perform({{"kind", "test"}});
  EXPECT_EQ(turn.status, PB_BUG);
  return turn.refused;
}

TEST(FakeHost, RefusesEffectsThatAreNotLegalInTheirTurn) {
  EXPECT_EQ(refusal([](pb_instance*, const pb_call* call, pb_str) { return emit(call, PB_EMIT_REPLY, "{}"); }),
            "a reply comes from receive()");
  EXPECT_EQ(refusal([](pb_instance*, const pb_call* call, pb_str) { return emit(call, PB_EMIT_CURSOR, "{}"); }),
            "a cursor comes from poll()");
  EXPECT_EQ(refusal([](pb_instance*, const pb_call* call, pb_str) { return emit(call, 99, "{}"); }),
            "no effect has the kind 99");
}

TEST(FakeHost, RefusesAnEffectTheSecondTime) {
  EXPECT_EQ(refusal([](pb_instance*, const pb_call* call, pb_str) {
              (void)emit(call, PB_EMIT_RESULT, R"({"status":"sent"})");
              return emit(call, PB_EMIT_RESULT, R"({"status":"sent"})");
            }),
            "a turn has one result");
  pb_connector connector = connectorOf(nullptr);
  connector.receive = [](pb_instance*, const pb_call* call, const pb_request*) {
    (void)emit(call, PB_EMIT_REPLY, "{}");
    return emit(call, PB_EMIT_REPLY, "{}");
  };
  connector.poll = [](pb_instance*, const pb_call* call, pb_str) {
    (void)emit(call, PB_EMIT_CURSOR, R"({"cursor":"1"})");
    return emit(call, PB_EMIT_CURSOR, R"({"cursor":"2"})");
  };
  testing::FakeHost host(Json::object(), &connector);
  EXPECT_EQ(host.receive("x").refused, "a turn has one reply");
  EXPECT_EQ(host.poll("").refused, "a turn has one cursor");
}

TEST(FakeHost, ATurnWhoseEffectWasRefusedIsABugWhateverItReturns) {
  EXPECT_EQ(refusal([](pb_instance*, const pb_call* call, pb_str) {
              (void)emit(call, PB_EMIT_RESULT, R"({"status":"sent"})");
              (void)emit(call, 99, "{}");
              return PB_OK;
            }),
            "no effect has the kind 99");
}

TEST(FakeHost, AnOperationEndsOrGoesOn) {
  EXPECT_EQ(refusal([](pb_instance*, const pb_call*, pb_str) -> std::int32_t { return PB_OK; }),
            "neither a result nor requests");
  EXPECT_EQ(refusal([](pb_instance*, const pb_call*, pb_str) -> std::int32_t { return PB_IGNORED; }),
            "neither a result nor requests");
  constexpr auto kBoth = [](pb_instance*, const pb_call* call, pb_str) {
    (void)emit(call, PB_EMIT_RESULT, R"({"status":"sent"})");
    return emit(call, PB_EMIT_REQUEST, R"({"method":"GET","url":"https://a.test","repeat":"safe"})");
  };
  EXPECT_EQ(refusal(kBoth), "requests of a connector without resume(), which gets their answers");
  pb_connector connector = connectorOf(kBoth);
  connector.resume = [](pb_instance*, const pb_call*, pb_str, pb_str, const pb_response* const*,
                        std::uint64_t) -> std::int32_t { return PB_OK; };
  testing::FakeHost host(Json::object(), &connector);
  EXPECT_EQ(host.perform({{"kind", "test"}}).refused, "a result and requests in one turn");
}

TEST(FakeHost, TakesRequestsBytesAndMailOfReceive) {
  pb_connector connector = connectorOf(nullptr);
  connector.receive = [](pb_instance*, const pb_call* call, const pb_request* request) -> std::int32_t {
    const std::string_view body(request->body.data, request->body.size);
    std::uint64_t id = 0;
    if (body == "blob") {
      EXPECT_EQ(call->blob(call, "x", 1, &id), PB_OK);
      return emit(call, PB_EMIT_EVENT, R"({"kind":"message","media":[{"blob":1}]})");
    }
    if (body == "mail") {
      EXPECT_EQ(call->blob(call, "x", 1, &id), PB_OK);
      return emit(call, PB_EMIT_EVENT, R"({"kind":"message","mime":)" + std::to_string(id) + "}");
    }
    if (body == "no mail") return emit(call, PB_EMIT_EVENT, R"({"kind":"message","mime":1})");
    (void)emit(call, PB_EMIT_THROTTLE, R"({"scope":"channel","until":"2026-01-05T11:00:00Z"})");
    return emit(call, PB_EMIT_REQUEST, R"({"method":"GET","url":"https://a.test","repeat":"safe"})");
  };
  {
    testing::FakeHost host(Json::object(), &connector);
    EXPECT_TRUE(host.receive("blob").ok());
    EXPECT_TRUE(host.receive("mail").ok());
    EXPECT_EQ(host.receive("no mail").refused, "mime names a blob that this turn does not have");
    EXPECT_EQ(host.receive("request").refused, "requests of a connector without resume(), which gets their answers");
  }
  connector.resume = [](pb_instance*, const pb_call*, pb_str, pb_str, const pb_response* const*,
                        std::uint64_t) -> std::int32_t { return PB_OK; };
  testing::FakeHost host(Json::object(), &connector);
  const auto turn = host.receive("request");
  EXPECT_TRUE(turn.ok()) << turn.refused;
  EXPECT_EQ(turn.requests.size(), 1U);
  EXPECT_EQ(turn.throttles.size(), 1U);
}

TEST(FakeHost, HandsOverAFormAsTheHostDoes) {
  pb_connector connector = connectorOf(nullptr);
  connector.receive = [](pb_instance*, const pb_call* call, const pb_request* raw) {
    const Request request(*raw);
    std::string text = std::string(request.field("Body")) + (request.hasField("None") ? "" : ", no None");
    for (const FormField& field : request.fields())
      text += "; " + std::string(field.name) + std::to_string(field.blob.id);
    return emit(call, PB_EMIT_EVENT, dumpJson({{"kind", "unparsed"}, {"raw", text}, {"why", request.body()}}));
  };
  testing::FakeHost host(Json::object(), &connector);
  const auto turn =
      host.receive(testing::Webhook::form({{"Body", "a b"}, {"Body", "second"}, {"f", "bytes", true, "f.txt"}}));
  ASSERT_TRUE(turn.ok()) << turn.refused;
  EXPECT_EQ(turn.events.at(0).at("raw"), "a b, no None; Body0; Body0; f1");
}

TEST(FakeHost, CreateHasNoEffects) {
  pb_connector connector = connectorOf(nullptr);
  connector.create = [](const pb_host*, pb_str, const pb_call* call, pb_instance** instance) {
    (void)emit(call, PB_EMIT_EVENT, R"({"kind":"account"})");
    return createNothing(nullptr, {}, call, instance);
  };
  try {
    testing::FakeHost host(Json::object(), &connector);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("create() has no effects"), std::string::npos) << error.what();
  }
}

/// Three steps; only the first leaves a carry.
pb_connector threeSteps(const char* repeat) {
  static std::string request;
  request = R"({"method":"GET","url":"https://a.test","repeat":")" + std::string(repeat) + "\"}";
  pb_connector connector = connectorOf([](pb_instance*, const pb_call* call, pb_str) {
    (void)emit(call, PB_EMIT_CARRY, "first");
    return emit(call, PB_EMIT_REQUEST, request);
  });
  connector.resume = [](pb_instance*, const pb_call* call, pb_str, pb_str carry, const pb_response* const*,
                        std::uint64_t) {
    if (carry.size > 0) return emit(call, PB_EMIT_REQUEST, request);
    return emit(call, PB_EMIT_RESULT, R"({"status":"sent"})");
  };
  return connector;
}

TEST(FakeHost, AStepWithoutACarryHasAnEmptyOne) {
  const pb_connector connector = threeSteps("safe");
  testing::FakeHost host(Json::object(), &connector);
  EXPECT_TRUE(host.runOperation({{"kind", "test"}}, [](const Json&) { return testing::Answer{}; }).result);
}

TEST(FakeHost, AStepAfterAnAnsweredUnsafeRequestNeedsACarry) {
  const pb_connector connector = threeSteps("unsafe");
  testing::FakeHost host(Json::object(), &connector);
  const auto turn = host.runOperation({{"kind", "test"}}, [](const Json&) { return testing::Answer{}; });
  EXPECT_EQ(turn.status, PB_BUG);
  EXPECT_NE(turn.refused.find("a step without a carry"), std::string::npos) << turn.refused;
}

TEST(FakeHost, RefusesWhatIsNotJson) {
  EXPECT_NE(
      refusal([](pb_instance*, const pb_call* call, pb_str) { return emit(call, PB_EMIT_RESULT, "{"); }).find("parse"),
      std::string::npos);
}

TEST(FakeHost, RefusesACarryOver64KiB) {
  EXPECT_EQ(refusal([](pb_instance*, const pb_call* call, pb_str) {
              return emit(call, PB_EMIT_CARRY, std::string((64U << 10U) + 1, 'x'));
            }),
            "carry is over 64 KiB");
}

TEST(FakeHost, RefusesBlobsOver64MiBInOneTurn) {
  const pb_connector connector = connectorOf([](pb_instance*, const pb_call* call, pb_str) -> std::int32_t {
    const std::string bytes(33U << 20U, 'b');
    std::uint64_t id = 0;
    if (call->blob(call, bytes.data(), bytes.size(), &id) != PB_OK) return PB_BUG;
    return call->blob(call, bytes.data(), bytes.size(), &id) == PB_REJECTED ? PB_REJECTED : PB_BUG;
  });
  testing::FakeHost host(Json::object(), &connector);
  EXPECT_EQ(host.perform({{"kind", "test"}}).status, PB_REJECTED);
}

TEST(FakeHost, RefusesADescriptorThatIsTooShort) {
  pb_connector shorter = connectorOf(nullptr);
  shorter.struct_size = offsetof(pb_connector, perform);
  EXPECT_THROW(testing::FakeHost(Json::object(), &shorter), std::runtime_error);
}

TEST(FakeHost, AnOperationThatNeverEndsIsStopped) {
  pb_connector connector = connectorOf([](pb_instance*, const pb_call* call, pb_str) {
    return emit(call, PB_EMIT_REQUEST, R"({"method":"GET","url":"https://a.test","repeat":"safe"})");
  });
  connector.resume = [](pb_instance*, const pb_call* call, pb_str, pb_str, const pb_response* const*, std::uint64_t) {
    return emit(call, PB_EMIT_REQUEST, R"({"method":"GET","url":"https://a.test","repeat":"safe"})");
  };
  testing::FakeHost host(Json::object(), &connector);
  EXPECT_THROW(host.runOperation({{"kind", "test"}}, [](const Json&) { return testing::Answer{}; }),
               std::runtime_error);
}

}  // namespace
}  // namespace patchbay
