// `patchbay new`, with the template of this build. That what it writes builds and runs: tests/e2e/kit_test.
#include "app/commands/new_connector.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <patchbay/json.hpp>
#include <sstream>

namespace patchbay::app {
namespace {
namespace fs = std::filesystem;

class NewConnector : public testing::Test {
 protected:
  NewConnector() {
    std::string name = (fs::temp_directory_path() / "patchbay-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    folder_ = name;
  }
  ~NewConnector() override { fs::remove_all(folder_); }

  int run(const std::string& name, const fs::path& directory, const std::string& language = "",
          const fs::path& program = PATCHBAY_PROGRAM) {
    CommandLine command;
    command.name = name;
    command.directory = directory.string();
    command.language = language;
    out_.str("");
    err_.str("");
    return runNew(command, program, out_, err_);
  }

  static std::string contentOf(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  fs::path folder_;
  std::ostringstream out_, err_;
};

TEST_F(NewConnector, FillsInEveryPlaceholderOfEveryFile) {
  for (const char* language : {"c++", "c"}) {
    const auto made = folder_ / language;
    ASSERT_EQ(run("acme-sms_2", made, language), kExitOk) << err_.str();
    std::size_t files = 0;
    for (const auto& entry : fs::recursive_directory_iterator(made)) {
      if (!entry.is_regular_file()) continue;
      ++files;
      const auto text = contentOf(entry.path());
      EXPECT_FALSE(text.empty()) << entry.path();
      EXPECT_EQ(text.find('@'), std::string::npos) << entry.path();
      EXPECT_NE(out_.str().find(entry.path().string() + "\n"), std::string::npos) << entry.path();
    }
    EXPECT_GE(files, 10U);
    const auto manifest = parseJson(contentOf(made / "manifest.json"));
    EXPECT_EQ(manifest["id"], "acme-sms_2");
    EXPECT_EQ(manifest["name"], "Acme Sms 2");
    EXPECT_EQ(manifest["platform"], "acme_sms_2");
    EXPECT_EQ(manifest["config"]["properties"]["base_url"]["default"], "https://api.acme-sms-2.example");
    EXPECT_TRUE(fs::exists(made / ".gitignore"));
    EXPECT_TRUE(fs::exists(made / (std::string{"acme-sms_2."} + (*language == 'c' && language[1] ? "cpp" : "c"))));
  }
}

TEST_F(NewConnector, WritesIntoAnEmptyFolderAndIntoNoOther) {
  fs::create_directory(folder_ / "empty");
  EXPECT_EQ(run("acme", folder_ / "empty"), kExitOk);
  EXPECT_EQ(run("acme", folder_ / "empty"), kExitFailed);
  EXPECT_EQ(err_.str(), "patchbay: " + (folder_ / "empty").string() +
                            " is not empty; name another folder, or remove what is in it\n");
  std::ofstream(folder_ / "file") << "mine";
  EXPECT_EQ(run("acme", folder_ / "file"), kExitFailed);
  EXPECT_EQ(err_.str(), "patchbay: " + (folder_ / "file").string() + " is there and is not a folder\n");
  EXPECT_EQ(contentOf(folder_ / "file"), "mine");
}

TEST_F(NewConnector, NamesTheFileThatItCannotWrite) {
  std::ofstream(folder_ / "file") << "mine";
  EXPECT_EQ(run("acme", folder_ / "file" / "below"), kExitFailed);
  EXPECT_NE(err_.str().find((folder_ / "file").string()), std::string::npos) << err_.str();
}

TEST_F(NewConnector, SaysWhereATemplateWasLookedForAndWhatHelps) {
  EXPECT_EQ(run("acme", folder_ / "made", "", folder_ / "bin" / "patchbay"), kExitFailed);
  EXPECT_EQ(err_.str(), "patchbay: the template " + (folder_ / "share/patchbay/template").string() +
                            " is missing; it is a part of the SDK: cmake --install BUILD --component sdk\n");
  EXPECT_FALSE(fs::exists(folder_ / "made"));
}

TEST_F(NewConnector, TellsCmakeWhereTheSdkIs) {
  ASSERT_EQ(run("acme", folder_ / "made"), kExitOk);
  const auto prefix = fs::path(PATCHBAY_PROGRAM).parent_path().parent_path().string();
  EXPECT_NE(out_.str().find("cmake -B build -DCMAKE_PREFIX_PATH=" + prefix + " && "), std::string::npos) << out_.str();
  EXPECT_NE(contentOf(folder_ / "made" / "README.md").find("-DCMAKE_PREFIX_PATH=" + prefix), std::string::npos);
}

TEST(ConnectorName, IsAnIdOfTheManifest) {
  for (const char* good : {"a", "acme", "acme-sms", "a_1", "a-"}) EXPECT_EQ(connectorNameRule(good), "") << good;
  for (const auto& bad : {std::string{}, std::string{"1a"}, std::string{"-a"}, std::string{"Acme"}, std::string{"a b"},
                          std::string{"a/b"}, std::string{"\xC3\xA4"}, std::string(41, 'a')})
    EXPECT_NE(connectorNameRule(bad), "") << bad;
  EXPECT_EQ(namesOf("a-").host, "a");
  EXPECT_EQ(namesOf("big-blue_1whale").type, "BigBlue1whale");
}

}  // namespace
}  // namespace patchbay::app
