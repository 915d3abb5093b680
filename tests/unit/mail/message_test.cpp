#include "mail/message.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "mail/report.hpp"
#include "mail/survey.hpp"

namespace patchbay::mail {
namespace {

Message parsed(std::string_view raw) {
  auto message = parseMessage(raw);
  EXPECT_TRUE(message.ok()) << raw.substr(0, 200);
  return message.ok() ? std::move(*message) : Message{};
}

/// Two parts of the given type, with the boundary "b".
std::string multipart(const std::string& type, const std::vector<std::string>& parts) {
  std::string raw =
      "From: ana@example.org\r\nSubject: Hi\r\nMessage-ID: <m@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: " +
      type + "; boundary=b\r\n\r\npreamble\r\n";
  for (const auto& part : parts) raw += "--b\r\n" + part + "\r\n";
  return raw + "--b--\r\n";
}

TEST(ParseMessage, ReadsASimpleMail) {
  const auto message = parsed(
      "From: Ana <ana@example.org>\r\nTo: help@p.example\r\nSubject: =?utf-8?Q?Caf=C3=A9?=\r\n"
      "Message-ID: <m@example.org>\r\nDate: Fri, 2 Jan 2026 03:04:05 +0000\r\n\r\nHello\r\nthere\r\n");
  EXPECT_EQ(message.headers.from.at(0).address, "ana@example.org");
  EXPECT_EQ(message.headers.subject, "Café");
  EXPECT_EQ(message.headers.message_id, "m@example.org");
  EXPECT_EQ(trim(message.text), "Hello\nthere");
  EXPECT_TRUE(message.html.empty());
  EXPECT_FALSE(message.incomplete);
}

TEST(ParseMessage, DecodesTransferEncodingsAndCharsets) {
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"text/plain; charset=iso-8859-15\r\nContent-Transfer-Encoding: quoted-printable", "=A4 5=\r\n0", "€ 50"},
      {"text/plain; charset=utf-8\r\nContent-Transfer-Encoding: BASE64", "Q2Fmw6kg4oKsNQ==", "Café €5"},
      {"text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64", "Q2Fm w6k\r\n", "Café"},
      {"text/plain; charset=iso-8859-1", "caf\xE9", "café"},
      {"text/plain", "caf\xC3\xA9", "café"},
      {"text/plain; charset=iso-2022-jp", "\x1B$BF|K\\\x1B(B", "日本"},
      {"text/plain; charset=\"windows-1251\"", "\xCF\xF0\xE8\xE2\xE5\xF2", "Привет"},
      {"text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable", "a=ZZ =", "a=ZZ"},
      {"text/plain; charset=iso-8859-15; format=flowed; delsp=yes\r\nContent-Transfer-Encoding: quoted-printable",
       "=A4 soft =\r\nbreak flowed=20\r\nnext", "€ soft break flowednext"},
      {"text/plain; charset=iso-8859-15; format=flowed\r\nContent-Transfer-Encoding: quoted-printable",
       "=A4 soft =\r\nbreak flowed=20\r\nnext", "€ soft break flowed next"}};
  for (const auto& [type, body, text] : cases)
    EXPECT_EQ(trim(parsed(std::string("From: a@b.example\r\nContent-Type: ") + type + "\r\n\r\n" + body + "\r\n").text),
              text)
        << type;
}

TEST(ParseMessage, KeepsBothAlternatives) {
  const auto message = parsed(multipart(
      "multipart/alternative", {"Content-Type: text/plain\r\n\r\nplain", "Content-Type: text/html\r\n\r\n<p>html</p>",
                                "Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR"}));
  EXPECT_EQ(trim(message.text), "plain");
  EXPECT_EQ(trim(message.html), "<p>html</p>");
  ASSERT_EQ(message.files.size(), 1U);
  EXPECT_EQ(message.files[0].mime_type, "text/calendar");
}

TEST(ParseMessage, HtmlAroundAFileIsOneAlternative) {
  const std::string mixed =
      "Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\nContent-Type: text/html\r\n\r\n<p>Hello</p>\r\n"
      "--m\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Disposition: inline\r\n\r\n%PDF\r\n"
      "--m\r\nContent-Type: text/html\r\n\r\n<br>\r\n--m--";
  const auto message = parsed(multipart("multipart/alternative", {"Content-Type: text/plain\r\n\r\nHello", mixed}));
  EXPECT_EQ(trim(message.text), "Hello");
  EXPECT_EQ(trim(message.html), "<p>Hello</p><br>");
  ASSERT_EQ(message.files.size(), 1U);
  EXPECT_EQ(message.files[0].filename, "a.pdf");
}

TEST(ParseMessage, TakesRelatedPicturesAndAttachments) {
  const std::string related =
      "Content-Type: multipart/related; boundary=r\r\n\r\n--r\r\nContent-Type: text/html\r\n\r\n<img src=cid:i@x>\r\n"
      "--r\r\nContent-Type: image/png\r\nContent-ID: <i@x>\r\nContent-Transfer-Encoding: "
      "base64\r\n\r\niVBORw0KGgo=\r\n--r--\r\n";
  const auto message = parsed(multipart(
      "multipart/mixed", {related,
                          "Content-Type: application/pdf; name=a.pdf\r\nContent-Disposition: attachment;\r\n"
                          " filename*0*=UTF-8''r%C3%A9; filename*1*=sum%C3%A9; filename*2=.pdf\r\n\r\n%PDF"}));
  EXPECT_EQ(trim(message.html), "<img src=cid:i@x>");
  ASSERT_EQ(message.files.size(), 2U);
  EXPECT_EQ(message.files[0].content_id, "i@x");
  EXPECT_EQ(message.files[0].bytes.substr(0, 4), "\x89PNG");
  EXPECT_EQ(message.files[1].filename, "résumé.pdf");
  EXPECT_EQ(message.files[1].bytes, "%PDF");
}

TEST(ParseMessage, ReadsFileNamesHoweverTheyAreWritten) {
  const std::pair<const char*, const char*> cases[] = {{"attachment; filename=\"=?UTF-8?B?csOpLnBkZg==?=\"", "ré.pdf"},
                                                       {"attachment; filename=\"r\xC3\xA9.pdf\"", "ré.pdf"},
                                                       {"attachment; filename=a.pdf", "a.pdf"},
                                                       {"attachment; filename*=utf-8'en'%e2%82%ac.pdf", "€.pdf"},
                                                       {"attachment; filename=\"a;b.pdf\"", "a;b.pdf"}};
  for (const auto& [disposition, name] : cases) {
    const auto message =
        parsed(multipart("multipart/mixed", {std::string("Content-Type: application/pdf\r\nContent-Disposition: ") +
                                             disposition + "\r\n\r\nx"}));
    ASSERT_EQ(message.files.size(), 1U) << disposition;
    EXPECT_EQ(message.files[0].filename, name) << disposition;
  }
}

TEST(ParseMessage, KeepsWhatItCannotRead) {
  auto message = parsed(
      multipart("multipart/signed", {"Content-Type: text/plain\r\n\r\nsigned",
                                     "Content-Type: application/pgp-signature; name=signature.asc\r\n\r\n-----BEGIN"}));
  EXPECT_EQ(trim(message.text), "signed");
  EXPECT_EQ(message.files.at(0).mime_type, "application/pgp-signature");
  message = parsed(multipart("multipart/encrypted", {"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1",
                                                     "Content-Type: application/octet-stream; name=e.asc\r\n\r\nx"}));
  EXPECT_EQ(message.files.size(), 2U);
  message = parsed(
      "From: a@b.example\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data; "
      "name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n");
  EXPECT_EQ(message.files.at(0).filename, "smime.p7m");
  message = parsed(multipart("multipart/mixed", {"Content-Type: text/plain\r\n\r\na",
                                                 "Content-Type: application/ms-tnef; name=winmail.dat\r\n\r\nx"}));
  EXPECT_EQ(message.files.at(0).filename, "winmail.dat");
}

TEST(ParseMessage, AMailInAMailIsAFile) {
  const auto message =
      parsed(multipart("multipart/mixed",
                       {"Content-Type: text/plain\r\n\r\nFYI",
                        "Content-Type: message/rfc822\r\n\r\nSubject: Inner/one\r\nFrom: x@y.example\r\n\r\nsecret"}));
  EXPECT_EQ(trim(message.text), "FYI");
  ASSERT_EQ(message.files.size(), 1U);
  EXPECT_EQ(message.files[0].filename, "Inner-one.eml");
  EXPECT_EQ(message.files[0].mime_type, "message/rfc822");
  EXPECT_NE(message.files[0].bytes.find("secret"), std::string::npos);
}

TEST(ParseMessage, ReadsDeliveryReports) {
  const std::string status =
      "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; "
      "ana@example.org\r\n"
      "Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1\r\n user unknown\r\n";
  for (const std::string returned :
       {"Content-Type: message/rfc822\r\n\r\nMessage-ID: <ours@p.example>\r\nSubject: x\r\n\r\nbody",
        "Content-Type: text/rfc822-headers\r\n\r\nSubject: x\r\nMessage-ID: <ours@p.example>\r\n"}) {
    const auto message = parsed(multipart("multipart/report; report-type=delivery-status",
                                          {"Content-Type: text/plain\r\n\r\nSorry", status, returned}));
    ASSERT_TRUE(message.report.has_value());
    ASSERT_EQ(message.report->recipients.size(), 1U);
    EXPECT_EQ(message.report->recipients[0].address, "ana@example.org");
    EXPECT_EQ(message.report->recipients[0].action, "failed");
    EXPECT_EQ(message.report->recipients[0].status, "5.1.1");
    EXPECT_EQ(message.report->recipients[0].diagnostic, "550 5.1.1 user unknown");
    EXPECT_EQ(message.report->original_ids.at(0), "ours@p.example");
    EXPECT_EQ(trim(message.text), "Sorry");
  }
  const auto read =
      parsed(multipart("multipart/report; report-type=disposition-notification",
                       {"Content-Type: text/plain\r\n\r\nRead",
                        "Content-Type: message/disposition-notification\r\n\r\nOriginal-Message-ID: "
                        "<ours@p.example>\r\nDisposition: manual-action/MDN-sent-manually; displayed\r\n"}));
  EXPECT_EQ(read.report->kind, Report::Kind::kRead);
  EXPECT_EQ(read.report->disposition, "displayed");
  EXPECT_EQ(read.report->original_ids.at(0), "ours@p.example");
}

TEST(ParseMessage, ReadsComplaints) {
  for (const std::string returned :
       {"Content-Type: message/rfc822\r\n\r\nMessage-ID: <ours@p.example>\r\nSubject: x\r\n\r\nbody",
        "Content-Type: text/rfc822-headers\r\n\r\nSubject: x\r\nMessage-ID: <ours@p.example>\r\n"}) {
    const auto message = parsed(multipart(
        "multipart/report; report-type=feedback-report",
        {"Content-Type: text/plain\r\n\r\nA complaint",
         "Content-Type: message/feedback-report\r\n\r\nUser-Agent: x/1\r\nVersion: 1\r\nFeedback-Type:\r\n Abuse\r\n",
         returned}));
    ASSERT_TRUE(message.report.has_value());
    EXPECT_EQ(message.report->kind, Report::Kind::kComplaint);
    EXPECT_EQ(message.report->feedback, "abuse");
    EXPECT_EQ(message.report->original_ids, std::vector<std::string>{"ours@p.example"});
  }
}

TEST(ParseMessage, AReportOfManyGroupsIsReadOnceAndUpToABound) {
  std::string groups;
  for (int i = 0; i < 300; ++i) groups += "X-Nothing: " + std::to_string(i) + "\r\n\r\n";
  const std::string last = "Final-Recipient: rfc822; ana@example.org\r\nAction: failed\r\n";
  const auto report = [](const std::string& body) {
    Report read;
    readReportFields(body, read);
    return read.recipients.size();
  };
  EXPECT_EQ(report(last + "\r\n" + groups), 1U);
  EXPECT_EQ(report(groups + last), 0U);
  std::string large = last + "\n";
  while (large.size() < 20'000'000) large += "X\n\n";
  const auto before = std::chrono::steady_clock::now();
  EXPECT_EQ(report(large), 1U);
  EXPECT_LT(std::chrono::steady_clock::now() - before, std::chrono::seconds(60));
}

TEST(ParseMessage, EndsWithinItsBounds) {
  std::string deep = "From: a@b.example\r\n";
  for (int i = 0; i < 3000; ++i)
    deep +=
        "Content-Type: multipart/mixed; boundary=b" + std::to_string(i) + "\r\n\r\n--b" + std::to_string(i) + "\r\n";
  EXPECT_TRUE(parsed(deep).incomplete);
  std::vector<std::string> parts(2000, "Content-Type: text/plain\r\n\r\nx");
  EXPECT_TRUE(parsed(multipart("multipart/mixed", parts)).incomplete);
  std::string enclosed = "From: a@b.example\r\n";
  for (int i = 0; i < 3000; ++i) enclosed += "Content-Type: message/rfc822\r\n\r\n";
  (void)parsed(enclosed);
  std::string headers = "From: a@b.example\r\n";
  while (headers.size() < 1'000'000) headers += "X-Line: " + std::string(100, 'x') + "\r\n";
  EXPECT_TRUE(parsed(headers + "\r\nbody").incomplete);
  const auto large = parsed("From: a@b.example\r\n\r\n" + std::string(3'000'000, 'x'));
  EXPECT_TRUE(large.incomplete);
  EXPECT_EQ(large.files.at(0).bytes.size(), 3'000'000U);  // too long to be shown, not lost
}

TEST(ParseMessage, CountsPartsAndHeaderLinesBeforeItBuildsATree) {
  const auto repeat = [](std::string raw, std::string_view what) {
    while (raw.size() < 1'000'000) raw += what;
    return raw;
  };
  const std::string top = "From: a@b.example\r\nSubject: Hi\r\nContent-Type: multipart/mixed; ";
  for (const auto& raw :
       {repeat(top + "boundary=b\n\n", "--b\n\n"), repeat(top + "boundary*0=\"b\"; boundary*1=c\n\n", "--bc\n\n"),
        repeat(top + "\n BOUNDARY =\n \"=?utf-8?q?b?=\"\n\n", "--b\n\n"), repeat(top + "boundary=b\n\n--b\n", "X:\n"),
        repeat(top + "boundary=b\n\n--b\nContent-Type: message/rfc822\n\n", "X:\n"),
        repeat("From: a@b.example\nContent-Type: multipart/digest; boundary=b\n\n--b\n\n", "X:\n"),
        repeat("From: a@b.example\nSubject: Hi\n", "X:\n")}) {
    EXPECT_FALSE(fitsParser(raw)) << raw.substr(0, 120);
    const auto message = parsed(raw);
    EXPECT_TRUE(message.incomplete);
    EXPECT_EQ(message.headers.from.at(0).address, "a@b.example");
    ASSERT_EQ(message.files.size(), 1U);
    EXPECT_EQ(message.files[0].bytes, raw);
  }
}

TEST(ParseMessage, LongMailsWithDashesAreNotTakenForManyParts) {
  std::string sql;
  for (int i = 0; i < 5000; ++i) sql += "-- a comment: of SQL\r\n";
  EXPECT_FALSE(parsed("From: a@b.example\r\nContent-Type: text/plain\r\n\r\n" + sql).incomplete);
  const auto message = parsed(
      multipart("multipart/mixed", {"Content-Type: text/plain\r\n\r\n" + sql, "Content-Type: text/plain\r\n\r\nx"}));
  EXPECT_FALSE(message.incomplete);
  EXPECT_TRUE(trim(message.text).ends_with("x"));
}

TEST(ParseMessage, TakesWhatIsThereOfBrokenMail) {
  EXPECT_EQ(trim(parsed("From: a@b.example\nSubject: bare LF\n\nbody\n").text), "body");
  EXPECT_EQ(
      trim(parsed("From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nunclosed").text),
      "unclosed");
  EXPECT_FALSE(parseMessage("").ok());
  for (const char* raw : {"\r\n", "no header at all", "From", ":", "Content-Type: multipart/mixed\r\n\r\nx",
                          "Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n--\r\nx", "Content-Type: /;=;\r\n\r\nx",
                          "Content-Disposition: attachment; filename*99999999999=x\r\n\r\nx",
                          "Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\n#86)C\n`\nend\n"})
    (void)parseMessage(raw);
}

}  // namespace
}  // namespace patchbay::mail
