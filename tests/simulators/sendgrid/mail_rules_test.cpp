#include "simulators/sendgrid/mail_rules.hpp"

#include <gtest/gtest.h>

namespace patchbay::simulators::sendgrid {
namespace {

Json good() {
  return parseJson(R"({"personalizations":[{"to":[{"email":"ana@example.org"}],"custom_args":{"pb_msg":"1"}}],
    "from":{"email":"help@patchbay.example"},"subject":"Hi","content":[{"type":"text/plain","value":"x"}],
    "attachments":[{"content":"iVBORw0KGgo=","type":"image/png","filename":"a.png"}],
    "headers":{"Message-ID":"<1@x>"},"categories":["a"]})");
}

/// The field of the first broken rule; "" when none is.
std::string broken(const char* pointer, const Json& value) {
  Json body = good();
  const Json::json_pointer at(pointer);
  if (value.is_discarded())
    body[at.parent_pointer()].erase(at.back());
  else
    body[at] = value;
  const auto rules = checkMail(body);
  return rules.empty() ? "" : rules.front().field;
}
const Json kGone(Json::value_t::discarded);

TEST(CheckMail, TakesTheDocumentedBody) {
  EXPECT_TRUE(checkMail(good()).empty());
}

TEST(CheckMail, NamesTheFieldOfEachRule) {
  EXPECT_EQ(broken("/personalizations", kGone), "personalizations");
  EXPECT_EQ(broken("/personalizations/0/to", Json::array()), "personalizations.0.to");
  EXPECT_EQ(broken("/personalizations/0/to/0/email", "nobody"), "personalizations.0.to.0.email");
  EXPECT_EQ(broken("/personalizations/0/cc", parseJson(R"([{"email":"ANA@example.org"}])")),
            "personalizations.0.cc.0.email");
  EXPECT_EQ(broken("/personalizations/0/custom_args/pb_msg", 1), "personalizations.0.custom_args.pb_msg");
  EXPECT_EQ(broken("/personalizations/0/custom_args/pb_msg", std::string(10'001, 'x')),
            "personalizations.0.custom_args");
  EXPECT_EQ(broken("/from", kGone), "from.email");
  EXPECT_EQ(broken("/from/email", "x"), "from.email");
  EXPECT_EQ(broken("/subject", ""), "subject");
  EXPECT_EQ(broken("/subject", kGone), "subject");
  EXPECT_EQ(broken("/content", Json::array()), "content");
  EXPECT_EQ(broken("/content/0/value", ""), "content.0.value");
  EXPECT_EQ(broken("/content/0", parseJson(R"({"value":"x"})")), "content.0.type");
  EXPECT_EQ(broken("/attachments/0/content", "!"), "attachments.0.content");
  EXPECT_EQ(broken("/attachments/0/filename", ""), "attachments.0.filename");
  EXPECT_EQ(broken("/attachments/0/disposition", "hidden"), "attachments.0.disposition");
  EXPECT_EQ(broken("/headers/Reply-To", "a@x.example"), "headers.Reply-To");
  EXPECT_EQ(broken("/headers/X-A", 1), "headers.X-A");
  EXPECT_EQ(broken("/reply_to", "a@x.example"), "reply_to.email");
  EXPECT_EQ(broken("/categories", parseJson(R"(["a","a"])")), "categories");
}

TEST(CheckMail, WantsTextBeforeHtml) {
  Json body = good();
  body["content"] = parseJson(R"([{"type":"text/html","value":"x"},{"type":"text/plain","value":"x"}])");
  EXPECT_EQ(checkMail(body).size(), 1u);
  std::reverse(body["content"].begin(), body["content"].end());
  EXPECT_TRUE(checkMail(body).empty());
}

TEST(CheckMail, SurvivesAnythingElse) {
  for (const Json& body : {Json(), Json(1), Json::array(), Json::object(), Json({{"personalizations", {nullptr, 7}}}),
                           Json({{"attachments", {1}}, {"headers", 1}, {"categories", 1}, {"content", {1}}})})
    EXPECT_FALSE(checkMail(body).empty()) << body;
}

}  // namespace
}  // namespace patchbay::simulators::sendgrid
