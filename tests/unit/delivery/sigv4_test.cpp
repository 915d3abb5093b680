#include "delivery/sigv4.hpp"

#include <gtest/gtest.h>

#include "base/crypto.hpp"

namespace patchbay::delivery {
namespace {

const Timestamp kSigned = *parseRfc3339("2026-01-02T03:04:05Z");
const SigV4Key kKey{"ses", "eu-west-1", "AKIDPATCHBAYEXAMPLE0", "pbSecret/Example+Key0123456789abcdefABCD", {}};

// The vector of the fact sheet (providers/ses.md, 3.1): two independent implementations agree on it.
constexpr const char* kBody =
    R"({"FromEmailAddress":"Support <help@patchbay.example>","Destination":{"ToAddresses":["ana@example.org"]},"ReplyToAddresses":["help+01HZX4@in.patchbay.example"],"Content":{"Simple":{"Subject":{"Data":"Re: Café","Charset":"UTF-8"},"Body":{"Text":{"Data":"Hello\n","Charset":"UTF-8"}},"Headers":[{"Name":"In-Reply-To","Value":"<m1@example.org>"},{"Name":"References","Value":"<m0@example.org> <m1@example.org>"}]}},"ConfigurationSetName":"patchbay","EmailTags":[{"Name":"pb_msg","Value":"01HZX4"}]})";

std::string header(const PreparedRequest& request, std::string_view name) {
  for (const auto& h : request.headers)
    if (h.name == name) return h.value;
  return "(none)";
}

std::string signatureOf(const PreparedRequest& request) {
  const auto value = header(request, "Authorization");
  const auto at = value.find("Signature=");
  return at == std::string::npos ? value : value.substr(at + 10);
}

PreparedRequest post(const std::string& url, const std::string& body) {
  PreparedRequest request;
  request.method = "POST";
  request.url = *parseUrl(url);
  request.headers = {{"Content-Type", "application/json", false}};
  request.body.present = true;
  Body::Piece piece;
  piece.size = body.size();
  piece.bytes = std::make_shared<const std::string>(body);
  request.body.pieces.push_back(piece);
  return request;
}

PreparedRequest get(const std::string& url) {
  PreparedRequest request;
  request.method = "GET";
  request.url = *parseUrl(url);
  return request;
}

constexpr const char* kSend = "https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails";

TEST(SigV4, SignsThePublishedVectorAsTwoOtherImplementationsDo) {
  auto request = post(kSend, kBody);
  ASSERT_FALSE(signSigV4(kKey, kSigned, request));
  EXPECT_EQ(header(request, "X-Amz-Date"), "20260102T030405Z");
  EXPECT_EQ(header(request, "X-Amz-Content-Sha256"),
            "f3bccfb83f3fc904cd45d0cd3a16c516cebde00ec86046e0ae58353dd309fb5b");
  EXPECT_EQ(header(request, "Authorization"),
            "AWS4-HMAC-SHA256 Credential=AKIDPATCHBAYEXAMPLE0/20260102/eu-west-1/ses/aws4_request, "
            "SignedHeaders=content-type;host;x-amz-content-sha256;x-amz-date, "
            "Signature=0c9d59e610c2976bfbd866179a5dff35a8d8ee2c4d356aad48b5bb7bf8815f02");
}

TEST(SigV4, SignsTheTokenOfTemporaryCredentials) {
  auto key = kKey;
  key.session_token = "FwoGZXIvYXdzEXAMPLETOKEN//==";
  auto request = post(kSend, kBody);
  ASSERT_FALSE(signSigV4(key, kSigned, request));
  EXPECT_EQ(header(request, "X-Amz-Security-Token"), key.session_token);
  EXPECT_EQ(signatureOf(request), "d3a0c12c4067ef68e63848d143e7e49ff0fcfc25e691c86b834018c98f3a4f0b");
}

TEST(SigV4, SecretHeadersDoNotFollowARedirect) {
  auto key = kKey;
  key.session_token = "token";
  auto request = post(kSend, "{}");
  ASSERT_FALSE(signSigV4(key, kSigned, request));
  for (const auto& h : request.headers)
    EXPECT_EQ(h.secret, h.name == "Authorization" || h.name == "X-Amz-Security-Token") << h.name;
}

TEST(SigV4, EveryPartOfTheRequestChangesTheSignature) {
  const auto sign = [](PreparedRequest request, SigV4Key key = kKey) {
    EXPECT_FALSE(signSigV4(key, kSigned, request));
    return signatureOf(request);
  };
  const auto base = sign(post(kSend, "{}"));
  EXPECT_NE(sign(post(kSend, "{ }")), base) << "body";
  EXPECT_NE(sign(post(std::string(kSend) + "/x", "{}")), base) << "path";
  EXPECT_NE(sign(post(std::string(kSend) + "?a=1", "{}")), base) << "query";
  EXPECT_NE(sign(post("https://email.eu-west-2.amazonaws.com/v2/email/outbound-emails", "{}")), base) << "host";
  EXPECT_NE(sign(post("https://email.eu-west-1.amazonaws.com:8443/v2/email/outbound-emails", "{}")), base) << "port";
  EXPECT_NE(sign(post("http://email.eu-west-1.amazonaws.com:443/v2/email/outbound-emails", "{}")), base) << "port";
  auto typed = post(kSend, "{}");
  typed.headers[0].value = "text/plain";
  EXPECT_NE(sign(typed), base) << "content type";
  auto amz = post(kSend, "{}");
  amz.headers.push_back({"x-amz-meta", "1", false});
  EXPECT_NE(sign(amz), base) << "x-amz header";
  auto other = post(kSend, "{}");
  other.headers.push_back({"Accept", "*/*", false});
  EXPECT_EQ(sign(other), base) << "a header that proxies may change is not signed";
  auto key = kKey;
  key.service = "email";
  EXPECT_NE(sign(post(kSend, "{}"), key), base) << "service";
}

TEST(SigV4, OrdersTheQueryAndEncodesItOnce) {
  const auto sign = [](const std::string& query) {
    auto request = get("https://email.eu-west-1.amazonaws.com/?" + query);
    EXPECT_FALSE(signSigV4(kKey, kSigned, request));
    return signatureOf(request);
  };
  EXPECT_EQ(sign("a=1&b=2"), sign("b=2&a=1"));
  EXPECT_EQ(sign("a=%7e"), sign("a=~"));
  EXPECT_EQ(sign("a"), sign("a="));
  EXPECT_NE(sign("a=%2F"), sign("a=%252F"));
}

TEST(SigV4, BlanksInAHeaderCountOnce) {
  const auto sign = [](const std::string& value) {
    auto request = get("https://email.eu-west-1.amazonaws.com/");
    request.headers.push_back({"X-Amz-Meta", value, false});
    EXPECT_FALSE(signSigV4(kKey, kSigned, request));
    return signatureOf(request);
  };
  EXPECT_EQ(sign("a b"), sign("  a   b "));
  EXPECT_NE(sign("a b"), sign("ab"));
}

TEST(SigV4, EncodesThePathTwiceExceptForS3) {
  const auto sign = [](const std::string& service, const std::string& path) {
    auto key = kKey;
    key.service = service;
    auto request = get("https://host.eu-west-1.amazonaws.com" + path);
    EXPECT_FALSE(signSigV4(key, kSigned, request));
    return signatureOf(request);
  };
  // Values of @smithy/signature-v4 5.1.2 with uriEscapePath false (s3) and true.
  EXPECT_EQ(sign("s3", "/inbox/a%20b"), "ce442b9e363b8980ec2e7d7f239585229309ae5d4e3940c154d7165953fb9efa");
  EXPECT_EQ(sign("ses", "/inbox/a%20b"), "05af5649124d46880188384d4621923d66e512dc2ede2543f286fffcea45195c");
}

TEST(SigV4, RefusesARequestThatIsSignedAlready) {
  auto request = get("https://email.eu-west-1.amazonaws.com/");
  request.headers.push_back({"authorization", "Bearer x", false});
  const auto error = signSigV4(kKey, kSigned, request);
  ASSERT_TRUE(error);
  EXPECT_EQ(error->message, "auth: the request has a header Authorization, which sigv4 sets");
}

}  // namespace
}  // namespace patchbay::delivery
