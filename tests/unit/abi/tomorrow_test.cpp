// This host's own code, compiled with the header of a minor version that does not exist yet, reads connectors of today.
#include <gtest/gtest.h>

#include <string>

#include "connectors/descriptor.hpp"
#include "unit/abi/guarded.hpp"

namespace patchbay::connectors::test {
namespace {

using patchbay::test::Guarded;

const std::string kManifest = "{}";

pb_connector of(std::uint32_t built, std::uint32_t needed) {
  pb_connector connector{};
  connector.abi_minor_built = built;
  connector.abi_minor_needed = needed;
  connector.manifest = {kManifest.data(), kManifest.size()};
  connector.create = [](const pb_host*, pb_str, const pb_call*, pb_instance**) { return std::int32_t{PB_OK}; };
  connector.destroy = [](pb_instance*) {};
  connector.from_tomorrow = "something";
  return connector;
}

TEST(TomorrowsHost, KnowsMoreThanTheseTestsWereWrittenFor) {
  static_assert(sizeof(pb_connector) > 88 && PB_ABI_MINOR > 0, "not tomorrow's header");
  EXPECT_EQ(hostAbi(), "ABI 1." + std::to_string(PB_ABI_MINOR));
}

TEST(TomorrowsHost, ReadsNothingBehindAShorterDescriptor) {
  const auto ours = of(0, 0);
  const Guarded theirs(&ours, 88);
  const auto read = readDescriptor(theirs.as<pb_connector>(), kManifest);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->struct_size, 88U);
  EXPECT_EQ(read->from_tomorrow, nullptr);
  EXPECT_NE(read->create, nullptr);
}

TEST(TomorrowsHost, TakesWhatADescriptorOfItsOwnVersionSays) {
  const auto ours = of(PB_ABI_MINOR, PB_ABI_MINOR);
  const Guarded theirs(&ours, sizeof ours);
  const auto read = readDescriptor(theirs.as<pb_connector>(), kManifest);
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_STREQ(read->from_tomorrow, "something");
}

TEST(TomorrowsHost, RefusesWhatIsShorterThan1_0) {
  const auto ours = of(0, 0);
  const Guarded theirs(&ours, 80);
  EXPECT_FALSE(readDescriptor(theirs.as<pb_connector>(), kManifest));
}

}  // namespace
}  // namespace patchbay::connectors::test
