#include "connectors/signature/signing_certificate.hpp"

#include <gtest/gtest.h>

#include "connectors/signature/sns_signer.hpp"
#include "sns_vectors.hpp"

namespace patchbay::connectors {
namespace {

const Timestamp kValidAt = *parseRfc3339("2026-01-02T04:00:00Z");

/// Fetches that a test ends by hand.
class CertificatesTest : public testing::Test {
 protected:
  SigningCertificates::Fetch fetch() {
    return [this](const std::string& url, SigningCertificates::Fetched done) {
      asked_.push_back(url);
      open_.push_back(std::move(done));
    };
  }
  void obtain(const std::string& url) {
    certificates_->obtain(url, kValidAt, fetch(), [this](const std::string& why) { told_.push_back(why); });
  }
  void answer(Result<std::string> pem) {
    ASSERT_FALSE(open_.empty());
    auto done = std::move(open_.front());
    open_.erase(open_.begin());
    done(std::move(pem));
  }
  static Error failed() { return {ErrorKind::kUnavailable, "not_fetched", "connection refused"}; }

  std::shared_ptr<SigningCertificates> certificates_ = std::make_shared<SigningCertificates>();
  std::vector<std::string> asked_;
  std::vector<SigningCertificates::Fetched> open_;
  std::vector<std::string> told_;
};

using Strings = std::vector<std::string>;

TEST_F(CertificatesTest, OneFetchServesAllThatWaitForIt) {
  for (int i = 0; i < 3; ++i) obtain("a");
  EXPECT_EQ(asked_, Strings{"a"});
  answer(std::string(test::kCertificate));
  EXPECT_EQ(told_, (Strings{"", "", ""}));
  EXPECT_NE(certificates_->find("a", kValidAt), nullptr);
  obtain("a");
  EXPECT_EQ(asked_, Strings{"a"}) << "it is kept";
}

TEST_F(CertificatesTest, FetchesOneAfterTheOther) {
  obtain("a");
  obtain("b");
  EXPECT_EQ(asked_, Strings{"a"});
  answer(failed());
  EXPECT_EQ(told_, Strings{"connection refused"});
  EXPECT_EQ(asked_, (Strings{"a", "b"}));
  answer(std::string(test::kCertificate));
  EXPECT_EQ(told_, (Strings{"connection refused", ""}));
  EXPECT_TRUE(open_.empty());
}

TEST_F(CertificatesTest, AFailureIsRememberedForAWhile) {
  obtain("a");
  answer(failed());
  obtain("a");
  EXPECT_EQ(asked_, Strings{"a"});
  EXPECT_EQ(told_, (Strings{"connection refused", "connection refused"}));
}

TEST_F(CertificatesTest, HowManyWaitIsBounded) {
  for (std::size_t i = 0; i < SigningCertificates::kMaxWaiting; ++i) obtain("u" + std::to_string(i));
  EXPECT_TRUE(told_.empty());
  obtain("one more");
  EXPECT_EQ(told_, Strings{"too many messages wait for signing certificates"});
  answer(failed());
  obtain("one more");
  EXPECT_EQ(told_.size(), 2u) << "there is a place again: it waits";
}

TEST_F(CertificatesTest, HowManyAreKeptIsBounded) {
  const auto certificate = SigningCertificate::fromPem(test::kCertificate).value();
  for (std::size_t i = 0; i < 3 * SigningCertificates::kMaxKept; ++i)
    certificates_->keep(std::to_string(i), certificate);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < 3 * SigningCertificates::kMaxKept; ++i)
    kept += certificates_->find(std::to_string(i), kValidAt) ? 1 : 0;
  EXPECT_EQ(kept, SigningCertificates::kMaxKept);
}

TEST_F(CertificatesTest, WhatIsNoUsableCertificateIsAFailure) {
  obtain("a");
  answer(std::string("<html>"));
  EXPECT_EQ(told_, Strings{"what came is no certificate in PEM"});
  EXPECT_EQ(SigningCertificate::fromPem(std::string(20000, 'a')).error().message,
            "the certificate is larger than 16 KiB");
  const auto certificate = SigningCertificate::fromPem(test::kCertificate).value();
  EXPECT_TRUE(certificate->validAt(kValidAt));
  EXPECT_FALSE(certificate->validAt(*parseRfc3339("2019-12-31T23:59:59Z")));
  EXPECT_FALSE(certificate->validAt(*parseRfc3339("2120-01-02T00:00:00Z")));
}

TEST_F(CertificatesTest, ACertificateOutOfItsDatesIsNotTaken) {
  certificates_->obtain("a", *parseRfc3339("2121-01-01T00:00:00Z"), fetch(),
                        [this](const std::string& why) { told_.push_back(why); });
  answer(std::string(test::kCertificate));
  EXPECT_EQ(told_, Strings{"the signing certificate is not valid at this time"});
}

// openssl req -x509 -newkey rsa:1024 -nodes -subj /CN=short -days 36500
constexpr const char* kShortKey = R"(-----BEGIN CERTIFICATE-----
MIIB/jCCAWegAwIBAgIUSHZ70BAiEkb1RLXXP28wB+73NCowDQYJKoZIhvcNAQEL
BQAwEDEOMAwGA1UEAwwFc2hvcnQwIBcNMjYxMTI2MTYzMzQzWhgPMjEyNjExMDIx
NjMzNDNaMBAxDjAMBgNVBAMMBXNob3J0MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCB
iQKBgQDJPN7d9Q6C7TC7OgtblzAP77bxf6PVe+3mfwXKVq5DOEqIkcxYSbVOCLow
QALTeUYqfjatqR6R/DbNo506epJCJx9wf59eVZBhatx95yYTAX9gmp4XXJPa1AKN
lzao5LI4VLTc8RUVkxAs4MwOhevKxIkYUPUeKhUIjWLw+yMZ8wIDAQABo1MwUTAd
BgNVHQ4EFgQUu3g4mx6YAQiJXqw3fE4e6tvz35QwHwYDVR0jBBgwFoAUu3g4mx6Y
AQiJXqw3fE4e6tvz35QwDwYDVR0TAQH/BAUwAwEB/zANBgkqhkiG9w0BAQsFAAOB
gQB8TgpCgfGeRsG5jdffvhhQZuCM6wk2+zEGv1bMz8xHFFaXeI7uTWmZIEh/hnWV
jqW/KvF8eyAt4ckwcgOQy0TdujkWS4UG7I7+M5JUVJLnyp+FsgW4kVZTMA3pkuNA
ffIC/COQv/6HlorcAHp5TVJqEBU0lGWGPTxkvPcfLIfo8g==
-----END CERTIFICATE-----
)";
// openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=ec -days 36500
constexpr const char* kEcKey = R"(-----BEGIN CERTIFICATE-----
MIIBcTCCARegAwIBAgIUNjuD21OwpolPKbz2ziiAyQ2ofwswCgYIKoZIzj0EAwIw
DTELMAkGA1UEAwwCZWMwIBcNMjYxMTI2MTYzMzQzWhgPMjEyNjExMDIxNjMzNDNa
MA0xCzAJBgNVBAMMAmVjMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEFCoTSVzj
xaVcPZk+vE4Syz9Zr12hc52/EEPLmxzIabFJWdkHE1CoMZKyE4kRtZbLsznj6DZt
EakW4mowk8WLI6NTMFEwHQYDVR0OBBYEFGVaJIXpWD5lkU1XMYj5h7T/gqMHMB8G
A1UdIwQYMBaAFGVaJIXpWD5lkU1XMYj5h7T/gqMHMA8GA1UdEwEB/wQFMAMBAf8w
CgYIKoZIzj0EAwIDSAAwRQIhAKiUKvhNuhPZCJAjvnPQJ7vzvRdi6A/m6M12G8aE
m/hOAiBmWDg8/L3QA1DKkfTQ+GIEIKd4lU60cYqKEysqQZlmfw==
-----END CERTIFICATE-----
)";

TEST(SigningCertificate, WeakOrOtherKeysAreRefused) {
  EXPECT_EQ(SigningCertificate::fromPem(kShortKey).error().message, "the certificate's key is shorter than 2048 bits");
  EXPECT_EQ(SigningCertificate::fromPem(kEcKey).error().message, "the certificate's key is not RSA");
}

TEST(SnsSigner, SignsWhatItsCertificateVerifies) {
  const auto& signer = SnsSigner::ofThisProcess();
  for (const auto hash : {crypto::Hash::kSha1, crypto::Hash::kSha256}) {
    const auto signature = signer.sign(hash, "text");
    EXPECT_TRUE(signer.certificate()->verifies(hash, "text", signature));
    EXPECT_FALSE(signer.certificate()->verifies(hash, "other", signature));
    EXPECT_FALSE(signer.certificate()->verifies(hash, "text", signature.substr(1)));
    EXPECT_FALSE(signer.certificate()->verifies(hash, "text", ""));
  }
}

}  // namespace
}  // namespace patchbay::connectors
