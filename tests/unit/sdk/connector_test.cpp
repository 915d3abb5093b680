// The thunks between the C ABI and a C++ class, seen through a connector that does whatever the test asks for.
#include <gtest/gtest.h>

#include <patchbay/connector.hpp>
#include <patchbay/testing.hpp>

namespace patchbay {
namespace {

constexpr std::string_view kOwnManifest = R"({"id": "toy", "config": {"type": "object", "properties": {
    "name": {"type": "string", "default": "toy"}, "api_key": {"type": "string", "x-secret": true}}}})";

class Toy {
 public:
  explicit Toy(const Context& context) : context_(context) {
    if (context.setting("name") == "refuse") throw std::runtime_error("this name is refused");
  }

  Received receive(const Request& request, const Call& call) const {
    if (request.body() == "json") (void)parseJson("{");
    if (request.body() == "path") (void)Json::parse(R"({"a":{"b":1}})").at("a").at("b").get<std::string>();
    if (request.body() == "bug") throw std::logic_error("impossible");
    if (request.body() == "odd") throw 7;
    if (request.body() == "turn") throw TurnError(PB_REJECTED, "no_good", "not like this", "/a/0");
    if (request.body() == "nothing") return {};
    if (request.body() == "blob") (void)call.blob("bytes");
    if (request.body() == "blobs") (void)call.blob(std::string((64U << 20U) + 1, 'x'));
    Received received;
    if (request.body() == "more") {
      received.requests.push_back(HttpRequest::get("https://a.test/attachments/7"));
      received.carry = "attachment 7";
      received.throttles.push_back({Scope::kChannel, call.now() + std::chrono::seconds(5)});
      return received;
    }
    if (request.body() == "long") {
      received.events.push_back(Event::message(std::string(513, 'w'), {"phone", "+1"}, "text", call.now()));
      received.events.push_back(Event::message("2", {"phone", std::string(321, '1')}, "text", call.now()));
      received.events.back().account = "7";
    }
    received.events.push_back(Event::message("1", {"phone", "+1"}, "text", call.now()));
    received.events.back().text = std::string(request.header("x-THING")) + std::string(request.method());
    received.reply = Reply{202, "text/plain", "thanks"};
    return received;
  }

  Step perform(const Operation& operation, const Call& call) const {
    if (operation.kind() == "edit") return Step::unsupported("no editing");
    if (operation.kind() == "nameless") return Step::unsupported("");
    if (operation.kind() == "two")
      return Step({HttpRequest::post("https://a.test/1"), HttpRequest::post("https://a.test/2")});
    if (operation.kind() == "key") return Result::sent({context_.secret("api_key")});
    if (operation.kind() == "random")
      return Result::sent({std::to_string(call.random()[3]), std::to_string(call.attempt())});
    return {HttpRequest::post("https://a.test"), operation.body()};
  }

  Step resume(const Operation&, const Carry& carry, std::span<const Response> responses, const Call&) const {
    std::string seen(carry.bytes());
    for (const Response& response : responses)
      seen +=
          "|" + std::to_string(response.status()) + std::string(response.body()) + std::string(response.header("a"));
    return Result::sent({seen});
  }

 private:
  const Context& context_;  // lives as long as the instance
};

/// Only reads: the other functions of its descriptor are null.
class ReadOnly {
 public:
  explicit ReadOnly(const Context&) {}
  Step poll(std::string_view cursor, const Call& call) {
    Step step;
    step.events.push_back(Event::deleted(std::string(cursor), call.now()));
    step.cursor = std::string(cursor) + "1";
    step.next_poll = std::chrono::milliseconds(250);
    return step;
  }
  Step resume(const Operation&, const Carry&, std::span<const Response>, const Call&) { return {}; }
};

const pb_connector kToy = detail::Thunks<Toy>::descriptor(kOwnManifest);
const pb_connector kReadOnly = detail::Thunks<ReadOnly>::descriptor(kOwnManifest);

TEST(Connector, FunctionsThatTheClassLacksAreNull) {
  EXPECT_EQ(kToy.poll, nullptr);
  EXPECT_NE(kToy.resume, nullptr);
  EXPECT_EQ(kReadOnly.receive, nullptr);
  EXPECT_EQ(kReadOnly.perform, nullptr);
  EXPECT_NE(kReadOnly.poll, nullptr);
  EXPECT_EQ(kToy.struct_size, sizeof(pb_connector));
}

TEST(Connector, AConstructorThatThrowsRefusesTheChannel) {
  try {
    testing::FakeHost host({{"name", "refuse"}}, &kToy);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string(error.what()).find("this name is refused"), std::string::npos) << error.what();
  }
}

TEST(Connector, ExceptionsBecomeAStatusAndADiagnostic) {
  testing::FakeHost host(Json::object(), &kToy);
  const auto check = [&](const char* body, std::int32_t status, const std::string& text) {
    const auto turn = host.receive(std::string(body));
    EXPECT_EQ(turn.status, status) << body;
    ASSERT_EQ(turn.diagnostics.size(), 1u) << body;
    EXPECT_NE(turn.diagnostics[0].text.find(text), std::string::npos) << turn.diagnostics[0].text;
  };
  check("json", PB_INVALID_INPUT, "parse error");
  check("path", PB_INVALID_INPUT, "/a/b");  // the path of the value, from JSON_DIAGNOSTICS
  check("bug", PB_BUG, "impossible");
  check("odd", PB_BUG, "not a std::exception");
  check("turn", PB_REJECTED, "not like this");
  EXPECT_EQ(host.receive("turn").diagnostics.at(0).pointer, "/a/0");
}

TEST(Connector, NothingFoundIsIgnored) {
  testing::FakeHost host(Json::object(), &kToy);
  EXPECT_EQ(host.receive("nothing").status, PB_IGNORED);
}

TEST(Connector, HeadersAreFoundInAnyCase) {
  testing::FakeHost host(Json::object(), &kToy);
  testing::Webhook webhook{.body = "x", .method = "PUT"};
  webhook.headers = {{"X-Thing", "yes"}};
  const auto turn = host.receive(webhook);
  EXPECT_EQ(turn.events.at(0).at("text"), "yesPUT");
  EXPECT_EQ(turn.events.at(0).at("timestamp"), "2026-01-05T10:00:00.000Z");
  EXPECT_EQ(turn.reply.value().at("status"), 202);
}

TEST(Connector, AnUnknownOperationIsUnsupportedAndSaysWhat) {
  testing::FakeHost host(Json::object(), &kToy);
  const auto turn = host.perform({{"kind", "edit"}});
  EXPECT_EQ(turn.status, PB_UNSUPPORTED);
  EXPECT_EQ(turn.diagnostics.at(0).text, "no editing");
}

TEST(Connector, UnsupportedNeedsNoReason) {
  testing::FakeHost host(Json::object(), &kToy);
  EXPECT_EQ(host.perform({{"kind", "nameless"}}).status, PB_UNSUPPORTED);
}

TEST(Connector, AnEventWithAnIdOverItsLimitIsUnparsedAndTheOthersGoOn) {
  testing::FakeHost host(Json::object(), &kToy);
  const auto turn = host.receive("long");
  ASSERT_EQ(turn.events.size(), 3u);
  EXPECT_EQ(turn.events[0].at("kind"), "unparsed");
  EXPECT_EQ(turn.events[0].at("why"), "message: id has 513 bytes, over the limit of 512");
  EXPECT_NE(turn.events[0].at("raw").get<std::string>().find("wwww"), std::string::npos);
  EXPECT_EQ(turn.events[1].at("why"), "message: from.address has 321 bytes, over the limit of 320");
  EXPECT_EQ(turn.events[1].at("account"), "7");
  EXPECT_EQ(turn.events[2].at("kind"), "message");
}

TEST(Connector, ARefusedEffectIsNamed) {
  testing::FakeHost host(Json::object(), &kToy);
  EXPECT_EQ(host.perform({{"kind", "two"}}).diagnostics.at(0).text, "the host refused an effect: request");
  EXPECT_EQ(host.receive("blobs").status, PB_BUG);
}

TEST(Connector, AWebhookMayAskForRequestsAPauseAndAFile) {
  testing::FakeHost host(Json::object(), &kToy);
  const auto turn = host.receive("more");
  EXPECT_TRUE(turn.ok()) << turn.refused;
  EXPECT_TRUE(turn.events.empty());
  ASSERT_EQ(turn.requests.size(), 1U);
  EXPECT_EQ(turn.requests[0]["url"], "https://a.test/attachments/7");
  EXPECT_EQ(turn.carry, "attachment 7");
  EXPECT_EQ(turn.throttles.size(), 1U);
  EXPECT_EQ(host.receive("blob").blobs.size(), 1U);
}

// ---- A function that cannot be called is found when compiling ----

class Hidden {
 public:
  explicit Hidden(const Context&) {}

 private:
  Step perform(const Operation&, const Call&);
};
struct Overloaded {
  Step perform(const Operation&);
  Step perform(int);
};
struct Inherits : Toy {};
struct Final final {
  Step poll(int);
};
static_assert(detail::Names<Hidden>::perform && !detail::Performs<Hidden> && !detail::Names<Hidden>::poll);
static_assert(detail::Names<Overloaded>::perform && !detail::Performs<Overloaded>);
static_assert(detail::Names<Inherits>::resume && detail::Resumes<Inherits> && !detail::Names<Inherits>::poll);
static_assert(detail::Names<Final>::poll && !detail::Polls<Final> && !detail::Names<Final>::perform);

TEST(Connector, TwoUnsafeRequestsNeverShareAStep) {
  testing::FakeHost host(Json::object(), &kToy);
  const auto turn = host.perform({{"kind", "two"}});
  EXPECT_EQ(turn.status, PB_BUG);
  EXPECT_EQ(turn.refused, "two unsafe requests in one step");
  EXPECT_TRUE(turn.requests.empty());
}

TEST(Connector, ResumeSeesTheCarryAndEveryAnswer) {
  testing::FakeHost host(Json::object(), &kToy);
  const auto turn = host.perform({{"kind", "message"}, {"text", "left"}});
  EXPECT_EQ(turn.carry, "left");
  const auto end = host.resume({{"kind", "message"}}, *turn.carry,
                               {{.status = 200, .body = "a"}, {.status = 404, .headers = {{"A", "h"}}}});
  EXPECT_EQ(end.result.value().at("ids").at(0), "left|200a|404h");
}

TEST(Connector, SecretsAreMarkersAndTheContextOutlivesTheConstructor) {
  testing::FakeHost host({{"api_key", "hush"}}, &kToy);
  EXPECT_EQ(host.perform({{"kind", "key"}}).result.value().at("ids").at(0), "{{secret:api_key}}");
}

TEST(Connector, PollEmitsEventsAndTheNextCursor) {
  testing::FakeHost host(Json::object(), &kReadOnly);
  const auto turn = host.poll("4");
  EXPECT_EQ(turn.events.at(0).at("message_id"), "4");
  EXPECT_EQ(turn.cursor, "41");
  EXPECT_EQ(turn.next_poll_ms, 250);
}

// ---- Sizes of the two sides differ ----

TEST(Connector, AHostWithASmallerCallStillWorks) {
  // An older host: its pb_call ends before diag, so there is nobody to tell; the turn must work without.
  pb_instance* instance = nullptr;
  pb_call call{};
  call.struct_size = offsetof(pb_call, diag);
  call.diag = reinterpret_cast<pb_diag_fn>(0x1);  // not part of the struct as this host knows it: must not be called
  call.emit = [](const pb_call*, std::uint32_t, pb_str) -> std::int32_t { return PB_OK; };
  const pb_host host{sizeof(pb_host), 0, nullptr, nullptr};
  const std::string context = R"({"config":{"name":"x"}})";
  ASSERT_EQ(kToy.create(&host, {context.data(), context.size()}, &call, &instance), PB_OK);
  const std::string operation = R"({"kind":"edit"})";
  EXPECT_EQ(kToy.perform(instance, &call, {operation.data(), operation.size()}), PB_UNSUPPORTED);
  kToy.destroy(instance);
}

TEST(Connector, AHostWithALargerResponseIsReadAsFarAsItIsKnown) {
  struct NewerResponse {
    pb_response known;
    std::uint64_t later[4];
  } newer{};
  newer.known.struct_size = sizeof newer;
  newer.known.status = 200;
  newer.later[0] = ~0ULL;
  EXPECT_EQ(Response(detail::readStruct(newer.known)).status(), 200);
}

TEST(Connector, AShortStructReadsAsZeroBehindItsEnd) {
  pb_response shorter{};
  shorter.struct_size = offsetof(pb_response, body);
  shorter.status = 200;
  shorter.blob = 99;
  const Response response{detail::readStruct(shorter)};
  EXPECT_EQ(response.status(), 200);
  EXPECT_EQ(response.blob().id, 0u);
}

}  // namespace
}  // namespace patchbay

// FakeHost's default connector; this test names its own everywhere.
extern "C" const pb_connector* patchbay_connector_v1(void) {
  return nullptr;
}
