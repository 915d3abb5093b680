#include <gtest/gtest.h>

#include "app/config.hpp"

namespace patchbay::app {
namespace {

struct ErrorCase {
  std::string yaml;
  const char* printed;
};

class ConfigErrors : public testing::TestWithParam<ErrorCase> {};

TEST_P(ConfigErrors, AreNamedWithPlaceRuleAndRemedy) {
  const Environment environment{{"HOME", "/h"}, {"WORD", "s3cr3t-value"}};
  EXPECT_EQ(loadConfigText("p.yaml", GetParam().yaml, environment).report(), GetParam().printed);
}

INSTANTIATE_TEST_SUITE_P(
    Table, ConfigErrors,
    testing::Values(
        ErrorCase{"http:\n  prot: 8003\n",
                  "p.yaml:2:3: unknown key 'prot' in http; did you mean 'port'?\n"
                  "    2 |   prot: 8003\n"
                  "      |   ^\n"},
        ErrorCase{"banana: 1\n",
                  "p.yaml:1:1: unknown key 'banana'\n"
                  "    1 | banana: 1\n"
                  "      | ^\n"},
        ErrorCase{"http: {port: 70000}\n",
                  "p.yaml:1:14: http.port: must be a whole number from 0 to 65535, got '70000'\n"
                  "    1 | http: {port: 70000}\n"
                  "      |              ^\n"},
        ErrorCase{"http: {port: '80'}\n",
                  "p.yaml:1:14: http.port: must be a whole number from 0 to 65535, got '80'\n"
                  "    1 | http: {port: '80'}\n"
                  "      |              ^\n"},
        ErrorCase{
            "http:\n  port: ${WORD}\n",
            "p.yaml:2:9: http.port: must be a whole number from 0 to 65535, got something else from its variable\n"
            "    2 |   port: ${WORD}\n"
            "      |         ^\n"},
        ErrorCase{"http:\n  drain: 10\n",
                  "p.yaml:2:10: http.drain: must be a duration from 0ms to 10m (a number with ms, s, m, h or d, as in "
                  "30s), got '10'\n"
                  "    2 |   drain: 10\n"
                  "      |          ^\n"},
        ErrorCase{
            "http:\n  api_body_limit: 4MB\n",
            "p.yaml:2:19: http.api_body_limit: must be a size from 1KiB to 32MiB (bytes, or a number with KiB, MiB or "
            "GiB, as in 4MiB), got '4MB'\n"
            "    2 |   api_body_limit: 4MB\n"
            "      |                   ^\n"},
        ErrorCase{"http: 8003\n",
                  "p.yaml:1:7: http: must be a map of keys and values, got '8003'\n"
                  "    1 | http: 8003\n"
                  "      |       ^\n"},
        ErrorCase{"http: [a]\n",
                  "p.yaml:1:7: http: must be a map of keys and values, got a list\n"
                  "    1 | http: [a]\n"
                  "      |       ^\n"},
        ErrorCase{"- a\n",
                  "p.yaml:1:1: the file must be a map of keys and values, got a list\n"
                  "    1 | - a\n"
                  "      | ^\n"},
        ErrorCase{"http:\n  port:\n",
                  "p.yaml:2:3: http.port: has no value; give one or remove the key\n"
                  "    2 |   port:\n"
                  "      |   ^\n"},
        ErrorCase{"internal: {enabled: yes}\n",
                  "p.yaml:1:21: internal.enabled: must be true or false, got 'yes'\n"
                  "    1 | internal: {enabled: yes}\n"
                  "      |                     ^\n"},
        ErrorCase{"log: {level: wran}\n",
                  "p.yaml:1:14: log.level: must be debug, info, warn or error, got 'wran'; did you mean 'warn'?\n"
                  "    1 | log: {level: wran}\n"
                  "      |              ^\n"},
        ErrorCase{
            "public_url: inbox.example.org\n",
            "p.yaml:1:13: public_url: must be an http or https URL without a query, as in https://inbox.example.org\n"
            "    1 | public_url: inbox.example.org\n"
            "      |             ^\n"},
        ErrorCase{"database:\n  url: postgresql+asyncpg://u@h/d\n",
                  "p.yaml:2:8: database.url: must be a PostgreSQL connection string, as in "
                  "postgresql://user:password@host:5432/database\n"
                  "    2 |   url: postgresql+asyncpg://u@h/d\n"
                  "      |        ^\n"},
        ErrorCase{
            "auth:\n  roles: {admin: boss}\n",
            "p.yaml:2:18: auth.roles.admin: must be super_admin, service, tenant_admin or tenant_user, got 'boss'\n"
            "    2 |   roles: {admin: boss}\n"
            "      |                  ^\n"},
        ErrorCase{"auth: {jwks_url: 'http://users:8001/keys'}\n",
                  "p.yaml:1:18: auth.jwks_url: must be an https URL; plain http is for loopback and servers in "
                  "auth.egress_allow (users:8001 is not)\n"
                  "    1 | auth: {jwks_url: 'http://users:8001/keys'}\n"
                  "      |                  ^\n"},
        ErrorCase{"auth: {jwks_url: ftp://users/keys}\n",
                  "p.yaml:1:18: auth.jwks_url: must be an https URL, as in "
                  "https://login.example.org/.well-known/jwks.json\n"
                  "    1 | auth: {jwks_url: ftp://users/keys}\n"
                  "      |                  ^\n"},
        ErrorCase{"api: {errors: old}\n",
                  "p.yaml:1:15: api.errors: must be problem or legacy, got 'old'\n"
                  "    1 | api: {errors: old}\n"
                  "      |               ^\n"},
        ErrorCase{"auth:\n  jwt_secret: ''\n",
                  "p.yaml:2:15: auth.jwt_secret: it must be at least 32 bytes long, has 0 (make one with: openssl rand "
                  "-base64 32)\n"
                  "    2 |   jwt_secret: ''\n"
                  "      |               ^\n"},
        ErrorCase{"connectors: {paths: /x}\n",
                  "p.yaml:1:21: connectors.paths: must be a list of texts, got '/x'\n"
                  "    1 | connectors: {paths: /x}\n"
                  "      |                     ^\n"},
        ErrorCase{"delivery: {retry: {base: 10s, max: 2s}}\n",
                  "p.yaml:1:36: delivery.retry.max: must not be shorter than base\n"
                  "    1 | delivery: {retry: {base: 10s, max: 2s}}\n"
                  "      |                                    ^\n"},
        ErrorCase{"tenants:\n  Acme: {}\n",
                  "p.yaml:2:3: tenant 'Acme': must be 1 to 56 of a-z, 0-9 and '-'\n"
                  "    2 |   Acme: {}\n"
                  "      |   ^\n"},
        ErrorCase{"tenants:\n  'a\"; DROP': {}\n",
                  "p.yaml:2:3: tenant 'a\"; DROP': must be 1 to 56 of a-z, 0-9 and '-'\n"
                  "    2 |   'a\"; DROP': {}\n"
                  "      |   ^\n"},
        ErrorCase{"tenants:\n  incoming: {}\n",
                  "p.yaml:2:3: tenant 'incoming': the word is reserved (it is part of a webhook path)\n"
                  "    2 |   incoming: {}\n"
                  "      |   ^\n"},
        ErrorCase{"tenants:\n  acme:\n    channels:\n      wa:\n        enabled: true\n",
                  "p.yaml:4:7: tenants.acme.channels.wa.connector: is missing (the section starts at line 4)\n"
                  "    4 |       wa:\n"
                  "      |       ^\n"},
        ErrorCase{"tenants:\n  acme:\n    channels:\n      -wa: {connector: 12}\n",
                  "p.yaml:4:7: channel name '-wa': must be 1 to 63 of a-z, 0-9, '-' and '_', starting with a letter or "
                  "digit\n"
                  "    4 |       -wa: {connector: 12}\n"
                  "      |       ^\n"
                  "p.yaml:4:24: tenants.acme.channels.-wa.connector: must be text, got a whole number; put it in "
                  "quotes: '12'\n"
                  "    4 |       -wa: {connector: 12}\n"
                  "      |                        ^\n"},
        ErrorCase{
            "tenants:\n  a:\n    channels:\n      w: {connector: x, config: [1], egress_allow: [localhost], unknown: "
            "maybe}\n",
            "p.yaml:4:33: tenants.a.channels.w.config: must be a map of the connector's keys, got a list\n"
            "    4 |       w: {connector: x, config: [1], egress_allow: [localhost], unknown: maybe}\n"
            "      |                                 ^\n"
            "p.yaml:4:53: tenants.a.channels.w.egress_allow: must be host:port, as in 127.0.0.1:9000, got 'localhost'\n"
            "    4 |       w: {connector: x, config: [1], egress_allow: [localhost], unknown: maybe}\n"
            "      |                                                     ^\n"
            "p.yaml:4:74: tenants.a.channels.w.unknown: must be hold, resend or fail, got 'maybe'\n"
            "    4 |       w: {connector: x, config: [1], egress_allow: [localhost], unknown: maybe}\n"
            "      |                                                                          ^\n"}));

TEST(ConfigReport, AllMistakesOfAFileComeAtOnceInItsOrder) {
  const auto loaded = loadConfigText("p.yaml",
                                     "lgo: {}\n"
                                     "http:\n"
                                     "  port: x\n"
                                     "  port: 1\n"
                                     "log:\n"
                                     "  level: ${GONE}\n",
                                     {{"HOME", "/h"},
                                      {"PORT", "http"},
                                      {"RELOAD", "maybe"},
                                      {"DATABASE_URL", "mysql://u:pw@h"},
                                      {"JWT_SECRET_KEY", "short"}});
  EXPECT_EQ(loaded.report(),
            "p.yaml:1:1: unknown key 'lgo'; did you mean 'log'?\n"
            "    1 | lgo: {}\n"
            "      | ^\n"
            "p.yaml:3:9: http.port: must be a whole number from 0 to 65535, got 'x'\n"
            "    3 |   port: x\n"
            "      |         ^\n"
            "p.yaml:4:3: the key 'port' is given twice: first in line 3\n"
            "    4 |   port: 1\n"
            "      |   ^\n"
            "p.yaml:6:10: the environment variable GONE is not set (or give a default: ${GONE:-...})\n"
            "    6 |   level: ${GONE}\n"
            "      |          ^\n"
            "environment: DATABASE_URL: must be a PostgreSQL connection string, as in "
            "postgresql://user:password@host:5432/database\n"
            "environment: PORT: must be a whole number from 0 to 65535, got 'http'\n"
            "environment: RELOAD: must be true or false, got 'maybe'\n"
            "environment: JWT_SECRET_KEY: it must be at least 32 bytes long, has 5 (make one with: openssl rand "
            "-base64 32)\n");
}

TEST(ConfigReport, TwoMistakesInOnePlaceAreBothKept) {
  const auto loaded = loadConfigText("p.yaml", "data_dir: &a !!str x\n", {{"HOME", "/h"}});
  EXPECT_EQ(loaded.errors.size(), 2U) << loaded.report();
  EXPECT_FALSE(loaded.ok());
}

TEST(ConfigReport, PublishedSecretsAreRefused) {
  for (const char* secret : {"your-secret-key-change-in-production-please", "change-me-change-me-change-me-change-me",
                             "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}) {
    const auto loaded = loadConfigText("p.yaml", "", {{"HOME", "/h"}, {"JWT_SECRET_KEY", secret}});
    ASSERT_EQ(loaded.errors.size(), 1U) << secret;
    EXPECT_EQ(loaded.errors[0].message.find(secret), std::string::npos);
  }
}

TEST(ConfigReport, AFileThatIsNotThereIsNamed) {
  EXPECT_EQ(loadConfig("/nonexistent.yaml", {{"HOME", "/h"}}).report(),
            "/nonexistent.yaml: cannot be read: No such file or directory\n");
}

}  // namespace
}  // namespace patchbay::app
