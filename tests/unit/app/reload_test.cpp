#include "app/reload.hpp"

#include "../connectors/fixture.hpp"

namespace patchbay::app {
namespace {

using connectors::test::contentOf;
using connectors::test::Folder;

/// A host's channels without the rest of it.
class ReloadTest : public testing::Test {
 protected:
  ReloadTest() { folder_.write("quiet.so", contentOf(QUIET_LIBRARY)); }

  LoadedConfig load() const { return loadConfig((folder_.path() / "p.yaml").string(), {{"HOME", "/h"}, {"GONE", ""}}); }
  void write(const std::string& channels, const std::string& more = "") const {
    folder_.write("p.yaml", more + "connectors: {paths: [" + folder_.path().string() +
                                "]}\ntenants:\n  acme:\n    channels:\n" + channels);
  }
  void start() {
    const auto loaded = load();
    ASSERT_EQ(loaded.report(), "");
    connectors::ConnectorSet connectors(loaded.config.connector_paths, loader_);
    live_.replace(startChannels(loaded.config, connectors));
    reload_.emplace(loaded,
                    Reload::Parts{.load = [this] { return load(); },
                                  .loader = &loader_,
                                  .channels = &live_,
                                  .make_tenant =
                                      [this](const TenantConfig& tenant) {
                                        if (tenant.slug == "cursed") throw std::runtime_error("no database");
                                        made_.push_back(tenant.slug);
                                      },
                                  .apply = [this](const Config& config) { levels_.push_back(config.log_level); }});
  }
  std::shared_ptr<connectors::Channel> channel(const std::string& name) const {
    return live_.now()->find("acme", name);
  }

  Folder folder_;
  connectors::Loader loader_{(folder_.path() / "copies").string()};
  LiveChannels live_;
  std::optional<Reload> reload_;
  std::vector<std::string> made_;
  std::vector<log::Level> levels_;
};

TEST_F(ReloadTest, KeepsTheInstanceOfAnUnchangedChannelAndReplacesAChangedOne) {
  write("      a: {connector: quiet}\n      b: {connector: quiet}\n      c: {connector: quiet}\n");
  start();
  const auto a = channel("a"), b = channel("b"), c = channel("c");
  write("      a: {connector: quiet}\n      b: {connector: quiet, reopen: new}\n      d: {connector: quiet}\n");
  ASSERT_TRUE(reload_->run("test"));
  EXPECT_EQ(channel("a"), a);
  EXPECT_NE(channel("b"), b);
  EXPECT_FALSE(channel("b")->settings().reopen);
  EXPECT_EQ(channel("c"), nullptr);
  EXPECT_NE(channel("d"), nullptr);
  EXPECT_TRUE(b->settings().reopen) << "who holds the old one goes on with it";
  const auto& changes = live_.now()->changes();
  EXPECT_EQ(changes.added, 1U);
  EXPECT_EQ(changes.changed, 1U);
  EXPECT_EQ(changes.removed, 1U);
  EXPECT_EQ(changes.kept, 1U);
}

TEST_F(ReloadTest, OfABadFileChangesNothing) {
  write("      a: {connector: quiet}\n");
  start();
  const auto before = live_.now();
  write("      b: {connector: quiet}\n      c: {conector: quiet}\n", "log: {level: error}\n");
  EXPECT_FALSE(reload_->run("test"));
  EXPECT_EQ(live_.now(), before);
  EXPECT_TRUE(levels_.empty());
  EXPECT_EQ(reload_->running().config.log_level, log::Level::kInfo);
}

TEST_F(ReloadTest, IsRefusedWhenAChannelCouldNotStart) {
  write("      a: {connector: quiet}\n");
  start();
  const auto before = live_.now();
  write("      a: {connector: quiet}\n      b: {connector: nobody}\n");
  EXPECT_FALSE(reload_->run("test"));
  EXPECT_EQ(live_.now(), before);
}

TEST_F(ReloadTest, LeavesAChannelOffThatWasOffBefore) {
  write("      a: {connector: quiet}\n      b: {connector: nobody}\n");
  start();
  EXPECT_TRUE(live_.now()->isOff("acme", "b"));
  write("      a: {connector: quiet, enabled: false}\n      b: {connector: nobody}\n");
  EXPECT_TRUE(reload_->run("test"));
  EXPECT_TRUE(live_.now()->isOff("acme", "b"));
  EXPECT_FALSE(channel("a")->settings().enabled);
}

TEST_F(ReloadTest, MakesNewTenantsFirstAndGivesUpWhenOneCannotBeMade) {
  write("      a: {connector: quiet}\n");
  start();
  write("      a: {connector: quiet}\n  globex:\n    channels: {x: {connector: quiet}}\n");
  ASSERT_TRUE(reload_->run("test"));
  EXPECT_EQ(made_, std::vector<std::string>{"globex"});
  EXPECT_NE(live_.now()->find("globex", "x"), nullptr);
  const auto before = live_.now();
  write("      a: {connector: quiet}\n  cursed:\n");
  EXPECT_FALSE(reload_->run("test"));
  EXPECT_EQ(live_.now(), before);
}

TEST_F(ReloadTest, StartsTheChannelsOfAChangedLibraryAgain) {
  write("      a: {connector: quiet}\n");
  start();
  const auto before = channel("a");
  folder_.write("new", contentOf(QUIET_LIBRARY) + "another build");
  std::filesystem::rename(folder_.path() / "new", folder_.path() / "quiet.so");
  ASSERT_TRUE(reload_->run("test"));
  EXPECT_NE(channel("a"), before);
  folder_.write("new", "no library");
  std::filesystem::rename(folder_.path() / "new", folder_.path() / "quiet.so");
  const auto running = channel("a");
  EXPECT_FALSE(reload_->run("test"));
  EXPECT_EQ(channel("a"), running);
}

}  // namespace
}  // namespace patchbay::app
