#include "simulators/meta/wire.hpp"

#include <gtest/gtest.h>

#include "simulators/meta/errors.hpp"

namespace patchbay::simulators::meta {
namespace {

constexpr std::string_view kKey = "patchbay-test-secret";

// The three vectors of the fact sheet, section 1.2.
TEST(Signature, MatchesTheVectorOfAPlainBody) {
  EXPECT_EQ(signature(kKey, R"({"object":"page","entry":[]})"),
            "sha256=3fca2b106735e0833e670f3dade6502c0f22934524beba294f9c94e13d988d63");
}

TEST(Signature, MatchesTheVectorOfAnEscapedBody) {
  EXPECT_EQ(signature(kKey, R"({"t":"\u00e4\u00f6 https:\/\/example.test\/a \ud83d\ude00"})"),
            "sha256=22e820fbfc5f04ff3c9bdfecc053805aaf873eb7cee0b951b59d9b921b4343b9");
}

TEST(Signature, DiffersWhenTheSameJsonIsSerialisedAgain) {
  EXPECT_EQ(signature(kKey, "{\"t\":\"\u00e4\u00f6 https://example.test/a \U0001F600\"}"),
            "sha256=251f6e736cadff60d90ca23c8f9d762bad18da3e36bb69c4b4ff16a2a0baf0e2");
}

TEST(AsciiJson, GivesTheBytesOfTheEscapedVector) {
  EXPECT_EQ(asciiJson({{"t", "\u00e4\u00f6 https://example.test/a \U0001F600"}}),
            R"({"t":"\u00e4\u00f6 https:\/\/example.test\/a \ud83d\ude00"})");
}

TEST(AsciiJson, IsPureAsciiAndReadsBackAsTheSameValue) {
  const Json value{{"/key/ß", {"\\/", "\"/\"", "陳", "\u0001", "🥐", 1, nullptr}}};
  const std::string text = asciiJson(value);
  for (const char c : text) EXPECT_TRUE(static_cast<unsigned char>(c) < 0x80U && c >= 0x20);
  EXPECT_EQ(parseJson(text), value);
}

TEST(AsciiJson, EscapesWithLowerCaseHex) {
  EXPECT_EQ(asciiJson("\u00ff"), "\"\\u00ff\"");
}

TEST(AsciiJson, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(asciiJson("a\xff"), "\"a\\ufffd\"");
}

TEST(Utf16Length, CountsASurrogatePairAsTwo) {
  EXPECT_EQ(utf16Length("aä陳"), 3U);
  EXPECT_EQ(utf16Length("🥐"), 2U);
}

TEST(AppsecretProof, IsTheHmacOfTheTokenInHex) {
  EXPECT_EQ("sha256=" + appsecretProof("secret", "token"), signature("secret", "token"));
}

struct CodeStatus {
  int code;
  int status;
};

TEST(GraphError, HasTheHttpStatusOfTheSheet) {
  for (const auto& [code, status] : std::vector<CodeStatus>{{190, 401},
                                                            {0, 401},
                                                            {131000, 500},
                                                            {130429, 400},
                                                            {131056, 400},
                                                            {131026, 400},
                                                            {131047, 400},
                                                            {131045, 500},
                                                            {132001, 404},
                                                            {2, 503},
                                                            {131016, 500},
                                                            {131031, 403},
                                                            {10, 403},
                                                            {3, 500},
                                                            {131057, 500},
                                                            {424242, 400}}) {
    const GraphError error = graphError(code, "why", "TrAcE");
    EXPECT_EQ(error.status, status) << code;
    EXPECT_EQ(error.body["error"]["code"], code);
    EXPECT_EQ(error.body["error"]["type"], "OAuthException");
    EXPECT_EQ(error.body["error"]["fbtrace_id"], "TrAcE");
    EXPECT_EQ(error.body["error"]["error_data"]["details"], "why");
    EXPECT_FALSE(error.body["error"].contains("error_subcode"));
  }
}

TEST(GraphError, CarriesTheSubcodeWhenThereIsOne) {
  EXPECT_EQ(graphError(100, "", "t", 33).body["error"]["error_subcode"], 33);
}

}  // namespace
}  // namespace patchbay::simulators::meta
