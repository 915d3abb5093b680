#include "simulators/sendgrid/customer_mail.hpp"

#include <gtest/gtest.h>

#include <map>

#include "base/text.hpp"
#include "simulators/common/bad_input.hpp"
#include "simulators/common/multipart.hpp"

namespace patchbay::simulators::sendgrid {
namespace {

class CustomerMailTest : public testing::Test {
 protected:
  CustomerMail mail(const char* json) { return mailFromJson(parseJson(json), "help@in.example", ids_, Timestamp{}); }

  /// The fields of the POST, by name.
  std::map<std::string, FormPart> fields(const CustomerMail& mail, bool raw) {
    const Form form = inboundForm(mail, raw, ids_);
    const auto parts = parseMultipart(form.content_type, form.body);
    EXPECT_TRUE(parts) << form.body;
    std::map<std::string, FormPart> by_name;
    for (const FormPart& part : parts.value_or(std::vector<FormPart>{})) by_name[part.name] = part;
    return by_name;
  }

  Ids ids_{7};
};

TEST_F(CustomerMailTest, RawModePostsTheWholeMessage) {
  const auto posted = fields(mail(R"({"from":{"name":"Zoë","email":"zoe@example.org"},"subject":"🚲","text":"Hallo",
    "message_id":"<m@example.org>","in_reply_to":"<a@x>","references":"<a@x>"})"),
                             true);
  const std::string message = posted.at("email").content;
  EXPECT_TRUE(message.starts_with("Received: by "));
  for (const char* line :
       {"From: =?UTF-8?B?Wm/Dqw==?= <zoe@example.org>\r\n", "Subject: =?UTF-8?B?8J+asg==?=\r\n",
        "Message-ID: <m@example.org>\r\n", "In-Reply-To: <a@x>\r\n", "To: help@in.example\r\n", "\r\n\r\nSGFsbG8=\r\n"})
    EXPECT_NE(message.find(line), std::string::npos) << line;
  EXPECT_EQ(posted.at("envelope").content, R"({"from":"zoe@example.org","to":["help@in.example"]})");
  EXPECT_EQ(posted.at("SPF").content, "pass");
  EXPECT_EQ(posted.at("dkim").content, "{@example.org : pass}");
  EXPECT_FALSE(posted.contains("headers"));
}

TEST_F(CustomerMailTest, ParsedModePostsTextsInTheirCharsetAndFilesBesideThem) {
  const auto posted = fields(mail(R"({"from":{"email":"zoe@example.org"},"text":"Café","html":"<p>Café</p>",
    "charset":"iso-8859-1","files":[{"filename":"a.png","type":"image/png","content_id":"i1","base64":"AAH/"}]})"),
                             false);
  EXPECT_EQ(posted.at("text").content, "Caf\xE9");
  EXPECT_EQ(posted.at("html").content, "<p>Caf\xE9</p>");
  EXPECT_EQ(parseJson(posted.at("charsets").content).at("text"), "iso-8859-1");
  EXPECT_EQ(posted.at("attachment1").content, std::string("\0\x01\xFF", 3));
  EXPECT_EQ(posted.at("attachment1").filename, "a.png");
  EXPECT_EQ(posted.at("attachments").content, "1");
  EXPECT_EQ(parseJson(posted.at("content-ids").content).at("i1"), "attachment1");
  EXPECT_EQ(posted.at("headers").content.find('\r'), std::string::npos);
  EXPECT_NE(posted.at("headers").content.find("Content-Type: multipart/mixed"), std::string::npos);
}

TEST_F(CustomerMailTest, ALongSubjectIsEncodedInWordsOfWholeCharacters) {
  const auto block = headerBlock(
      mail(R"({"from":{"email":"a@x.example"},"text":"t","subject":"ééééééééééééééééééééééééééééééééééééééé"})"));
  std::size_t words = 0;
  for (const std::string_view line : split(block, '\n')) {
    EXPECT_LE(line.size(), 78u);
    if (line.find("=?UTF-8?B?") != std::string_view::npos) ++words;
  }
  EXPECT_EQ(words, 3u);
}

TEST_F(CustomerMailTest, MakesAFileOfAnySizeAndAMailWithoutMessageId) {
  const auto big = mail(R"({"from":{"email":"a@x.example"},"message_id":"","files":[{"size":3000000}]})");
  EXPECT_EQ(big.files.at(0).bytes.size(), 3'000'000u);
  EXPECT_EQ(rawMessage(big).find("Message-ID"), std::string::npos);
  EXPECT_EQ(rawMessage(mail(R"({"raw":"Subject: x\r\n\r\n"})")), "Subject: x\r\n\r\n");
}

TEST_F(CustomerMailTest, RefusesWhatItDoesNotKnow) {
  EXPECT_THROW(mail(R"({"subjekt":"x"})"), BadInput);
  EXPECT_THROW(mail(R"({"files":[{"base64":"!"}]})"), BadInput);
  EXPECT_THROW(mail(R"({"files":[{"size":-1}]})"), BadInput);
}

}  // namespace
}  // namespace patchbay::simulators::sendgrid
