#include "delivery/address.hpp"

#include <gtest/gtest.h>

namespace patchbay::delivery {
namespace {

struct Case {
  std::string address;
  std::string_view why;
};

class NotPublic : public testing::TestWithParam<Case> {};

TEST_P(NotPublic, NamesWhatKindOfAddressItIs) {
  EXPECT_EQ(notPublic(GetParam().address), GetParam().why) << GetParam().address;
}

INSTANTIATE_TEST_SUITE_P(
    Addresses, NotPublic,
    testing::Values(Case{"127.0.0.1", "loopback"}, Case{"127.255.255.254", "loopback"}, Case{"0.0.0.0", "this-network"},
                    Case{"10.1.2.3", "private"}, Case{"172.16.0.1", "private"}, Case{"172.31.255.255", "private"},
                    Case{"172.32.0.1", ""}, Case{"192.168.1.1", "private"}, Case{"169.254.169.254", "link-local"},
                    Case{"100.64.0.1", "carrier-grade NAT"}, Case{"100.128.0.1", ""}, Case{"224.0.0.1", "multicast"},
                    Case{"255.255.255.255", "reserved"}, Case{"192.0.2.5", "documentation"},
                    Case{"198.18.0.1", "benchmark"}, Case{"8.8.8.8", ""}, Case{"157.240.1.1", ""},
                    Case{"::1", "loopback"}, Case{"::", "unspecified"}, Case{"::ffff:127.0.0.1", "IPv4 inside IPv6"},
                    Case{"::ffff:8.8.8.8", "IPv4 inside IPv6"}, Case{"::127.0.0.1", "reserved"},
                    Case{"fe80::1", "link-local"}, Case{"fd00::1", "private"}, Case{"fc00::1", "private"},
                    Case{"ff02::1", "multicast"}, Case{"64:ff9b::7f00:1", "loopback"}, Case{"64:ff9b::808:808", ""},
                    Case{"64:ff9b:1::1", "reserved"}, Case{"2002:7f00:1::1", "IPv4 inside IPv6"},
                    Case{"2001:0:1::1", "reserved"}, Case{"2001:db8::1", "documentation"}, Case{"2a03:2880::1", ""},
                    Case{"2606:4700::1111", ""}, Case{"fec0::1", "reserved"}, Case{"garbage", "unreadable"},
                    Case{"", "unreadable"}));

}  // namespace
}  // namespace patchbay::delivery
