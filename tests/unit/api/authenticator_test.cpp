#include "api/authenticator.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "api_fixture.hpp"
#include "base/crypto.hpp"

namespace patchbay::api {
namespace {

AuthSettings settings() {
  return {.secret = kSecret, .rules = {}};
}

Result<Principal> principalOf(const Json& change) {
  Authenticator authenticator(settings(), nullptr);
  return authenticator.authenticate(bearer(change), now());
}

TEST(Authenticator, ReadsTheClaimsOfAUser) {
  const auto ada = principalOf(
      {{"role", "admin"}, {"username", "ada"}, {"email", "ada@example.org"}, {"permissions", {"conversations.*"}}});
  ASSERT_TRUE(ada.ok()) << ada.error().message;
  EXPECT_EQ(Principal::Kind::kUser, ada->kind);
  EXPECT_EQ(kAda, ada->id);
  EXPECT_EQ("ada", ada->username);
  EXPECT_EQ("acme", ada->tenant_slug);
  EXPECT_EQ(Role::kTenantAdmin, ada->role);
  ASSERT_TRUE(ada->permissions.has_value());
  EXPECT_EQ(std::vector<std::string>{"conversations.*"}, *ada->permissions);
}

TEST(Authenticator, MapsTheWordsForRoles) {
  const std::vector<std::pair<Json, Role>> table = {
      {{{"role", "admin"}}, Role::kTenantAdmin},
      {{{"role", "ADMIN"}}, Role::kTenantAdmin},
      {{{"role", "manager"}}, Role::kTenantUser},
      {{{"role", "user"}}, Role::kTenantUser},
      {{{"role", nullptr}}, Role::kTenantUser},
      {{{"role", "none"}}, Role::kTenantUser},
      {{{"role", "tenant_admin"}}, Role::kTenantAdmin},
      {{{"role", "super_admin"}}, Role::kSuperAdmin},
      {{{"role", "janitor"}}, Role::kNone},
      {{{"type", "service"}}, Role::kService},
      {{{"type", "system"}}, Role::kService},
      {{{"sub", "service:billing"}}, Role::kService},
      {{{"type", nullptr}}, Role::kTenantUser},
      {{{"type", "user"}}, Role::kTenantUser},
      {{{"type", "tenant"}, {"sub", "acme-corp"}, {"role", "admin"}}, Role::kTenantAdmin},
      {{{"type", "service"}, {"sub", "billing"}, {"role", "user"}}, Role::kService},
  };
  for (const auto& [change, role] : table) {
    const auto principal = principalOf(change);
    ASSERT_TRUE(principal.ok()) << change;
    EXPECT_EQ(role, principal->role) << change;
  }
}

TEST(Authenticator, RefusesClaimsThatOpenNothing) {
  for (const Json& change :
       {Json{{"type", "refresh"}}, Json{{"type", "id"}}, Json{{"type", 7}}, Json{{"sub", nullptr}}, Json{{"sub", ""}},
        Json{{"sub", 5}}, Json{{"sub", std::string(300, 'x')}}, Json{{"tenant_slug", {"acme"}}},
        Json{{"role", {"admin"}}}, Json{{"sub", "ada"}}, Json{{"sub", "42"}}, Json{{"sub", kAda + "0"}},
        Json{{"type", "user"}, {"sub", "service:x"}}, Json{{"type", "tenant"}, {"sub", "service:x"}},
        Json{{"type", "Refresh"}}}) {
    const auto principal = principalOf(change);
    ASSERT_FALSE(principal.ok()) << change;
    EXPECT_EQ(ErrorKind::kUnauthorized, principal.error().kind) << change;
  }
}

TEST(Authenticator, RefusesHeadersThatAreNoBearerToken) {
  Authenticator authenticator(settings(), nullptr);
  const auto token = bearer().substr(7);
  for (const std::string& header :
       {std::string{}, token, "Basic " + token, std::string{"Bearer"}, std::string{"Bearer "}, "Bearer" + token})
    EXPECT_FALSE(authenticator.authenticate(header, now()).ok()) << header;
  EXPECT_TRUE(authenticator.authenticate("bearer  " + token + " ", now()).ok());
}

TEST(Authenticator, ARememberedTokenStillExpires) {
  Authenticator authenticator(settings(), nullptr);
  const auto token = bearer({{"exp", secondsFromNow(5)}});
  EXPECT_TRUE(authenticator.authenticate(token, now()).ok());
  EXPECT_TRUE(authenticator.authenticate(token, now()).ok());
  EXPECT_FALSE(authenticator.authenticate(token, now() + std::chrono::seconds{6}).ok());
}

class ApiKeys : public ::testing::Test {
 protected:
  ApiKeys() : key_(newApiKey()), authenticator_(settings(), [this](std::string_view hash) { return find(hash); }) {}

  std::optional<ApiKey> find(std::string_view hash) {
    ++lookups_;
    if (revoked_ || hash != key_.hash) return std::nullopt;
    return ApiKey{7, "acme", "crm", Role::kTenantAdmin, expires_};
  }

  NewApiKey key_;
  int lookups_ = 0;
  bool revoked_ = false;
  std::optional<Timestamp> expires_;
  Authenticator authenticator_;
};

TEST_F(ApiKeys, OpenTheirTenantWithTheirRole) {
  const auto principal = authenticator_.authenticate("Bearer " + key_.text, now());
  ASSERT_TRUE(principal.ok());
  EXPECT_EQ(Principal::Kind::kApiKey, principal->kind);
  EXPECT_EQ("key:7", principal->id);
  EXPECT_EQ("acme", principal->tenant_slug);
  EXPECT_EQ(Role::kTenantAdmin, principal->role);
}

TEST_F(ApiKeys, AreLookedUpOnceInAWhileAndNeverOnAnIoThread) {
  const auto time = now();
  const auto header = "Bearer " + key_.text;
  EXPECT_FALSE(authenticator_.authenticateFast(header, time).has_value());
  EXPECT_EQ(0, lookups_);
  EXPECT_TRUE(authenticator_.authenticate(header, time).ok());
  EXPECT_TRUE(authenticator_.authenticate(header, time).ok());
  EXPECT_TRUE(authenticator_.authenticateFast(header, time).has_value());
  EXPECT_EQ(1, lookups_);
  revoked_ = true;
  EXPECT_TRUE(authenticator_.authenticate(header, time).ok());
  EXPECT_FALSE(authenticator_.authenticate(header, time + std::chrono::seconds{6}).ok());
}

TEST_F(ApiKeys, ThatAreUnknownAreNotLookedUpAgainAndAgain) {
  const auto time = now();
  const auto unknown = "Bearer " + newApiKey().text;
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(authenticator_.authenticate(unknown, time).ok());
  EXPECT_EQ(1, lookups_);
  for (const char* no_key : {"pb_", "pb_unknown", "pb_+++++++++++++++++++++++++++++++++++++++++++"})
    EXPECT_FALSE(authenticator_.authenticate(std::string("Bearer ") + no_key, time).ok());
  EXPECT_EQ(1, lookups_) << "what cannot be a key is not looked up";
  const auto stats = authenticator_.stats();
  EXPECT_EQ(8U, stats.refused);
  EXPECT_EQ(1U, stats.key_lookups);
  EXPECT_EQ(1U, stats.remembered);
}

TEST_F(ApiKeys, ExpireOnTime) {
  const auto time = now();
  expires_ = time + std::chrono::seconds{1};
  EXPECT_TRUE(authenticator_.authenticate("Bearer " + key_.text, time).ok());
  EXPECT_FALSE(authenticator_.authenticate("Bearer " + key_.text, time + std::chrono::seconds{2}).ok());
}

TEST_F(ApiKeys, LookLikeOneAndAreNotKept) {
  EXPECT_TRUE(key_.text.starts_with("pb_"));
  EXPECT_EQ(46U, key_.text.size());
  EXPECT_TRUE(key_.text.starts_with(key_.prefix));
  EXPECT_EQ(crypto::digest(crypto::Hash::kSha256, key_.text), key_.hash);
  EXPECT_NE(newApiKey().text, newApiKey().text);
}

TEST(IssueToken, MakesATokenThatOpens) {
  auto with_rules = settings();
  with_rules.rules = {"patchbay", "inbox"};
  Authenticator authenticator(with_rules, nullptr);
  const TokenRequest request{.subject = kAda, .username = "ada", .role = "tenant_admin", .tenant_slug = "acme"};
  const auto principal = authenticator.authenticate("Bearer " + issueToken(with_rules, request, now()), now());
  ASSERT_TRUE(principal.ok()) << principal.error().message;
  EXPECT_EQ(Role::kTenantAdmin, principal->role);
  EXPECT_EQ("ada", principal->username);
}

TEST(JwtSecret, MustBeLongAndNobodyElses) {
  for (const std::string secret :
       {"", "short", "your-secret-key-change-in-production", "Your-Super-Secret-JWT-Key-0123456789abcdef",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "please-change-this-0123456789-abcdefgh"}) {
    EXPECT_TRUE(secretWeakness(secret).has_value()) << secret;
    auto weak = settings();
    weak.secret = secret;
    EXPECT_THROW(Authenticator(weak, nullptr), std::invalid_argument) << secret;
  }
  EXPECT_FALSE(secretWeakness(kSecret).has_value());
}

TEST(JwtSecret, AMappingToAnUnknownRoleStopsTheStart) {
  auto wrong = settings();
  wrong.roles["boss"] = "emperor";
  EXPECT_THROW(Authenticator(wrong, nullptr), std::invalid_argument);
}

class SecretFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("patchbay-secret-" + crypto::uuid4());
    std::filesystem::create_directory(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
};

TEST_F(SecretFile, IsMadeOnceForItsOwnerAlone) {
  const auto secret = loadOrCreateJwtSecret(folder_);
  EXPECT_GE(secret.size(), 64U);
  EXPECT_EQ(secret, loadOrCreateJwtSecret(folder_));
  struct stat info {};
  ASSERT_EQ(0, ::stat((folder_ / "jwt-secret").c_str(), &info));
  EXPECT_EQ(0600U, info.st_mode & 0777U);
  EXPECT_EQ(1, std::distance(std::filesystem::directory_iterator(folder_), std::filesystem::directory_iterator()));
}

TEST_F(SecretFile, ThatOthersCanReadIsRefusedByName) {
  (void)loadOrCreateJwtSecret(folder_);
  ::chmod((folder_ / "jwt-secret").c_str(), 0644);
  try {
    (void)loadOrCreateJwtSecret(folder_);
    FAIL() << "a secret that everybody can read was taken";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string::npos, std::string(error.what()).find((folder_ / "jwt-secret").string())) << error.what();
  }
}

TEST_F(SecretFile, ThatIsEmptyOrALinkIsRefused) {
  const auto path = folder_ / "jwt-secret";
  std::ofstream(path).close();
  ::chmod(path.c_str(), 0600);
  EXPECT_THROW((void)loadOrCreateJwtSecret(folder_), std::runtime_error);
  std::filesystem::remove(path);
  std::filesystem::create_symlink("/dev/zero", path);
  EXPECT_THROW((void)loadOrCreateJwtSecret(folder_), std::runtime_error);
}

TEST_F(SecretFile, CannotBeMadeWhereThereIsNoFolder) {
  EXPECT_THROW((void)loadOrCreateJwtSecret(folder_ / "missing"), std::runtime_error);
}

}  // namespace
}  // namespace patchbay::api
