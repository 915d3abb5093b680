#include "fixture.hpp"

namespace patchbay::connectors::test {
namespace {

class ConfigTest : public ChannelTest {
 protected:
  /// "pointer message" per error, sorted as they come.
  std::string errors(const Json& config) {
    const auto channel = tryMake(config);
    if (channel) return "";
    std::string text;
    for (const auto& field : channel.error().fields) text += field.pointer + " " + field.message + "\n";
    return text.empty() ? channel.error().message : text;
  }
};

TEST_F(ConfigTest, ShowsTheConnectorMarkersInThePlaceOfSecrets) {
  nonce_ = "0123456789abcdef0123456789abcdef";
  const auto channel = make();
  const auto turn = receive(channel, R"([{"echo_config": true}])");
  ASSERT_EQ(turn.events.size(), 1U) << turn.error;
  const auto context = Json::parse(turn.events[0].text);
  EXPECT_EQ(context["config"]["secret"], "{{secret:secret:0123456789abcdef0123456789abcdef}}");
  EXPECT_EQ(context["config"]["number"], "1061");
  EXPECT_EQ(context["config"]["count"], 3);
  EXPECT_EQ(context["config"]["base_url"], "https://api.scripted.example");
  EXPECT_EQ(context["tenant"], "acme");
  EXPECT_EQ(context["channel"], "support");
  EXPECT_EQ(context["webhook_url"], "https://patchbay.example/hook");
  EXPECT_EQ(turn.events[0].text.find("the-app-secret"), std::string::npos);
  EXPECT_EQ(channel->settings().config, context["config"]);
  EXPECT_EQ(*channel->secrets().expand(context["config"]["secret"].get<std::string>()), "the-app-secret");
}

TEST_F(ConfigTest, HasAnotherNonceForEachFactory) {
  EXPECT_NE(make()->settings().config["secret"], make()->settings().config["secret"]);
}

TEST_F(ConfigTest, FillsKeysFromTheEnvironment) {
  environment_ = {{"SCRIPTED_SECRET", "from-environment"}, {"SCRIPTED_COUNT", "7"}};
  auto config = goodConfig();
  config.erase("secret");
  auto channel = make(config);
  EXPECT_EQ(channel->secrets().values("secret"), std::vector<std::string>{"from-environment"});
  EXPECT_EQ(channel->settings().config["count"], 7);
  config["secret"] = nullptr;  // "secret:" with nothing behind it
  EXPECT_EQ(make(config)->secrets().values("secret"), std::vector<std::string>{"from-environment"});
  EXPECT_EQ(make()->secrets().values("secret"), std::vector<std::string>{"the-app-secret"});
  environment_["SCRIPTED_COUNT"] = "many";
  EXPECT_EQ(errors(goodConfig()), "/count must be an integer, not a string\n");
}

TEST_F(ConfigTest, NamesMissingSecretsAndTheirVariable) {
  auto config = goodConfig();
  config.erase("secret");
  EXPECT_EQ(errors(config), "/secret is missing; set it here or in the environment variable SCRIPTED_SECRET\n");
  EXPECT_EQ(errors(Json()),
            "/number is missing\n/secret is missing; set it here or in the environment variable SCRIPTED_SECRET\n");
}

TEST_F(ConfigTest, RefusesEmptySecretsAndWrongOnes) {
  auto config = goodConfig();
  config["secret"] = "";
  EXPECT_EQ(errors(config), "/secret must not be empty: an empty secret would switch a check off\n");
  config["secret"] = Json::array();
  EXPECT_EQ(errors(config), "/secret must not be empty\n");
  config["secret"] = {"good-one", ""};
  EXPECT_EQ(errors(config), "/secret/1 must not be empty: an empty secret would switch a check off\n");
  config["secret"] = {"good-one", "abc"};
  EXPECT_EQ(errors(config), "/secret/1 must be at least 4 characters long, is 3\n");
  config["secret"] = 12345;
  EXPECT_EQ(errors(config), "/secret must be a string; put it in quotes\n");
  config = goodConfig();
  config["number"] = 1061;
  EXPECT_EQ(errors(config), "/number must be a string, not a number; put it in quotes\n");
  config = goodConfig();
  config["numbr"] = "1";
  EXPECT_EQ(errors(config), "/numbr is not known here; did you mean 'number'?\n");
  EXPECT_EQ(errors("x"), " must be a mapping of the connector's keys\n");
}

TEST_F(ConfigTest, NeverRepeatsASecretInAMessage) {
  auto config = goodConfig();
  config["secret"] = "abc";
  EXPECT_EQ(tryMake(config).error().message.find("abc"), std::string::npos);
}

TEST_F(ConfigTest, KeepsEveryLiveSecretForRotation) {
  auto config = goodConfig();
  config["secret"] = {"newest", "older-one"};
  const auto channel = make(config);
  EXPECT_EQ(channel->secrets().values("secret"), (std::vector<std::string>{"newest", "older-one"}));
}

TEST_F(ConfigTest, NeedsAKeyForEveryWebhookPath) {
  auto config = goodConfig();
  config.erase("token");  // the second path then falls back to hmac with `secret`
  EXPECT_EQ(errors(config), "");
}

TEST_F(ConfigTest, PassesOnWhatTheConnectorSaysAgainstItsConfiguration) {
  auto config = goodConfig();
  config["refuse"] = true;
  const auto channel = tryMake(config);
  ASSERT_FALSE(channel.ok());
  EXPECT_EQ(channel.error().message,
            "acme/support: connector 'scripted' refused its configuration (rejected): was told to refuse (at "
            "/config/refuse)");
  EXPECT_EQ(channel.error().fields.at(0).pointer, "/refuse");
}

TEST_F(ConfigTest, ChecksWithoutLoading) {
  ChannelFactory factory(connectors_, {.environment = [](const std::string&) { return std::nullopt; }});
  EXPECT_TRUE(factory.check(*connectors_.find("scripted"), goodConfig()).empty());
  EXPECT_EQ(factory.check(*connectors_.find("scripted"), Json::object()).size(), 2U);
}

}  // namespace
}  // namespace patchbay::connectors::test
