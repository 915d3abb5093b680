// The codec between host and worker: what goes in comes out, and nothing else is taken.
#include "connectors/worker/frame.hpp"

#include <gtest/gtest.h>

#include "connectors/worker/relay.hpp"

namespace patchbay::connectors::worker {
namespace {

std::string_view payload(const std::string& frame) {
  return std::string_view{frame}.substr(kHeaderSize);
}

Header headerOf(const std::string& frame, bool from_worker) {
  const auto header = decodeHeader(std::string_view{frame}.substr(0, kHeaderSize), from_worker);
  EXPECT_TRUE(header);
  return header.value_or(Header{});
}

std::string replyFrame() {
  Reply reply;
  reply.status = -7;
  reply.instance = true;
  reply.end = Reply::End::kThrew;
  reply.error = "words";
  reply.too_large = 3;
  reply.items = {{Item::Kind::kEffect, false, PB_EMIT_EVENT, "{}", {}, {}},
                 {Item::Kind::kBlob, false, 0, std::string_view{"a\0b", 3}, {}, {}},
                 {Item::Kind::kDiag, true, PB_ERROR, "text", "code", "/pointer"},
                 {Item::Kind::kLog, false, PB_INFO, "line", {}, {}}};
  return encode(reply);
}

std::string turnFrame() {
  static const http::Headers headers = {{"A", "1"}, {"b", ""}};
  static const std::vector<Answer> answers = {
      {.failure = PB_NO_ANSWER, .status = 0, .headers = {}, .body = {}, .blob = 0, .error = "late"},
      {.failure = 0, .status = 200, .headers = {{"X", "y"}}, .body = "{}", .blob = 901, .error = {}}};
  Stimulus stimulus;
  stimulus.kind = TurnKind::kResume;
  stimulus.webhook = {"POST", "sub", "a=b", &headers, std::string_view{"by\0tes", 6}};
  static const std::vector<FormField> fields = {
      {"Body", "hi"}, {.name = "f", .value = {}, .filename = "a.txt", .content_type = "text/plain", .blob = 1}};
  stimulus.webhook.fields = fields;
  stimulus.operation = R"({"kind":"message"})";
  stimulus.carry = "carry";
  stimulus.cursor = "41";
  stimulus.context = "context";
  stimulus.answers = answers;
  TurnContext context;
  context.now = *parseRfc3339("2026-01-05T10:00:00.123Z");
  context.budget = std::chrono::milliseconds{1234};
  context.attempt = 3;
  context.trace_id = "trace";
  context.random[31] = 9;
  context.first_blob = 77;
  context.files = 1;
  return encode(stimulus, context);
}

TEST(WorkerFrames, CarryATurn) {
  const auto frame = turnFrame();
  EXPECT_EQ(headerOf(frame, false).type, FrameType::kTurn);
  EXPECT_EQ(headerOf(frame, false).size, payload(frame).size());
  TurnFrame turn;
  ASSERT_TRUE(decodeTurn(payload(frame), turn));
  EXPECT_EQ(turn.stimulus.kind, TurnKind::kResume);
  EXPECT_EQ(turn.stimulus.context, "context");
  EXPECT_EQ(turn.stimulus.webhook.method, "POST");
  EXPECT_EQ(turn.stimulus.webhook.suffix, "sub");
  EXPECT_EQ(turn.stimulus.webhook.query, "a=b");
  EXPECT_EQ(turn.stimulus.webhook.headers->at(1).name, "b");
  EXPECT_EQ(turn.stimulus.webhook.body, std::string_view("by\0tes", 6));
  ASSERT_EQ(turn.stimulus.webhook.fields.size(), 2U);
  EXPECT_EQ(turn.stimulus.webhook.fields[0].value, "hi");
  EXPECT_EQ(turn.stimulus.webhook.fields[1].filename, "a.txt");
  EXPECT_EQ(turn.stimulus.webhook.fields[1].content_type, "text/plain");
  EXPECT_EQ(turn.stimulus.webhook.fields[1].blob, 1U);
  EXPECT_EQ(turn.context.files, 1U);
  EXPECT_EQ(turn.stimulus.operation, R"({"kind":"message"})");
  EXPECT_EQ(turn.stimulus.carry, "carry");
  EXPECT_EQ(turn.stimulus.cursor, "41");
  ASSERT_EQ(turn.stimulus.answers.size(), 2U);
  EXPECT_EQ(turn.stimulus.answers[0].failure, PB_NO_ANSWER);
  EXPECT_EQ(turn.stimulus.answers[0].error, "late");
  EXPECT_EQ(turn.stimulus.answers[1].headers.at(0).value, "y");
  EXPECT_EQ(turn.stimulus.answers[1].blob, 901U);
  EXPECT_EQ(turn.context.now, *parseRfc3339("2026-01-05T10:00:00.123Z"));
  EXPECT_EQ(turn.context.budget.count(), 1234);
  EXPECT_EQ(turn.context.attempt, 3U);
  EXPECT_EQ(turn.context.trace_id, "trace");
  EXPECT_EQ(turn.context.random[31], 9);
  EXPECT_EQ(turn.context.first_blob, 77U);
}

TEST(WorkerFrames, CarryAReply) {
  const auto frame = replyFrame();
  EXPECT_EQ(headerOf(frame, true).type, FrameType::kReply);
  const auto reply = decodeReply(payload(frame));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->status, -7);
  EXPECT_TRUE(reply->instance);
  EXPECT_EQ(reply->end, Reply::End::kThrew);
  EXPECT_EQ(reply->error, "words");
  EXPECT_EQ(reply->too_large, 3U);
  ASSERT_EQ(reply->items.size(), 4U);
  EXPECT_EQ(reply->items[1].text, std::string_view("a\0b", 3));
  EXPECT_TRUE(reply->items[2].broken);
  EXPECT_EQ(reply->items[2].pointer, "/pointer");
  EXPECT_EQ(reply->items[3].kind, Item::Kind::kLog);
}

TEST(WorkerFrames, CarryTheRest) {
  const auto open = decodeOpen(payload(encode(Open{"/lib/a.so", true, 65534, 65533, 1U << 30U})));
  ASSERT_TRUE(open);
  EXPECT_EQ(open->library, "/lib/a.so");
  EXPECT_TRUE(open->drop);
  EXPECT_EQ(open->gid, 65533U);
  EXPECT_EQ(open->memory, 1U << 30U);
  const auto frame = encode(Hello{{}, "digest", 5, "note"});
  const auto hello = decodeHello(payload(frame));
  ASSERT_TRUE(hello);
  EXPECT_EQ(hello->manifest_digest, "digest");
  EXPECT_EQ(hello->functions, 5U);
  const auto trapped = encodeTrapped(257, -100);
  const std::string bytes(trapped.bytes, sizeof trapped.bytes);
  EXPECT_EQ(headerOf(bytes, true).type, FrameType::kTrapped);
  EXPECT_EQ(decodeTrapped(payload(bytes))->system_call, 257);
  EXPECT_EQ(decodeTrapped(payload(bytes))->argument, -100);
}

TEST(WorkerFrames, AByteTooFewOrTooManyIsRefused) {
  const auto turn = turnFrame(), reply = replyFrame();
  for (std::size_t size = 0; size < payload(turn).size(); ++size) {
    TurnFrame frame;
    EXPECT_FALSE(decodeTurn(payload(turn).substr(0, size), frame)) << size;
  }
  for (std::size_t size = 0; size < payload(reply).size(); ++size)
    EXPECT_FALSE(decodeReply(payload(reply).substr(0, size))) << size;
  TurnFrame frame;
  EXPECT_FALSE(decodeTurn(std::string{payload(turn)} + "x", frame));
  EXPECT_FALSE(decodeReply(std::string{payload(reply)} + "x"));
}

TEST(WorkerFrames, NoByteBreaksADecoder) {
  auto reply = std::string{payload(replyFrame())}, turn = std::string{payload(turnFrame())};
  for (auto* bytes : {&reply, &turn})
    for (std::size_t at = 0; at < bytes->size(); ++at)
      for (const int value : {0, 1, 0x7f, 0x80, 0xff}) {
        const char was = std::exchange((*bytes)[at], static_cast<char>(value));
        TurnFrame frame;
        decodeTurn(*bytes, frame);
        decodeReply(*bytes);
        decodeHello(*bytes);
        decodeOpen(*bytes);
        (*bytes)[at] = was;
      }
}

TEST(WorkerFrames, HeadersGoOneWayAndHaveAMeasure) {
  const auto reply = replyFrame().substr(0, kHeaderSize), turn = turnFrame().substr(0, kHeaderSize);
  EXPECT_FALSE(decodeHeader(reply, false));
  EXPECT_FALSE(decodeHeader(turn, true));
  EXPECT_FALSE(decodeHeader(reply.substr(1), true));
  auto large = reply;
  large[7] = '\x7f';
  EXPECT_FALSE(decodeHeader(large, true));
  auto unknown = reply;
  unknown[0] = 9;
  EXPECT_FALSE(decodeHeader(unknown, true));
  EXPECT_FALSE(decodeHeader(std::string(kHeaderSize, '\0'), true));
}

TEST(WorkerFrames, AnotherProtocolIsRefused) {
  auto open = encode(Open{});
  open[kHeaderSize] = static_cast<char>(kProtocol + 1);
  EXPECT_FALSE(decodeOpen(payload(open)));
}

TEST(WorkerFrames, AReplyIsJudgedByTheHost) {
  // What no connector of ours would have got away with in its worker.
  Reply reply;
  reply.items = {{Item::Kind::kEffect, false, PB_EMIT_RESULT, R"({"status": "sent"})", {}, {}}};
  ConnectorLog log("acme/support");
  TurnContext context;
  EXPECT_EQ(replay(reply, TurnKind::kReceive, log, context).error, "result refused: not legal in receive");
  EXPECT_TRUE(replay(reply, TurnKind::kPerform, log, context).ok());
  reply.status = 99;
  EXPECT_EQ(replay(reply, TurnKind::kPerform, log, context).error, "it returned 99, which is not a status");
}

}  // namespace
}  // namespace patchbay::connectors::worker
