// What errors mean where a transcript shows one case only: classes depend on what was asked, and how often.
#include "telegram_api.hpp"

#include <gtest/gtest.h>

namespace patchbay::telegram {
namespace {

Failure failureFor(int status, const std::string& body, Risk risk, unsigned throttled = 0, int failure = PB_ANSWERED) {
  pb_response raw{};
  raw.struct_size = sizeof raw;
  raw.status = status;
  raw.failure = failure;
  raw.body = detail::str(body);
  return failureOf(Response(raw), risk, throttled);
}

std::string refusal(int code, const std::string& description, const Json& parameters = Json::object()) {
  return Json{{"ok", false}, {"error_code", code}, {"description", description}, {"parameters", parameters}}.dump();
}

TEST(Api, AServerErrorLeavesOpenWhetherAMessageLeftAndIsNothingToAQuestion) {
  for (const int status : {500, 502, 503, 504}) {
    EXPECT_EQ(failureFor(status, refusal(status, "Internal Server Error: x"), Risk::kUnsafe).error_class,
              ErrorClass::kUnknown);
    EXPECT_EQ(failureFor(status, "<html>Bad gateway</html>", Risk::kUnsafe).error_class, ErrorClass::kUnknown);
    EXPECT_EQ(failureFor(status, "<html>Bad gateway</html>", Risk::kSafe).error_class, ErrorClass::kTransient);
  }
}

TEST(Api, ARequestThatNeverLeftIsMadeAgain) {
  EXPECT_EQ(failureFor(0, "", Risk::kUnsafe, 0, PB_NOT_SENT).error_class, ErrorClass::kTransient);
  EXPECT_EQ(failureFor(0, "", Risk::kUnsafe, 0, PB_NO_ANSWER).error_class, ErrorClass::kUnknown);
  EXPECT_EQ(failureFor(0, "", Risk::kSafe, 0, PB_NO_ANSWER).error_class, ErrorClass::kTransient);
}

TEST(Api, ASecondThrottleInARowIsAboutTheBotAndNoLongerTheChat) {
  const std::string body = refusal(429, "Too Many Requests: retry after 7", {{"retry_after", 7}});
  const Failure first = failureFor(429, body, Risk::kUnsafe);
  EXPECT_EQ(first.error_class, ErrorClass::kRateLimited);
  EXPECT_EQ(first.scope, Scope::kRecipient);
  EXPECT_EQ(first.retry_after, std::chrono::seconds(7));
  EXPECT_EQ(failureFor(429, body, Risk::kUnsafe, 1).scope, Scope::kChannel);
  EXPECT_EQ(failureFor(429, refusal(429, "", {{"retry_after", -5}}), Risk::kUnsafe).retry_after,
            std::chrono::seconds(1));
}

TEST(Api, WordsOfADescriptionAreComparedWithoutRegardToCase) {
  EXPECT_EQ(failureFor(400, refusal(400, "bad request: CHAT NOT FOUND"), Risk::kUnsafe).error_class,
            ErrorClass::kRecipient);
  EXPECT_EQ(failureFor(400, refusal(400, "Bad Request: message is too long"), Risk::kUnsafe).error_class,
            ErrorClass::kRequest);
}

TEST(Api, IdsKeepAllTheirDigits) {
  EXPECT_EQ(*chatId("-1002233445566778"), Json(-1002233445566778));
  EXPECT_EQ(*chatId("4503599627370495"), Json(4503599627370495));
  EXPECT_EQ(*chatId("@channel_1"), Json("@channel_1"));
  for (const char* wrong : {"", "12a", "@", "@a b", "1.5", "99999999999999999999"})
    EXPECT_FALSE(chatId(wrong)) << wrong;
}

TEST(Api, AMessageIsNamedByItsChatAndItsNumber) {
  EXPECT_EQ(messageName(-1001, 42), "-1001:42");
  const auto name = readMessageName("-1001:42");
  ASSERT_TRUE(name);
  EXPECT_EQ(name->chat, "-1001");
  EXPECT_EQ(name->message, 42);
  for (const char* wrong : {"", ":1", "1:", "1:0", "1:-2", "x:1", "callback:4382bfdwdsb323b2d9", "1"})
    EXPECT_FALSE(readMessageName(wrong)) << wrong;
}

}  // namespace
}  // namespace patchbay::telegram
