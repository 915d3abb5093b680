// What a transcript cannot show: steps that are made again, and what the settings change. The rest is
// transcripts/send_*.yaml and error_*.yaml.
#include <gtest/gtest.h>

#include <patchbay/testing.hpp>

namespace patchbay::ses {
namespace {

using patchbay::testing::Answer;
using patchbay::testing::FakeHost;

Json config(const Json& more = Json::object()) {
  Json settings = {{"region", "eu-west-1"},
                   {"access_key_id", "AKIDPATCHBAYEXAMPLE0"},
                   {"secret_access_key", "s"},
                   {"from_address", "help@patchbay.example"},
                   {"topic_arns", Json::array({"arn:aws:sns:eu-west-1:111122223333:patchbay-mail"})}};
  settings.update(more);
  return settings;
}

Json message(const std::string& ref = "5e1d9a34-0000-4000-8000-000000000001") {
  return {{"kind", "message"},
          {"ref", ref},
          {"to", {{"kind", "email"}, {"address", "ana@example.org"}}},
          {"type", "text"},
          {"mime", 7}};
}

TEST(Send, TheStepIsMadeAgainFromTheStart) {
  FakeHost host(config());
  const auto first = host.perform(message());
  const auto again = host.resume(message(), "", {});
  EXPECT_EQ(again.requests, first.requests);
  EXPECT_EQ(first.requests.at(0).at("repeat"), "unsafe");
  EXPECT_EQ(first.requests.at(0).at("completes"), true);
}

TEST(Send, SignsForTheServiceSesWhateverTheHostIsCalled) {
  FakeHost host(config());
  const auto turn = host.perform(message());
  EXPECT_EQ(turn.requests.at(0).at("url"), "https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails");
  const Json auth = turn.requests.at(0).at("auth").at(0);
  EXPECT_EQ(auth.at("scheme"), "sigv4");
  EXPECT_EQ(auth.at("service"), "ses");
  EXPECT_EQ(auth.at("region"), "eu-west-1");
  EXPECT_FALSE(auth.contains("session_token"));
}

TEST(Send, TemporaryCredentialsGoAlong) {
  FakeHost host(config({{"session_token", "t"}}));
  EXPECT_EQ(host.perform(message()).requests.at(0).at("auth").at(0).at("session_token"), "session_token");
}

TEST(Send, ARefThatIsNoTagIsLeftOut) {
  FakeHost host(config());
  EXPECT_TRUE(host.perform(message("r-1")).requests.at(0).at("json").contains("EmailTags"));
  for (const auto& ref : {std::string(), std::string("a b"), std::string("\u00e9"), std::string(300, 'a')})
    EXPECT_FALSE(host.perform(message(ref)).requests.at(0).at("json").contains("EmailTags")) << ref;
}

TEST(Send, BothNamesOfTheMessageAreReported) {
  FakeHost host(config({{"region", "us-east-1"}}));
  const auto turn = host.runOperation(message(), [](const Json&) {
    return Answer::json(200, {{"MessageId", "0100"}});
  });
  EXPECT_EQ(turn.result->at("ids"), Json::array({"0100", "0100@email.amazonses.com"}));
}

TEST(Send, AnOperationWithoutAComposedMessageIsNoInput) {
  FakeHost host(config());
  auto operation = message();
  operation.erase("mime");
  EXPECT_EQ(host.perform(operation).status, PB_INVALID_INPUT);
}

}  // namespace
}  // namespace patchbay::ses
