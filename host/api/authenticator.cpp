#include "api/authenticator.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "base/uuid.hpp"

namespace patchbay::api {
namespace {

constexpr std::size_t kRememberedCredentials = 4096;
constexpr std::string_view kApiKeyPrefix = "pb_";
constexpr std::string_view kServicePrefix = "service:";
constexpr std::size_t kMaxClaimBytes = 255;

Error denied(std::string why) {
  return {ErrorKind::kUnauthorized, "invalid_token", std::move(why)};
}

std::optional<Role> roleByName(std::string_view name) {
  for (const Role role : {Role::kTenantUser, Role::kTenantAdmin, Role::kService, Role::kSuperAdmin})
    if (roleName(role) == name) return role;
  return std::nullopt;
}

/// A claim that is text; absent and null are empty. Nothing when it is something else, or longer than we store.
std::optional<std::string> textClaim(const Json& claims, const char* name) {
  const auto claim = claims.find(name);
  if (claim == claims.end() || claim->is_null()) return std::string{};
  if (!claim->is_string() || claim->get_ref<const std::string&>().size() > kMaxClaimBytes) return std::nullopt;
  return cleanText(claim->get_ref<const std::string&>());
}

/// "pb_" and 32 bytes in base64url: anything else is refused without asking the database.
bool looksLikeApiKey(std::string_view text) {
  constexpr std::size_t kKeyCharacters = 43;
  return text.size() == kApiKeyPrefix.size() + kKeyCharacters &&
         text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
             std::string_view::npos;
}

/// The claim `permissions`. Absent, null or empty: no limit, since an issuer that knows no permissions sends an empty
/// list. @return false when it is anything but a list of texts.
bool readPermissions(const Json& claims, std::optional<std::vector<std::string>>& out) {
  const auto claim = claims.find("permissions");
  if (claim == claims.end() || claim->is_null()) return true;
  if (!claim->is_array()) return false;
  std::vector<std::string> list;
  for (const auto& one : *claim) {
    if (!one.is_string()) return false;
    list.push_back(one.get<std::string>());
  }
  if (!list.empty()) out = std::move(list);
  return true;
}

/// "Bearer abc" -> "abc"; empty when it is anything else.
std::string_view bearer(std::string_view authorization) {
  constexpr std::string_view kScheme = "bearer ";
  if (authorization.size() <= kScheme.size() || !equalsIgnoreCase(authorization.substr(0, kScheme.size()), kScheme))
    return {};
  return trim(authorization.substr(kScheme.size()));
}

}  // namespace

std::string_view roleName(Role role) {
  switch (role) {
    case Role::kSuperAdmin:
      return "super_admin";
    case Role::kService:
      return "service";
    case Role::kTenantAdmin:
      return "tenant_admin";
    case Role::kTenantUser:
      return "tenant_user";
    case Role::kNone:
      break;
  }
  return "none";
}

Authenticator::Authenticator(AuthSettings settings, FindApiKey find_api_key, Jwks* issuer)
    : settings_(std::move(settings)), find_api_key_(std::move(find_api_key)), issuer_(issuer) {
  if (const auto weakness = secretWeakness(settings_.secret)) throw std::invalid_argument("JWT secret: " + *weakness);
  for (const auto& [word, name] : settings_.roles) {
    const auto role = roleByName(name);
    if (!role)
      throw std::invalid_argument("auth.roles: '" + word + "' maps to '" + name +
                                  "'; it must be super_admin, service, tenant_admin or tenant_user");
    roles_[lowerAscii(word)] = *role;
  }
}

std::optional<Result<Principal>> Authenticator::authenticateFast(std::string_view authorization, Timestamp now) {
  auto outcome = judgeFast(authorization, now);
  if (outcome && !outcome->ok()) ++refused_;
  return outcome;
}

Result<Principal> Authenticator::authenticate(std::string_view authorization, Timestamp now) {
  auto outcome = judge(authorization, now);
  if (!outcome.ok()) ++(outcome.error().kind == ErrorKind::kUnavailable ? keys_unavailable_ : refused_);
  return outcome;
}

AuthStats Authenticator::stats() const {
  const std::lock_guard lock(mutex_);
  return {refused_, keys_unavailable_, key_lookups_, memory_.size()};
}

std::optional<Result<Principal>> Authenticator::judgeFast(std::string_view authorization, Timestamp now) {
  if (authorization.empty()) return denied("This needs a token: send the header Authorization: Bearer <token>.");
  const auto credential = bearer(authorization);
  if (credential.empty()) return denied("The Authorization header must be: Bearer <token>.");
  if (credential.size() > kMaxTokenBytes) return denied("The token is longer than any that we would issue.");
  const auto digest = crypto::digest(crypto::Hash::kSha256, credential);
  if (auto known = recall(digest, now)) return known;
  if (credential.starts_with(kApiKeyPrefix)) {
    if (!looksLikeApiKey(credential)) return denied("The API key is not known, has expired or was revoked.");
    return std::nullopt;
  }
  auto outcome = authenticateToken(credential, digest, now);
  if (outcome.ok() || outcome.error().code != kUnknownKey) return outcome;
  if (issuer_->look(keyIdOf(credential)) != Jwks::Key::kUnknown) return std::nullopt;
  return denied(outcome.error().message);
}

Result<Principal> Authenticator::judge(std::string_view authorization, Timestamp now) {
  if (auto fast = judgeFast(authorization, now)) return *fast;
  const auto credential = bearer(authorization);
  if (credential.starts_with(kApiKeyPrefix)) return authenticateKey(credential, now);
  if (issuer_->await(keyIdOf(credential)) == Jwks::Key::kPending)
    return Error{ErrorKind::kUnavailable, "keys_unavailable",
                 "The keys of the token's issuer cannot be fetched at the moment; try again."};
  auto outcome = authenticateToken(credential, crypto::digest(crypto::Hash::kSha256, credential), now);
  if (outcome.ok() || outcome.error().code != kUnknownKey) return outcome;
  return denied(outcome.error().message);
}

Result<Principal> Authenticator::authenticateToken(std::string_view token, const Digest& digest, Timestamp now) {
  std::uint64_t generation = 0;
  const auto keys = issuer_ ? issuer_->keys(&generation) : nullptr;
  const auto claims = verifyJwt(token, {settings_.secret, keys.get()}, settings_.rules, now);
  if (!claims.ok()) return claims.error();
  auto principal = principalOf(*claims);
  if (principal.ok()) {
    const double expiry = (*claims)["exp"].get<double>();  // verifyJwt() has seen that it is a time
    remember(digest, principal, Timestamp{std::chrono::microseconds{static_cast<std::int64_t>(expiry * 1e6)}},
             generation);
  }
  return principal;
}

Result<Principal> Authenticator::authenticateKey(std::string_view text, Timestamp now) {
  const auto hash = apiKeyHash(text);
  ++key_lookups_;
  const auto key = find_api_key_ ? find_api_key_(hash) : std::nullopt;
  auto until = now + kApiKeyMemory;
  if (!key || (key->expires_at && *key->expires_at <= now)) {
    Result<Principal> no = denied("The API key is not known, has expired or was revoked.");
    remember(hash, no, until);
    return no;
  }
  if (key->expires_at) until = std::min(until, *key->expires_at);
  Principal principal;
  principal.kind = Principal::Kind::kApiKey;
  principal.id = "key:" + std::to_string(key->id);
  principal.username = key->name;
  principal.tenant_slug = key->tenant;
  principal.role = key->role;
  if (!key->scopes.empty()) principal.permissions = key->scopes;
  remember(hash, principal, until);
  return principal;
}

void Authenticator::forgetApiKeys() {
  const std::lock_guard lock(mutex_);
  memory_.clear();
  recent_.clear();
}

std::optional<Result<Principal>> Authenticator::recall(const Digest& digest, Timestamp now) {
  std::uint64_t generation = 0;
  if (issuer_) issuer_->keys(&generation);
  const std::lock_guard lock(mutex_);
  const auto found = memory_.find(digest);
  if (found == memory_.end()) return std::nullopt;
  // A key that the issuer has withdrawn opens nothing any more, whatever was verified with it.
  const bool withdrawn = found->second.keys != 0 && found->second.keys != generation;
  if (found->second.until <= now || withdrawn) {
    recent_.erase(found->second.used);
    memory_.erase(found);
    return std::nullopt;
  }
  recent_.splice(recent_.begin(), recent_, found->second.used);
  return found->second.outcome;
}

void Authenticator::remember(const Digest& digest, const Result<Principal>& outcome, Timestamp until,
                             std::uint64_t keys) {
  const std::lock_guard lock(mutex_);
  if (const auto found = memory_.find(digest); found != memory_.end()) {
    found->second.outcome = outcome;
    found->second.until = until;
    found->second.keys = keys;
    return;
  }
  if (memory_.size() >= kRememberedCredentials) {
    memory_.erase(recent_.back());
    recent_.pop_back();
  }
  recent_.push_front(digest);
  memory_.emplace(digest, Remembered{outcome, until, recent_.begin(), keys});
}

Result<Principal> Authenticator::principalOf(const Json& claims) const {
  const auto subject = textClaim(claims, "sub");
  const auto type = textClaim(claims, "type");
  const auto role = textClaim(claims, "role");
  const auto slug = textClaim(claims, "tenant_slug");
  if (!subject || subject->empty()) return denied("The token has no sub claim: whose is it?");
  if (!type || !role || !slug) return denied("A claim of the token (type, role, tenant_slug) is not text.");

  static const std::set<std::string, std::less<>> kTypes = {"", "access", "service", "system", "tenant", "user"};
  if (*type == "refresh") return denied("A refresh token opens nothing; use it to get an access token.");
  if (!kTypes.contains(*type)) return denied("The type claim of the token is not one that is accepted here.");

  Principal principal;
  principal.id = *subject;
  principal.tenant_slug = *slug;
  principal.username = textClaim(claims, "username").value_or("");
  principal.email = textClaim(claims, "email").value_or("");
  principal.tenant_id = textClaim(claims, "tenant_id").value_or("");
  if (!readPermissions(claims, principal.permissions))
    return denied("The permissions claim of the token is not a list of texts.");

  const bool named_service = subject->starts_with(kServicePrefix);
  if (named_service && (*type == "user" || *type == "tenant"))
    return denied("The sub claim of the token names a service, but its type is not a service's.");
  if (*type == "service" || *type == "system" || named_service) {
    principal.kind = Principal::Kind::kService;
    principal.role = Role::kService;
    return principal;
  }
  // A tenant's own token stands for nobody in particular; every other is a person's.
  if (*type != "tenant" && !isUuid(*subject))
    return denied("The sub claim of the token must be a user's UUID, or a service's name (service:...).");
  const auto word = role->empty() ? "none" : lowerAscii(*role);
  if (const auto mapped = roles_.find(word); mapped != roles_.end())
    principal.role = mapped->second;
  else
    principal.role = roleByName(word).value_or(Role::kNone);
  return principal;
}

NewApiKey newApiKey() {
  NewApiKey key;
  key.text = std::string{kApiKeyPrefix} + crypto::base64UrlEncode(crypto::randomBytes(32));
  key.hash = apiKeyHash(key.text);
  key.prefix = key.text.substr(0, kApiKeyPrefix.size() + 6);
  return key;
}

std::string apiKeyHash(std::string_view text) {
  return crypto::digest(crypto::Hash::kSha256, text);
}

std::string issueToken(const AuthSettings& settings, const TokenRequest& request, Timestamp now) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch());
  Json claims = {{"sub", request.subject},
                 {"role", request.role},
                 {"type", request.type},
                 {"iat", seconds.count()},
                 {"exp", (seconds + request.lifetime).count()}};
  if (!request.username.empty()) claims["username"] = request.username;
  if (!request.tenant_slug.empty()) claims["tenant_slug"] = request.tenant_slug;
  for (const auto& permission : request.permissions) claims["permissions"].push_back(permission);
  if (!settings.rules.issuer.empty()) claims["iss"] = settings.rules.issuer;
  if (!settings.rules.audience.empty()) claims["aud"] = settings.rules.audience;
  return signJwt(claims, settings.secret);
}

}  // namespace patchbay::api
