#include "delivery/egress.hpp"

#include <gtest/gtest.h>

namespace patchbay::delivery {
namespace {

Url url(const std::string& text) {
  auto parsed = parseUrl(text);
  EXPECT_TRUE(parsed.ok()) << text << ": " << (parsed.ok() ? "" : parsed.error().message);
  return parsed.ok() ? *parsed : Url{};
}

struct UrlCase {
  std::string text;
  std::string whole;  // what it is read as; empty: refused
};

class ParseUrl : public testing::TestWithParam<UrlCase> {};

TEST_P(ParseUrl, ReadsOneMeaningOrNone) {
  const auto parsed = parseUrl(GetParam().text);
  EXPECT_EQ(parsed.ok() ? parsed->text() : "", GetParam().whole) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Urls, ParseUrl,
    testing::Values(
        UrlCase{"https://graph.example.com/v1?a=b", "https://graph.example.com:443/v1?a=b"},
        UrlCase{"HTTPS://Graph.Example.COM", "https://graph.example.com:443/"},
        UrlCase{"https://example.com./x", "https://example.com:443/x"},
        UrlCase{"https://example.com:8443/a/../b#frag", "https://example.com:8443/b"},
        UrlCase{"https://example.com/ü", "https://example.com:443/%C3%BC"},
        UrlCase{"http://0x7f.1/", "http://127.0.0.1:80/"}, UrlCase{"http://2130706433/", "http://127.0.0.1:80/"},
        UrlCase{"http://[::1]:80/", "http://[::1]:80/"}, UrlCase{"https://user:pw@example.com/", ""},
        UrlCase{"https://trusted.example@evil.example/", ""}, UrlCase{"https://evil.example\\@trusted.example/", ""},
        UrlCase{"https://a.example/ b", ""}, UrlCase{"https://a.example/\r\nX: y", ""}, UrlCase{"ftp://a.example/", ""},
        UrlCase{"file:///etc/passwd", ""}, UrlCase{"//a.example/", ""}, UrlCase{"https:/a.example/", ""},
        UrlCase{"https:///a.example/", ""}, UrlCase{"a.example", ""}, UrlCase{"", ""}, UrlCase{"https://", ""},
        UrlCase{"https://%85a.example/", ""}, UrlCase{"https://a.example../", ""}, UrlCase{"https://127.0./", ""},
        UrlCase{"https://2130706433./", ""}, UrlCase{"https://.a.example/", ""}, UrlCase{"https://a.example%7e/", ""},
        UrlCase{"https://a.example:0/", ""}, UrlCase{"https://a.example:99999/", ""},
        UrlCase{"https://[fe80::1%25eth0]/", ""}, UrlCase{"https://{{secret:x:1}}.example/", ""}));

EgressRules rules() {
  connectors::Egress exact;
  exact.pattern = "graph.example.com";
  connectors::Egress wild;
  wild.pattern = "*.cdn.example.com";
  connectors::Egress server;
  server.config_key = "base_url";
  return EgressRules({exact, wild, server}, Json{{"base_url", "http://127.0.0.1:9000/api"}},
                     {"127.0.0.1:9000", "Local.Example:80"});
}

struct EgressCase {
  std::string url;
  bool trusted;
  bool with_secrets;     // may a request with secrets go there?
  bool without_secrets;  // may a download without secrets?
};

class Egress : public testing::TestWithParam<EgressCase> {};

TEST_P(Egress, SaysWhereARequestMayGo) {
  const auto& c = GetParam();
  const auto r = rules();
  EXPECT_EQ(r.trusts(url(c.url)), c.trusted) << c.url;
  EXPECT_EQ(r.refuse(url(c.url), false).empty(), c.with_secrets) << c.url;
  EXPECT_EQ(r.refuse(url(c.url), true).empty(), c.without_secrets) << c.url;
}

INSTANTIATE_TEST_SUITE_P(Servers, Egress,
                         testing::Values(EgressCase{"https://graph.example.com/x", true, true, true},
                                         EgressCase{"https://GRAPH.example.com/x", true, true, true},
                                         EgressCase{"https://graph.example.com:8443/", false, false, true},
                                         EgressCase{"http://graph.example.com/", false, false, false},
                                         EgressCase{"https://graph.example.com.evil.example/", false, false, true},
                                         EgressCase{"https://evilgraph.example.com/", false, false, true},
                                         EgressCase{"https://a.cdn.example.com/", true, true, true},
                                         EgressCase{"https://a.b.cdn.example.com/", true, true, true},
                                         EgressCase{"https://cdn.example.com/", false, false, true},
                                         EgressCase{"https://xcdn.example.com/", false, false, true},
                                         EgressCase{"http://127.0.0.1:9000/send", true, true, true},
                                         EgressCase{"http://127.0.0.1:9001/send", false, false, false},
                                         EgressCase{"https://127.0.0.1:9000/send", false, false, true},
                                         EgressCase{"http://local.example/", false, false, true}));

TEST(EgressAddress, OnlyPublicAddressesUnlessTheAdminNamedTheServer) {
  const auto r = rules();
  EXPECT_EQ(r.refuseAddress(url("https://graph.example.com/"), "157.240.1.1"), "");
  EXPECT_NE(r.refuseAddress(url("https://graph.example.com/"), "10.0.0.1").find("private"), std::string::npos);
  EXPECT_NE(r.refuseAddress(url("https://graph.example.com/"), "127.0.0.1").find("egress_allow"), std::string::npos);
  EXPECT_EQ(r.refuseAddress(url("http://127.0.0.1:9000/"), "127.0.0.1"), "");
  EXPECT_NE(r.refuseAddress(url("http://127.0.0.1:9001/"), "127.0.0.1"), "");
}

}  // namespace
}  // namespace patchbay::delivery
