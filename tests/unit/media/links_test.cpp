#include "media/links.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace patchbay::media {
namespace {

const Timestamp kNow = *parseRfc3339("2026-01-05T10:00:00Z");

class LinksTest : public testing::Test {
 protected:
  LinksTest() {
    std::string name = (std::filesystem::temp_directory_path() / "patchbay-links-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    folder_ = name;
  }
  ~LinksTest() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
  const Links::Target target_{"acme-2", std::string(64, 'a')};
};

TEST_F(LinksTest, NameOneFileOfOneTenantUntilTheyExpire) {
  const Links links(folder_);
  const auto token = links.make(target_, kNow + std::chrono::seconds{10});
  const auto found = links.open(token, kNow + std::chrono::seconds{9});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->tenant, "acme-2");
  EXPECT_EQ(found->sha256, target_.sha256);
  EXPECT_FALSE(links.open(token, kNow + std::chrono::seconds{10}));
}

TEST_F(LinksTest, AreRefusedWhenOneCharacterIsAnother) {
  const Links links(folder_);
  const auto token = links.make(target_, kNow + std::chrono::hours{1});
  for (std::size_t i = 0; i < token.size(); ++i) {
    auto changed = token;
    changed[i] = changed[i] == 'b' ? 'c' : 'b';
    EXPECT_FALSE(links.open(changed, kNow)) << i;
  }
  for (const std::string& text : {std::string{}, std::string{"."}, token + "a", std::string(400, 'a')})
    EXPECT_FALSE(links.open(text, kNow)) << text;
}

TEST_F(LinksTest, AreGoodAfterARestartAndOnlyWithTheKeyOfTheirFolder) {
  const auto token = Links(folder_).make(target_, kNow + std::chrono::hours{1});
  EXPECT_TRUE(Links(folder_).open(token, kNow));
  struct stat about {};
  ASSERT_EQ(::stat((folder_ / ".link-key").c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
  std::filesystem::remove(folder_ / ".link-key");
  EXPECT_FALSE(Links(folder_).open(token, kNow));
}

TEST_F(LinksTest, DoNotWorkWithABrokenKey) {
  std::ofstream(folder_ / ".link-key") << "short";
  EXPECT_THROW(Links links(folder_), std::runtime_error);
}

}  // namespace
}  // namespace patchbay::media
