#include "app/channels.hpp"

#include "fixture.hpp"

namespace patchbay::app {
namespace {

/// One channel of each connector.
Config configOf(const std::vector<std::pair<std::string, Json>>& connectors) {
  Config config;
  TenantConfig tenant;
  tenant.slug = "acme";
  for (const auto& [connector, settings] : connectors) {
    ChannelConfig channel;
    channel.name = connector;
    channel.connector = connector;
    channel.config = settings;
    tenant.channels.push_back(std::move(channel));
  }
  config.tenants.push_back(std::move(tenant));
  return config;
}

TEST(ConfiguredChannels, OfAConnectorThatPollsAreOffAndTheOthersAreOn) {
  connectors::ConnectorSet set({SCRIPTED_LIBRARY, QUIET_LIBRARY}, "");
  const auto config = configOf({{"scripted", connectors::test::goodConfig()}, {"quiet", Json::object()}});
  const Channels channels(config, set);
  EXPECT_TRUE(channels.isOff("acme", "scripted"));
  EXPECT_EQ(channels.find("acme", "scripted"), nullptr);
  EXPECT_NE(channels.find("acme", "quiet"), nullptr);

  const auto problems = checkConnectors(config, set);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].message.find("channel scripted: connector 'scripted' polls its provider"), std::string::npos)
      << problems[0].message;
}

TEST(ConfiguredChannels, OfABrokenConnectorAreOff) {
  connectors::ConnectorSet set({THROWS_LIBRARY}, "");
  const Channels channels(configOf({{"throws", Json::object()}}), set);
  EXPECT_TRUE(channels.isOff("acme", "throws"));
}

}  // namespace
}  // namespace patchbay::app
