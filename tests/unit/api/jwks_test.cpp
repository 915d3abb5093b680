#include "api/jwks.hpp"

#include <atomic>
#include <future>
#include <mutex>

#include "api_fixture.hpp"
#include "issuer.hpp"

namespace patchbay::api {
namespace {

using namespace std::chrono_literals;

/// Made once: an RSA key takes a while.
const IssuerKey& rsaKey() {
  static const IssuerKey kKey = IssuerKey::rsa("rsa-1");
  return kKey;
}
const IssuerKey& ecKey() {
  static const IssuerKey kKey = IssuerKey::ec("ec-1");
  return kKey;
}

Json with(Json key, const Json& change) {
  key.merge_patch(change);
  return key;
}

TEST(ParseJwks, TakesTheKeysThatAreOfUse) {
  const auto set = parseJwks(keySet({rsaKey().jwk(), ecKey().jwk()}));
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_EQ(2U, set->keys.size());
  EXPECT_EQ("RS256", set->keys.at("rsa-1").algorithmName());
  EXPECT_EQ("ES256", set->keys.at("ec-1").algorithmName());
  EXPECT_TRUE(set->skipped.empty());
  // Neither use nor alg need be said; what else is there does no harm.
  const auto bare = parseJwks(keySet({with(rsaKey().jwk(), {{"use", nullptr}, {"alg", nullptr}, {"x5t", "abc"}})}));
  ASSERT_TRUE(bare.ok());
  EXPECT_EQ("RS256", bare->keys.at("rsa-1").algorithmName());
}

TEST(ParseJwks, SkipsKeysThatMustNotVerifyAnything) {
  const std::vector<std::pair<const char*, Json>> table = {
      {"a secret", {{"kty", "oct"}, {"kid", "s"}, {"k", "c2VjcmV0"}, {"alg", "HS256"}}},
      {"RSA of 1024 bits", IssuerKey::rsa("short", 1024).jwk()},
      {"RSA with zeros before a short modulus",
       with(IssuerKey::rsa("short", 1024).jwk(), {{"n", crypto::base64UrlEncode(std::string(200, '\0') + "abc")}})},
      {"RSA with exponent 1", with(rsaKey().jwk(), {{"e", "AQ"}})},
      {"RSA with an even exponent", with(rsaKey().jwk(), {{"e", "BA"}})},
      {"RSA without a modulus", with(rsaKey().jwk(), {{"n", nullptr}})},
      {"RSA in plain base64", with(rsaKey().jwk(), {{"n", rsaKey().jwk()["n"].get<std::string>() + "="}})},
      {"RSA for RS512", with(rsaKey().jwk(), {{"alg", "RS512"}})},
      {"RSA for HS256", with(rsaKey().jwk(), {{"alg", "HS256"}})},
      {"RSA for ES256", with(rsaKey().jwk(), {{"alg", "ES256"}})},
      {"EC for RS256", with(ecKey().jwk(), {{"alg", "RS256"}})},
      {"EC on P-384", with(IssuerKey::ec("p384", "P-384").jwk(), {{"crv", "P-384"}})},
      {"EC off the curve", with(ecKey().jwk(), {{"y", ecKey().jwk()["x"]}})},
      {"EC with a short coordinate", with(ecKey().jwk(), {{"x", "AQ"}})},
      {"for encryption", with(rsaKey().jwk(), {{"use", "enc"}})},
      {"for signing alone", with(rsaKey().jwk(), {{"key_ops", {"sign"}}})},
      {"with a number for a kid", with(rsaKey().jwk(), {{"kid", 7}})},
      {"with a very long kid", with(rsaKey().jwk(), {{"kid", std::string(300, 'k')}})},
      {"no object", "rsa-1"},
  };
  for (const auto& [name, key] : table) {
    const auto alone = parseJwks(keySet({key}));
    EXPECT_FALSE(alone.ok()) << name;
    const auto beside = parseJwks(keySet({key, with(ecKey().jwk(), {{"kid", "good"}})}));
    ASSERT_TRUE(beside.ok()) << name;
    EXPECT_EQ(1U, beside->keys.size()) << name;
    EXPECT_EQ(1U, beside->skipped.size()) << name;
  }
}

TEST(ParseJwks, OfTwoKeysWithOneKidNeitherCounts) {
  const auto set = parseJwks(keySet({rsaKey().jwk(), with(ecKey().jwk(), {{"kid", "rsa-1"}}), ecKey().jwk()}));
  ASSERT_TRUE(set.ok());
  EXPECT_EQ(1U, set->keys.size());
  EXPECT_TRUE(set->keys.contains("ec-1"));
}

TEST(ParseJwks, OneKeyNeedNoName) {
  const auto set = parseJwks(keySet({with(rsaKey().jwk(), {{"kid", nullptr}}), ecKey().jwk()}));
  ASSERT_TRUE(set.ok()) << set.error().message;
  EXPECT_EQ(2U, set->keys.size());
  EXPECT_EQ("RS256", set->keys.at("").algorithmName());
  EXPECT_FALSE(
      parseJwks(keySet({with(rsaKey().jwk(), {{"kid", nullptr}}), with(ecKey().jwk(), {{"kid", nullptr}})})).ok());
}

TEST(ParseJwks, RefusesWhatIsNoKeySet) {
  Json many = Json::array();
  for (int i = 0; i < 65; ++i) many.push_back(with(ecKey().jwk(), {{"kid", std::to_string(i)}}));
  for (const std::string& text :
       {std::string{}, std::string{"{"}, std::string{"[]"}, std::string{"{}"}, std::string{R"({"keys":{}})"},
        std::string{R"({"keys":[]})"}, dumpJson(Json{{"keys", many}}),
        keySet({ecKey().jwk()}) + std::string(kMaxJwksBytes, ' '), std::string(100000, '['),
        std::string("\xff\x00", 2)})
    EXPECT_FALSE(parseJwks(text).ok()) << text.substr(0, 40);
}

/// An issuer that answers what the test says, or not at all.
class IssuerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Jwks> start(Jwks::Options options) {
    return std::make_unique<Jwks>(options, [this](const std::stop_token& stop) { return fetch(stop); });
  }

  Result<FetchedKeys> fetch(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    ++fetches_;
    changed_.notify_all();
    if (hangs_) changed_.wait(lock, stop, [this] { return !hangs_; });
    if (document_.empty()) return Error{ErrorKind::kUnavailable, "away", "the issuer is away"};
    return FetchedKeys{document_, max_age_};
  }

  void publish(std::string document) {
    const std::lock_guard lock(mutex_);
    document_ = std::move(document);
    hangs_ = false;
    changed_.notify_all();
  }

  int fetches() {
    const std::lock_guard lock(mutex_);
    return fetches_;
  }
  bool waitForFetches(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 60s, [&] { return fetches_ >= count; });
  }

  static Jwks::Options patient() {
    return {.refresh = 1h, .least = 1ms, .most = 1h, .stale = 1h, .retry = 1h, .cooldown = 1h, .patience = 60s};
  }

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::string document_;
  std::optional<std::chrono::seconds> max_age_;
  bool hangs_ = false;
  int fetches_ = 0;
};

TEST_F(IssuerTest, FetchesAtOnceAndKnowsTheKeys) {
  document_ = keySet({rsaKey().jwk()});
  const auto keys = start(patient());
  EXPECT_EQ(Jwks::Key::kKnown, keys->await("rsa-1"));
  EXPECT_EQ(Jwks::Key::kKnown, keys->look("rsa-1"));
  EXPECT_EQ(1, fetches());
  EXPECT_EQ(1U, keys->stats().fetched);
  EXPECT_EQ(1U, keys->stats().keys);
}

TEST_F(IssuerTest, AnUnknownKeyCausesOneFetchInAWhile) {
  document_ = keySet({rsaKey().jwk()});
  const auto keys = start(patient());
  ASSERT_EQ(Jwks::Key::kKnown, keys->await("rsa-1"));
  EXPECT_EQ(Jwks::Key::kPending, keys->look("made-up"));
  EXPECT_EQ(Jwks::Key::kUnknown, keys->await("made-up"));
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(Jwks::Key::kUnknown, keys->look("made-up-" + std::to_string(i)));
    EXPECT_EQ(Jwks::Key::kUnknown, keys->await("made-up-" + std::to_string(i)));
  }
  EXPECT_EQ(2, fetches());
}

TEST_F(IssuerTest, ANewKeyIsFoundAndAWithdrawnOneForgotten) {
  publish(keySet({rsaKey().jwk()}));
  const auto keys = start(patient());
  ASSERT_EQ(Jwks::Key::kKnown, keys->await("rsa-1"));
  std::uint64_t before = 0, after = 0;
  (void)keys->keys(&before);
  publish(keySet({ecKey().jwk()}));
  EXPECT_EQ(Jwks::Key::kKnown, keys->await("ec-1"));
  EXPECT_EQ(Jwks::Key::kUnknown, keys->look("rsa-1"));
  (void)keys->keys(&after);
  EXPECT_NE(before, after);
}

TEST_F(IssuerTest, WhileItIsAwayTheOldKeysCount) {
  publish(keySet({rsaKey().jwk()}));
  auto options = patient();
  options.refresh = options.retry = 1ms;
  const auto keys = start(options);
  ASSERT_EQ(Jwks::Key::kKnown, keys->await("rsa-1"));
  publish("");
  ASSERT_TRUE(waitForFetches(fetches() + 3));
  EXPECT_GE(keys->stats().failed, 1U);
  EXPECT_EQ(Jwks::Key::kKnown, keys->look("rsa-1"));
}

TEST_F(IssuerTest, ButNotForEver) {
  publish(keySet({rsaKey().jwk()}));
  auto options = patient();
  options.refresh = options.retry = options.stale = 1ms;
  const auto keys = start(options);
  ASSERT_TRUE(waitForFetches(1));
  publish("");
  ASSERT_TRUE(waitForFetches(fetches() + 3));
  EXPECT_EQ(0U, keys->stats().keys);
  EXPECT_EQ(Jwks::Key::kPending, keys->look("rsa-1"));
}

TEST_F(IssuerTest, ThatSendsNoKeySetIsAsGoodAsAway) {
  publish("<html>login</html>");
  const auto keys = start(patient());
  EXPECT_EQ(Jwks::Key::kPending, keys->await("rsa-1"));
  EXPECT_GE(keys->stats().failed, 1U);  // the first one may have been over before await() asked for another
  EXPECT_EQ(0U, keys->stats().fetched);
}

TEST_F(IssuerTest, SaysHowLongItsKeysMayBeKept) {
  publish(keySet({rsaKey().jwk()}));
  max_age_ = 0s;
  {
    const auto keys = start(patient());  // refresh is an hour, `least` a millisecond
    EXPECT_TRUE(waitForFetches(3));
  }
  max_age_ = std::chrono::seconds::max();
  auto options = patient();
  options.most = 1ms;
  const auto keys = start(options);
  EXPECT_TRUE(waitForFetches(fetches() + 3));
}

TEST_F(IssuerTest, ThatHangsHoldsUpAFewThreadsForAWhileOnly) {
  hangs_ = true;
  auto options = patient();
  options.max_waiting = 1;
  const auto keys = start(options);
  ASSERT_TRUE(waitForFetches(1));
  auto first = std::async(std::launch::async, [&] { return keys->await("rsa-1"); });
  // The only place to wait gets taken at some time; from then on nobody else waits.
  const auto begin = std::chrono::steady_clock::now();
  while (first.wait_for(1ms) != std::future_status::ready) {
    auto second = std::async(std::launch::async, [&] { return keys->await("rsa-1"); });
    if (second.wait_for(100ms) == std::future_status::ready) {
      EXPECT_EQ(Jwks::Key::kPending, second.get());
      break;
    }
    publish(keySet({rsaKey().jwk()}));  // the second took the place: let both go
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 50s);
  publish(keySet({rsaKey().jwk()}));
  EXPECT_NE(Jwks::Key::kUnknown, first.get());
}

TEST_F(IssuerTest, PatienceEnds) {
  hangs_ = true;
  auto options = patient();
  options.patience = 1ms;
  const auto keys = start(options);
  EXPECT_EQ(Jwks::Key::kPending, keys->await("rsa-1"));
}  // and the destructor does not wait for the issuer

/// The authenticator with keys of an issuer.
class IssuedTokens : public IssuerTest {
 protected:
  void SetUp() override {
    publish(keySet({rsaKey().jwk(), ecKey().jwk()}));
    keys_ = start(patient());
    ASSERT_EQ(Jwks::Key::kKnown, keys_->await("rsa-1"));
    authenticator_ =
        std::make_unique<Authenticator>(AuthSettings{.secret = kSecret, .rules = {}}, nullptr, keys_.get());
  }

  Result<Principal> ask(const std::string& token) { return authenticator_->authenticate("Bearer " + token, now()); }

  std::unique_ptr<Jwks> keys_;
  std::unique_ptr<Authenticator> authenticator_;
};

TEST_F(IssuedTokens, OpenWithEitherAlgorithm) {
  for (const auto* key : {&rsaKey(), &ecKey()}) {
    const auto token = key->sign(claims({{"role", "admin"}}));
    const auto fast = authenticator_->authenticateFast("Bearer " + token, now());
    ASSERT_TRUE(fast.has_value()) << key->algorithm();
    ASSERT_TRUE(fast->ok()) << fast->error().message;
    EXPECT_EQ(Role::kTenantAdmin, fast->value().role);
    EXPECT_EQ(kAda, ask(token)->id);
  }
  EXPECT_TRUE(authenticator_->authenticate(bearer(), now()).ok());  // our own are still good
}

TEST_F(IssuedTokens, AreRefusedWhenTheyAreNotWhatTheKeyIsFor) {
  const auto good = rsaKey().sign(claims());
  const auto stranger = IssuerKey::ec("stranger");
  const auto signedWithHmac = [](const Json& header, const std::string& secret) {
    const auto text = crypto::base64UrlEncode(dumpJson(header)) + "." + crypto::base64UrlEncode(dumpJson(claims()));
    return text + "." + crypto::base64UrlEncode(crypto::hmac(crypto::Hash::kSha256, secret, text));
  };
  const auto modulus = *crypto::base64Decode(rsaKey().jwk()["n"].get<std::string>());
  const std::vector<std::pair<const char*, std::string>> table = {
      {"alg of another key", rsaKey().sign(claims(), {{"alg", "ES256"}})},
      {"kid of another key", rsaKey().sign(claims(), {{"kid", "ec-1"}})},
      {"kid and alg of another key", rsaKey().sign(claims(), {{"kid", "ec-1"}, {"alg", "ES256"}})},
      {"RS384", rsaKey().sign(claims(), {{"alg", "RS384"}})},
      {"PS256", rsaKey().sign(claims(), {{"alg", "PS256"}})},
      {"none", rsaKey().sign(claims(), {{"alg", "none"}})},
      {"HS256 over the signature", rsaKey().sign(claims(), {{"alg", "HS256"}})},
      {"HS256 with the public key as secret", signedWithHmac({{"alg", "HS256"}, {"kid", "rsa-1"}}, modulus)},
      {"HS256 with the published set as secret",
       signedWithHmac({{"alg", "HS256"}, {"kid", "rsa-1"}}, dumpJson(rsaKey().jwk()))},
      {"RS256 with our secret as HMAC", signedWithHmac({{"alg", "RS256"}, {"kid", "rsa-1"}}, kSecret)},
      {"crit", rsaKey().sign(claims(), {{"crit", {"b64"}}, {"b64", true}})},
      {"its own key", stranger.sign(claims(), {{"kid", nullptr}, {"jwk", stranger.jwk()}})},
      {"a URL for its key", stranger.sign(claims(), {{"kid", nullptr}, {"jku", "https://evil.example/keys"}})},
      {"no kid, another's signature", stranger.sign(claims(), {{"kid", nullptr}})},
      {"a number for kid", rsaKey().sign(claims(), {{"kid", 1}})},
      {"a signature that is cut", good.substr(0, good.size() - 4)},
      {"no signature", good.substr(0, good.rfind('.') + 1)},
      {"a signature of zeros", ecKey().sign(claims()).substr(0, ecKey().sign(claims()).rfind('.') + 1) +
                                   crypto::base64UrlEncode(std::string(64, '\0'))},
      {"expired", rsaKey().sign(claims({{"exp", secondsFromNow(-1)}}))},
      {"no exp", rsaKey().sign(claims({{"exp", nullptr}}))},
      {"refresh", rsaKey().sign(claims({{"type", "refresh"}}))},
      {"another key of the same kid", IssuerKey::ec("ec-1").sign(claims())},
  };
  for (const auto& [name, token] : table) {
    const auto principal = ask(token);
    ASSERT_FALSE(principal.ok()) << name;
    EXPECT_EQ("invalid_token", principal.error().code) << name;
    EXPECT_EQ(ErrorKind::kUnauthorized, principal.error().kind) << name;
  }
  EXPECT_EQ(1, fetches()) << "none of these is a reason to ask the issuer";
}

TEST_F(IssuedTokens, NeedNotNameTheirKeyWhereThereIsOneOfTheirAlgorithm) {
  EXPECT_TRUE(ask(rsaKey().sign(claims(), {{"kid", nullptr}})).ok());
  EXPECT_TRUE(ask(ecKey().sign(claims(), {{"kid", nullptr}})).ok());
  publish(keySet({rsaKey().jwk(), ecKey().jwk(), IssuerKey::ec("ec-2").jwk()}));
  (void)keys_->await("ec-2");
  EXPECT_TRUE(ask(rsaKey().sign(claims(), {{"kid", nullptr}})).ok());
  EXPECT_EQ("invalid_token", ask(ecKey().sign(claims(), {{"kid", nullptr}})).error().code);
}

TEST_F(IssuedTokens, AreRefusedWithAnySingleBitOfTheirSignatureFlipped) {
  const auto token = ecKey().sign(claims());
  const auto start = token.rfind('.') + 1;
  const auto signature = *crypto::base64Decode(token.substr(start));
  for (std::size_t i = 0; i < signature.size(); ++i) {
    auto bad = signature;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_FALSE(ask(token.substr(0, start) + crypto::base64UrlEncode(bad)).ok()) << i;
  }
}

TEST_F(IssuedTokens, OfANewKeyAreTakenAfterAskingTheIssuerNeverOnAnIoThread) {
  const auto fresh = IssuerKey::ec("ec-2");
  publish(keySet({rsaKey().jwk(), fresh.jwk()}));
  const auto token = fresh.sign(claims());
  EXPECT_FALSE(authenticator_->authenticateFast("Bearer " + token, now()).has_value());
  EXPECT_EQ(1, fetches());
  const auto principal = ask(token);
  ASSERT_TRUE(principal.ok()) << principal.error().message;
  EXPECT_EQ(2, fetches());
  const auto stranger = ask(IssuerKey::ec("ec-3").sign(claims()));
  EXPECT_EQ("invalid_token", stranger.error().code);
  EXPECT_EQ(2, fetches());
}

TEST_F(IssuedTokens, OfAKeyThatWasWithdrawnOpenNothingAnyMore) {
  const auto token = rsaKey().sign(claims());
  ASSERT_TRUE(ask(token).ok());
  publish(keySet({ecKey().jwk()}));
  (void)keys_->await("made-up");
  EXPECT_EQ("invalid_token", ask(token).error().code);
}

TEST_F(IssuedTokens, CannotBeJudgedWhileTheIssuerHasNeverAnswered) {
  authenticator_.reset();
  publish("");
  keys_ = start(patient());
  authenticator_ = std::make_unique<Authenticator>(AuthSettings{.secret = kSecret, .rules = {}}, nullptr, keys_.get());
  const auto principal = ask(rsaKey().sign(claims()));
  ASSERT_FALSE(principal.ok());
  EXPECT_EQ("keys_unavailable", principal.error().code);
  EXPECT_EQ(ErrorKind::kUnavailable, principal.error().kind);
  EXPECT_TRUE(authenticator_->authenticate(bearer(), now()).ok());
}

TEST(NoIssuer, NothingButOurOwnAlgorithm) {
  Authenticator authenticator({.secret = kSecret, .rules = {}}, nullptr);
  for (const auto* key : {&rsaKey(), &ecKey()}) {
    const auto principal = authenticator.authenticate("Bearer " + key->sign(claims()), now());
    EXPECT_EQ("invalid_token", principal.error().code);
  }
}

}  // namespace
}  // namespace patchbay::api
