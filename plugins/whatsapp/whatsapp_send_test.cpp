// What a transcript cannot show: steps that are made again, and answers with headers. The rest is
// transcripts/send_*.yaml.
#include "whatsapp_send.hpp"

#include <gtest/gtest.h>

#include <patchbay/split_text.hpp>
#include <patchbay/testing.hpp>

#include "whatsapp_plan.hpp"

namespace patchbay::whatsapp {
namespace {

using patchbay::testing::Answer;
using patchbay::testing::FakeHost;
using patchbay::testing::Turn;

Json config() {
  return {{"phone_number_id", "1061"}, {"access_token", "t"}, {"app_secret", "s"}, {"base_url", "http://127.0.0.1:9/"}};
}

Json message(Json more) {
  Json operation = {
      {"kind", "message"}, {"ref", "r-1"}, {"to", {{"kind", "phone"}, {"address", "+15550100"}}}, {"type", "text"}};
  operation.update(more);
  return operation;
}

Answer sent(const std::string& id) {
  return Answer::json(200, {{"messages", {{{"id", id}}}}});
}
Answer refused(int status, int code) {
  return Answer::json(status, {{"error", {{"code", code}, {"message", "no"}}}});
}

std::string longText() {
  std::string text;
  while (text.size() < 9000) text += "word ";
  return text;
}

TEST(Send, ThePathComesFromTheConfig) {
  FakeHost host(config());
  EXPECT_EQ(host.perform(message({{"text", "x"}})).requests.at(0).at("url"), "http://127.0.0.1:9/v23.0/1061/messages");
}

TEST(Send, APartThatWasThrottledIsMadeAgainWithoutThoseBeforeIt) {
  FakeHost host(config());
  const Json operation = message({{"text", longText()}});
  const Turn first = host.perform(operation);
  const Turn second = host.resume(operation, *first.carry, {sent("wamid.1")});
  const Turn throttled = host.resume(operation, *second.carry, {refused(400, 131056)});
  EXPECT_EQ(throttled.result->at("status"), "partial");
  EXPECT_EQ(throttled.result->at("ids"), Json::array({"wamid.1"}));
  EXPECT_EQ(throttled.result->at("error").at("retry_after"), 1);

  const Turn again = host.resume(operation, *throttled.carry, {});
  EXPECT_EQ(again.requests, second.requests);

  // Throttled once more: the pause grows. Then it goes through, and the count starts anew.
  const Turn twice = host.resume(operation, *again.carry, {refused(400, 131056)});
  EXPECT_EQ(twice.result->at("error").at("retry_after"), 4);
  const Turn third = host.resume(operation, *host.resume(operation, *twice.carry, {}).carry, {sent("wamid.2")});
  const Turn end = host.resume(operation, *third.carry, {refused(400, 131056)});
  EXPECT_EQ(end.result->at("error").at("retry_after"), 1);
  EXPECT_EQ(end.result->at("ids"), Json::array({"wamid.1", "wamid.2"}));
}

TEST(Send, EveryPartOfALongTextFitsAndOnlyTheFirstQuotes) {
  FakeHost host(config());
  std::vector<Json> made;
  int count = 0;
  const auto turn = host.runOperation(
      message({{"text", longText()}, {"reply_to", "wamid.IN"}}),
      [&](const Json&) { return sent("wamid." + std::to_string(++count)); }, &made);
  ASSERT_EQ(made.size(), 3u);
  for (std::size_t i = 0; i < made.size(); ++i) {
    const Json& body = made[i].at("json");
    EXPECT_LE(textLength(body.at("text").at("body").get<std::string>(), TextUnit::kUtf16), kMaxText);
    EXPECT_EQ(body.contains("context"), i == 0);
    EXPECT_EQ(body.at("biz_opaque_callback_data"), "r-1");
    EXPECT_EQ(made[i].at("repeat"), "unsafe");
  }
  EXPECT_EQ(turn.result->at("ids").size(), 3u);
}

TEST(Send, AnUploadThatIsThereIsNotMadeAgain) {
  FakeHost host(config());
  const Json operation =
      message({{"type", "image"}, {"media", {{{"blob", 7}, {"mime_type", "image/png; x=y"}, {"filename", "a.png"}}}}});
  const Turn upload = host.perform(operation);
  ASSERT_EQ(upload.requests.size(), 1u);
  EXPECT_EQ(upload.requests[0].at("repeat"), "safe");
  EXPECT_EQ(upload.requests[0].at("multipart").at(1).at("value"), "image/png");
  EXPECT_EQ(upload.requests[0].at("multipart").at(2).at("value"), Json({{"$blob", 7}}));
  const Turn send = host.resume(operation, *upload.carry, {Answer::json(200, {{"id", "9001"}})});
  EXPECT_EQ(send.requests.at(0).at("json").at("image").at("id"), "9001");
  EXPECT_EQ(host.resume(operation, *send.carry, {}).requests, send.requests);
}

TEST(Send, ALongCaptionGoesOnAsText) {
  FakeHost host(config());
  std::vector<Json> made;
  const std::string text = longText().substr(0, 2000);
  host.runOperation(
      message({{"type", "document"}, {"text", text}, {"media", {{{"url", "https://a.test/f"}}}}}),
      [](const Json&) { return sent("w"); }, &made);
  ASSERT_EQ(made.size(), 2u);
  const auto caption = made[0].at("json").at("document").at("caption").get<std::string>();
  const auto rest = made[1].at("json").at("text").at("body").get<std::string>();
  EXPECT_LE(caption.size(), kMaxCaption);
  EXPECT_EQ(caption + " " + rest, text);
}

TEST(Send, ButtonsStandUnderTheLastPartAndUnderAFile) {
  FakeHost host(config());
  std::vector<Json> made;
  const Json buttons = {{{"id", "y"}, {"title", "Yes"}}};
  host.runOperation(
      message({{"text", longText().substr(0, 1500)}, {"quick_replies", buttons}}),
      [](const Json&) { return sent("w"); }, &made);
  ASSERT_EQ(made.size(), 2u);
  EXPECT_EQ(made[0].at("json").at("type"), "text");
  EXPECT_EQ(made[1].at("json").at("type"), "interactive");
  made.clear();
  host.runOperation(
      message(
          {{"type", "image"}, {"text", "?"}, {"quick_replies", buttons}, {"media", {{{"url", "https://a.test/f"}}}}}),
      [](const Json&) { return sent("w"); }, &made);
  ASSERT_EQ(made.size(), 2u);
  EXPECT_FALSE(made[0].at("json").at("image").contains("caption"));
  EXPECT_EQ(made[1].at("json").at("interactive").at("body").at("text"), "?");
}

TEST(Send, TheLimitsOfButtonsAndListsAreNamed) {
  FakeHost host(config());
  const auto why = [&](Json more) {
    const Turn turn = host.perform(message(std::move(more)));
    return turn.result ? turn.result->at("error").at("text").get<std::string>() : "no result";
  };
  Json four = Json::array();
  Json rows = Json::array();
  for (int i = 0; i < 11; ++i) {
    const std::string name = std::to_string(i);
    if (i < 4) four.push_back({{"id", name}, {"title", name}});
    rows.push_back({{"id", name}, {"title", name}});
  }
  const auto list = [](Json sections) {
    return Json{{"text", "?"}, {"list", {{"button", "B"}, {"sections", std::move(sections)}}}};
  };
  EXPECT_EQ(why({{"text", "?"}, {"quick_replies", four}}), "WhatsApp shows at most 3 quick replies, not 4");
  EXPECT_EQ(why({{"text", ""}, {"quick_replies", {{{"id", "a"}, {"title", "b"}}}}}),
            "quick replies and lists need a text above them");
  EXPECT_NE(
      why({{"text", "?"}, {"quick_replies", {{{"id", "a"}, {"title", std::string(21, 't')}}}}}).find("longer than 20"),
      std::string::npos);
  EXPECT_EQ(why(list({{{"rows", rows}}})), "a list has 1 to 10 rows in all sections together, not 11");
  EXPECT_EQ(why(list({{{"rows", {rows[0], rows[0]}}}})), "the id of a row '0' is there twice");
  EXPECT_EQ(why(list({{{"rows", {rows[0]}}}, {{"rows", {rows[1]}}}})), "the title of a section is empty");
  EXPECT_EQ(why({{"type", "image"}}), "a message of type image needs a file in 'media'");
  EXPECT_EQ(why({{"type", "image"}, {"media", {{{"url", "http://a.test"}}}}}),
            "a file needs a blob or a public https address");
  EXPECT_EQ(why({{"type", "poll"}}), "WhatsApp has no message of type 'poll'");
}

TEST(Send, UnknownOperationsAreUnsupported) {
  FakeHost host(config());
  for (const char* kind : {"edit", "delete", "dance"})
    EXPECT_EQ(host.perform({{"kind", kind}, {"message_id", "m"}}).status, PB_UNSUPPORTED) << kind;
}

TEST(Send, ANumberThatMetaKnowsDifferentlyBecomesAnAlias) {
  FakeHost host(config());
  const Turn turn = host.runOperation(message({{"text", "x"}}), [](const Json&) {
    return Answer::json(200, {{"contacts", {{{"input", "+15550100"}, {"wa_id", "15550199"}, {"user_id", "US.1"}}}},
                              {"messages", {{{"id", "w"}}}}});
  });
  ASSERT_EQ(turn.events.size(), 1u);
  EXPECT_EQ(turn.events[0].at("contact"), Json({{"kind", "phone"}, {"address", "+15550100"}}));
  EXPECT_EQ(turn.events[0].at("from").at("aliases"),
            Json::parse(R"([{"kind":"phone","address":"+15550199"},{"kind":"bsuid","address":"US.1"}])"));
}

TEST(Send, UsageThatIsSpentPausesTheAccountAsLongAsMetaEstimates) {
  FakeHost host(config());
  const auto usage = [&](const std::string& header) {
    return host.runOperation(message({{"text", "x"}}), [&](const Json&) {
      Answer answer = sent("w");
      answer.headers = {{"X-Business-Use-Case-Usage", header}};
      return answer;
    });
  };
  const Turn spent = usage(R"({"30":[{"type":"whatsapp","call_count":100,"estimated_time_to_regain_access":5}]})");
  EXPECT_EQ(spent.throttles, std::vector<Json>{Json({{"scope", "account"}, {"until", "2026-01-05T10:05:00.000Z"}})});
  for (const char* harmless : {R"({"30":[{"estimated_time_to_regain_access":0}]})", "{", "[]", R"({"30":7})",
                               R"({"30":[{"estimated_time_to_regain_access":"x"}]})"}) {
    const Turn turn = usage(harmless);
    EXPECT_TRUE(turn.throttles.empty()) << harmless;
    EXPECT_EQ(turn.result->at("status"), "sent") << harmless;
  }
}

TEST(Send, AnswersOfAnyShapeEndWithAResult) {
  FakeHost host(config());
  const Json operation = message({{"text", "x"}});
  const auto expectResult = [&](int status, const char* body) {
    const Turn turn = host.runOperation(operation, [&](const Json&) { return Answer{.status = status, .body = body}; });
    ASSERT_TRUE(turn.ok() && turn.result) << status << body;
    EXPECT_EQ(turn.result->at("status"), "failed");
    const std::string found = turn.result->at("error").at("class");
    const bool accepted = status >= 200 && status < 300;
    EXPECT_TRUE(!accepted || found == "unknown") << status << body;
  };
  for (int status = 100; status < 600; ++status) expectResult(status, "{}");
  for (const int status : {100, 200, 299, 302, 400, 401, 403, 404, 413, 429, 500, 503, 599})
    for (const char* body : {"", "{", "null", "[]", R"({"error":7})", R"({"error":{}})", R"({"error":{"code":"x"}})",
                             R"({"messages":{}})", R"({"messages":[7]})", R"({"messages":[{"id":""}]})", "\xff"})
      expectResult(status, body);
}

TEST(Media, AnExpiredAddressIsAskedForOnceMoreAndAnotherTryBeginsAnew) {
  FakeHost host(config());
  const Json operation = {{"kind", "media"}, {"media", {{{"provider_id", "90/01"}}}}};
  const Answer info =
      Answer::json(200, {{"url", "http://127.0.0.1:9/file"}, {"mime_type", "image/png"}, {"file_size", "3"}});
  const Turn ask = host.perform(operation);
  EXPECT_EQ(ask.requests.at(0).at("url"), "http://127.0.0.1:9/v23.0/90%2F01?phone_number_id=1061");
  const Turn get = host.resume(operation, *ask.carry, {info});
  EXPECT_EQ(get.requests.at(0).at("url"), "http://127.0.0.1:9/file");
  EXPECT_EQ(get.requests.at(0).at("into"), "blob");
  EXPECT_EQ(host.resume(operation, *get.carry, {{.status = 200, .blob = 5}}).result->at("media"),
            Json({{"blob", 5}, {"mime_type", "image/png"}}));

  const Turn lost = host.resume(operation, *get.carry, {Answer::lost(PB_NO_ANSWER, "deadline")});
  EXPECT_EQ(lost.result->at("error").at("class"), "transient");
  EXPECT_EQ(host.resume(operation, *lost.carry, {}).requests, ask.requests);

  EXPECT_EQ(host.resume(operation, *get.carry, {Answer::lost(PB_TOO_LARGE, "")}).result->at("error").at("class"),
            "request");
}

}  // namespace
}  // namespace patchbay::whatsapp
