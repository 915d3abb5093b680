// What a transcript cannot show: long lists, and answers of any shape. The rest is transcripts/templates_*.yaml and
// transcripts/test_*.yaml.
#include "whatsapp_ask.hpp"

#include <gtest/gtest.h>

#include <patchbay/testing.hpp>

namespace patchbay::whatsapp {
namespace {

using patchbay::testing::Answer;
using patchbay::testing::FakeHost;
using patchbay::testing::Turn;

Json config(Json more = Json::object()) {
  Json config = {{"phone_number_id", "1061"},
                 {"waba_id", "3012"},
                 {"access_token", "t"},
                 {"app_secret", "s"},
                 {"base_url", "http://127.0.0.1:9"}};
  config.update(more);
  return config;
}

const Json kTemplates = {{"kind", "templates"}};

Answer page(int first, int count, const std::string& after, std::size_t body = 20) {
  Json data = Json::array();
  for (int i = first; i < first + count; ++i)
    data.push_back({{"name", "template_" + std::to_string(i)},
                    {"language", "en_US"},
                    {"status", "APPROVED"},
                    {"category", "UTILITY"},
                    {"components", {{{"type", "BODY"}, {"text", std::string(body, 'x')}}}},
                    {"id", i}});
  Json answer = {{"data", std::move(data)}, {"paging", {{"cursors", {{"before", "b"}, {"after", after}}}}}};
  if (!after.empty()) answer["paging"]["next"] = "https://graph.facebook.com/next?access_token=t";
  return Answer::json(200, answer);
}

/// Runs to the end; each answer is asked for with the URL.
Turn list(FakeHost& host, const std::function<Answer(const std::string& url)>& answer) {
  return host.runOperation(kTemplates, [&](const Json& request) { return answer(request.at("url")); });
}

TEST(Templates, ThePagesAreReadToTheLast) {
  FakeHost host(config());
  std::vector<std::string> urls;
  const Turn turn = list(host, [&](const std::string& url) {
    urls.push_back(url);
    const int made = static_cast<int>(urls.size()) - 1;
    return page(made * 10, 10, made < 4 ? "c/" + std::to_string(made) : "");
  });
  ASSERT_EQ(turn.result->at("status"), "sent");
  EXPECT_EQ(turn.result->at("templates").size(), 50u);
  EXPECT_EQ(turn.result->at("templates").at(49).at("name"), "template_49");
  ASSERT_EQ(urls.size(), 5u);
  EXPECT_EQ(urls[0].find("after="), std::string::npos);
  EXPECT_NE(urls[4].find("&after=c%2F3"), std::string::npos) << urls[4];
}

TEST(Templates, ALongListLosesDescriptionsBeforeNames) {
  FakeHost host(config());
  int made = 0;
  const Turn turn = list(host, [&](const std::string&) {
    ++made;
    return page(made * 100, 100, made < 4 ? "c" + std::to_string(made) : "", 1000);
  });
  ASSERT_EQ(turn.result->at("templates").size(), 400u);
  EXPECT_FALSE(turn.result->at("templates").at(0).contains("components"));
  EXPECT_TRUE(turn.result->at("templates").at(399).contains("components"));
}

TEST(Templates, AListWithoutEndEnds) {
  FakeHost host(config());
  int made = 0;
  const Turn turn = list(host, [&](const std::string&) {
    ++made;
    return page(made, 1, "c" + std::to_string(made));
  });
  EXPECT_EQ(turn.result->at("status"), "sent");
  EXPECT_EQ(made, 100);
  // The same cursor again: Meta goes in circles, we do not.
  made = 0;
  list(host, [&](const std::string&) {
    ++made;
    return page(made, 1, "same");
  });
  EXPECT_EQ(made, 2);
}

TEST(Ask, AnswersOfAnyShapeEndWithAResult) {
  for (const char* kind : {"templates", "test", "setup", "typing", "read"}) {
    FakeHost host(config({{"appsecret_proof", true}}));
    for (const int status : {0, 200, 204, 301, 400, 401, 429, 500, 502, 503})
      for (const char* body : {"", "null", "[]", R"({"data":7})", R"({"data":[7,null,{"name":1}]})",
                               R"({"data":[],"paging":7})", R"({"error":{"code":131056}})", "\xff"}) {
        const Turn turn = host.runOperation({{"kind", kind}, {"message_id", "wamid.1"}}, [&](const Json&) {
          return status == 0 ? Answer::lost(PB_NO_ANSWER, "deadline") : Answer{.status = status, .body = body};
        });
        ASSERT_TRUE(turn.ok() && turn.result) << kind << status << body;
        EXPECT_EQ(turn.result->at("status") == "sent", status >= 200 && status < 300 && !turn.result->contains("error"))
            << kind << status << body;
        EXPECT_NE(turn.result->value("/error/class"_json_pointer, ""), "unknown") << kind << status << body;
      }
  }
}

}  // namespace
}  // namespace patchbay::whatsapp
