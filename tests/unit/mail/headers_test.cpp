#include "mail/headers.hpp"

#include <gtest/gtest.h>

#include "mail/automatic.hpp"

namespace patchbay::mail {
namespace {

TEST(DecodeWords, GivesWhatTwoIndependentDecodersGive) {
  const std::pair<const char*, const char*> cases[] = {{"=?UTF-8?Q?Caf=C3=A9_=E2=82=AC5?=", "Café €5"},
                                                       {"=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"},
                                                       {"=?UTF-8?Q?a?= x =?UTF-8?Q?b?=", "a x b"},
                                                       {"=?ISO-8859-1?Q?a_?= =?ISO-8859-1?Q?_b?=", "a  b"},
                                                       {"=?UTF-8?B?8J+R?= =?UTF-8?B?iyBoaQ==?=", "👋 hi"},
                                                       {"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"},
                                                       {"=?gb2312?B?xOO6ww==?=", "你好"},
                                                       {"=?koi8-r?B?8NLJ18XU?=", "Привет"},
                                                       {"Re: =?windows-1252?Q?it=92s?= ok", "Re: it’s ok"},
                                                       {"=?utf-8*en?Q?hi?=", "hi"},
                                                       {"=?utf-8?B?w6k?=", "é"},
                                                       {"=?utf-8?Q?broken=ZZ?=", "broken=ZZ"},
                                                       {"=?x-unknown?Q?abc?=", "abc"},
                                                       {"raw Gr\xFC\xDF"
                                                        "e",
                                                        "raw Grüße"},
                                                       {"line\r\n break", "line   break"}};
  for (const auto& [in, out] : cases) EXPECT_EQ(decodeWords(in), out) << in;
}

TEST(ReadMailboxes, ReadsTheStructureBeforeItDecodesWords) {
  const auto one = readMailboxes("=?utf-8?Q?Ana=2C_=3Cevil=40x.example=3E?= <Ana@EXAMPLE.org>");
  ASSERT_EQ(one.size(), 1U);
  EXPECT_EQ(one[0].address, "Ana@example.org");
  EXPECT_EQ(one[0].name, "Ana, <evil@x.example>");
  const auto many =
      readMailboxes(R"("Doe, John" <j@x.example>, Team: a@x.example, b@y.example;, , plain@z.example (Z))");
  ASSERT_EQ(many.size(), 4U);
  EXPECT_EQ(many[0].name, "Doe, John");
  EXPECT_EQ(many[3].address, "plain@z.example");
  EXPECT_TRUE(readMailboxes("nobody").empty());
  EXPECT_TRUE(readMailboxes("").empty());
}

TEST(ReadIds, TakesAllOfThemHoweverTheyAreWritten) {
  using Ids = std::vector<std::string>;
  EXPECT_EQ(readIds("<a@x> <b@y>", 20), (Ids{"a@x", "b@y"}));
  EXPECT_EQ(readIds("<a@x>,\r\n <b@y> (a comment) <a@x>", 20), (Ids{"a@x", "b@y"}));
  EXPECT_EQ(readIds("a@x b@y", 20), (Ids{"a@x", "b@y"}));
  EXPECT_EQ(readIds("< a @x >", 20), (Ids{"a@x"}));
  EXPECT_EQ(readIds("Your message of Friday", 20), Ids{});
  EXPECT_EQ(readIds("<" + std::string(501, 'x') + "> <b@y>", 20), (Ids{"b@y"}));
  EXPECT_EQ(readIds(std::string(100'000, '<'), 20), Ids{});
}

TEST(BareSubject, LosesThePrefixesOfEveryProgram) {
  for (const char* subject :
       {"Re: Offer", "RE: re: Offer", "AW: Re: Offer", "Re[2]: Offer", "Antw: SV: Offer", "回复：Offer", "Vá: Offer",
        "Odp: Offer", "Fwd: Offer", "WG: AW: Offer", "Re (3): Offer", "TR : Offer", "Offer"})
    EXPECT_EQ(bareSubject(subject), "Offer") << subject;
  EXPECT_EQ(bareSubject("Reminder: Offer"), "Reminder: Offer");
  EXPECT_EQ(bareSubject("12:30"), "12:30");
  EXPECT_TRUE(isForward("Fwd: x"));
  EXPECT_TRUE(isForward("WG: x"));
  EXPECT_FALSE(isForward("Re: Fwd: x"));
}

TEST(ReadHeaders, FindsWhatMatters) {
  const auto headers = readHeaders({{"from", "Ana <ana@example.org>"},
                                    {"Subject", "Hi"},
                                    {"MESSAGE-ID", "<m@example.org>"},
                                    {"In-Reply-To", "<a@x> <b@x>"},
                                    {"Date", "Fri, 2 Jan 2026 03:04:05 +0100"}});
  EXPECT_EQ(headers.from.at(0).address, "ana@example.org");
  EXPECT_EQ(headers.message_id, "m@example.org");
  EXPECT_EQ(headers.in_reply_to.size(), 2U);
  EXPECT_EQ(formatRfc3339(headers.date.value()), "2026-01-02T02:04:05.000Z");
  EXPECT_FALSE(readHeaders({{"Date", "yesterday"}}).date.has_value());
}

TEST(JudgeAutomatic, KnowsProgramsByTheirHeaders) {
  const std::string empty, ana = "ana@example.org";
  const auto judge = [&](HeaderLines lines, const std::string* envelope = nullptr) {
    return judgeAutomatic(lines, readHeaders(lines), envelope);
  };
  EXPECT_FALSE(judge({{"From", "ana@example.org"}}, &ana).automatic);
  EXPECT_FALSE(judge({{"Auto-Submitted", "no"}}).automatic);
  EXPECT_FALSE(judge({{"X-Auto-Response-Suppress", "All"}}).automatic);
  for (const auto& line : HeaderLines{{"Auto-Submitted", "auto-replied; owner-email=\"a@b\""},
                                      {"Precedence", "Bulk"},
                                      {"X-Autoreply", "yes"},
                                      {"Return-Path", "<>"},
                                      {"From", "Mailer-Daemon@x.example"},
                                      {"X-Patchbay-Loop", "x"},
                                      {"Content-Type", "multipart/report; report-type=delivery-status"},
                                      {"Subject", "Automatic reply: Offer"}})
    EXPECT_TRUE(judge({line}).automatic) << line.first;
  EXPECT_TRUE(judge({}, &empty).automatic);
  for (const std::string sender : {"MAILER-DAEMON@mx.example", "<postmaster@mx.example>", "No-Reply@shop.example"}) {
    const auto verdict = judge({{"From", "Ana <ana@example.org>"}}, &sender);
    EXPECT_TRUE(verdict.automatic) << sender;
    EXPECT_TRUE(verdict.why.starts_with("envelope sender: ")) << verdict.why;
  }
  const std::string person = "mailer-daemonica@example.org";
  EXPECT_FALSE(judge({{"From", "ana@example.org"}}, &person).automatic);
  const auto list = judge({{"List-Id", "<news.example>"}});
  EXPECT_TRUE(list.automatic);
  EXPECT_TRUE(list.bulk);
}

}  // namespace
}  // namespace patchbay::mail
