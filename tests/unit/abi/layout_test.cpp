// The table of sizes, offsets and numbers that every connector in the world was built with.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

using Rows = std::vector<std::pair<std::string, std::uint64_t>>;
Rows layoutOfFrozen();
Rows layoutOfToday();

namespace patchbay::test {
namespace {

Rows golden() {
  Rows rows;
  std::ifstream file(ABI_FOLDER "/golden_1_0.txt");
  for (std::string line; std::getline(file, line);) {
    const auto space = line.rfind(' ');
    rows.emplace_back(line.substr(0, space), std::stoull(line.substr(space + 1)));
  }
  return rows;
}

TEST(AbiLayout, TheFrozenHeaderIsWhatWasPublished) {
  EXPECT_EQ(layoutOfFrozen(), golden());
}

TEST(AbiLayout, While1_0IsTodaysItsFrozenHeaderIsTodaysHeader) {
  const auto textOf = [](const char* path) {
    std::ifstream file(path, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(file), {});
  };
  const std::string today = textOf(ABI_TODAY "/patchbay/connector.h");
  if (today.find("#define PB_ABI_MINOR 0") == std::string::npos) return;
  EXPECT_EQ(textOf(ABI_FOLDER "/v1_0/patchbay/connector.h"), today);
}

TEST(AbiLayout, NothingOf1_0HasMovedOrChangedItsNumber) {
  // Structs that say their size may have grown at their end; the minor version counts how often.
  const std::vector<std::string> growing = {"sizeof pb_request", "sizeof pb_response",  "sizeof pb_call",
                                            "sizeof pb_host",    "sizeof pb_connector", "PB_ABI_MINOR"};
  const Rows now = layoutOfToday(), then = golden();
  ASSERT_GT(then.size(), 80U);
  const auto minor = [](const Rows& rows) {
    return std::find_if(rows.begin(), rows.end(), [](const auto& row) { return row.first == "PB_ABI_MINOR"; })->second;
  };
  const bool newer = minor(now) > minor(then);  // without a new minor version nothing grows
  for (const auto& [name, value] : then) {
    const auto found =
        std::find_if(now.begin(), now.end(), [&name = name](const auto& row) { return row.first == name; });
    ASSERT_NE(found, now.end()) << name << " is gone";
    const bool may_grow = std::find(growing.begin(), growing.end(), name) != growing.end();
    if (may_grow && newer)
      EXPECT_GE(found->second, value) << name;
    else
      EXPECT_EQ(found->second, value) << name;
  }
}

}  // namespace
}  // namespace patchbay::test
