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

TEST(FakeHost, AConnectorOfAnOlderHeaderIsReadAsFarAsItGoes) {
  pb_connector shorter = connectorOf([](pb_instance*, const pb_call*, pb_str) -> std::int32_t { return PB_OK; });
  shorter.struct_size = offsetof(pb_connector, perform);
  testing::FakeHost host(Json::object(), &shorter);
  EXPECT_EQ(host.perform({{"kind", "test"}}).status, PB_UNSUPPORTED);
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
