#include "app/options.hpp"

#include <gtest/gtest.h>

namespace patchbay::app {
namespace {

using Words = std::vector<std::string>;

CommandLine parsed(const Words& words) {
  const auto options = parseOptions(words);
  EXPECT_EQ(options.error, "");
  return options.command;
}

TEST(Options, ServeIsTheDefault) {
  EXPECT_EQ(parsed({}).kind, CommandKind::kServe);
  const auto line = parsed({"--config", "c.yaml", "--host=::1", "--port", "0", "--internal-port=9", "--data-dir", "d",
                            "--database-url", "dbname=x", "--log-level", "debug"});
  EXPECT_EQ(line.kind, CommandKind::kServe);
  EXPECT_EQ(line.config, "c.yaml");
  EXPECT_EQ(line.overrides.host, "::1");
  EXPECT_EQ(line.overrides.port, 0);
  EXPECT_EQ(line.overrides.internal_port, 9);
  EXPECT_EQ(line.overrides.data_dir, "d");
  EXPECT_EQ(line.overrides.database_url, "dbname=x");
  EXPECT_EQ(line.overrides.log_level, log::Level::kDebug);
  EXPECT_EQ(parsed({"serve", "--port=1"}).overrides.port, 1);
}

TEST(Options, EachCommandTakesItsOwn) {
  EXPECT_EQ(parsed({"check-config", "x.yaml"}).config, "x.yaml");
  EXPECT_EQ(parsed({"check-config", "--config", "x.yaml"}).config, "x.yaml");
  EXPECT_EQ(parsed({"check-config", "--", "-x.yaml"}).config, "-x.yaml");
  EXPECT_EQ(parsed({"check-config", "x.yaml", "--data-dir", "d"}).overrides.data_dir, "d");
  EXPECT_EQ(parsed({"check-config", "--explain", "http.port", "x.yaml"}).explain, "http.port");
  EXPECT_TRUE(parsed({"connectors", "--json"}).json);
  EXPECT_TRUE(parsed({"connectors", "--schema"}).schema);
  const auto check = parsed({"check", "a.so", "--transcripts", "t", "--json=out.json"});
  EXPECT_EQ(check.kind, CommandKind::kCheck);
  EXPECT_EQ(check.library, "a.so");
  EXPECT_EQ(check.transcripts, "t");
  EXPECT_EQ(check.json_file, "out.json");
  const auto made = parsed({"new", "acme-sms", "there", "--lang", "c"});
  EXPECT_EQ(made.kind, CommandKind::kNew);
  EXPECT_EQ(made.name, "acme-sms");
  EXPECT_EQ(made.directory, "there");
  EXPECT_EQ(made.language, "c");
  const auto token = parsed({"token", "create", "--tenant", "acme", "--role", "tenant_user", "--ttl", "12h"});
  EXPECT_EQ(token.kind, CommandKind::kTokenCreate);
  EXPECT_EQ(token.tenant, "acme");
  EXPECT_EQ(token.role, "tenant_user");
  EXPECT_EQ(token.ttl, std::chrono::hours(12));
  const auto key = parsed({"token", "create", "--tenant", "acme", "--api-key", "--name", "crm", "--scope", "messages.*",
                           "--scope=conversations.read", "--expires", "30d"});
  EXPECT_TRUE(key.api_key);
  EXPECT_EQ(key.name, "crm");
  EXPECT_EQ(key.scopes, (std::vector<std::string>{"messages.*", "conversations.read"}));
  EXPECT_EQ(key.expires, std::chrono::hours(24 * 30));
  EXPECT_EQ(parsed({"token", "create", "--tenant", "a", "--api-key", "--name", "x", "--expires", "never"}).expires,
            std::chrono::seconds(0));
  const auto list = parsed({"token", "list", "--tenant", "acme", "--json"});
  EXPECT_EQ(list.kind, CommandKind::kTokenList);
  EXPECT_TRUE(list.json);
  const auto revoke = parsed({"token", "revoke", "17"});
  EXPECT_EQ(revoke.kind, CommandKind::kTokenRevoke);
  EXPECT_EQ(revoke.id, 17);
  EXPECT_EQ(parsed({"version"}).kind, CommandKind::kVersion);
  EXPECT_EQ(parsed({"--version"}).kind, CommandKind::kVersion);
}

struct UsageCase {
  Words words;
  const char* error;
};

class Usage : public testing::TestWithParam<UsageCase> {};

TEST_P(Usage, NamesTheWordAndTheRemedy) {
  EXPECT_EQ(parseOptions(GetParam().words).error, GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    Table, Usage,
    testing::Values(
        UsageCase{{"sevre"}, "patchbay: unknown command 'sevre'; did you mean 'serve'?\ntry: patchbay --help"},
        UsageCase{{"banana"}, "patchbay: unknown command 'banana'\ntry: patchbay --help"},
        UsageCase{{"token"}, "patchbay: 'token' needs a word more: create, list or revoke\ntry: patchbay token --help"},
        UsageCase{{"token", "craete"},
                  "patchbay: unknown command 'token craete'; did you mean 'token create'?\ntry: patchbay token --help"},
        UsageCase{{"token", "banana"}, "patchbay: unknown command 'token banana'\ntry: patchbay token --help"},
        UsageCase{{"token", "--tenant", "a"},
                  "patchbay: 'token' needs a word more: create, list or revoke\ntry: patchbay token --help"},
        UsageCase{{"tokne", "create"},
                  "patchbay: unknown command 'tokne'; did you mean 'token'?\ntry: patchbay --help"},
        UsageCase{{"check-config", "--config", "a", "b"},
                  "patchbay: FILE: the file is given twice, got 'b'\ntry: patchbay check-config --help"},
        UsageCase{{"check-config", "a", "--config", "b"},
                  "patchbay: --config: the file is given twice, got 'b'\ntry: patchbay check-config --help"},
        UsageCase{{"--prot", "1"},
                  "patchbay: unknown option '--prot'; did you mean '--port'?\ntry: patchbay serve --help"},
        UsageCase{{"connectors", "--port=1"}, "patchbay: unknown option '--port'\ntry: patchbay connectors --help"},
        UsageCase{{"--port"}, "patchbay: --port needs a value: --port N\ntry: patchbay serve --help"},
        UsageCase{{"--port", "x"},
                  "patchbay: --port: must be a whole number from 0 to 65535, got 'x'\ntry: patchbay serve --help"},
        UsageCase{{"--port", "1", "--port=2"}, "patchbay: --port is given twice\ntry: patchbay serve --help"},
        UsageCase{{"--log-level", "loud"},
                  "patchbay: --log-level: must be debug, info, warn or error, got 'loud'\ntry: patchbay serve --help"},
        UsageCase{{"--config="}, "patchbay: --config: must not be empty, got ''\ntry: patchbay serve --help"},
        UsageCase{{"connectors", "--json=1"}, "patchbay: --json takes no value\ntry: patchbay connectors --help"},
        UsageCase{{"serve", "now"}, "patchbay: 'now' is one word too many\ntry: patchbay serve --help"},
        UsageCase{{"check"}, "patchbay: LIBRARY is missing: the connector's .so file\ntry: patchbay check --help"},
        UsageCase{{"check", "a", "b"},
                  "patchbay: 'b' is one word too many: only one LIBRARY\ntry: patchbay check --help"},
        UsageCase{{"new"},
                  "patchbay: NAME is missing: what the connector is called, as in acme-sms\ntry: patchbay new --help"},
        UsageCase{{"new", "Acme"},
                  "patchbay: NAME: must be 1 to 40 of a-z, 0-9, '-' and '_', and begin with a letter, got 'Acme'\ntry: "
                  "patchbay new --help"},
        UsageCase{{"new", "../acme"},
                  "patchbay: NAME: must be 1 to 40 of a-z, 0-9, '-' and '_', and begin with a letter, got '../acme'\n"
                  "try: patchbay new --help"},
        UsageCase{{"new", "acme", "--lang", "rust"},
                  "patchbay: --lang: must be c++ or c, got 'rust'\ntry: patchbay new --help"},
        UsageCase{{"new", "acme", "--lang=c", "a", "b"},
                  "patchbay: 'b' is one word too many\ntry: patchbay new --help"},
        UsageCase{{"token", "revoke"},
                  "patchbay: ID is missing: the number of the API key, see: patchbay token list\ntry: patchbay token "
                  "revoke --help"},
        UsageCase{{"token", "revoke", "pb_x"},
                  "patchbay: ID: must be the number of an API key, see: patchbay token list, got 'pb_x'\ntry: patchbay "
                  "token revoke --help"},
        UsageCase{{"token", "create", "--tenant", "a", "--api-key"},
                  "patchbay: --name is missing: what is the API key for?\ntry: patchbay token create --help"},
        UsageCase{{"token", "create", "--tenant", "a", "--name", "x"},
                  "patchbay: --name is for --api-key alone\ntry: patchbay token create --help"},
        UsageCase{{"token", "create", "--tenant", "a", "--expires", "1d"},
                  "patchbay: --expires is for --api-key; a token has --ttl\ntry: patchbay token create --help"},
        UsageCase{{"token", "create", "--tenant", "a", "--api-key", "--name", "x", "--ttl", "1d"},
                  "patchbay: --ttl is for tokens; an API key has --expires\ntry: patchbay token create --help"},
        UsageCase{{"token", "create", "--tenant", "a", "--api-key", "--name", "x", "--role", "super_admin"},
                  "patchbay: --role: an API key must be tenant_admin or tenant_user, got 'super_admin'\ntry: patchbay "
                  "token create --help"},
        UsageCase{{"token", "create"}, "patchbay: --tenant is missing\ntry: patchbay token create --help"},
        UsageCase{
            {"token", "create", "--tenant", "A b"},
            "patchbay: --tenant: must be 1 to 56 of a-z, 0-9 and '-', got 'A b'\ntry: patchbay token create --help"},
        UsageCase{{"token", "create", "--tenant", "a", "--role", "boss"},
                  "patchbay: --role: must be super_admin, tenant_admin or tenant_user, got 'boss'\ntry: patchbay token "
                  "create --help"},
        UsageCase{
            {"token", "create", "--tenant", "a", "--ttl", "1"},
            "patchbay: --ttl: must be a duration from 1m to 366d (a number with s, m, h or d, as in 12h), got '1'\n"
            "try: patchbay token create --help"}));

TEST(Options, EverythingExplainsItself) {
  for (const Words& words : {Words{"--help"}, Words{"-h"}, Words{"help"}}) {
    const auto line = parsed(words);
    EXPECT_EQ(line.kind, CommandKind::kHelp);
    for (const char* command :
         {"serve", "check-config [FILE]", "connectors", "check LIBRARY", "token create", "version"}) {
      EXPECT_NE(line.help.find(std::string("\n  ") + command), std::string::npos) << command;
    }
  }
  EXPECT_EQ(parsed({"serve", "--help"}).help, helpText(CommandKind::kServe));
  EXPECT_EQ(parsed({"help", "check"}).help, helpText(CommandKind::kCheck));
  for (const Words& words : {Words{"token", "--help"}, Words{"token", "-h"}, Words{"help", "token"}}) {
    const auto line = parsed(words);
    EXPECT_EQ(line.kind, CommandKind::kHelp);
    EXPECT_NE(line.help.find("usage: patchbay token <command>"), std::string::npos) << line.help;
    EXPECT_NE(line.help.find("\n  token create"), std::string::npos) << line.help;
    EXPECT_EQ(line.help.find("check-config"), std::string::npos) << line.help;
  }
  EXPECT_EQ(parsed({"help", "token", "create"}).help, helpText(CommandKind::kTokenCreate));
  EXPECT_NE(helpText(CommandKind::kTokenCreate).find("the tenant (required)"), std::string::npos);
  EXPECT_EQ(parsed({"token", "create", "--tenant", "a", "-h"}).help, helpText(CommandKind::kTokenCreate));
  EXPECT_EQ(parsed({"--port", "1", "--help"}).help, helpText(CommandKind::kServe));
}

}  // namespace
}  // namespace patchbay::app
