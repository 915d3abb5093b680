// Two schemes of real providers, with their published or measured vectors: hmac_url_form, and hmac as Standard Webhooks
// uses it.
#include <gtest/gtest.h>

#include "connectors/signature/verifier.hpp"

namespace patchbay::connectors {
namespace {

const Timestamp kSignedAt = *parseRfc3339("2021-02-25T15:02:10Z");  // 1614265330
const http::Header kForm = {"Content-Type", "application/x-www-form-urlencoded"};
const std::string kToken = "5f1e0d2c3b4a59687766554433221100";

std::unique_ptr<Verifier> verifierOf(const SignatureScheme& scheme, std::vector<std::string> keys,
                                     const std::string& url = {}) {
  WebhookPath path;
  path.suffix = "";
  path.signatures = {scheme};
  auto verifier = Verifier::make(
      path, std::make_shared<Secrets>(std::map<std::string, std::vector<std::string>>{{"key", std::move(keys)}}, "n"),
      Json::object(), url);
  if (!verifier) throw std::runtime_error(verifier.error().message);
  return std::move(*verifier);
}

class UrlForm : public testing::Test {
 protected:
  /// What becomes of a request to `url` (without a query) under the given spelling of it in the configuration.
  std::string reason(const std::string& url, const std::string& method, const std::string& query,
                     const std::string& body, http::Headers headers) {
    SignatureScheme scheme;
    scheme.kind = SignatureScheme::Kind::kHmacUrlForm;
    scheme.name = "hmac_url_form";
    scheme.header = "X-Twilio-Signature";
    scheme.key = "key";
    const auto verdict = verifierOf(scheme, keys_, url)->verify({method, "", query, &headers, body}, kSignedAt);
    return verdict.kind == Verdict::Kind::kPass ? "pass" : verdict.reason;
  }
  static http::Header signature(const std::string& value) { return {"x-twilio-signature", value}; }

  std::vector<std::string> keys_ = {kToken};
};

const std::string kInbound = "https://hooks.patchbay.example/twilio/acct-7/inbound";
const std::string kInboundBody =
    "ToCountry=US&MessageSid=SM0123456789abcdef0123456789abcdef&SmsMessageSid=SM0123456789abcdef0123456789abcdef&"
    "SmsSid=SM0123456789abcdef0123456789abcdef&SmsStatus=received&AccountSid=AC00112233445566778899aabbccddeeff&"
    "From=%2B15550001111&To=%2B15550002222&Body=Caf%C3%A9+%26+1%2B1%3D2+%E2%82%AC%C2%A0+%F0%9F%91%8B+&NumMedia=0&"
    "NumSegments=2&FromCity=&ApiVersion=2010-04-01";
const std::string kInboundCode = "dWPNoZ2ylSBkYBCsmuKVJAmwk+Y=";

TEST_F(UrlForm, CoversTheUrlAndEveryFieldInOrderOfNames) {
  const std::string query = "route=eu%2F1&tag=a+b";
  EXPECT_EQ(reason(kInbound, "POST", query, kInboundBody, {kForm, signature(kInboundCode)}), "pass");
  EXPECT_NE(reason(kInbound, "POST", "route=eu/1&tag=a+b", kInboundBody, {kForm, signature(kInboundCode)}), "pass");
  EXPECT_NE(reason(kInbound, "POST", query, kInboundBody + "&x=", {kForm, signature(kInboundCode)}), "pass");
  EXPECT_NE(reason(kInbound, "POST", query, kInboundBody.substr(13), {kForm, signature(kInboundCode)}), "pass");
  EXPECT_EQ(reason(kInbound, "POST", query, kInboundBody, {kForm}), "no header X-Twilio-Signature");
  keys_ = {"another", kToken};
  EXPECT_EQ(reason(kInbound, "POST", query, kInboundBody, {kForm, signature(kInboundCode)}), "pass") << "rotation";
}

TEST_F(UrlForm, CoversMediaFieldsOfWhatsApp) {
  const std::string body =
      "SmsMessageSid=MM11111111111111111111111111111111&NumMedia=1&ProfileName=Zo%C3%AB&SmsSid=MM1111111111"
      "1111111111111111111111&WaId=15550001111&SmsStatus=received&Body=&To=whatsapp%3A%2B15550002222&NumSeg"
      "ments=1&ReferralNumMedia=0&MessageSid=MM11111111111111111111111111111111&AccountSid=AC00112233445566"
      "778899aabbccddeeff&From=whatsapp%3A%2B15550001111&MediaContentType0=image%2Fjpeg&MediaUrl0=https%3A%"
      "2F%2Fapi.twilio.com%2F2010-04-01%2FAccounts%2FAC00112233445566778899aabbccddeeff%2FMessages%2FMM1111"
      "1111111111111111111111111111%2FMedia%2FME22222222222222222222222222222222&ApiVersion=2010-04-01";
  const std::string code = "8DrF7IlXsPZvoyO0Y47GTWnmQTg=";
  EXPECT_EQ(reason(kInbound, "POST", "", body, {kForm, signature(code)}), "pass");
  EXPECT_NE(reason(kInbound, "POST", "", body + "&NumMedia=2", {kForm, signature(code)}), "pass");
}

TEST_F(UrlForm, TakesTheUrlWithAndWithoutItsPort) {
  const std::string with = "https://hooks.patchbay.example:8443/twilio/acct-7/status";
  const std::string body =
      "ApiVersion=2010-04-01&MessageStatus=undelivered&SmsSid=SM0123456789abcdef0123456789abcdef&SmsStatus=undelivered&"
      "ErrorCode=30003&To=%2B15550001111&From=%2B15550002222&MessageSid=SM0123456789abcdef0123456789abcdef&"
      "AccountSid=AC00112233445566778899aabbccddeeff";
  for (const char* code : {"KugDQU9MA//Ewc8WFLytJipSvZs=", "unjLeACvB2ZCD7b1y+aKrrgZU/8="})
    EXPECT_EQ(reason(with, "POST", "pb=01HZX4", body, {kForm, signature(code)}), "pass") << code;
  const std::string without = "https://hooks.patchbay.example/twilio/acct-7/status";
  EXPECT_EQ(reason(without, "POST", "pb=01HZX4", body, {kForm, signature("unjLeACvB2ZCD7b1y+aKrrgZU/8=")}), "pass");
  EXPECT_NE(reason(without, "POST", "pb=01HZX4", body, {kForm, signature("KugDQU9MA//Ewc8WFLytJipSvZs=")}), "pass");
}

TEST_F(UrlForm, TakesTheUsualPortWhereTheUrlNamesNone) {
  SignatureScheme scheme;
  scheme.kind = SignatureScheme::Kind::kHmacUrlForm;
  scheme.header = "X";
  scheme.key = "key";
  UnsignedWebhook webhook{"POST", "", "", {kForm}, "a=1"};
  verifierOf(scheme, keys_, "https://h.example:443/p")->sign(webhook, kSignedAt);
  const Webhook view{"POST", "", "", &webhook.headers, webhook.body};
  EXPECT_EQ(verifierOf(scheme, keys_, "https://user@h.example/p#rc=5")->verify(view, kSignedAt).kind,
            Verdict::Kind::kPass);
  EXPECT_NE(verifierOf(scheme, keys_, "http://h.example/p")->verify(view, kSignedAt).kind, Verdict::Kind::kPass);
}

TEST_F(UrlForm, CoversAnotherBodyByItsDigestInTheQuery) {
  const std::string url = "https://hooks.patchbay.example/twilio/json";
  const std::string query = "bodySHA256=e3630cb76f3aac7f789608ba950414cda12ff691ea3cbc5c3a50faa34cb74827";
  const http::Headers headers = {{"Content-Type", "application/json"}, signature("cJONzi8+b9/ANh/suZiqcXT12Sw=")};
  EXPECT_EQ(reason(url, "POST", query, R"({"type":"probe","n":1})", headers), "pass");
  EXPECT_EQ(reason(url, "POST", query, R"({"type":"probe","n":1} )", headers),
            "bodySHA256 of the query is not that of the body");
  EXPECT_EQ(reason(url, "POST", "", "{}", headers),
            "the body is not an urlencoded form, and the query has no bodySHA256");
}

TEST_F(UrlForm, OfAGetCoversTheUrlAlone) {
  const std::string url = "https://hooks.patchbay.example/twilio/get";
  const std::string query = "AccountSid=AC00112233445566778899aabbccddeeff&From=%2B15550001111&Body=hi+there";
  const auto code = signature("/N3i1d/V22wDlM/hfwVEEMcUdho=");
  EXPECT_EQ(reason(url, "GET", query, "", {code}), "pass");
  EXPECT_NE(reason(url, "POST", query, R"({"more":1})", {{"Content-Type", "application/json"}, code}), "pass");
  EXPECT_NE(reason(url, "POST", query, "a=1", {kForm, code}), "pass");
}

TEST_F(UrlForm, RefusesAFormThatCannotBeRead) {
  EXPECT_NE(reason(kInbound, "POST", "", "a=%zz", {kForm, signature("x")}).find("percent sign"), std::string::npos);
}

TEST_F(UrlForm, CountsEqualFieldsOnceAndSortsValues) {
  SignatureScheme scheme;
  scheme.kind = SignatureScheme::Kind::kHmacUrlForm;
  scheme.header = "X";
  scheme.key = "key";
  UnsignedWebhook webhook{"POST", "", "", {kForm}, "a=1&b=2&b=1"};
  const auto verifier = verifierOf(scheme, keys_, "https://h.example/p");
  verifier->sign(webhook, kSignedAt);
  EXPECT_EQ(verifier->verify({"POST", "", "", &webhook.headers, "b=1&b=2&b=1&a=1"}, kSignedAt).kind,
            Verdict::Kind::kPass);
}

TEST_F(UrlForm, TakesTheUrlOfOldToo) {
  SignatureScheme scheme;
  scheme.kind = SignatureScheme::Kind::kHmacUrlForm;
  scheme.header = "X";
  scheme.key = "key";
  UnsignedWebhook webhook{"POST", "", "", {kForm}, "a=1"};
  const std::string old = "https://h.example/incoming/sms", now = "https://h.example/acme/sms";
  verifierOf(scheme, keys_, old)->sign(webhook, kSignedAt);
  const Webhook view{"POST", "", "", &webhook.headers, webhook.body};
  WebhookPath path;
  path.signatures = {scheme};
  const auto secrets = std::make_shared<Secrets>(std::map<std::string, std::vector<std::string>>{{"key", keys_}}, "n");
  const auto both = Verifier::make(path, secrets, Json::object(), now, {}, old);
  ASSERT_TRUE(both.ok());
  EXPECT_EQ((*both)->verify(view, kSignedAt).kind, Verdict::Kind::kPass);
  EXPECT_NE(verifierOf(scheme, keys_, now)->verify(view, kSignedAt).kind, Verdict::Kind::kPass);
}

TEST_F(UrlForm, NeedsAUrl) {
  SignatureScheme scheme;
  scheme.kind = SignatureScheme::Kind::kHmacUrlForm;
  scheme.header = "X";
  scheme.key = "key";
  EXPECT_THROW(verifierOf(scheme, keys_, "hooks.example/p"), std::runtime_error);
}

SignatureScheme standard() {
  SignatureScheme scheme;
  scheme.kind = SignatureScheme::Kind::kHmac;
  scheme.name = "hmac";
  scheme.hash = crypto::Hash::kSha256;
  scheme.header = "webhook-signature";
  scheme.prefix = "v1,";
  scheme.base64 = scheme.list = scheme.base64_key = true;
  scheme.key_prefix = "whsec_";
  scheme.over = "{header:webhook-id}.{timestamp}.{body}";
  scheme.timestamp_header = "webhook-timestamp";
  scheme.key = "key";
  return scheme;
}

// The vector of the specification's reference libraries.
const std::string kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const std::string kCode = "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

std::string judge(const std::string& secret, const std::string& signatures,
                  const char* id = "msg_p5jXN8AQM9LWM0D4loKWxJek") {
  http::Headers headers = {{"webhook-timestamp", "1614265330"}, {"webhook-signature", signatures}};
  if (id != nullptr) headers.push_back({"webhook-id", id});
  const auto verdict =
      verifierOf(standard(), {secret})->verify({"POST", "", "", &headers, R"({"test": 2432232314})"}, kSignedAt);
  return verdict.kind == Verdict::Kind::kPass ? "pass" : verdict.reason;
}

TEST(StandardWebhooks, VerifiesTheReferenceVectorInAListOfCodes) {
  EXPECT_EQ(judge(kSecret, "v1," + kCode), "pass");
  EXPECT_EQ(judge(kSecret.substr(6), "v1," + kCode), "pass") << "the prefix may be left out";
  EXPECT_EQ(judge(kSecret, "v1a,xyz v1,AAAA v1," + kCode + " v2,x"), "pass");
  EXPECT_EQ(judge(kSecret, "v2," + kCode), "the signature in webhook-signature does not match");
  EXPECT_EQ(judge(kSecret, kCode), "the signature in webhook-signature does not match");
  EXPECT_EQ(judge(kSecret, ""), "the signature in webhook-signature does not match");
  EXPECT_EQ(judge(kSecret, "v1," + kCode, "msg_other"), "the signature in webhook-signature does not match");
  EXPECT_EQ(judge(kSecret, "v1," + kCode, nullptr), "no header webhook-id");
  std::string many = "v1," + kCode;
  for (int i = 0; i < 16; ++i) many += " v1,x";
  EXPECT_EQ(judge(kSecret, many), "over 16 codes in webhook-signature");
}

TEST(StandardWebhooks, RefusesAKeyThatIsNotBase64WhenTheChannelStarts) {
  EXPECT_THROW(verifierOf(standard(), {"whsec_not base64!"}), std::runtime_error);
}

TEST(StandardWebhooks, RefusesAKeyThatCanBeGuessed) {
  EXPECT_THROW(verifierOf(standard(), {"whsec_AA"}), std::runtime_error);
  EXPECT_THROW(verifierOf(standard(), {kSecret, "whsec_" + crypto::base64Encode(std::string(23, 'x'))}),
               std::runtime_error);
  EXPECT_NO_THROW(verifierOf(standard(), {"whsec_" + crypto::base64Encode(std::string(24, 'x'))}));
}

TEST(StandardWebhooks, TakesTheCodeOfAnyLiveKeyAmongOthers) {
  UnsignedWebhook webhook{"POST", "", "", {}, "{}"};
  verifierOf(standard(), {kSecret})->sign(webhook, kSignedAt);
  for (auto& header : webhook.headers)
    if (header.name == "webhook-signature") header.value = "v1,AAAA " + header.value;
  const std::string other = "whsec_" + crypto::base64Encode(std::string(32, 'x'));
  const Webhook view{"POST", "", "", &webhook.headers, "{}"};
  EXPECT_EQ(verifierOf(standard(), {other, kSecret})->verify(view, kSignedAt).kind, Verdict::Kind::kPass);
  EXPECT_NE(verifierOf(standard(), {other})->verify(view, kSignedAt).kind, Verdict::Kind::kPass);
}

TEST(StandardWebhooks, IsSignedAsItIsVerified) {
  UnsignedWebhook webhook{"POST", "", "", {}, "{}"};
  const auto verifier = verifierOf(standard(), {kSecret});
  verifier->sign(webhook, kSignedAt);
  EXPECT_EQ(verifier->verify({"POST", "", "", &webhook.headers, "{}"}, kSignedAt).kind, Verdict::Kind::kPass);
}

}  // namespace
}  // namespace patchbay::connectors
