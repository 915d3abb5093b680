// The two ways to log in. The cases themselves are transcripts/.
#include <gtest/gtest.h>

#include <patchbay/testing.hpp>

namespace patchbay::instagram {
namespace {

using patchbay::testing::FakeHost;

Json config(Json more) {
  Json config = {{"ig_id", "17841400000000001"}, {"access_token", "t"}, {"app_secret", "s"}};
  config.update(more);
  return config;
}

const Json kText = {{"kind", "message"},
                    {"ref", "r-1"},
                    {"type", "text"},
                    {"to", {{"kind", "igsid"}, {"address", "7"}}},
                    {"text", "x"}};

Json requestOf(const Json& config, const Json& operation) {
  FakeHost host(config);
  return host.perform(operation).requests.at(0);
}

TEST(Instagram, WithItsOwnLoginTheAccountStandsInTheUrlAndNoMessagingType) {
  const Json request = requestOf(config({{"login", "instagram"}}), kText);
  EXPECT_EQ(request.at("url"), "https://graph.instagram.com/v24.0/17841400000000001/messages");
  EXPECT_FALSE(request.at("json").contains("messaging_type"));
}

TEST(Instagram, WithTheLoginByFacebookItIsThePage) {
  Json request = requestOf(config({{"login", "facebook"}, {"page_id", "1001"}}), kText);
  EXPECT_EQ(request.at("url"), "https://graph.facebook.com/v24.0/1001/messages");
  EXPECT_EQ(request.at("json").at("messaging_type"), "RESPONSE");
  request = requestOf(config({{"login", "facebook"}}), kText);
  EXPECT_EQ(request.at("url"), "https://graph.facebook.com/v24.0/me/messages");
}

TEST(Instagram, TheSameWebhookIsTheSameTurn) {
  FakeHost host(config(Json::object()));
  const std::string body = R"({"object":"instagram","entry":[{"id":"17841400000000001","messaging":[)"
                           R"({"sender":{"id":"7"},"message":{"mid":"a","text":"x"}}]}]})";
  const auto turn = host.receive(body);
  EXPECT_EQ(turn.requests.at(0).at("url"), "https://graph.instagram.com/v24.0/7?fields=name,username,profile_pic");
  EXPECT_EQ(turn.events, host.receive(body).events);
}

}  // namespace
}  // namespace patchbay::instagram
