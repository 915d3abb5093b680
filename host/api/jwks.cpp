#include "api/jwks.hpp"

#include <algorithm>
#include <patchbay/json.hpp>
#include <set>

#include "base/crypto.hpp"
#include "base/log.hpp"
#include "base/text.hpp"

namespace patchbay::api {
namespace {

constexpr std::size_t kMaxKeys = 64;
constexpr std::size_t kMaxKeyId = 255;

Error badKeys(std::string why) {
  return {ErrorKind::kInvalid, "invalid_jwks", std::move(why)};
}

/// A member that is text; empty when it is not there or something else.
std::string textOf(const Json& key, const char* name) {
  const auto member = key.find(name);
  return member != key.end() && member->is_string() ? member->get<std::string>() : std::string{};
}

/// base64url without padding; empty when it is anything else.
std::string bytesOf(const Json& key, const char* name) {
  const auto text = textOf(key, name);
  if (text.find_first_of("+/=") != std::string::npos) return {};
  return crypto::base64Decode(text).value_or("");
}

bool maySign(const Json& key) {
  if (const auto use = key.find("use"); use != key.end() && *use != "sig") return false;
  const auto operations = key.find("key_ops");
  if (operations == key.end()) return true;
  return operations->is_array() &&
         std::find(operations->begin(), operations->end(), Json("verify")) != operations->end();
}

/// The algorithm is the key's own: `alg`, where it is given, must be the one of its type.
Result<PublicKey> readKey(const Json& key) {
  const auto type = textOf(key, "kty");
  const auto alg = textOf(key, "alg");
  if (key.contains("alg") && alg != (type == "RSA" ? "RS256" : "ES256"))
    return badKeys("its alg is not one that is accepted for its type (RSA: RS256, EC: ES256)");
  if (!maySign(key)) return badKeys("it is not for signatures");
  if (type == "RSA") return PublicKey::rsa(bytesOf(key, "n"), bytesOf(key, "e"));
  if (type != "EC") return badKeys("its type is neither RSA nor EC");
  if (textOf(key, "crv") != "P-256") return badKeys("its curve is not P-256");
  return PublicKey::p256(bytesOf(key, "x"), bytesOf(key, "y"));
}

}  // namespace

Result<JwkSet> parseJwks(std::string_view text) {
  Json document;
  try {
    document = parseJson(text, {.max_bytes = kMaxJwksBytes, .max_depth = 8});
  } catch (const JsonError& error) {
    return badKeys(std::string("it is not JSON: ") + cleanText(error.what()));
  }
  const auto list = document.is_object() ? document.find("keys") : document.end();
  if (!document.is_object() || list == document.end() || !list->is_array()) return badKeys("it has no list `keys`");
  if (list->size() > kMaxKeys) return badKeys("it has more than 64 keys");
  JwkSet set;
  std::set<std::string> ambiguous;
  for (const auto& key : *list) {
    const auto kid = key.is_object() ? textOf(key, "kid") : std::string{};
    const bool unnamed = key.is_object() && !key.contains("kid");
    if ((kid.empty() && !unnamed) || kid.size() > kMaxKeyId) {
      set.skipped.emplace_back("a key without a usable kid");
      continue;
    }
    auto read = readKey(key);
    if (!read.ok()) {
      set.skipped.push_back("key '" + cleanText(kid) + "': " + read.error().message);
    } else if (!set.keys.emplace(kid, std::move(*read)).second) {
      ambiguous.insert(kid);
    }
  }
  for (const auto& kid : ambiguous) {
    set.keys.erase(kid);
    set.skipped.push_back("key '" + cleanText(kid) + "': there are two of this kid");
  }
  if (!set.keys.empty()) return set;
  return badKeys("it holds no key for RS256 or ES256" + (set.skipped.empty() ? "" : ": " + set.skipped.front()));
}

Jwks::Jwks(Options options, Fetch fetch)
    : options_(options), fetch_(std::move(fetch)), next_(Clock::now()), pause_(options.retry) {
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

Jwks::~Jwks() = default;

std::shared_ptr<const JwkSet> Jwks::keys(std::uint64_t* generation) const {
  const std::lock_guard lock(mutex_);
  if (generation) *generation = generation_;
  return keys_;
}

bool Jwks::mayAsk() const {
  return !asked_ || Clock::now() - *asked_ >= options_.cooldown;
}

Jwks::Key Jwks::judge(std::string_view kid) const {
  if (keys_->keys.find(kid) != keys_->keys.end()) return Key::kKnown;
  return fetching_ || wanted_ || !loaded_ ? Key::kPending : Key::kUnknown;
}

Jwks::Key Jwks::look(std::string_view kid) const {
  const std::lock_guard lock(mutex_);
  const auto key = judge(kid);
  return key == Key::kUnknown && mayAsk() ? Key::kPending : key;
}

Jwks::Key Jwks::await(std::string_view kid) {
  std::unique_lock lock(mutex_);
  if (judge(kid) == Key::kKnown) return Key::kKnown;
  if (!fetching_ && !wanted_) {
    if (!mayAsk()) return judge(kid);
    asked_ = Clock::now();
    wanted_ = true;
    wake_.notify_one();
  }
  if (waiting_ >= options_.max_waiting) return Key::kPending;
  ++waiting_;
  done_.wait_for(lock, options_.patience, [this, round = rounds_] { return rounds_ != round; });
  --waiting_;
  return judge(kid);
}

JwksStats Jwks::stats() const {
  const std::lock_guard lock(mutex_);
  auto stats = stats_;
  stats.keys = keys_->keys.size();
  return stats;
}

void Jwks::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_until(lock, stop, next_, [this] { return wanted_; });
      if (stop.stop_requested()) return;
      wanted_ = false;
      fetching_ = true;
    }
    Result<FetchedKeys> answer = badKeys("the fetch failed");
    try {
      answer = fetch_(stop);
    } catch (const std::exception& error) {
      answer = badKeys(error.what());
    }
    if (stop.stop_requested()) return;
    take(std::move(answer));
    done_.notify_all();
  }
}

std::chrono::milliseconds Jwks::pauseAfter(const FetchedKeys& fetched) const {
  if (!fetched.max_age) return options_.refresh;
  // Compared in seconds, as it came: an issuer's largest number has no milliseconds.
  if (*fetched.max_age >= std::chrono::floor<std::chrono::seconds>(options_.most)) return options_.most;
  return std::max<std::chrono::milliseconds>(*fetched.max_age, options_.least);
}

void Jwks::take(Result<FetchedKeys> answer) {
  // Parsed outside the lock: a key check takes a while.
  auto set = answer.ok() ? parseJwks(answer->document) : Result<JwkSet>(answer.error());
  const std::lock_guard lock(mutex_);
  fetching_ = false;
  ++rounds_;
  if (!set.ok()) return keepOrDrop(set.error());
  ++stats_.fetched;
  fetched_at_ = Clock::now();
  next_ = fetched_at_ + pauseAfter(*answer);
  pause_ = options_.retry;
  loaded_ = true;
  if (answer->document == document_) return;
  for (const auto& why : set->skipped) log::info("auth", "a key of the issuer is not used", {{"why", why}});
  document_ = std::move(answer->document);
  keys_ = std::make_shared<const JwkSet>(std::move(*set));
  ++generation_;
  log::info("auth", "the issuer's keys", {{"keys", keys_->keys.size()}});
}

void Jwks::keepOrDrop(const Error& failure) {
  ++stats_.failed;
  const auto time = Clock::now();
  if (loaded_ && time - fetched_at_ >= options_.stale) {
    loaded_ = false;
    document_.clear();
    keys_ = std::make_shared<const JwkSet>();
    ++generation_;
  }
  log::warn("auth", "the issuer's keys could not be fetched",
            {{"why", failure.message}, {"keys_in_force", keys_->keys.size()}});
  next_ = time + pause_;
  if (loaded_) next_ = std::min(next_, fetched_at_ + options_.stale);  // one more try before they are dropped
  pause_ = std::min(2 * pause_, std::max(options_.refresh, options_.retry));
}

}  // namespace patchbay::api
