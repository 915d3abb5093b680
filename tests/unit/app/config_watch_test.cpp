#include "app/config_watch.hpp"

#include <poll.h>

#include "../connectors/fixture.hpp"

namespace patchbay::app {
namespace {

namespace fs = std::filesystem;
using connectors::test::Folder;

class WatchTest : public testing::Test {
 protected:
  std::string file() const { return (folder_.path() / "p.yaml").string(); }
  void make() { watch_.emplace(file(), std::vector<std::string>{(folder_.path() / "connectors").string()}); }
  /// Waits for events to come and settle. @return whether something is different; false too when there is no event
  bool changes() {
    pollfd wanted{watch_->descriptor(), POLLIN, 0};
    if (::poll(&wanted, 1, 2000) != 1) return false;
    watch_->take();
    EXPECT_TRUE(watch_->due());
    EXPECT_LE(*watch_->due() - ConfigWatch::Clock::now(), ConfigWatch::kSettle);
    return watch_->changed();
  }

  Folder folder_;
  std::optional<ConfigWatch> watch_;
};

TEST_F(WatchTest, SeesAFileThatIsWrittenRenamedOverOrMadeAgain) {
  folder_.write("p.yaml", "a");
  make();
  EXPECT_FALSE(watch_->due());
  folder_.write("p.yaml", "b");
  EXPECT_TRUE(changes());
  EXPECT_FALSE(watch_->due());
  folder_.write("p.new", "c");
  fs::rename(folder_.path() / "p.new", file());
  EXPECT_TRUE(changes());
  fs::remove(file());
  EXPECT_TRUE(changes());
  folder_.write("p.yaml", "c");
  EXPECT_TRUE(changes());
}

TEST_F(WatchTest, IsNotMisledByOtherFilesOrTheSameContent) {
  folder_.write("p.yaml", "a");
  make();
  folder_.write("other.yaml", "b");
  folder_.write("p.yaml", "a");
  EXPECT_FALSE(changes());
}

TEST_F(WatchTest, FollowsALinkThatTurns) {
  folder_.write("v1/p.yaml", "a");
  folder_.write("v2/p.yaml", "b");
  fs::create_symlink("v1", folder_.path() / "..data");
  fs::create_symlink("..data/p.yaml", file());
  make();
  fs::create_symlink("v2", folder_.path() / "..new");
  fs::rename(folder_.path() / "..new", folder_.path() / "..data");
  EXPECT_TRUE(changes());
  folder_.write("v2/p.yaml", "c");
  EXPECT_TRUE(changes()) << "also where the link leads now";
}

TEST_F(WatchTest, SeesAnotherBuildOfAConnector) {
  folder_.write("p.yaml", "a");
  folder_.write("connectors/x.so", "one");
  make();
  folder_.write("connectors/new", "another");
  fs::rename(folder_.path() / "connectors/new", folder_.path() / "connectors/x.so");
  EXPECT_TRUE(changes());
}

TEST_F(WatchTest, WaitsForAWriterToRestButNotForEver) {
  folder_.write("p.yaml", "a");
  make();
  ConfigWatch::Clock::time_point first{}, last{};
  for (int i = 0; i < 3; ++i) {
    folder_.write("p.yaml", std::to_string(i));
    watch_->take();
    if (i == 0) first = ConfigWatch::Clock::now();
    ASSERT_TRUE(watch_->due());
    EXPECT_GE(*watch_->due(), last);
    last = *watch_->due();
    EXPECT_LE(*watch_->due() - first, ConfigWatch::kPatience);
  }
}

TEST_F(WatchTest, KnowsWhatSomebodyElseHasSeen) {
  folder_.write("p.yaml", "a");
  make();
  folder_.write("p.yaml", "b");
  watch_->seen();
  EXPECT_FALSE(changes());
}

}  // namespace
}  // namespace patchbay::app
