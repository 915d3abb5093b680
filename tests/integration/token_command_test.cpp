// `patchbay token`: what it prints, what it stores, and that the API obeys.
#include "app/commands/token.hpp"

#include <gtest/gtest.h>

#include <sstream>

#include "api/api_keys.hpp"
#include "support/test_database.hpp"
#include "tenancy/tenants.hpp"

namespace patchbay::app {
namespace {

class TokenCommand : public ::testing::Test {
 protected:
  TokenCommand() : pool_({.url = database_.url()}, 2), tenants_(pool_) {
    config_.database.url = database_.url();
    config_.auth.jwt_secret = "integration-secret-0123456789-abcdefghij";
    tenants_.migrateAll();
    EXPECT_TRUE(tenants_.initialize("1", "acme").ok());
    EXPECT_TRUE(tenants_.initialize("2", "globex").ok());
  }

  int run(std::vector<std::string> words) {
    words.insert(words.begin(), "token");
    const auto parsed = parseOptions(words);
    EXPECT_EQ("", parsed.error);
    out_.str("");
    err_.str("");
    return runToken(parsed.command, config_, out_, err_);
  }
  std::string line() const {
    auto text = out_.str();
    EXPECT_TRUE(text.ends_with('\n'));
    EXPECT_EQ(1, std::count(text.begin(), text.end(), '\n')) << text;
    return text.substr(0, text.size() - 1);
  }
  Json list(const std::string& tenant = "acme") {
    EXPECT_EQ(kExitOk, run({"list", "--tenant", tenant, "--json"})) << err_.str();
    return parseJson(out_.str());
  }
  Result<api::Principal> ask(const std::string& credential, std::chrono::seconds later = std::chrono::seconds{0}) {
    return authenticator_.authenticate("Bearer " + credential, now() + later);
  }
  testing::TestDatabase database_;
  db::Pool pool_;
  tenancy::Tenants tenants_;
  Config config_;
  std::ostringstream out_, err_;
  api::Authenticator authenticator_{{.secret = "integration-secret-0123456789-abcdefghij", .rules = {}},
                                    api::findApiKeyIn(pool_)};
};

TEST_F(TokenCommand, MakesATokenThatOpensWhatItsRoleAndScopesAllow) {
  ASSERT_EQ(kExitOk, run({"create", "--tenant", "acme"}));
  const auto admin = ask(line());
  ASSERT_TRUE(admin.ok()) << admin.error().message;
  EXPECT_EQ(api::Role::kTenantAdmin, admin->role);
  EXPECT_TRUE(admin->allows("tenants.write"));
  ASSERT_EQ(kExitOk, run({"create", "--tenant", "acme", "--scope", "messages.*", "--role", "tenant_user"}));
  const auto limited = ask(line());
  ASSERT_TRUE(limited.ok());
  EXPECT_EQ(api::Role::kTenantUser, limited->role);
  EXPECT_TRUE(limited->allows("messages.send"));
  EXPECT_FALSE(limited->allows("conversations.read"));
  EXPECT_TRUE(list().empty()) << "tokens are not kept";
}

TEST_F(TokenCommand, MakesAKeyThatIsShownOnceAndListedWithoutIt) {
  ASSERT_EQ(kExitOk, run({"create", "--tenant", "acme", "--api-key", "--name", "crm\x1b[31m", "--scope",
                          "conversations.read", "--scope", "messages.*"}))
      << err_.str();
  const auto key = line();
  EXPECT_EQ(46U, key.size());
  EXPECT_EQ(std::string::npos, err_.str().find(key));
  const auto principal = ask(key);
  ASSERT_TRUE(principal.ok()) << principal.error().message;
  EXPECT_EQ("acme", principal->tenant_slug);
  EXPECT_EQ(api::Role::kTenantUser, principal->role);
  EXPECT_TRUE(principal->allows("messages.send"));
  EXPECT_FALSE(principal->allows("conversations.write"));

  const auto all = list();
  ASSERT_EQ(1U, all.size());
  EXPECT_EQ(key.substr(0, 9), all[0]["prefix"]);
  EXPECT_EQ("tenant_user", all[0]["role"]);
  EXPECT_EQ(Json({"conversations.read", "messages.*"}), all[0]["scopes"]);
  EXPECT_TRUE(all[0]["last_used_at"].is_string());
  const auto expires = parseRfc3339(all[0]["expires_at"].get<std::string>());
  ASSERT_TRUE(expires.has_value());
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(*expires - now()).count();
  EXPECT_TRUE(hours == 90 * 24 || hours == 90 * 24 - 1) << hours;
  EXPECT_EQ(std::string::npos, out_.str().find(key));
  ASSERT_EQ(kExitOk, run({"list", "--tenant", "acme"}));
  EXPECT_EQ(std::string::npos, out_.str().find(key));
  EXPECT_EQ(std::string::npos, out_.str().find('\x1b')) << "a name must not write on the terminal";
  EXPECT_NE(std::string::npos, out_.str().find("conversations.read,messages.*")) << out_.str();
  EXPECT_TRUE(list("globex").empty());
}

TEST_F(TokenCommand, ARevokedKeyOpensNothingWithinTheStatedTime) {
  ASSERT_EQ(kExitOk, run({"create", "--tenant", "acme", "--api-key", "--name", "crm", "--expires", "never", "--role",
                          "tenant_admin"}));
  const auto key = line();
  ASSERT_TRUE(ask(key).ok());
  EXPECT_TRUE(list()[0]["expires_at"].is_null());
  const auto id = list()[0]["id"].dump();
  ASSERT_EQ(kExitOk, run({"revoke", id})) << err_.str();
  EXPECT_NE(std::string::npos, out_.str().find("'crm' of tenant acme")) << out_.str();
  EXPECT_FALSE(ask(key, api::kApiKeyMemory).ok());
  EXPECT_TRUE(list().empty());
  EXPECT_EQ(kExitFailed, run({"revoke", id}));
  EXPECT_EQ("patchbay: API key " + id + " was revoked before.\n", err_.str());
  EXPECT_EQ(kExitFailed, run({"revoke", "999999"}));
  EXPECT_EQ("patchbay: There is no API key 999999.\n", err_.str());
}

TEST_F(TokenCommand, AKeyExpires) {
  ASSERT_EQ(kExitOk, run({"create", "--tenant", "acme", "--api-key", "--name", "short", "--expires", "1m"}));
  const auto key = line();
  EXPECT_TRUE(ask(key).ok());
  EXPECT_FALSE(ask(key, std::chrono::seconds{61}).ok());
}

TEST_F(TokenCommand, SaysWhatCannotBe) {
  EXPECT_EQ(kExitFailed, run({"create", "--tenant", "nobody", "--api-key", "--name", "x"}));
  EXPECT_EQ("patchbay: There is no tenant 'nobody'.\n", err_.str());
  EXPECT_EQ(kExitFailed, run({"list", "--tenant", "nobody"}));
  EXPECT_EQ("patchbay: There is no tenant 'nobody'.\n", err_.str());
  EXPECT_EQ(kExitFailed,
            run({"create", "--tenant", "acme", "--api-key", "--name", "x", "--scope", "conversation.read"}));
  EXPECT_NE(std::string::npos, err_.str().find("did you mean 'conversations.read'?")) << err_.str();
  EXPECT_EQ(kExitFailed, run({"create", "--tenant", "acme", "--api-key", "--name", std::string(256, 'n')}));
  EXPECT_EQ("", out_.str());
}

}  // namespace
}  // namespace patchbay::app
