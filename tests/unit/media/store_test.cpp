#include "media/store.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <utime.h>

#include <fstream>
#include <iterator>

#include "base/crypto.hpp"
#include "media/repository.hpp"

namespace patchbay::media {
namespace {
namespace fs = std::filesystem;

class StoreTest : public testing::Test {
 protected:
  void SetUp() override { folder_ = fs::temp_directory_path() / ("patchbay-store-" + crypto::uuid4()); }
  void TearDown() override { fs::remove_all(folder_); }

  static std::string content(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::size_t incoming() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder_ / "incoming"), {}));
  }

  fs::path folder_;
};

TEST_F(StoreTest, KeepsBytesUnderTheirDigestReadableByNobodyElse) {
  const Store store(folder_);
  const auto file = store.writer();
  EXPECT_TRUE(file->append("hello "));
  EXPECT_TRUE(file->append("world"));
  const Stored stored = file->commit();
  EXPECT_EQ(stored.size, 11);
  EXPECT_EQ(stored.sha256, crypto::hexEncode(crypto::digest(crypto::Hash::kSha256, "hello world")));

  const auto path = store.find(stored.sha256);
  ASSERT_TRUE(path);
  EXPECT_EQ(file->path(), *path);
  EXPECT_EQ(*path, folder_ / stored.sha256.substr(0, 2) / stored.sha256.substr(2, 2) / stored.sha256);
  EXPECT_EQ(content(*path), "hello world");
  struct stat status {};
  ASSERT_EQ(::stat(path->c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  ASSERT_EQ(::stat(folder_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0700U);
}

TEST_F(StoreTest, MakesFoldersAgainThatAnAdminHasRemoved) {
  const Store store(folder_);
  const auto first = store.put("same");
  fs::remove_all(folder_ / first->sha256.substr(0, 2));
  const auto again = store.put("same");
  EXPECT_TRUE(store.find(again->sha256));
}

TEST_F(StoreTest, KeepsTheSameBytesOnce) {
  const Store store(folder_);
  const auto first = store.put("same");
  const auto second = store.put("same");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->sha256, second->sha256);
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder_)) files += entry.is_regular_file() ? 1 : 0;
  EXPECT_EQ(files, 1U);
}

TEST_F(StoreTest, AWriterThatIsDroppedLeavesNothing) {
  const Store store(folder_);
  {
    const auto file = store.writer();
    file->append("half");
    EXPECT_EQ(incoming(), 1U);
  }
  EXPECT_EQ(incoming(), 0U);
}

TEST_F(StoreTest, RefusesBytesOverTheLimit) {
  const Store store(folder_, 10);
  const auto file = store.writer();
  EXPECT_TRUE(file->append("0123456789"));
  EXPECT_FALSE(file->append("x"));
  EXPECT_FALSE(store.put("01234567890"));
  EXPECT_EQ(incoming(), 1U);  // the writer's own
}

TEST_F(StoreTest, AnEmptyFileIsAFile) {
  const Store store(folder_);
  const auto stored = store.put("");
  ASSERT_TRUE(stored);
  EXPECT_TRUE(store.find(stored->sha256));
}

TEST_F(StoreTest, FindsNothingUnderWhatIsNoDigest) {
  const Store store(folder_);
  std::ofstream(folder_ / "secret") << "x";
  EXPECT_FALSE(store.find("../../secret"));
  EXPECT_FALSE(store.find("secret"));
  EXPECT_FALSE(store.find(std::string(64, 'A')));
  EXPECT_FALSE(store.find(std::string(64, 'a')));
}

TEST_F(StoreTest, AStartRemovesWhatAnInterruptedWriterLeftLongAgo) {
  { const Store store(folder_); }
  std::ofstream(folder_ / "incoming" / "old") << "x";
  std::ofstream(folder_ / "incoming" / "new") << "x";
  const utimbuf long_ago{1000, 1000};
  ASSERT_EQ(::utime((folder_ / "incoming" / "old").c_str(), &long_ago), 0);
  const Store again(folder_);
  EXPECT_FALSE(fs::exists(folder_ / "incoming" / "old"));
  EXPECT_TRUE(fs::exists(folder_ / "incoming" / "new"));
}

TEST_F(StoreTest, NamesTheFolderThatItCannotMake) {
  std::ofstream(folder_.string()) << "a file in the way";
  try {
    const Store store(folder_ / "media");
    FAIL() << "a store inside a file";
  } catch (const std::exception& error) {
    EXPECT_NE(std::string(error.what()).find(folder_.filename().string()), std::string::npos) << error.what();
  }
}

TEST(StoredReference, KnowsItsOwnAddressesAndNoOthers) {
  const std::string digest(64, 'a');
  EXPECT_EQ(storedReference("patchbay-media:" + digest), digest);
  EXPECT_EQ(storedReference("/api/v1/communications/media/" + digest), digest);
  EXPECT_EQ(storedReference("/api/v1/tenants/acme/media/" + digest), digest);
  EXPECT_EQ(storedReference("https://example.com/media/" + digest), "");
  EXPECT_EQ(storedReference("patchbay-media:../../etc/passwd"), "");
  EXPECT_EQ(storedReference("patchbay-media:" + digest + "a"), "");
  EXPECT_EQ(storedReference(""), "");
}

}  // namespace
}  // namespace patchbay::media
