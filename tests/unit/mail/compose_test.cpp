#include "mail/compose.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/text.hpp"

namespace patchbay::mail {
namespace {

Draft answer() {
  Draft draft;
  draft.from = {"help@patchbay.example", "Müller, Support"};
  draft.to = "ana@example.org";
  draft.reply_to = "help+token@patchbay.example";
  draft.subject = "Re: Café €5";
  draft.message_id = "a1@patchbay.example";
  draft.in_reply_to = "m0@example.org";
  draft.references = {"m0@example.org"};
  draft.text = "Grüße\r\n" + std::string(2000, 'x') + "\n.\nFrom here\n";
  draft.date = Timestamp{std::chrono::seconds{1767607200}};
  return draft;
}

TEST(ComposeMessage, IsReadBackAsItWasWritten) {
  auto draft = answer();
  draft.html = "<p>Grüße</p>";
  draft.headers = {{"Auto-Submitted", "auto-replied"}};
  draft.files = {{std::string("\0\x01\xFF", 3), "application/pdf", "résumé, letzte Fassung.pdf", {}}};
  const auto raw = composeMessage(draft);
  ASSERT_TRUE(raw.ok()) << raw.error().message;
  const auto read = parseMessage(*raw);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->headers.from.at(0).address, "help@patchbay.example");
  EXPECT_EQ(read->headers.from.at(0).name, "Müller, Support");
  EXPECT_EQ(read->headers.to.at(0).address, "ana@example.org");
  EXPECT_EQ(read->headers.reply_to.at(0).address, "help+token@patchbay.example");
  EXPECT_EQ(read->headers.subject, draft.subject);
  EXPECT_EQ(read->headers.message_id, draft.message_id);
  EXPECT_EQ(read->headers.in_reply_to, std::vector<std::string>{"m0@example.org"});
  EXPECT_EQ(read->headers.references, draft.references);
  EXPECT_EQ(read->headers.date, draft.date);
  EXPECT_EQ(trim(read->text), "Grüße\n" + std::string(2000, 'x') + "\n.\nFrom here");
  EXPECT_EQ(trim(read->html), draft.html);
  ASSERT_EQ(read->files.size(), 1U);
  EXPECT_EQ(read->files[0].bytes, draft.files[0].bytes);
  EXPECT_EQ(read->files[0].filename, draft.files[0].filename);
  EXPECT_EQ(find(read->lines, "Auto-Submitted"), "auto-replied");
}

TEST(ComposeMessage, KeepsTheCharsetOfATextFile) {
  auto draft = answer();
  draft.files = {{"a;b", "text/csv; charset=ISO-8859-1", "a.csv", {}}, {"x", "text/csv", "b.csv", {}}};
  const auto read = parseMessage(*composeMessage(draft));
  ASSERT_EQ(read->files.size(), 2U);
  EXPECT_EQ(read->files[0].mime_type, "text/csv; charset=iso-8859-1");
  EXPECT_EQ(read->files[1].mime_type, "text/csv");
}

TEST(ComposeMessage, GoesThroughEveryServer) {
  auto draft = answer();
  draft.files = {{std::string(10'000, '\xFF'), "image/png", "a.png", {}}};
  for (int i = 0; i < 30; ++i) draft.references.push_back("m" + std::to_string(i) + "@example.org");
  for (const char* text : {"plain", "日本語の本文です。\n", "Grüße\n"}) {
    draft.text = text;
    const auto raw = *composeMessage(draft);
    EXPECT_EQ(*composeMessage(draft), raw);
    EXPECT_TRUE(
        std::all_of(raw.begin(), raw.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80 && c != '\0'; }));
    std::size_t at = 0;
    while (at < raw.size()) {
      const auto end = raw.find('\n', at);
      ASSERT_NE(end, std::string::npos);
      ASSERT_GT(end, 0U);
      EXPECT_EQ(raw[end - 1], '\r');
      EXPECT_LE(end - at, 998U);
      at = end + 1;
    }
  }
}

TEST(ComposeMessage, NoValueBecomesAHeaderOfItsOwn) {
  using Change = void (*)(Draft&);
  for (const Change change : std::initializer_list<Change>{
           [](Draft& d) { d.subject += "\r\nBcc: x@y.example"; }, [](Draft& d) { d.from.name += "\nBcc: x@y.example"; },
           [](Draft& d) { d.to += "\r\nBcc: x@y.example"; }, [](Draft& d) { d.references.push_back("a>\n<b"); },
           [](Draft& d) {
             d.headers = {{"X", "y\nBcc: z@y.example"}};
           },
           [](Draft& d) {
             d.headers = {{"X\n", "y"}};
           },
           [](Draft& d) { d.subject.push_back('\0'); }}) {
    auto draft = answer();
    change(draft);
    const auto raw = composeMessage(draft);
    ASSERT_FALSE(raw.ok());
    EXPECT_NE(raw.error().message.find("line end"), std::string::npos);
  }
}

TEST(ComposeMessage, NoFilenameBeginsALineOfItsOwn) {
  for (const char* name : {"a\r\n\r\n<h1>Pay to X</h1>", "a\r\nX-Evil: 1.txt", "a\nb", "\x7f.txt"}) {
    auto draft = answer();
    draft.files = {{"bytes", "application/json", name, {}}};
    const auto raw = composeMessage(draft);
    ASSERT_TRUE(raw.ok()) << raw.error().message;
    EXPECT_EQ(raw->find("\r\nX-Evil"), std::string::npos);
    const auto read = parseMessage(*raw);
    ASSERT_TRUE(read.ok());
    ASSERT_EQ(read->files.size(), 1u);
    EXPECT_EQ(read->files[0].bytes, "bytes");
  }
}

TEST(ComposeMessage, ASubjectThatLooksEncodedIsWhatItSays) {
  auto draft = answer();
  draft.subject = "=?utf-8?B?YQ0KQmNjOiB2QHguZXhhbXBsZQ==?= " + std::string(60, 'x') + " Gr\u00fc\u00dfe";
  const auto raw = composeMessage(draft);
  ASSERT_TRUE(raw.ok()) << raw.error().message;
  const auto read = parseMessage(*raw);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->headers.subject, draft.subject);
}

TEST(ReferencesOf, FollowsTheStandard) {
  using Ids = std::vector<std::string>;
  EXPECT_EQ(referencesOf({}, {}, "m0"), (Ids{"m0"}));
  EXPECT_EQ(referencesOf({"m0", "a1"}, {"a1"}, "m2"), (Ids{"m0", "a1", "m2"}));
  EXPECT_EQ(referencesOf({}, {"a1"}, "m2"), (Ids{"a1", "m2"}));
  EXPECT_EQ(referencesOf({}, {"a1", "b1"}, "m2"), (Ids{"m2"}));
  Ids many;
  for (int i = 0; i < 100; ++i) many.push_back("id-" + std::to_string(i) + "@example.org");
  const auto kept = referencesOf(many, {}, "last@example.org");
  EXPECT_EQ(kept.front(), "id-0@example.org");
  EXPECT_EQ(kept.back(), "last@example.org");
  EXPECT_LT(kept.size(), 60U);
}

}  // namespace
}  // namespace patchbay::mail
