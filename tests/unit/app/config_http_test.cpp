// The keys of `http` that say who may connect, and how.
#include <gtest/gtest.h>

#include "app/config.hpp"
#include "app/values.hpp"

namespace patchbay::app {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

LoadedConfig load(const std::string& http) {
  return loadConfigText("/etc/x/p.yaml", "http:\n" + http, {{"HOME", "/home/ada"}}, {});
}
std::string reportOf(const std::string& http) {
  return load(http).report();
}

TEST(HttpConfigTest, EveryKeyIsRead) {
  const auto loaded = load(R"(
  max_connections_per_address: 9
  header_timeout: 3s
  idle_timeout: 4s
  min_body_rate: 2KiB
  trusted_proxies: [10.0.0.0/8, '::1']
  cors: {origins: ['https://app.example.org', '*'], max_age: 5s}
  access_log: {enabled: false, skip: [/ready]}
  tls: {certificate: tls/c.pem, key: /k.pem, hsts: 1h}
)");
  ASSERT_EQ(loaded.report(), "");
  const auto& http = loaded.config.http;
  EXPECT_EQ(http.max_connections_per_address, 9U);
  EXPECT_EQ(http.header_timeout, seconds(3));
  EXPECT_EQ(http.idle_timeout, seconds(4));
  EXPECT_EQ(http.min_body_rate, 2048U);
  EXPECT_EQ(http.trusted_proxies, (std::vector<std::string>{"10.0.0.0/8", "::1"}));
  EXPECT_EQ(http.cors_origins, (std::vector<std::string>{"https://app.example.org", "*"}));
  EXPECT_EQ(http.cors_max_age, seconds(5));
  EXPECT_FALSE(http.access_log);
  EXPECT_EQ(http.access_log_skip, std::vector<std::string>{"/ready"});
  EXPECT_EQ(http.tls_certificate, "/etc/x/tls/c.pem");
  EXPECT_EQ(http.tls_key, "/k.pem");
  EXPECT_EQ(http.hsts, hours(1));
}

TEST(HttpConfigTest, NobodyIsTrustedOrLetInByDefaultAndAccessesAreLogged) {
  const auto http = load("  port: 1\n").config.http;
  EXPECT_TRUE(http.trusted_proxies.empty());
  EXPECT_TRUE(http.cors_origins.empty());
  EXPECT_TRUE(http.tls_certificate.empty());
  EXPECT_TRUE(http.access_log);
}

TEST(HttpConfigTest, MistakesAreNamedWithTheRule) {
  EXPECT_NE(reportOf("  trusted_proxies: [10.1.0.0/8]\n")
                .find("p.yaml:2:20: http.trusted_proxies: must be addresses or networks, as in 10.0.0.0/8"),
            std::string::npos)
      << reportOf("  trusted_proxies: [10.1.0.0/8]\n");
  for (const char* origin : {"https://app.example.org/", "app.example.org", "https://App.example.org", "null",
                             "https://app.example.org:443", "http://app.example.org:80", "https://app.example.org/x"})
    EXPECT_NE(
        reportOf(std::string("  cors: {origins: ['") + origin + "']}\n").find("http.cors.origins: must be origins"),
        std::string::npos)
        << origin;
  EXPECT_NE(reportOf("  tls: {certificate: c.pem}\n").find("http.tls.key: is missing"), std::string::npos);
  EXPECT_NE(reportOf("  tls: {key: k.pem}\n").find("http.tls.certificate: is missing"), std::string::npos);
}

TEST(HttpConfigTest, RateLimitsAreReadByClassAndAbsentByDefault) {
  const auto loaded =
      loadConfigText("/etc/x/p.yaml", "api: {rate_limits: {write: {requests: 5, per: 10s}, public: {requests: 1}}}\n",
                     {{"HOME", "/home/ada"}}, {});
  ASSERT_EQ(loaded.report(), "");
  const auto& limits = loaded.config.api.rate_limits;
  EXPECT_EQ(limits[0].requests, 0U);
  EXPECT_EQ(limits[1].requests, 5U);
  EXPECT_EQ(limits[1].per, seconds(10));
  EXPECT_EQ(limits[2].requests, 0U);
  EXPECT_EQ(limits[3].requests, 1U);
  EXPECT_EQ(limits[3].per, seconds(60));
}

TEST(HttpConfigTest, OriginsMayHaveAPortThatIsNotTheUsualOne) {
  for (const char* origin :
       {"https://app.example.org", "http://localhost:3000", "https://10.0.0.1:8443", "http://a.test:443"})
    EXPECT_TRUE(isOrigin(origin)) << origin;
}

}  // namespace
}  // namespace patchbay::app
