#include "mail/quotes.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "mail/html_text.hpp"

namespace patchbay::mail {
namespace {

struct Case {
  const char *text, *own;
};

TEST(StripQuotes, LeavesWhatTheSenderWroteNow) {
  const Case cases[] = {
      {"Yes\n\nOn 2 Jan 2026, Help <h@p.example> wrote:\n> ok?", "Yes"},
      {"Yes\n\nOn Fri, Jan 2, 2026 at 3:04 PM A very long name of a sender\n<help@patchbay.example> wrote:\n\n> ok?\n> "
       "sure\n",
       "Yes"},
      {"Oui\n\nLe ven. 2 janv. 2026 à 15:04, Aide <h@p.example> a écrit :\n> ok ?", "Oui"},
      {"Ja\n\nAm 02.01.2026 um 15:04 schrieb Hilfe <h@p.example>:\n> ok?", "Ja"},
      {"Ja\n\nAm Fr., 2. Jan. 2026 um 15:04 Uhr schrieb Hilfe <\nh@p.example>:\n\n> ok?", "Ja"},
      {"Sí\n\nEl vie, 2 ene 2026 a las 15:04, Ayuda (<h@p.example>) escribió:\n> ok", "Sí"},
      {"Sì\n\nIl giorno ven 2 gen 2026 alle ore 15:04 Aiuto <h@p.example> ha scritto:\n> ok", "Sì"},
      {"Sim\n\nEm sex., 2 de jan. de 2026 às 15:04, Ajuda <h@p.example> escreveu:\n> ok", "Sim"},
      {"Ja\n\nOp vr 2 jan 2026 om 15:04 schreef Hulp <h@p.example>:\n> ok", "Ja"},
      {"Ja\n\nDen fre 2 jan. 2026 kl 15:04 skrev Hjälp <h@p.example>:\n> ok", "Ja"},
      {"Tak\n\nW dniu 2.01.2026 o 15:04, Pomoc pisze:\n> ok", "Tak"},
      {"Да\n\nпт, 2 янв. 2026 г. в 15:04, Help <h@p.example> пишет:\n> ok", "Да"},
      {"好\n\n2026年1月2日 15:04，Help <h@p.example> 写道：\n> ok", "好"},
      {"Yes\n\n-----Original Message-----\nFrom: Help\nSent: Friday\nTo: Ana\nok?", "Yes"},
      {"Ja\n\n-----Ursprüngliche Nachricht-----\nVon: Hilfe\nok?", "Ja"},
      {"Yes\r\n\r\n________________________________\r\nFrom: Help <h@p.example>\r\nSent: Friday, January 2\r\nTo: "
       "Ana\r\nSubject: x\r\n\r\nok?",
       "Yes"},
      {"Yes\n\n*From:* Help\n*Sent:* Friday\n*To:* Ana\n\nok?", "Yes"},
      {"Oui\n\nDe : Aide\nEnvoyé : vendredi\nÀ : Ana\nObjet : x\n\nok?", "Oui"},
      {"Thanks\n-- \nAna", "Thanks"},
      {"Thanks\n\nSent from my iPhone", "Thanks"},
      {"Danke\n\nVon meinem iPhone gesendet", "Danke"},
      {"Yes\n\nSent from my iPhone\n\n> On 2 Jan 2026, at 15:04, Help <h@p.example> wrote:\n>\n> ok?", "Yes"},
      {"Yes\n> ok?\n> really?\n", "Yes"},
  };
  for (const auto& one : cases) EXPECT_EQ(stripQuotes(one.text, "Re: x").own, one.own) << one.text;
}

TEST(StripQuotes, KeepsEverythingWhenItIsNotSure) {
  for (const char* text :
       {"> ok?\nYes", "On Monday we wrote: hello", "> a\n> b", "On 2 Jan 2026, Help wrote:\n> a\nmine\n> b\nmine too",
        "See below\n\n---------- Forwarded message ---------\nFrom: X <x@y.example>\nDate: Fri\nSubject: s\n\ntext",
        "From: the bottom of my heart", "Only text"}) {
    const auto stripped = stripQuotes(text, "Re: x");
    EXPECT_EQ(stripped.own, text);
    EXPECT_FALSE(stripped.hidden);
  }
  const char* forward = "FYI\n\nFrom: X\nSent: Friday\nTo: Y\nSubject: Z\n\ntext";
  EXPECT_EQ(stripQuotes(forward, "Fwd: Z").own, forward);
  EXPECT_TRUE(stripQuotes(forward, "Re: Z").hidden);
}

TEST(StripQuotes, IsLinear) {
  std::string text;
  while (text.size() < 2'000'000) text += "On 1 On 2 On 3\n";
  const auto from = std::chrono::steady_clock::now();
  (void)stripQuotes(text, "");
  (void)stripQuotes(std::string(2'000'000, '>'), "");
  (void)stripQuotes("On " + std::string(2'000'000, '1'), "");
  EXPECT_LT(std::chrono::steady_clock::now() - from, std::chrono::seconds(60));
}

TEST(HtmlToText, LeavesWhatTheSenderWroteNow) {
  const Case cases[] = {
      {"<div>Yes</div><div class=\"gmail_quote\"><div class=gmail_attr>On 2 Jan "
       "wrote:</div><blockquote>ok?</blockquote></div>",
       "Yes"},
      {"<p>Yes</p><blockquote type=\"cite\">ok?</blockquote>", "Yes"},
      {"<p>Yes</p><div id=\"appendonsend\"></div><hr><div id=\"divRplyFwdMsg\"><b>From:</b> Help</div><div>ok?</div>",
       "Yes"},
      {"<p>Yes</p><div class=\"moz-cite-prefix\">Am 2.1. schrieb Help:</div><blockquote type=cite>ok?</blockquote>",
       "Yes"},
      {"<div>Yes</div><div class='yahoo_quoted'>ok?</div>", "Yes"},
      {"<div>Yes</div><div class='protonmail_quote'>ok?</div>", "Yes"},
      {"<div style='border:none;border-top:solid #E1E1E1 1.0pt'></div>all of it", "all of it"},
      {"<blockquote type=cite>ok?</blockquote><p>Yes</p>", "ok?\nYes"},
      {"<div class=gmail_quote>only a quote</div>", "only a quote"},
  };
  for (const auto& one : cases) EXPECT_EQ(htmlToText(one.text).own, one.own) << one.text;
  EXPECT_TRUE(htmlToText(cases[0].text).quoted);
  EXPECT_NE(htmlToText(cases[0].text).all.find("ok?"), std::string::npos);
}

}  // namespace
}  // namespace patchbay::mail
