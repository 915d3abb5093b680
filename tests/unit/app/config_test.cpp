#include "app/config.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include "shipped.hpp"

namespace patchbay::app {
namespace {

using std::chrono::seconds;

const Environment kHome = {{"HOME", "/home/ada"}};

Config read(const std::string& source, const Environment& environment = kHome, const Overrides& overrides = {}) {
  const auto loaded = loadConfigText("/etc/x/patchbay.yaml", source, environment, overrides);
  EXPECT_EQ(loaded.report(), "");
  return loaded.config;
}

TEST(Config, AnEmptyFileGivesTheDefaults) {
  const Config config = read("");
  EXPECT_EQ(config.http.host, "0.0.0.0");
  EXPECT_EQ(config.http.port, 8003);
  EXPECT_GE(config.http.io_threads, 1U);
  EXPECT_GE(config.database.lanes, 1U);
  EXPECT_EQ(config.internal.host, "127.0.0.1");
  EXPECT_EQ(config.internal.port, 8004);
  EXPECT_EQ(config.database.url, "");
  EXPECT_EQ(config.data_dir, ::geteuid() == 0 ? "/var/lib/patchbay" : "/home/ada/.local/share/patchbay");
  EXPECT_EQ(config.auth.roles.at("admin"), "tenant_admin");
  EXPECT_EQ(config.connector_paths, defaultConnectorPaths());
  EXPECT_TRUE(config.tenants.empty());
  EXPECT_FALSE(config.reload);
}

TEST(Config, EveryHostKeyIsRead) {
  const Config config = read(R"(
data_dir: data
public_url: https://inbox.example.org/
http: {host: 127.0.0.1, port: 0, io_threads: 2, worker_threads: 7, max_connections: 10, body_budget: 8MiB,
       api_body_limit: 2MiB, webhook_body_limit: 8MiB, drain: 1s}
internal: {enabled: false, host: '::1', port: 1}
database: {url: 'postgresql://u:p@h/d', lanes: 3, read_connections: 9, statement_timeout: 5s, user: ada, binaries: bin}
auth:
  jwt_secret: 0f9e8d7c6b5a49382716a5b4c3d2e1f00f9e
  issuer: me
  audience: you
  jwks_url: http://users:8001/keys?p=1
  egress_allow: ["users:8001"]
  roles: {owner: super_admin, user: tenant_admin}
api: {errors: legacy}
connectors: {paths: [a, /b/c.so]}
delivery: {max_in_flight: 5, timeout: 3s, retry: {attempts: 2, base: 1s, max: 9s}, unknown: fail, ttl: 2h}
log: {level: warn, format: json}
reload: true
)");
  EXPECT_EQ(config.data_dir, "/etc/x/data");
  EXPECT_EQ(config.public_url, "https://inbox.example.org");
  EXPECT_EQ(config.http.host, "127.0.0.1");
  EXPECT_EQ(config.http.port, 0);
  EXPECT_EQ(config.http.io_threads, 2U);
  EXPECT_EQ(config.http.worker_threads, 7U);
  EXPECT_EQ(config.http.max_connections, 10U);
  EXPECT_EQ(config.http.body_budget, 8U << 20U);
  EXPECT_EQ(config.http.api_body_limit, 2U << 20U);
  EXPECT_EQ(config.http.webhook_body_limit, 8U << 20U);
  EXPECT_EQ(config.http.drain, seconds(1));
  EXPECT_FALSE(config.internal.enabled);
  EXPECT_EQ(config.internal.host, "::1");
  EXPECT_EQ(config.database.url, "postgresql://u:p@h/d");
  EXPECT_EQ(config.database.lanes, 3U);
  EXPECT_EQ(config.database.read_connections, 9U);
  EXPECT_EQ(config.database.statement_timeout, seconds(5));
  EXPECT_EQ(config.database.user, "ada");
  EXPECT_EQ(config.database.binaries, "/etc/x/bin");
  EXPECT_EQ(config.auth.issuer, "me");
  EXPECT_EQ(config.auth.audience, "you");
  EXPECT_EQ(config.auth.jwks_url, "http://users:8001/keys?p=1");
  EXPECT_TRUE(config.api.legacy_errors);
  EXPECT_EQ(config.auth.roles.at("owner"), "super_admin");
  EXPECT_EQ(config.auth.roles.at("user"), "tenant_admin");
  EXPECT_EQ(config.auth.roles.at("manager"), "tenant_user");
  EXPECT_EQ(config.connector_paths, (std::vector<std::string>{"/etc/x/a", "/b/c.so"}));
  EXPECT_EQ(config.delivery.max_in_flight, 5U);
  EXPECT_EQ(config.delivery.retry.attempts, 2U);
  EXPECT_EQ(config.delivery.retry.max, seconds(9));
  EXPECT_EQ(config.delivery.unknown, UnknownSend::kFail);
  EXPECT_EQ(config.delivery.ttl, std::chrono::hours(2));
  EXPECT_EQ(config.log_level, log::Level::kWarn);
  EXPECT_EQ(config.log_format, log::Format::kJson);
  EXPECT_TRUE(config.reload);
}

TEST(Config, ChannelsInheritAndKeepTheirOwnKeysAsJson) {
  const Config config = read(R"(public_url: https://a.example
delivery: {unknown: resend, ttl: 3h}
tenants:
  acme:
    name: Acme Corp
    channels:
      one:
        connector: whatsapp
        config:
          phone_number_id: "1061"
          app_secret: ${SECRET}
          nested: {list: [1, x]}
      two:
        connector: other
        enabled: false
        egress_allow: ["127.0.0.1:9000"]
        legacy_webhook: true
        unknown: hold
        ttl: 20m
        reopen: new
        public_url: https://b.example/
  empty:
)",
                             {{"HOME", "/h"}, {"SECRET", "42"}});
  ASSERT_EQ(config.tenants.size(), 2U);
  EXPECT_EQ(config.tenants[0].name, "Acme Corp");
  EXPECT_EQ(config.tenants[1].slug, "empty");
  EXPECT_EQ(config.tenants[1].name, "empty");
  const auto& one = config.tenants[0].channels.at(0);
  EXPECT_EQ(one.connector, "whatsapp");
  EXPECT_TRUE(one.enabled && one.reopen && !one.legacy_webhook);
  EXPECT_EQ(one.unknown, UnknownSend::kResend);
  EXPECT_EQ(one.ttl, std::chrono::hours(3));
  EXPECT_EQ(one.public_url, "https://a.example");
  EXPECT_EQ(one.config.dump(), R"({"app_secret":"42","nested":{"list":[1,"x"]},"phone_number_id":"1061"})");
  EXPECT_EQ(one.origin.render("/nested/list/1", "must be a number"),
            "/etc/x/patchbay.yaml:12:30: must be a number\n"
            "   12 |           nested: {list: [1, x]}\n"
            "      |                              ^");
  EXPECT_EQ(one.origin.render("/access_token", "is missing"),
            "/etc/x/patchbay.yaml:9:9: is missing\n"
            "    9 |         config:\n"
            "      |         ^");
  const auto& two = config.tenants[0].channels.at(1);
  EXPECT_FALSE(two.enabled);
  EXPECT_FALSE(two.reopen);
  EXPECT_TRUE(two.legacy_webhook);
  EXPECT_EQ(two.unknown, UnknownSend::kHold);
  EXPECT_EQ(two.ttl, std::chrono::minutes(20));
  EXPECT_EQ(two.public_url, "https://b.example");
  EXPECT_EQ(two.egress_allow, (std::vector<std::string>{"127.0.0.1:9000"}));
  EXPECT_EQ(two.config.dump(), "{}");
  EXPECT_EQ(two.origin.locate("/access_token").key, two.mark);
}

TEST(Config, AChannelSaysWhereItsTurnsRunOrLeavesItToItsConnector) {
  const Config config = read(R"(tenants:
  acme:
    channels:
      one: {connector: a, isolation: worker}
      three: {connector: a}
      two: {connector: a, isolation: process}
)",
                             {{"HOME", "/h"}});
  const auto& channels = config.tenants.at(0).channels;
  EXPECT_EQ(channels.at(0).isolated, true);
  EXPECT_EQ(channels.at(1).isolated, std::nullopt);
  EXPECT_EQ(channels.at(2).isolated, false);
  const auto wrong =
      loadConfigText("p.yaml", "tenants: {a: {channels: {x: {connector: a, isolation: jail}}}}\n", {{"HOME", "/h"}});
  EXPECT_NE(wrong.report().find("isolation: must be worker or process, got 'jail'"), std::string::npos)
      << wrong.report();
}

TEST(Config, TheCommandLineBeatsTheEnvironmentBeatsTheFile) {
  const std::string file = "http: {host: 1.1.1.1, port: 1}\ndatabase: {url: 'dbname=file'}\nreload: true\n";
  Environment environment = {{"HOME", "/h"},
                             {"HOST", "2.2.2.2"},
                             {"PORT", "2"},
                             {"RELOAD", "False"},
                             {"DATABASE_URL", "postgres://env"},
                             {"JWT_SECRET_KEY", "0f9e8d7c6b5a49382716a5b4c3d2e1f00f9e"}};
  Config config = read(file, environment);
  EXPECT_EQ(config.http.host, "2.2.2.2");
  EXPECT_EQ(config.http.port, 2);
  EXPECT_EQ(config.database.url, "postgres://env");
  EXPECT_EQ(config.auth.jwt_secret, "0f9e8d7c6b5a49382716a5b4c3d2e1f00f9e");
  EXPECT_FALSE(config.reload);

  Overrides overrides;
  overrides.port = 3;
  overrides.internal_port = 4;
  overrides.data_dir = "/data/../d";
  overrides.database_url = "dbname=flag";
  overrides.log_level = log::Level::kDebug;
  config = read(file, environment, overrides);
  EXPECT_EQ(config.http.host, "2.2.2.2");
  EXPECT_EQ(config.http.port, 3);
  EXPECT_EQ(config.internal.port, 4);
  EXPECT_EQ(config.data_dir, "/d");
  EXPECT_EQ(config.database.url, "dbname=flag");
  EXPECT_EQ(config.log_level, log::Level::kDebug);

  environment = {{"HOME", "/h"}, {"HOST", ""}, {"PORT", ""}, {"DATABASE_URL", ""}, {"JWT_SECRET_KEY", ""}};
  config = read(file, environment);
  EXPECT_EQ(config.http.port, 1) << "an empty variable counts as not set";
  EXPECT_EQ(config.database.url, "dbname=file");
}

TEST(Config, NumbersAndSwitchesMayComeFromVariables) {
  const Config config = read("http: {port: '${P}'}\ninternal: {enabled: '${E}'}\nreload: ${R:-true}\n",
                             {{"HOME", "/h"}, {"P", "99"}, {"E", "false"}});
  EXPECT_EQ(config.http.port, 99);
  EXPECT_FALSE(config.internal.enabled);
  EXPECT_TRUE(config.reload);
}

TEST(Config, TheShippedFileIsRightAndSaysTheDefaults) {
  const auto shipped = loadConfig(PATCHBAY_CONFIG_DIR "/patchbay.yaml", kHome);
  EXPECT_EQ(shipped.report(), "");
  EXPECT_TRUE(shipped.config.tenants.empty());
  // With every commented key taken in, it must still be right.
  const auto loaded = loadConfigText("all.yaml", test::withCommentedKeys(shipped.source), test::kShippedEnvironment);
  EXPECT_EQ(loaded.report(), "");
  ASSERT_EQ(loaded.config.tenants.size(), 1U);
  EXPECT_EQ(loaded.config.tenants[0].channels.at(0).egress_allow.size(), 1U);
  EXPECT_EQ(loaded.config.delivery.retry.attempts, shipped.config.delivery.retry.attempts);
  EXPECT_EQ(loaded.config.delivery.retry.base, shipped.config.delivery.retry.base);
  EXPECT_EQ(loaded.config.delivery.retry.max, shipped.config.delivery.retry.max);
  EXPECT_EQ(loaded.config.delivery.max_in_flight, shipped.config.delivery.max_in_flight);
  EXPECT_EQ(loaded.config.delivery.ttl, shipped.config.delivery.ttl);
  EXPECT_EQ(loaded.config.http.body_budget, shipped.config.http.body_budget);
  EXPECT_EQ(loaded.config.http.max_connections, shipped.config.http.max_connections);
  EXPECT_EQ(loaded.config.auth.roles, shipped.config.auth.roles);
}

}  // namespace
}  // namespace patchbay::app
