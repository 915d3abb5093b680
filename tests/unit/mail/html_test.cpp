#include <gtest/gtest.h>

#include <chrono>
#include <ctime>

#include "mail/html_clean.hpp"
#include "mail/html_rules.hpp"
#include "mail/html_text.hpp"
#include "mail/html_tree.hpp"

namespace patchbay::mail {
namespace {

std::string clean(std::string_view html) {
  return cleanHtml(html, [](std::string_view id) { return id == "img1@x" || id == "/files/1" ? "/files/1" : ""; });
}

TEST(CleanHtml, KeepsWhatIsOnTheList) {
  const std::pair<const char*, const char*> cases[] = {
      {"<p>Hi <b>there</b></p>", "<p>Hi <b>there</b></p>"},
      {"<html><head><title>x</title><style>p{}</style></head><body><p>a", "<p>a</p>"},
      {"a<script>alert(1)</script>b", "ab"},
      {"<p onclick=\"x()\" class=c id=i>a</p>", "<p>a</p>"},
      {"<a href=\"javascript:alert(1)\">a</a>", "<a>a</a>"},
      {"<a href=\" java\nscript:alert(1)\">a</a>", "<a>a</a>"},
      {"<a href=\"&#106;avascript:alert(1)\">a</a>", "<a>a</a>"},
      {"<a href=\"data:text/html,x\">a</a>", "<a>a</a>"},
      {"<a href=\"//evil.example\">a</a>", "<a>a</a>"},
      {"<a href=\"https://x.example/?a=1&amp;b=2\">a</a>",
       "<a href=\"https://x.example/?a=1&amp;b=2\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">a</a>"},
      {"<a href=\" https://x.example/a b\tc\n \">a</a>",
       "<a href=\"https://x.example/a%20bc\" target=\"_blank\" rel=\"noopener noreferrer nofollow\">a</a>"},
      {"<img src=\"https://t.example/p.gif\" width=1>",
       "<img data-remote-src=\"https://t.example/p.gif\" width=\"1\">"},
      {"<img src=\"cid:img1%40x\" alt=A>", "<img src=\"/files/1\" alt=\"A\">"},
      {"<img src=\"cid:other\">", ""},
      {"<img src=x onerror=alert(1)>", ""},
      {"<img src=\"data:image/png;base64,AA\" alt=a>", "<img alt=\"a\">"},
      {"<p style=\"color: red; background: url(https://t.example); width: expression(x)\">a</p>",
       "<p style=\"color: red\">a</p>"},
      {"<p style=\"color:\\72 ed\">a</p>", "<p>a</p>"},
      {"<form action=x><input name=y>a</form>", "a"},
      {"<svg><script>x</script></svg>b", "b"},
      {"<math><mi xlink:href=\"javascript:x\">y</mi></math>b", "b"},
      {"<iframe src=x>a</iframe>b", "b"},
      {"<object data=x>a</object>b", "b"},
      {"<base href=x><link rel=stylesheet href=y><meta http-equiv=refresh content=0>b", "b"},
      {"a<!-- <script> -->b<!--[if mso]>c<![endif]-->", "ab"},
      {"<template><p>x</p></template>b", "b"},
      {"<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
       "<p title=\"&lt;/noscript&gt;&lt;img src=x onerror=alert(1)&gt;\"></p>"},
      {"<unknown><b>a</b></unknown>", "<b>a</b>"},
      {"1 &lt; 2 &amp;&amp; \"x\"", "1 &lt; 2 &amp;&amp; \"x\""},
      {"<p title='a\"b'>x</p>", "<p title=\"a&quot;b\">x</p>"},
      {"<table><tr><td bgcolor=\"#fff\" colspan=2>a</table>",
       "<table><tbody><tr><td bgcolor=\"#fff\" colspan=\"2\">a</td></tr></tbody></table>"},
      {"<pre>\n\nx</pre>", "<pre>\n\nx</pre>"},
  };
  for (const auto& [in, out] : cases) {
    EXPECT_EQ(clean(in), out) << in;
    EXPECT_EQ(clean(clean(in)), clean(in)) << in;
  }
}

TEST(CleanHtml, StaysTheSameWhenItIsParsedAgain) {
  for (const char* html :
       {"<p><button><div>x</div></button></p>", "<a href=http://a><table><a href=http://b>x</table>",
        "<b><p><i><div></b>x</i>", "<table><div>x<tr><p>y", "<font color=red><p><table><font size=1>x",
        "<li><ul><li><b><li>", "<h1><h2>x", "<ruby>a<rt>b<rp>c", "<select><p>x</select><p>y"}) {
    const auto once = clean(html);
    EXPECT_EQ(clean(once), once) << html;
    EXPECT_FALSE(once.empty()) << html;
  }
}

TEST(CleanHtml, EndsOnHostileNesting) {
  const auto from = std::chrono::steady_clock::now();
  for (const char* tag :
       {"<div>", "<b>", "<a href=http://x>", "<table>", "<table><tr><td>", "<font color=1><p>", "<svg>", "<q></x>"}) {
    std::string html;
    while (html.size() < 300'000) html += tag;
    (void)clean(html + "x");
    (void)htmlToText(html + "x");
  }
  std::string fonts;
  for (int i = 0; i < 500; ++i) fonts += "<font color=" + std::to_string(i) + ">";
  for (int i = 0; i < 5000; ++i) fonts += "<p>x";
  (void)clean(fonts);
  EXPECT_LT(std::chrono::steady_clock::now() - from, std::chrono::seconds(60));
  EXPECT_EQ(htmlToText(std::string(3U << 20U, 'x')).all.size(), 1U << 20U);
}

TEST(CleanHtml, EndsSoonOnFormattingThatIsNeverClosed) {
  std::string bold, strangers, hidden;
  for (int i = 0; i < 3333; ++i) bold += "<b id=" + std::to_string(i) + "><div>";
  for (int i = 0; i < 3333; ++i) bold += "</b>";
  while (strangers.size() < 45'000) strangers += "<i>";
  while (strangers.size() < 120'000) strangers += "</x>";
  // The end tags are none: there is a cell between.
  for (int i = 0; i < 5000; ++i) hidden += "<b id=" + std::to_string(i) + "><table><td></b>";
  for (const auto& html : {bold, strangers, hidden}) {
    const auto from = std::clock();  // of the processor: the machine may have other things to do
    (void)htmlToText(html);
    EXPECT_LT(static_cast<double>(std::clock() - from) / CLOCKS_PER_SEC, 1.5) << html.substr(0, 40);
  }
  std::string letter;  // a long one of a mail program that closes what it opens
  for (int i = 0; i < 3000; ++i) letter += "<p><b><font color=red>x</font></b> <a href=https://x.example/>y</a></p>\n";
  EXPECT_NE(clean(letter), "");
}

TEST(HtmlToText, MakesLinesAndKeepsLinks) {
  EXPECT_EQ(htmlToText("<p>a</p><p>b<br>c</p>").all, "a\n\nb\nc");
  EXPECT_EQ(htmlToText("<ul><li>a<li>b</ul>").all, "- a\n- b");
  EXPECT_EQ(htmlToText("<a href=https://x.example>here</a>").all, "here <https://x.example>");
  EXPECT_EQ(htmlToText("<a href=https://x.example/>x.example</a>").all, "x.example");
  EXPECT_EQ(htmlToText("<a href=\"https://x.example/a b\">here</a>").all, "here <https://x.example/a%20b>");
  EXPECT_EQ(htmlToText("a  \n b&nbsp;c &eacute;").all, "a b c é");
  EXPECT_EQ(htmlToText("<style>p{}</style><script>x</script>a<img alt=pic>").all, "apic");
  EXPECT_EQ(htmlToText("<pre>a\n  b</pre>").all, "a\n  b");
  EXPECT_EQ(htmlToText("<table><tr><td>a<td>b<tr><td>c</table>").all, "a b\nc");
  EXPECT_EQ(htmlToText("").all, "");
}

}  // namespace
}  // namespace patchbay::mail
