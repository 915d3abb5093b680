#include "api/jwt.hpp"

#include <gtest/gtest.h>

#include "base/crypto.hpp"

namespace patchbay::api {
namespace {

const std::string kSecret = "unit-test-secret-0123456789-abcdefghijklmnop";
const Timestamp kNow = *parseRfc3339("2026-11-22T12:00:00Z");
const std::int64_t kNowSeconds = std::chrono::duration_cast<std::chrono::seconds>(kNow.time_since_epoch()).count();

std::string tokenOf(std::string_view header, std::string_view claims, crypto::Hash hash = crypto::Hash::kSha256,
                    std::string_view secret = kSecret) {
  const auto text = crypto::base64UrlEncode(header) + "." + crypto::base64UrlEncode(claims);
  return text + "." + crypto::base64UrlEncode(crypto::hmac(hash, secret, text));
}

std::string claimsWith(const std::string& more) {
  return "{\"sub\":\"ada\",\"exp\":" + std::to_string(kNowSeconds + 60) + more + "}";
}

constexpr std::string_view kHeader = R"({"alg":"HS256","typ":"JWT"})";

TEST(Jwt, TakesWhatItSigned) {
  const auto token = signJwt({{"sub", "ada"}, {"exp", kNowSeconds + 1}}, kSecret);
  const auto claims = verifyJwt(token, {kSecret}, {}, kNow);
  ASSERT_TRUE(claims.ok()) << claims.error().message;
  EXPECT_EQ("ada", (*claims)["sub"]);
}

TEST(Jwt, TakesATokenOfAnotherImplementation) {
  // RFC 7515, appendix A.1: header with a line break in it, key and signature as printed there; expired in 2011.
  const auto key =
      crypto::base64Decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
  const std::string token =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19"
      "yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  EXPECT_TRUE(verifyJwt(token, {*key}, {}, *parseRfc3339("2011-03-22T18:00:00Z")).ok());
  EXPECT_FALSE(verifyJwt(token, {*key}, {}, *parseRfc3339("2011-03-22T18:43:00Z")).ok());
}

struct Bad {
  const char* name;
  std::string token;
};

TEST(Jwt, RefusesWhatItMustNotTake) {
  const auto good = tokenOf(kHeader, claimsWith(""));
  auto other_claims = good;
  other_claims.replace(good.find('.') + 1, 4, good.substr(good.find('.') + 5, 4));
  const auto seconds = [](std::int64_t from_now) { return std::to_string(kNowSeconds + from_now); };
  const std::vector<Bad> table = {
      {"empty", ""},
      {"one part", "abc"},
      {"two parts", good.substr(0, good.rfind('.'))},
      {"four parts", good + ".x"},
      {"signature missing", good.substr(0, good.rfind('.') + 1)},
      {"signature truncated", good.substr(0, good.size() - 1)},
      {"signature with padding", good + "="},
      {"claims exchanged", other_claims},
      {"another key", tokenOf(kHeader, claimsWith(""), crypto::Hash::kSha256, "another-secret-0123456789-abcdefghijk")},
      {"alg none, no signature",
       crypto::base64UrlEncode(R"({"alg":"none"})") + "." + crypto::base64UrlEncode(claimsWith("")) + "."},
      {"alg none, good signature", tokenOf(R"({"alg":"none"})", claimsWith(""))},
      {"alg None", tokenOf(R"({"alg":"None"})", claimsWith(""))},
      {"alg in lower case", tokenOf(R"({"alg":"hs256"})", claimsWith(""))},
      {"alg HS512, signed so", tokenOf(R"({"alg":"HS512"})", claimsWith(""), crypto::Hash::kSha512)},
      {"alg RS256, signed with the secret as HMAC key", tokenOf(R"({"alg":"RS256"})", claimsWith(""))},
      {"alg a list", tokenOf(R"({"alg":["HS256"]})", claimsWith(""))},
      {"no alg", tokenOf(R"({"typ":"JWT"})", claimsWith(""))},
      {"critical extension", tokenOf(R"({"alg":"HS256","crit":["b64"],"b64":false})", claimsWith(""))},
      {"header no object", tokenOf("[]", claimsWith(""))},
      {"header no JSON", tokenOf("{", claimsWith(""))},
      {"claims no object", tokenOf(kHeader, "\"ada\"")},
      {"claims no JSON", tokenOf(kHeader, "{\"exp\":")},
      {"no exp", tokenOf(kHeader, R"({"sub":"ada"})")},
      {"exp null", tokenOf(kHeader, R"({"exp":null})")},
      {"exp as text", tokenOf(kHeader, "{\"exp\":\"" + seconds(60) + "\"}")},
      {"exp beyond every calendar", tokenOf(kHeader, R"({"exp":1e300})")},
      {"expired an hour ago", tokenOf(kHeader, "{\"exp\":" + seconds(-3600) + "}")},
      {"expires now", tokenOf(kHeader, "{\"exp\":" + seconds(0) + "}")},
      {"nbf in a minute", tokenOf(kHeader, claimsWith(",\"nbf\":" + seconds(60)))},
      {"nbf as text", tokenOf(kHeader, claimsWith(",\"nbf\":\"now\""))},
      {"not base64url", "e+==." + crypto::base64UrlEncode(claimsWith("")) + ".x"},
      {"deep claims", tokenOf(kHeader, claimsWith(",\"x\":" + std::string(50, '[') + std::string(50, ']')))},
      {"huge", tokenOf(kHeader, claimsWith(",\"x\":\"" + std::string(kMaxTokenBytes, 'x') + "\""))},
      {"only dots", std::string(4000, '.')},
      {"bytes that are not text", std::string("\xff\x00.\xff.\xff", 7)},
  };
  for (const auto& bad : table) {
    const auto claims = verifyJwt(bad.token, {kSecret}, {}, kNow);
    EXPECT_FALSE(claims.ok()) << bad.name;
    if (claims.ok()) continue;
    EXPECT_EQ(ErrorKind::kUnauthorized, claims.error().kind) << bad.name;
  }
}

TEST(Jwt, RefusesEverySingleFlippedCharacter) {
  const auto good = tokenOf(kHeader, claimsWith(""));
  ASSERT_TRUE(verifyJwt(good, {kSecret}, {}, kNow).ok());
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(verifyJwt(bad, {kSecret}, {}, kNow).ok()) << "character " << i;
  }
}

TEST(Jwt, LetsANeighboursClockBeALittleAhead) {
  EXPECT_TRUE(
      verifyJwt(tokenOf(kHeader, claimsWith(",\"nbf\":" + std::to_string(kNowSeconds + 4))), {kSecret}, {}, kNow).ok());
}

TEST(Jwt, ChecksIssuerAndAudienceWhenConfigured) {
  const JwtRules rules{"users", "patchbay"};
  const auto verdict = [&](const std::string& more) {
    return verifyJwt(tokenOf(kHeader, claimsWith(more)), {kSecret}, rules, kNow).ok();
  };
  EXPECT_TRUE(verdict(R"(,"iss":"users","aud":"patchbay")"));
  EXPECT_TRUE(verdict(R"(,"iss":"users","aud":["billing","patchbay"])"));
  EXPECT_FALSE(verdict(R"(,"aud":"patchbay")"));
  EXPECT_FALSE(verdict(R"(,"iss":"others","aud":"patchbay")"));
  EXPECT_FALSE(verdict(R"(,"iss":["users"],"aud":"patchbay")"));
  EXPECT_FALSE(verdict(R"(,"iss":"users")"));
  EXPECT_FALSE(verdict(R"(,"iss":"users","aud":["billing"])"));
}

}  // namespace
}  // namespace patchbay::api
