// The tool that the other database tests stand on.
#include "support/test_database.hpp"

#include <gtest/gtest.h>

namespace patchbay::testing {
namespace {

TEST(TestDatabase, EachIsEmptyAndOnItsOwn) {
  const TestDatabase one;
  const TestDatabase two;
  one.query("CREATE TABLE only_here (n int); INSERT INTO only_here VALUES (3)");
  EXPECT_EQ(one.query("SELECT n FROM only_here"), "3");
  EXPECT_THROW(two.query("SELECT n FROM only_here"), std::runtime_error);
  EXPECT_EQ(two.query("SELECT current_database()"), two.name());
}

TEST(TestDatabase, IsDroppedAtTheEnd) {
  std::string name;
  {
    const TestDatabase database;
    name = database.name();
  }
  const TestDatabase another;
  EXPECT_EQ(another.query("SELECT count(*) FROM pg_database WHERE datname = '" + name + "'"), "0");
}

}  // namespace
}  // namespace patchbay::testing
