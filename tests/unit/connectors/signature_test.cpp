#include "connectors/signature/verifier.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"

namespace patchbay::connectors {
namespace {

const Timestamp kNow = *parseRfc3339("2026-01-05T10:00:00Z");  // 1767607200

/// A verifier for one path with one scheme.
class SignatureTest : public testing::Test {
 protected:
  void guard(SignatureScheme scheme, std::map<std::string, std::vector<std::string>> secrets,
             std::string handshake = {}, Json config = Json::object()) {
    WebhookPath path;
    path.signatures = {std::move(scheme)};
    path.handshake_key = std::move(handshake);
    guard(path, std::move(secrets), std::move(config));
  }
  void guard(const WebhookPath& path, std::map<std::string, std::vector<std::string>> secrets,
             Json config = Json::object()) {
    auto verifier = Verifier::make(path, std::make_shared<Secrets>(std::move(secrets), "nonce"), config);
    ASSERT_TRUE(verifier.ok()) << verifier.error().message;
    verifier_ = std::move(*verifier);
  }

  Verdict verify(const std::string& body, http::Headers headers, const std::string& method = "POST",
                 const std::string& query = "", const std::string& suffix = "") {
    return verifier_->verify({method, suffix, query, &headers, body}, kNow);
  }
  /// The reason of the refusal, with its status in front; "pass" when there is none.
  std::string reason(const std::string& body, http::Headers headers, const std::string& query = "",
                     const std::string& suffix = "") {
    const auto verdict = verify(body, std::move(headers), "POST", query, suffix);
    return verdict.kind == Verdict::Kind::kPass ? "pass" : std::to_string(verdict.answer.status) + " " + verdict.reason;
  }

  static SignatureScheme hub() {
    SignatureScheme scheme;
    scheme.kind = SignatureScheme::Kind::kHmac;
    scheme.name = "hmac";
    scheme.hash = crypto::Hash::kSha256;
    scheme.header = "X-Hub-Signature-256";
    scheme.prefix = "sha256=";
    scheme.over = "{body}";
    scheme.key = "app_secret";
    return scheme;
  }

  std::unique_ptr<Verifier> verifier_;
};

// Test vectors of the fact sheet (providers/meta.md, 1.2), key "patchbay-test-secret".
const std::string kPlain = R"({"object":"page","entry":[]})";
const std::string kPlainCode = "sha256=3fca2b106735e0833e670f3dade6502c0f22934524beba294f9c94e13d988d63";
const std::string kEscaped = R"({"t":"\u00e4\u00f6 https:\/\/example.test\/a \ud83d\ude00"})";
const std::string kEscapedCode = "sha256=22e820fbfc5f04ff3c9bdfecc053805aaf873eb7cee0b951b59d9b921b4343b9";

TEST_F(SignatureTest, AcceptsTheProvidersOwnVectors) {
  guard(hub(), {{"app_secret", {"patchbay-test-secret"}}});
  EXPECT_EQ(reason(kPlain, {{"x-hub-signature-256", kPlainCode}}), "pass");
  EXPECT_EQ(reason(kEscaped, {{"X-Hub-Signature-256", kEscapedCode}}), "pass");
  EXPECT_NE(reason("{\"t\":\"\xC3\xA4\xC3\xB6 https://example.test/a \xF0\x9F\x98\x80\"}",
                   {{"X-Hub-Signature-256", kEscapedCode}}),
            "pass");
}

TEST_F(SignatureTest, RefusesMissingTruncatedEmptyAndWrongCodes) {
  guard(hub(), {{"app_secret", {"patchbay-test-secret"}}});
  EXPECT_EQ(reason(kPlain, {}), "401 no header X-Hub-Signature-256");
  EXPECT_EQ(reason(kPlain, {{"X-Hub-Signature-256", ""}}),
            "401 header X-Hub-Signature-256 does not start with 'sha256='");
  EXPECT_EQ(reason(kPlain, {{"X-Hub-Signature-256", "sha256="}}),
            "401 the signature in X-Hub-Signature-256 does not match");
  EXPECT_EQ(reason(kPlain, {{"X-Hub-Signature-256", kPlainCode.substr(0, 70)}}),
            "401 the signature in X-Hub-Signature-256 does not match");
  EXPECT_EQ(reason(kPlain, {{"X-Hub-Signature-256", kPlainCode.substr(7)}}),
            "401 header X-Hub-Signature-256 does not start with 'sha256='");
  EXPECT_EQ(reason(kPlain, {{"X-Hub-Signature-256", kPlainCode}, {"x-hub-signature-256", kPlainCode}}),
            "401 two headers X-Hub-Signature-256");
  EXPECT_EQ(reason(kPlain + " ", {{"X-Hub-Signature-256", kPlainCode}}),
            "401 the signature in X-Hub-Signature-256 does not match");
  EXPECT_EQ(reason("", {{"X-Hub-Signature-256", kPlainCode}}),
            "401 the signature in X-Hub-Signature-256 does not match");
  for (std::size_t i = 7; i < kPlainCode.size(); ++i) {
    auto code = kPlainCode;
    code[i] = code[i] == '0' ? '1' : '0';
    EXPECT_NE(reason(kPlain, {{"X-Hub-Signature-256", code}}), "pass") << i;
  }
}

TEST_F(SignatureTest, NeverTellsTheSenderWhy) {
  guard(hub(), {{"app_secret", {"patchbay-test-secret"}}});
  const auto verdict = verify(kPlain, {});
  EXPECT_EQ(verdict.answer.body.find("X-Hub"), std::string::npos);
  EXPECT_EQ(Json::parse(verdict.answer.body)["code"], "signature_refused");
}

TEST_F(SignatureTest, AcceptsEveryLiveKeyDuringARotation) {
  guard(hub(), {{"app_secret", {"the-new-one", "patchbay-test-secret"}}});
  EXPECT_EQ(reason(kPlain, {{"X-Hub-Signature-256", kPlainCode}}), "pass");
  guard(hub(), {{"app_secret", {"the-new-one", "another"}}});
  EXPECT_NE(reason(kPlain, {{"X-Hub-Signature-256", kPlainCode}}), "pass");
}

TEST_F(SignatureTest, CoversATemplateWithTimestampAndHeaders) {
  auto scheme = hub();
  scheme.prefix = "v0=";
  scheme.header = "X-Code";
  scheme.over = "v0:{timestamp}:{header:X-Id}:{body}";
  scheme.timestamp_header = "X-Time";
  scheme.tolerance = std::chrono::seconds{300};
  guard(scheme, {{"app_secret", {"k"}}});
  const auto signedAt = [&](const std::string& time) {
    return http::Headers{
        {"X-Time", time},
        {"X-Id", "7"},
        {"X-Code", "v0=" + crypto::hexEncode(crypto::hmac(crypto::Hash::kSha256, "k", "v0:" + time + ":7:body"))}};
  };
  EXPECT_EQ(reason("body", signedAt("1767607200")), "pass");
  EXPECT_EQ(reason("body", signedAt("1767606900")), "pass");
  EXPECT_EQ(reason("body", signedAt("1767606899")), "401 header X-Time is more than 300 s from our clock");
  EXPECT_EQ(reason("body", signedAt("1767607501")), "401 header X-Time is more than 300 s from our clock");
  for (const char* time : {"", "soon", "-5", "1767607200 ", "1767607200.0", "99999999999999999999"})
    EXPECT_EQ(reason("body", signedAt(time)), "401 header X-Time is not a time in seconds") << time;
  EXPECT_EQ(reason("body", signedAt("9223372036854775807")), "401 header X-Time is more than 300 s from our clock");
  auto headers = signedAt("1767607200");
  headers[1].value = "8";
  EXPECT_NE(reason("body", headers), "pass");
}

TEST_F(SignatureTest, WritesBase64AndOtherHashes) {
  auto scheme = hub();
  scheme.prefix = "";
  scheme.base64 = true;
  scheme.hash = crypto::Hash::kSha1;
  guard(scheme, {{"app_secret", {"k"}}});
  const auto code = crypto::base64Encode(crypto::hmac(crypto::Hash::kSha1, "k", "body"));
  EXPECT_EQ(reason("body", {{"X-Hub-Signature-256", code}}), "pass");
  EXPECT_NE(reason("body", {{"X-Hub-Signature-256", code.substr(0, code.size() - 1)}}), "pass");  // without its padding
}

TEST_F(SignatureTest, ComparesTokensInHeaderQueryAndPath) {
  SignatureScheme scheme;
  scheme.kind = SignatureScheme::Kind::kToken;
  scheme.name = "token";
  scheme.parameter = "X-Token";
  scheme.key = "token";
  guard(scheme, {{"token", {"s3cret/+", "older"}}});
  EXPECT_EQ(reason("", {{"x-token", "s3cret/+"}}), "pass");
  EXPECT_EQ(reason("", {{"x-token", "older"}}), "pass");
  EXPECT_EQ(reason("", {{"x-token", "s3cret/"}}), "401 the token in the header X-Token is wrong");
  EXPECT_EQ(reason("", {{"x-token", ""}}), "401 no token in the header X-Token");
  EXPECT_EQ(reason("", {}), "401 no token in the header X-Token");
  scheme.in = SignatureScheme::In::kQuery;
  scheme.parameter = "key";
  guard(scheme, {{"token", {"s3cret/+"}}});
  EXPECT_EQ(reason("", {}, "a=1&key=s3cret%2F%2B"), "pass");
  EXPECT_EQ(reason("", {}, "key=s3cret%2F+"), "401 the token in the query parameter key is wrong");
  EXPECT_EQ(reason("", {}, "key=s3cret%2F%2B&key=x"), "401 no token in the query parameter key");
  EXPECT_EQ(reason("", {}, "key=%zz"), "401 no token in the query parameter key");
  scheme.in = SignatureScheme::In::kPath;
  guard(scheme, {{"token", {"s3cret/+"}}});
  EXPECT_TRUE(verifier_->matches("s3cret%2F%2B"));
  EXPECT_FALSE(verifier_->matches("more/s3cret%2F%2B"));
  EXPECT_EQ(reason("", {}, "", "s3cret%2F%2B"), "pass");
  EXPECT_EQ(reason("", {}, "", "other"), "401 the token in the last part of the path is wrong");
  EXPECT_EQ(reason("", {}, "", ""), "401 no token in the last part of the path");
}

TEST_F(SignatureTest, ChecksHttpBasic) {
  SignatureScheme scheme;
  scheme.kind = SignatureScheme::Kind::kBasic;
  scheme.name = "basic";
  scheme.user = "user";
  scheme.password = "password";
  guard(scheme, {{"password", {"pass:word"}}}, {}, {{"user", "me"}});
  EXPECT_EQ(reason("", {{"Authorization", "Basic " + crypto::base64Encode("me:pass:word")}}), "pass");
  EXPECT_EQ(reason("", {{"Authorization", "basic " + crypto::base64Encode("me:pass:word")}}), "pass");
  EXPECT_EQ(reason("", {{"Authorization", "Basic " + crypto::base64Encode("me:pass")}}),
            "401 user or password is wrong");
  EXPECT_EQ(reason("", {{"Authorization", "Basic !"}}), "401 the HTTP Basic authorization is not base64");
  EXPECT_EQ(reason("", {{"Authorization", "Bearer x"}}), "401 no HTTP Basic authorization");
  EXPECT_EQ(verify("", {}).answer.headers.back().name, "WWW-Authenticate");
}

TEST_F(SignatureTest, AnswersTheHubChallengeExactly) {
  guard(hub(), {{"app_secret", {"k"}}, {"verify_token", {"let me in"}}}, "verify_token");
  const auto ask = [&](const std::string& query) { return verify("", {}, "GET", query); };
  const auto good = ask("hub.challenge=1158%3201444&hub.verify_token=let+me%20in&hub.mode=subscribe");
  EXPECT_EQ(good.kind, Verdict::Kind::kHandshake);
  EXPECT_EQ(good.answer.status, 200);
  EXPECT_EQ(good.answer.body, "1158201444");
  EXPECT_EQ(http::Headers(good.answer.headers)[0].value, "text/plain");
  for (const char* query :
       {"", "hub.mode=subscribe&hub.challenge=1", "hub.mode=subscribe&hub.challenge=1&hub.verify_token=",
        "hub.mode=subscribe&hub.challenge=1&hub.verify_token=wrong",
        "hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=let+me+in",
        "hub.mode=subscribe&hub.verify_token=let+me+in",
        "hub.mode=subscribe&hub.challenge=1&hub.verify_token=let+me+in&hub.verify_token=x"}) {
    const auto verdict = ask(query);
    EXPECT_EQ(verdict.kind, Verdict::Kind::kRefused) << query;
    EXPECT_EQ(verdict.answer.status, 403) << query;
    EXPECT_EQ(verdict.answer.body.find("1158"), std::string::npos);
  }
  EXPECT_EQ(verify("", {}, "POST", "hub.mode=subscribe&hub.challenge=1&hub.verify_token=let+me+in").answer.status, 401);
}

TEST_F(SignatureTest, RefusesEveryHandshakeWithoutAConfiguredToken) {
  guard(hub(), {{"app_secret", {"k"}}}, "verify_token");
  EXPECT_EQ(verify("", {}, "GET", "hub.mode=subscribe&hub.challenge=1&hub.verify_token=").answer.status, 403);
  EXPECT_EQ(verify("", {}, "GET", "hub.mode=subscribe&hub.challenge=1").answer.status, 403);
}

TEST_F(SignatureTest, TakesTheFirstSchemeWhoseKeyIsConfigured) {
  SignatureScheme token;
  token.kind = SignatureScheme::Kind::kToken;
  token.name = "token";
  token.parameter = "X-Token";
  token.key = "token";
  WebhookPath path;
  path.signatures = {token, hub()};
  guard(path, {{"app_secret", {"k"}}});
  EXPECT_EQ(verifier_->scheme().name, "hmac");
  guard(path, {{"app_secret", {"k"}}, {"token", {"t"}}});
  EXPECT_EQ(verifier_->scheme().name, "token");
  const auto none = Verifier::make(
      path, std::make_shared<Secrets>(std::map<std::string, std::vector<std::string>>{}, "n"), Json::object());
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().message, "webhooks cannot be verified: config needs 'token' (token), or 'app_secret' (hmac)");
}

TEST_F(SignatureTest, DoesNotTakeAMarkerForAKey) {
  SignatureScheme basic;
  basic.kind = SignatureScheme::Kind::kBasic;
  basic.name = "basic";
  basic.user = "user";
  basic.password = "password";
  WebhookPath path;
  path.signatures = {basic};
  const auto secrets =
      std::make_shared<Secrets>(std::map<std::string, std::vector<std::string>>{{"password", {"p"}}}, "nonce");
  EXPECT_FALSE(Verifier::make(path, secrets, {{"user", secrets->marker("other")}}).ok());
}

TEST_F(SignatureTest, PassesWhatItSignedItself) {
  auto scheme = hub();
  scheme.over = "{timestamp}{body}";
  scheme.timestamp_header = "X-Time";
  guard(scheme, {{"app_secret", {"k", "older"}}});
  UnsignedWebhook webhook{"POST", "", "", {}, "body"};
  verifier_->sign(webhook, kNow);
  EXPECT_EQ(reason("body", webhook.headers), "pass");
}

}  // namespace
}  // namespace patchbay::connectors
