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

TEST(ConfiguredChannels, OfAConnectorThatIsMissingAreOffAndTheOthersAreOn) {
  connectors::ConnectorSet set({SCRIPTED_LIBRARY, QUIET_LIBRARY}, "");
  const auto config =
      configOf({{"missing", Json::object()}, {"scripted", connectors::test::goodConfig()}, {"quiet", Json::object()}});
  const Channels channels(config, set);
  EXPECT_TRUE(channels.isOff("acme", "missing"));
  EXPECT_EQ(channels.find("acme", "missing"), nullptr);
  ASSERT_NE(channels.find("acme", "scripted"), nullptr);
  EXPECT_TRUE(channels.find("acme", "scripted")->polls());
  ASSERT_NE(channels.find("acme", "quiet"), nullptr);
  EXPECT_FALSE(channels.find("acme", "quiet")->polls());
  const auto states = channels.states();
  ASSERT_EQ(states.size(), 3U);
  EXPECT_TRUE(states[2].polls) << states[2].name;

  const auto problems = checkConnectors(config, set);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_NE(problems[0].message.find("channel missing: "), std::string::npos) << problems[0].message;
}

TEST(ConfiguredChannels, OfAConnectorThatAsksForAWorkerHaveOneUnlessTheirAdminSaysOtherwise) {
  connectors::ConnectorSet set({HOSTILE_LIBRARY}, "");
  auto config = configOf({{"hostile", Json::object()}});
  const Channels isolated(config, set);
  ASSERT_NE(isolated.find("acme", "hostile"), nullptr);
  EXPECT_TRUE(isolated.find("acme", "hostile")->isolated());
  EXPECT_EQ(isolated.workerStats().up, 1U);
  config.tenants.at(0).channels.at(0).isolated = false;
  const Channels in_process(config, set, &isolated);
  EXPECT_EQ(in_process.changes().changed, 1U);
  EXPECT_FALSE(in_process.find("acme", "hostile")->isolated());
  EXPECT_EQ(in_process.workerStats().starts, 0U);
  const Channels again(config, set, &in_process);
  EXPECT_EQ(again.changes().kept, 1U);
}

TEST(ConfiguredChannels, AnIsolatedOneIsKeptAsLongAsItsFileIsTheSame) {
  connectors::ConnectorSet set({HOSTILE_LIBRARY}, "");
  const auto config = configOf({{"hostile", Json::object()}});
  const Channels first(config, set);
  const Channels second(config, set, &first);
  EXPECT_EQ(second.changes().kept, 1U);
  EXPECT_EQ(second.find("acme", "hostile"), first.find("acme", "hostile"));
}

TEST(ConfiguredChannels, OfABrokenConnectorAreOff) {
  connectors::ConnectorSet set({THROWS_LIBRARY}, "");
  const Channels channels(configOf({{"throws", Json::object()}}), set);
  EXPECT_TRUE(channels.isOff("acme", "throws"));
}

}  // namespace
}  // namespace patchbay::app
