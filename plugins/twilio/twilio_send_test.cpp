#include "twilio_send.hpp"

#include <gtest/gtest.h>

#include <patchbay/testing.hpp>

#include "twilio_plan.hpp"

namespace patchbay::twilio {
namespace {

using testing::Answer;
using testing::FakeHost;

const Json kConfig = {{"account_sid", "AC00112233445566778899aabbccddeeff"},
                      {"auth_token", "t"},
                      {"from", "+15550002222"},
                      {"whatsapp_from", "+15550003333"}};

Json operationTo(const char* kind, const char* type) {
  return {{"kind", "message"},
          {"id", "1"},
          {"ref", "r-1"},
          {"to", {{"kind", kind}, {"address", "+15550001111"}}},
          {"type", type}};
}

std::string field(const Json& request, const std::string& name) {
  std::string found;
  for (const Json& pair : request.at("form"))
    if (pair[0] == name) found += (found.empty() ? "" : "|") + pair[1].get<std::string>();
  return found;
}

Answer created(const std::string& sid) {
  return Answer::json(201, {{"sid", sid}, {"status", "queued"}, {"error_code", nullptr}});
}

TEST(TwilioSend, SplitsALongTextIntoMessagesThatFollowEachOther) {
  FakeHost host(kConfig);
  Json operation = operationTo("phone", "text");
  std::string text;
  for (int i = 0; i < 500; ++i) text += "word ";
  operation["text"] = text;
  std::vector<Json> made;
  int n = 0;
  const auto turn = host.runOperation(
      operation, [&](const Json&) { return created("SM" + std::to_string(++n)); }, &made);
  ASSERT_EQ(made.size(), 2U);
  EXPECT_EQ(turn.result->at("ids"), Json({"SM1", "SM2"}));
  EXPECT_LE(field(made[0], "Body").size(), 1600U);
  EXPECT_FALSE(made[0].value("completes", false));
  EXPECT_TRUE(made[1].value("completes", false));
}

TEST(TwilioSend, TellsWhatWasSentWhenTheSecondPartIsRefused) {
  FakeHost host(kConfig);
  Json operation = operationTo("phone", "text");
  operation["text"] = std::string(1600, 'a') + " b";
  int n = 0;
  const auto turn = host.runOperation(operation, [&](const Json&) {
    return ++n == 1 ? created("SM1") : Answer::json(400, {{"code", 21610}, {"message", "unsubscribed"}});
  });
  EXPECT_EQ(turn.result->at("status"), "partial");
  EXPECT_EQ(turn.result->at("ids"), Json({"SM1"}));
  ASSERT_EQ(turn.events.size(), 1U);
  EXPECT_EQ(turn.events[0].at("kind"), "opt_out");
}

TEST(TwilioSend, TakesTenFilesIntoOneMms) {
  FakeHost host(kConfig);
  Json operation = operationTo("phone", "image");
  operation["text"] = "see";
  for (int i = 0; i < 11; ++i)
    operation["media"].push_back(
        {{"blob", i + 1}, {"url", "https://h.example/" + std::to_string(i)}, {"mime_type", "image/png"}});
  std::vector<Json> made;
  host.runOperation(
      operation, [&](const Json&) { return created("SM" + std::to_string(made.size())); }, &made);
  ASSERT_EQ(made.size(), 2U);
  EXPECT_EQ(field(made[0], "Body"), "see");
  EXPECT_EQ(field(made[0], "MediaUrl").find("https://h.example/9"), 9U * 20U);
  EXPECT_EQ(field(made[1], "MediaUrl"), "https://h.example/10");
}

TEST(TwilioSend, RefusesAnMmsOfMoreThanFiveMegabytesBeforeAnythingIsSent) {
  FakeHost host(kConfig);
  const auto turnOf = [&](const char* kind, std::size_t files, std::uint64_t size) {
    Json operation = operationTo(kind, "image");
    for (std::size_t i = 0; i < files; ++i)
      operation["media"].push_back(
          {{"blob", i + 1}, {"url", "https://h.example/1"}, {"mime_type", "image/png"}, {"size", size}});
    return host.perform(operation);
  };
  EXPECT_EQ(turnOf("phone", 2, 2'621'440).requests.size(), 1U) << "5 MB exactly";
  const auto refused = turnOf("phone", 2, 2'621'441);
  EXPECT_TRUE(refused.requests.empty());
  EXPECT_EQ(refused.result->at("error").at("class"), "request");
  EXPECT_EQ(refused.result->at("error").at("code"), "media_too_large");
  EXPECT_NE(refused.result->at("error").at("text").get<std::string>().find("5 MB together"), std::string::npos);
  EXPECT_EQ(turnOf("phone", 20, 524'288).requests.size(), 1U) << "two messages, each of 5 MB";
  EXPECT_EQ(turnOf("twilio_whatsapp", 1, 6'000'000).requests.size(), 1U) << "WhatsApp has another limit";
}

TEST(TwilioSend, PutsTextBesideImagesAloneOnWhatsApp) {
  FakeHost host(kConfig);
  Json operation = operationTo("twilio_whatsapp", "document");
  operation["text"] = "see";
  operation["media"] = {{{"blob", 1}, {"url", "https://h.example/1"}, {"mime_type", "application/pdf"}}};
  std::vector<Json> made;
  host.runOperation(
      operation, [&](const Json&) { return created("SM" + std::to_string(made.size())); }, &made);
  ASSERT_EQ(made.size(), 2U);
  EXPECT_EQ(field(made[0], "Body"), "see");
  EXPECT_EQ(field(made[1], "Body"), "");
  EXPECT_EQ(field(made[1], "From"), "whatsapp:+15550003333");
}

TEST(TwilioSend, SaysThatAFileWithoutAnAddressCannotBeSent) {
  FakeHost host(kConfig);
  Json operation = operationTo("phone", "image");
  operation["media"] = {{{"blob", 1}, {"mime_type", "image/png"}}};
  const auto turn = host.perform(operation);
  EXPECT_EQ(turn.result->at("error").at("code"), "no_media_url");
}

Json textAndFile(FakeHost& host, std::vector<Json>* made) {
  Json text = operationTo("phone", "text"), file = operationTo("phone", "image");
  text["text"] = "Hello";
  file["media"] = {{{"blob", 1}, {"url", "http://127.0.0.1:8003/1"}, {"mime_type", "image/png"}}};
  const auto taken = [](const Json&) { return created("SM1"); };
  host.runOperation(text, taken, made);
  return *host.runOperation(file, taken, made).result;
}

TEST(TwilioSend, AsksForNoStatusAndOffersNoFileWhereTwilioCannotReachTheHost) {
  FakeHost host(kConfig, patchbay_connector_v1(), "http://127.0.0.1:8003/api/v1/webhooks/demo/sms");
  ASSERT_EQ(host.log().size(), 1U);
  EXPECT_NE(host.log()[0].find("public_url"), std::string::npos);
  std::vector<Json> made;
  const Json refused = textAndFile(host, &made);
  ASSERT_EQ(made.size(), 1U);
  EXPECT_EQ(field(made[0], "Body"), "Hello");
  EXPECT_EQ(field(made[0], "StatusCallback"), "");
  EXPECT_EQ(refused.at("error").at("code"), "no_media_url");
}

TEST(TwilioSend, ReachesAHostOnTheMachineOfTheSimulator) {
  Json config = kConfig;
  config["base_url"] = "http://127.0.0.1:8010";
  FakeHost host(config, patchbay_connector_v1(), "http://127.0.0.1:8003/api/v1/webhooks/demo/sms");
  EXPECT_TRUE(host.log().empty());
  std::vector<Json> made;
  textAndFile(host, &made);
  ASSERT_EQ(made.size(), 2U);
  EXPECT_EQ(field(made[0], "StatusCallback"), "http://127.0.0.1:8003/api/v1/webhooks/demo/sms/status?ref=r-1");
}

TEST(TwilioSend, WaitsForAFileThatIsNotThereYet) {
  FakeHost host(kConfig);
  const Json operation = {{"kind", "media"},
                          {"media",
                           {{{"provider_id",
                              "https://api.twilio.com/2010-04-01/Accounts/AC00112233445566778899aabbccddeeff/Messages/"
                              "MM11111111111111111111111111111111/Media/ME22222222222222222222222222222222"}}}}};
  host.setAttempt(1);
  EXPECT_EQ(host.resume(operation, "", {Answer{.status = 404}}).result->at("error").at("class"), "transient");
  host.setAttempt(4);
  EXPECT_EQ(host.resume(operation, "", {Answer{.status = 404}}).result->at("error").at("class"), "request");
}

}  // namespace
}  // namespace patchbay::twilio
