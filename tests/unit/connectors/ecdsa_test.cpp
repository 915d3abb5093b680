// The scheme `ecdsa`. Vectors of the fact sheet (providers/sendgrid.md, 4.1 and 4.2).
#include "connectors/signature/ecdsa.hpp"

#include <gtest/gtest.h>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "connectors/signature/verifier.hpp"

namespace patchbay::connectors {
namespace {

constexpr const char* kTimestamp = "1767225605";
constexpr const char* kEventBody =
    "W3siZW1haWwiOiJyY3B0QGV4YW1wbGUub3JnIiwiZXZlbnQiOiJkZWxpdmVyZWQiLCJwYl9tc2ciOiIwMUhaWDQiLCJyZXNwb25z"
    "ZSI6IjI1MCBPSyIsInNnX2V2ZW50X2lkIjoiWlhaMExURSIsInNnX21lc3NhZ2VfaWQiOiJhQmNEZUZnSGlKa0xtTm9QcVJzVHVW"
    "LnJlY3ZkLTEtMi0zLjAiLCJzbXRwLWlkIjoiPGFCY0RlRmdIaUprTG1Ob1BxUnNUdVZAZ2VvcG9kLWlzbXRwZC0xPiIsInRpbWVz"
    "dGFtcCI6MTc2NzIyNTYwMH1dDQo=";
constexpr const char* kEventSignature =
    "MEUCIGTX7QE9gFDUoOjvGbMgTSFgknrlrf1awbIYSPEtgH9HAiEA1FXOrsko0JelyNIIONu4Onn0jG2XYdAZHVV+IPNVEF8=";
constexpr const char* kInboundBody =
    "LS1wYkIwdW5kDQpDb250ZW50LURpc3Bvc2l0aW9uOiBmb3JtLWRhdGE7IG5hbWU9ImhlYWRlcnMiDQoNCkZyb206IEFuYSA8YW5h"
    "QGV4YW1wbGUub3JnPgpUbzogaGVscEBpbi5wYXRjaGJheS5leGFtcGxlClN1YmplY3Q6IEhpCk1lc3NhZ2UtSUQ6IDxtMUBleGFt"
    "cGxlLm9yZz4KDQotLXBiQjB1bmQNCkNvbnRlbnQtRGlzcG9zaXRpb246IGZvcm0tZGF0YTsgbmFtZT0iZW52ZWxvcGUiDQoNCnsi"
    "dG8iOlsiaGVscEBpbi5wYXRjaGJheS5leGFtcGxlIl0sImZyb20iOiJhbmFAZXhhbXBsZS5vcmcifQ0KLS1wYkIwdW5kDQpDb250"
    "ZW50LURpc3Bvc2l0aW9uOiBmb3JtLWRhdGE7IG5hbWU9InRleHQiDQoNCmhlbGxvCg0KLS1wYkIwdW5kLS0NCg==";
constexpr const char* kInboundSignature =
    "MEUCIEWQTWA8pKHFQbHluPQAZO/q2IJk6L2K77LO6FysUh7vAiEAqCZLDJr9S2DWHwpOfe7TMJzZXO0gParElzxAXnNLqR8=";
// Of another pair, with the curve P-384; and of P-256, nobody's.
constexpr const char* kP384 =
    "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEVJ4ytE2qcI4UtLY9HF/31DG78tVjpPwD8zHwETo4DfJCYDOMPRiFbvnlOhBHSctuiEXO"
    "iVdsYHrofflI+3nJo7st7EHX/1V3eZEHNooW5cQrs+id49BxZyS9RghZNSJM";
constexpr const char* kOther =
    "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEfOw1ie9EWwEf71uyr49ZBqp0kuU2QGE96OvT/y1R1JDWzlHJmjqXF7Vy7/jT+aGp"
    "PTSd2EYf6x2iY222v3rTzw==";

class EcdsaTest : public testing::Test {
 protected:
  void guard(std::vector<std::string> keys, std::chrono::seconds tolerance = std::chrono::seconds{0}) {
    auto made = make(std::move(keys), tolerance);
    ASSERT_TRUE(made.ok()) << made.error().message;
    verifier_ = std::move(*made);
  }
  static Result<std::unique_ptr<Verifier>> make(std::vector<std::string> keys,
                                                std::chrono::seconds tolerance = std::chrono::seconds{0}) {
    SignatureScheme scheme;
    scheme.kind = SignatureScheme::Kind::kEcdsa;
    scheme.name = "ecdsa";
    scheme.header = "X-Signature";
    scheme.timestamp_header = "X-Timestamp";
    scheme.tolerance = tolerance;
    scheme.key = "public_key";
    WebhookPath path;
    path.signatures = {scheme};
    return Verifier::make(path, std::make_shared<Secrets>(std::map{std::pair{scheme.key, std::move(keys)}}, "nonce"),
                          Json::object());
  }
  /// Why it is refused; "pass" when it is not.
  std::string reason(const std::string& body, const http::Headers& headers) const {
    const auto verdict = verifier_->verify({"POST", "", "", &headers, body}, now_);
    if (verdict.kind == Verdict::Kind::kPass) return "pass";
    EXPECT_EQ(verdict.answer.status, 401);
    return verdict.reason;
  }
  std::string signedEvent(std::string body, const std::string& signature = kEventSignature,
                          const std::string& timestamp = kTimestamp) const {
    return reason(body, {{"X-Signature", signature}, {"X-Timestamp", timestamp}});
  }

  const std::string event_ = *crypto::base64Decode(kEventBody);
  Timestamp now_ = *parseRfc3339("2026-01-01T00:00:10Z");  // 1767225610
  std::unique_ptr<Verifier> verifier_;
};

TEST_F(EcdsaTest, AcceptsTheProvidersOwnVectors) {
  guard({ecdsaCheckKey().public_key});
  EXPECT_TRUE(event_.ends_with("\r\n"));
  EXPECT_EQ(signedEvent(event_), "pass");
  EXPECT_EQ(signedEvent(*crypto::base64Decode(kInboundBody), kInboundSignature), "pass");
}

TEST_F(EcdsaTest, RefusesEveryChangeOfWhatIsSigned) {
  guard({ecdsaCheckKey().public_key});
  const std::string mismatch = "the signature in X-Signature does not match";
  EXPECT_EQ(signedEvent(event_.substr(0, event_.size() - 2)), mismatch);
  EXPECT_EQ(signedEvent(event_, kEventSignature, "1767225606"), mismatch);
  for (std::size_t at = 0; at < event_.size(); ++at) {
    auto flipped = event_;
    flipped[at] ^= 1;
    EXPECT_EQ(signedEvent(flipped), mismatch) << "byte " << at;
  }
  // The signed bytes are the same, cut elsewhere.
  EXPECT_EQ(signedEvent("5" + event_, kEventSignature, "176722560"), "pass") << "no separator: the scheme's own nature";
}

TEST_F(EcdsaTest, RefusesSignaturesThatAreNone) {
  guard({ecdsaCheckKey().public_key});
  const auto der = *crypto::base64Decode(kEventSignature);
  EXPECT_EQ(signedEvent(event_, ""), "the signature in X-Signature does not match");
  EXPECT_EQ(signedEvent(event_, "no base64!"), "header X-Signature is not base64");
  EXPECT_EQ(signedEvent(event_, std::string(kEventSignature) + "="), "header X-Signature is not base64");
  EXPECT_EQ(signedEvent(event_, crypto::base64UrlEncode(der)), "header X-Signature is not base64");
  EXPECT_EQ(signedEvent(event_, crypto::base64Encode(der + '\0')), "the signature in X-Signature does not match");
  EXPECT_EQ(signedEvent(event_, crypto::base64Encode(der.substr(0, 40))),
            "the signature in X-Signature does not match");
  EXPECT_EQ(signedEvent(event_, std::string(5000, 'A')), "header X-Signature is too long for a signature");
  EXPECT_EQ(reason(event_, {{"X-Timestamp", kTimestamp}}), "no header X-Signature");
  EXPECT_EQ(reason(event_, {{"X-Signature", kEventSignature}}), "no header X-Timestamp");
  EXPECT_EQ(reason(event_, {{"X-Signature", kEventSignature}, {"x-signature", ""}, {"X-Timestamp", kTimestamp}}),
            "two headers X-Signature");
}

TEST_F(EcdsaTest, ComparesTheAgeOnlyWhereTheManifestSaysSo) {
  now_ += std::chrono::hours(24 * 30);
  guard({ecdsaCheckKey().public_key});
  EXPECT_EQ(signedEvent(event_), "pass");
  guard({ecdsaCheckKey().public_key}, std::chrono::hours(96));
  EXPECT_EQ(signedEvent(event_), "header X-Timestamp is more than 345600 s from our clock");
  now_ -= std::chrono::hours(24 * 30 - 95);
  EXPECT_EQ(signedEvent(event_), "pass");
  EXPECT_EQ(signedEvent(event_, kEventSignature, "yesterday"), "header X-Timestamp is not a time in seconds");
}

TEST_F(EcdsaTest, TakesAnyLiveKeyAndNoOther) {
  guard({kOther, ecdsaCheckKey().public_key});
  EXPECT_EQ(signedEvent(event_), "pass");
  guard({kOther});
  EXPECT_EQ(signedEvent(event_), "the signature in X-Signature does not match");
}

TEST_F(EcdsaTest, SaysWhatAKeyMustBe) {
  const auto& good = ecdsaCheckKey();
  guard({" " + good.public_key + "\n"});  // pasted
  for (const auto& bad : {std::string("secret"), good.private_key, good.public_key.substr(0, 60),
                          crypto::base64Encode(*crypto::base64Decode(good.public_key) + "x"), std::string(kP384),
                          "-----BEGIN PUBLIC KEY-----\n" + good.public_key + "\n-----END PUBLIC KEY-----"}) {
    const auto made = make({bad});
    ASSERT_FALSE(made.ok()) << bad;
    EXPECT_NE(made.error().message.find("config 'public_key' must be a public key"), std::string::npos);
    EXPECT_EQ(made.error().message.find(bad), std::string::npos);
  }
}

TEST_F(EcdsaTest, WhatItSignsItAccepts) {
  guard({ecdsaCheckKey().public_key}, std::chrono::seconds{1});
  for (const std::string& body : {std::string(), std::string("{}"), std::string(100'000, '\xFF')}) {
    UnsignedWebhook webhook{"POST", "", "", {}, body};
    verifier_->sign(webhook, now_);
    EXPECT_EQ(reason(webhook.body, webhook.headers), "pass");
  }
  guard({kOther});
  UnsignedWebhook webhook;
  EXPECT_THROW(verifier_->sign(webhook, now_), std::logic_error);
  EXPECT_THROW(ecdsaSign("nonsense", "1", ""), std::runtime_error);
}

}  // namespace
}  // namespace patchbay::connectors
