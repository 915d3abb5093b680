#include "delivery/request.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "base/crypto.hpp"

namespace patchbay::delivery {
namespace {

constexpr const char* kNonce = "0123456789abcdef0123456789abcdef";

/// [[name, value], ...]: what a braced list of pairs would not become, since it looks like an object.
Json pairs(const std::vector<std::pair<std::string, std::string>>& list) {
  Json array = Json::array();
  for (const auto& [name, value] : list) array.push_back(Json::array({name, value}));
  return array;
}

class RequestTest : public testing::Test {
 protected:
  RequestTest() {
    connectors::Egress server;
    server.pattern = "api.example.com";
    egress_ = std::make_shared<EgressRules>(std::vector{server}, Json::object(), std::vector<std::string>{});
  }

  Result<PreparedRequest> prepare(Json request) {
    request.emplace("method", "POST");
    request.emplace("url", "https://api.example.com/send");
    request.emplace("repeat", "unsafe");
    return prepareRequest(request,
                          {egress_, &secrets_, &config_, &blobs_, Timestamp{std::chrono::seconds{1767607200}}});
  }
  std::string why(Json request) {
    const auto result = prepare(std::move(request));
    return result.ok() ? "" : result.error().message;
  }
  std::string body(Json request) {
    const auto result = prepare(std::move(request));
    if (!result.ok()) return "refused: " + result.error().message;
    return *result->body.bytes();
  }
  static std::string header(const PreparedRequest& request, std::string_view name) {
    for (const auto& h : request.headers)
      if (h.name == name) return h.value;
    return "(none)";
  }
  std::string marker(const std::string& name) const { return secrets_.marker(name); }

  connectors::Secrets secrets_{{{"token", {"s3cr3t/&=?", "older"}}, {"bot", {"123:AB_c"}}, {"bad", {"a\r\nX: y"}}},
                               kNonce};
  Json config_{{"account", "AC1"}};
  Blobs blobs_{{7, Blob::ofBytes("\x01\x02\x03")}};
  std::shared_ptr<EgressRules> egress_;
};

TEST_F(RequestTest, BuildsAJsonBodyAndExpandsABlobAsBase64) {
  const auto request = prepare({{"json", {{"a", 1}, {"file", {{"$blob", 7}, {"as", "base64"}}}}}});
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(*request->body.bytes(), R"({"a":1,"file":"AQID"})");
  EXPECT_EQ(header(*request, "Content-Type"), "application/json");
  EXPECT_TRUE(request->unsafe);
}

TEST_F(RequestTest, BuildsAFormAndReplacesAValueThatIsAMarker) {
  EXPECT_EQ(body({{"form", pairs({{"to", "+1 555"}, {"key", marker("token")}})}}),
            "to=%2B1%20555&key=s3cr3t%2F%26%3D%3F");
}

TEST_F(RequestTest, BuildsMultipartWithSafeNamesAndABlob) {
  const auto request = prepare(
      {{"multipart",
        {{{"name", "product"}, {"value", "x"}},
         {{"name", "file"}, {"value", {{"$blob", 7}}}, {"filename", "../a\"b.png"}, {"content_type", "image/png"}}}}});
  ASSERT_TRUE(request.ok());
  const std::string type = header(*request, "Content-Type");
  ASSERT_TRUE(type.starts_with("multipart/form-data; boundary="));
  const std::string boundary = "--" + type.substr(type.find('=') + 1);
  EXPECT_EQ(
      *request->body.bytes(),
      boundary + "\r\nContent-Disposition: form-data; name=\"product\"\r\n\r\nx\r\n" + boundary +
          "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a_b.png\"\r\nContent-Type: image/png\r\n\r\n" +
          "\x01\x02\x03\r\n" + boundary + "--\r\n");
}

TEST_F(RequestTest, StreamsAFileOfTheStore) {
  const auto path = std::filesystem::temp_directory_path() / crypto::uuid4();
  std::ofstream(path) << "from disk";
  Blob blob;
  blob.path = path;
  blob.size = 9;
  blobs_[8] = blob;
  EXPECT_EQ(body({{"body", {{"$blob", 8}}}}), "from disk");
  EXPECT_EQ(body({{"body", {{"$blob", 8}, {"as", "base64"}}}}), "ZnJvbSBkaXNr");
  std::filesystem::remove(path);
  const auto gone = prepare({{"body", {{"$blob", 8}}}});
  ASSERT_TRUE(gone.ok());
  EXPECT_FALSE(gone->body.bytes().ok());
}

TEST_F(RequestTest, ReplacesMarkersInPathQueryAndHeaderValues) {
  const auto request = prepare(
      {{"url", "https://api.example.com/bot" + marker("bot") + "/send?k=" + marker("token") + "&x={{secret:token}}"},
       {"headers", pairs({{"X-Key", "k " + marker("token")}})}});
  ASSERT_TRUE(request.ok()) << request.error().message;
  EXPECT_EQ(request->url.path, "/bot123:AB_c/send");
  EXPECT_EQ(request->url.query,
            "k=s3cr3t%2F%26%3D%3F&x={{secret:token}}");  // without the nonce it is a customer's text
  EXPECT_EQ(header(*request, "X-Key"), "k s3cr3t/&=?");
  EXPECT_TRUE(request->headers.at(0).secret);
  EXPECT_TRUE(request->has_secrets);
}

struct RefusedCase {
  std::string what;
  std::function<Json(const connectors::Secrets&)> request;
  std::string why;
};

void PrintTo(const RefusedCase& c, std::ostream* out) {
  *out << c.what;
}

class Refused : public RequestTest, public testing::WithParamInterface<RefusedCase> {};

TEST_P(Refused, IsNeverSentAndSaysWhichRule) {
  const std::string text = why(GetParam().request(secrets_));
  EXPECT_NE(text.find(GetParam().why), std::string::npos) << GetParam().what << ": " << text;
  EXPECT_EQ(text.find("s3cr3t"), std::string::npos) << "the message tells the secret";
}

INSTANTIATE_TEST_SUITE_P(
    Rules, Refused,
    testing::Values(
        RefusedCase{"marker in host",
                    [](const auto& s) {
                      return Json{{"url", "https://" + s.marker("token") + ".example.com/"}};
                    },
                    "URL"},
        RefusedCase{"marker in host of a name",
                    [](const auto& s) {
                      return Json{{"url", "https://api.example.com" + s.marker("token") + "/"}};
                    },
                    "URL"},
        RefusedCase{"marker in json",
                    [](const auto& s) {
                      return Json{{"json", {{"t", s.marker("token")}}}};
                    },
                    "JSON body"},
        RefusedCase{"marker in a json key",
                    [](const auto& s) {
                      return Json{{"json", {{s.marker("token"), 1}}}};
                    },
                    "JSON body"},
        RefusedCase{"marker in body",
                    [](const auto& s) {
                      return Json{{"body", "x" + s.marker("token")}};
                    },
                    "body"},
        RefusedCase{"marker in multipart",
                    [](const auto& s) {
                      return Json{{"multipart", {{{"name", "a"}, {"value", s.marker("token")}}}}};
                    },
                    "multipart"},
        RefusedCase{"text around a marker in a form",
                    [](const auto& s) {
                      return Json{{"form", pairs({{"a", "Bearer " + s.marker("token")}})}};
                    },
                    "whole value"},
        RefusedCase{"two markers in a form value",
                    [](const auto& s) {
                      return Json{{"form", pairs({{"a", s.marker("token") + s.marker("bot")}})}};
                    },
                    "whole value"},
        RefusedCase{"marker of nothing",
                    [](const auto& s) {
                      return Json{{"headers", pairs({{"X", s.marker("absent")}})}};
                    },
                    "absent"},
        RefusedCase{"secret to a server outside egress",
                    [](const auto& s) {
                      return Json{{"url", "https://evil.example/"}, {"headers", pairs({{"X", s.marker("token")}})}};
                    },
                    "egress list"},
        RefusedCase{"auth to a server outside egress, even for a download",
                    [](const auto&) {
                      return Json{{"url", "https://evil.example/"},
                                  {"method", "GET"},
                                  {"repeat", "safe"},
                                  {"into", "blob"},
                                  {"auth", {{{"scheme", "bearer"}, {"key", "token"}}}}};
                    },
                    "egress list"},
        RefusedCase{"any other request outside egress",
                    [](const auto&) {
                      return Json{{"url", "https://evil.example/"}};
                    },
                    "egress list"},
        RefusedCase{"plain http",
                    [](const auto&) {
                      return Json{{"url", "http://api.example.com/"}};
                    },
                    "plain http"},
        RefusedCase{"header name",
                    [](const auto&) {
                      return Json{{"headers", pairs({{"X Y", "a"}})}};
                    },
                    "token"},
        RefusedCase{"header value",
                    [](const auto&) {
                      return Json{{"headers", pairs({{"X", "a\r\nHost: b"}})}};
                    },
                    "control character"},
        RefusedCase{"a secret with a line break",
                    [](const auto& s) {
                      return Json{{"headers", pairs({{"X", s.marker("bad")}})}};
                    },
                    "control character"},
        RefusedCase{"Host",
                    [](const auto&) {
                      return Json{{"headers", pairs({{"host", "a"}})}};
                    },
                    "Patchbay itself"},
        RefusedCase{"Transfer-Encoding",
                    [](const auto&) {
                      return Json{{"headers", pairs({{"Transfer-Encoding", "chunked"}})}};
                    },
                    "Patchbay itself"},
        RefusedCase{"unknown blob",
                    [](const auto&) {
                      return Json{{"body", {{"$blob", 9}}}};
                    },
                    "blob 9"},
        RefusedCase{"raw blob in json",
                    [](const auto&) {
                      return Json{{"json", {{"$blob", 7}}}};
                    },
                    "base64"},
        RefusedCase{"sigv4 with an unknown key",
                    [](const auto&) {
                      return Json{{"auth",
                                   {{{"scheme", "sigv4"},
                                     {"service", "ses"},
                                     {"region", "x"},
                                     {"access_key", "account"},
                                     {"secret_key", "nope"}}}}};
                    },
                    "'nope'"},
        RefusedCase{"unknown key",
                    [](const auto&) {
                      return Json{{"auth", {{{"scheme", "bearer"}, {"key", "nope"}}}}};
                    },
                    "'nope'"},
        RefusedCase{"following a POST",
                    [](const auto&) {
                      return Json{{"follow", 1}};
                    },
                    "follow"},
        RefusedCase{"GET with a body",
                    [](const auto&) {
                      return Json{{"method", "GET"}, {"repeat", "safe"}, {"body", "x"}};
                    },
                    "no body"},
        RefusedCase{"part with a line break in its type",
                    [](const auto&) {
                      return Json{{"multipart", {{{"name", "a"}, {"value", "b"}, {"content_type", "x\r\ny"}}}}};
                    },
                    "control character"}));

TEST_F(RequestTest, AppliesEachAuthScheme) {
  const auto request = prepare({{"body", "abc"},
                                {"headers", pairs({{"X-Id", "42"}})},
                                {"auth",
                                 {{{"scheme", "bearer"}, {"key", "token"}},
                                  {{"scheme", "header"}, {"name", "X-Api-Key"}, {"prefix", "k="}, {"key", "bot"}},
                                  {{"scheme", "query"}, {"name", "a b"}, {"key", "token"}},
                                  {{"scheme", "hmac"},
                                   {"hash", "sha256"},
                                   {"key", "token"},
                                   {"template", "{header:X-Id}.{timestamp}.{body}"},
                                   {"encoding", "base64"},
                                   {"target", "header"},
                                   {"name", "X-Sig"},
                                   {"prefix", "v1,"}},
                                  {{"scheme", "hmac"},
                                   {"hash", "sha256"},
                                   {"key", "token"},
                                   {"template", "{secret:bot}"},
                                   {"encoding", "hex"},
                                   {"target", "query"},
                                   {"name", "proof"}}}}});
  ASSERT_TRUE(request.ok()) << request.error().message;
  EXPECT_EQ(header(*request, "Authorization"), "Bearer s3cr3t/&=?");
  EXPECT_EQ(header(*request, "X-Api-Key"), "k=123:AB_c");
  using crypto::Hash;
  EXPECT_EQ(header(*request, "X-Sig"),
            "v1," + crypto::base64Encode(crypto::hmac(Hash::kSha256, "s3cr3t/&=?", "42.1767607200.abc")));
  EXPECT_EQ(request->url.query, "a%20b=s3cr3t%2F%26%3D%3F&proof=" +
                                    crypto::hexEncode(crypto::hmac(Hash::kSha256, "s3cr3t/&=?", "123:AB_c")));
}

TEST_F(RequestTest, SignsWithEveryLiveValueWhereTheReceiverTakesAList) {
  const connectors::Secrets two(std::map<std::string, std::vector<std::string>>{{"key", {"new", "old"}}}, kNonce);
  const auto signedBy = [&](bool list) {
    const Json entry{{"scheme", "hmac"},     {"hash", "sha256"},     {"key", "key"},
                     {"template", "{body}"}, {"encoding", "base64"}, {"target", "header"},
                     {"name", "Sig"},        {"prefix", "v1,"},      {"list", list}};
    const Json json{{"method", "POST"},
                    {"url", "https://api.example.com/"},
                    {"repeat", "unsafe"},
                    {"body", "abc"},
                    {"auth", Json::array({entry})}};
    const auto request =
        prepareRequest(json, {egress_, &two, &config_, &blobs_, Timestamp{std::chrono::seconds{1767607200}}});
    return request.ok() ? header(*request, "Sig") : request.error().message;
  };
  const auto code = [](const char* key) {
    return "v1," + crypto::base64Encode(crypto::hmac(crypto::Hash::kSha256, key, "abc"));
  };
  EXPECT_EQ(signedBy(true), code("new") + " " + code("old"));
  EXPECT_EQ(signedBy(false), code("new"));
}

TEST_F(RequestTest, BasicTakesAPlainKeyOfTheConfiguration) {
  const auto request = prepare({{"auth", {{{"scheme", "basic"}, {"user", "account"}, {"password", "bot"}}}}});
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(header(*request, "Authorization"), "Basic " + crypto::base64Encode("AC1:123:AB_c"));
}

TEST_F(RequestTest, ADownloadWithoutSecretsMayGoToAnyServer) {
  EXPECT_TRUE(prepare({{"url", "https://cdn.elsewhere.example/a.jpg"},
                       {"method", "GET"},
                       {"repeat", "safe"},
                       {"into", "blob"},
                       {"follow", 2}})
                  .ok());
  EXPECT_TRUE(prepareDownload("https://elsewhere.example/a.jpg", egress_, 100).ok());
  EXPECT_FALSE(prepareDownload("http://elsewhere.example/a.jpg", egress_, 100).ok());
}

TEST(BodyReaderTest, GivesAllPiecesInAnyPortions) {
  Body body;
  body.present = true;
  for (const char* text : {"abc", "", "defgh", "i"}) {
    const auto bytes = std::make_shared<const std::string>(text);
    body.pieces.push_back({bytes, {}, bytes->size()});
  }
  for (std::size_t portion = 1; portion < 12; ++portion) {
    BodyReader reader(body);
    std::string all;
    std::string chunk(portion, '\0');
    for (std::int64_t count = 0; (count = reader.read(chunk.data(), portion)) > 0;)
      all += chunk.substr(0, static_cast<std::size_t>(count));
    EXPECT_EQ(all, "abcdefghi") << portion;
  }
}

}  // namespace
}  // namespace patchbay::delivery
