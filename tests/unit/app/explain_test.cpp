#include "app/commands/explain.hpp"

#include <sstream>

#include "../connectors/fixture.hpp"

namespace patchbay::app {
namespace {

constexpr const char* kFile =
    "http:\n"
    "  port: 9000\n"
    "auth: {jwt_secret: '0f9e8d7c6b5a49382716a5b4c3d2e1f00f9e'}\n"
    "tenants:\n"
    "  acme:\n"
    "    channels:\n"
    "      support:\n"
    "        connector: scripted\n"
    "        config: {number: '1061', verify_token: hush-hush}\n";

struct Explained {
  int status;
  std::string out, errors;
};

Explained explain(const std::string& key, const std::string& file = kFile, const Environment& environment = {}) {
  static const connectors::ConnectorSet connectors({SCRIPTED_LIBRARY, QUIET_LIBRARY}, "");
  Environment all = environment;
  all.emplace("HOME", "/h");
  std::ostringstream out, errors;
  const int status = explainKey(key, loadConfigText("p.yaml", file, all), connectors, out, errors);
  return {status, out.str(), errors.str()};
}

TEST(Explain, TellsRulesDefaultWaysToSetItAndItsValue) {
  const auto port = explain("http.port");
  EXPECT_EQ(port.errors, "");
  EXPECT_EQ(port.out,
            "http.port\n"
            "  Port to listen on; 0: the system chooses.\n"
            "\n"
            "  may be      a whole number from 0 to 65535\n"
            "  default     8003\n"
            "  variable    PORT\n"
            "  option      --port\n"
            "  a change    needs a restart\n"
            "  now         9000, from p.yaml:2:9\n");
  EXPECT_NE(explain("http.port", kFile, {{"PORT", "7"}}).out.find("now         7, from the environment variable PORT"),
            std::string::npos);
  EXPECT_NE(explain("http.drain").out.find("now         10s, the default"), std::string::npos);
  EXPECT_NE(explain("log.level").out.find("may be      debug, info, warn or error"), std::string::npos);
  EXPECT_NE(explain("log.level").out.find("is applied by SIGHUP"), std::string::npos);
  EXPECT_NE(explain("delivery.retry.base").out.find("a duration from 100ms to 1h, as in 30s"), std::string::npos);
  EXPECT_NE(explain("tenants.acme.channels.support.enabled").out.find("now         true, the default"),
            std::string::npos);
}

TEST(Explain, ListsTheKeysOfASection) {
  const auto retry = explain("delivery.retry");
  EXPECT_EQ(retry.status, 0);
  EXPECT_NE(retry.out.find("\n    attempts            Tries in all."), std::string::npos) << retry.out;
  EXPECT_NE(explain("tenants").out.find("now         acme"), std::string::npos);
  EXPECT_NE(explain("tenants.acme.channels").out.find("now         support"), std::string::npos);
}

TEST(Explain, NeverPrintsASecret) {
  EXPECT_NE(explain("auth.jwt_secret").out.find("now         set, from p.yaml:3:20"), std::string::npos);
  EXPECT_NE(explain("auth.jwt_secret", "").out.find("now         not set"), std::string::npos);
  const auto token = explain("tenants.acme.channels.support.config.verify_token");
  EXPECT_NE(token.out.find("now         set, from p.yaml:9:48"), std::string::npos) << token.out;
  for (const char* key : {"auth.jwt_secret", "tenants.acme.channels.support.config.verify_token", "tenants", ""})
    for (const char* value : {"0f9e8d", "hush"}) EXPECT_EQ(explain(key).out.find(value), std::string::npos) << key;
}

TEST(Explain, KnowsTheConnectorsKeys) {
  const auto number = explain("tenants.acme.channels.support.config.number");
  EXPECT_EQ(number.status, 0) << number.errors;
  EXPECT_NE(number.out.find("may be      text, up to 20 characters, matching ^[0-9]+$"), std::string::npos)
      << number.out;
  EXPECT_NE(number.out.find("required    yes"), std::string::npos);
  EXPECT_NE(number.out.find("now         1061, from p.yaml:9:26"), std::string::npos);
  const auto secret = explain("tenants.acme.channels.support.config.secret");
  EXPECT_NE(secret.out.find("variable    SCRIPTED_SECRET"), std::string::npos);
  EXPECT_NE(secret.out.find("now         not set"), std::string::npos);
  // Without a channel of that name every connector answers.
  EXPECT_NE(explain("tenants.*.channels.*.config.number").out.find("connector   scripted"), std::string::npos);
  EXPECT_EQ(explain("tenants.acme.channels.support.config.nubmer").errors,
            "patchbay: there is no key 'nubmer' in the config of the connector 'scripted'; did you mean 'number'?\n");
}

TEST(Explain, SuggestsTheNearestKey) {
  const auto typo = explain("http.prot");
  EXPECT_EQ(typo.status, 1);
  EXPECT_EQ(typo.errors, "patchbay: there is no key 'http.prot'; did you mean 'http.port'?\n");
  EXPECT_EQ(explain("htpp.port").errors, "patchbay: there is no key 'htpp.port'; did you mean 'http.port'?\n");
  EXPECT_EQ(explain("jwt_secret").errors, "patchbay: there is no key 'jwt_secret'; did you mean 'auth.jwt_secret'?\n");
  EXPECT_EQ(explain("banana").errors, "patchbay: there is no key 'banana'\n");
  EXPECT_EQ(explain("http.port.x").errors, "patchbay: there is no key 'http.port.x'\n");
}

TEST(Explain, WorksWithAFileThatHasMistakes) {
  const auto port = explain("http.port", "http: {port: 9000, prot: 1}\n");
  EXPECT_EQ(port.status, 0);
  EXPECT_NE(port.errors.find("has mistakes"), std::string::npos);
  EXPECT_NE(port.out.find("now         9000"), std::string::npos);
}

}  // namespace
}  // namespace patchbay::app
