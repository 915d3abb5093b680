#include "telegram_entities.hpp"

#include <gtest/gtest.h>

namespace patchbay::telegram {
namespace {

std::string piece(const std::string& text, std::int64_t offset, std::int64_t length) {
  const auto span = spanOf(text, offset, length);
  return span ? text.substr(span->begin, span->size) : "nothing";
}

// The vector of the protocol notes, section 8.
TEST(Entities, OffsetsCountUtf16Units) {
  const std::string text = "a👋b é c";
  EXPECT_EQ(piece(text, 1, 2), "👋");
  EXPECT_EQ(piece(text, 5, 1), "é");
  EXPECT_EQ(piece(text, 7, 1), "c");
}

TEST(Entities, HalfACharacterAndWhatLiesOutsideAreNothing) {
  const std::string text = "a👋b";
  EXPECT_EQ(piece(text, 2, 1), "nothing");
  EXPECT_EQ(piece(text, 1, 1), "nothing");
  EXPECT_EQ(piece(text, 4, 1), "nothing");
  EXPECT_EQ(piece(text, 3, 2), "nothing");
  EXPECT_EQ(piece(text, -1, 1), "nothing");
  EXPECT_EQ(piece(text, INT64_MAX, INT64_MAX), "nothing");
  EXPECT_EQ(piece("", 0, 1), "nothing");
}

TEST(Entities, HiddenLinksAreShownInTheirOrder) {
  const Json entities = {{{"type", "text_link"}, {"offset", 7}, {"length", 4}, {"url", "https://b.example/"}},
                         {{"type", "text_link"}, {"offset", 0}, {"length", 2}, {"url", "https://a.example/"}},
                         {{"type", "bold"}, {"offset", 0}, {"length", 2}}};
  EXPECT_EQ(readableText("👋 and here", entities), "👋 (https://a.example/) and here (https://b.example/)");
  EXPECT_EQ(readableText("x", Json(7)), "x");
}

TEST(Entities, OnlyTheCommandAtTheBeginningHasAPayload) {
  const auto command = [](int offset, int length) {
    return Json::array({{{"type", "bot_command"}, {"offset", offset}, {"length", length}}});
  };
  EXPECT_EQ(startPayload("/start web-42_A", command(0, 6)), "web-42_A");
  EXPECT_EQ(startPayload("/start@acme_bot web", command(0, 15)), "web");
  EXPECT_EQ(startPayload("/start", command(0, 6)), "");
  EXPECT_EQ(startPayload("/startled cat", command(0, 9)), "");
  EXPECT_EQ(startPayload("/start two words", command(0, 6)), "");
  EXPECT_EQ(startPayload("see /start x", command(4, 6)), "");
  EXPECT_EQ(startPayload("/start x", Json()), "");
}

}  // namespace
}  // namespace patchbay::telegram
