#include "base/crypto.hpp"

#include <gtest/gtest.h>

#include <set>
#include <thread>

namespace patchbay::crypto {
namespace {

/// FIPS 180-4 examples.
TEST(Digest, MatchesThePublishedExamples) {
  EXPECT_EQ(hexEncode(digest(Hash::kSha1, "abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hexEncode(digest(Hash::kSha256, "abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hexEncode(digest(Hash::kSha256, "")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hexEncode(digest(Hash::kSha512, "abc")),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

/// RFC 2202 and RFC 4231, test case 2, and keys longer than a block (case 6).
TEST(Hmac, MatchesThePublishedExamples) {
  const std::string text = "what do ya want for nothing?";
  EXPECT_EQ(hexEncode(hmac(Hash::kSha1, "Jefe", text)), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  EXPECT_EQ(hexEncode(hmac(Hash::kSha256, "Jefe", text)),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hexEncode(hmac(Hash::kSha512, "Jefe", text)),
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
            "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
  EXPECT_EQ(hexEncode(hmac(Hash::kSha256, std::string(131, '\xaa'),
                           "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Hmac, AnEmptyKeyIsNotTheKeyOfLastTime) {
  const auto empty = "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
  hmac(Hash::kSha256, "another", "x");
  EXPECT_EQ(hexEncode(hmac(Hash::kSha256, std::string_view(), std::string_view())), empty);
}

TEST(Hmac, ThreadsDoNotDisturbEachOther) {
  const auto run = [](std::string key, bool& same) {
    const std::string first = hmac(Hash::kSha256, key, "text");
    for (int i = 0; i < 2000; ++i) same = same && hmac(Hash::kSha256, key, "text") == first;
  };
  bool a = true, b = true;
  {
    std::jthread one(run, "one", std::ref(a));
    std::jthread two(run, "two", std::ref(b));
  }
  EXPECT_TRUE(a && b);
}

TEST(Hex, DecodesBothCasesAndRefusesTheRest) {
  EXPECT_EQ(hexDecode("00fFA7"), std::string("\x00\xff\xa7", 3));
  EXPECT_EQ(hexDecode(""), "");
  for (const char* bad : {"0", "0g", "0x12", " 1", "12 "}) EXPECT_FALSE(hexDecode(bad)) << bad;
}

/// RFC 4648, section 10.
TEST(Base64, MatchesThePublishedExamples) {
  const char* table[][2] = {{"", ""},
                            {"f", "Zg=="},
                            {"fo", "Zm8="},
                            {"foo", "Zm9v"},
                            {"foob", "Zm9vYg=="},
                            {"fooba", "Zm9vYmE="},
                            {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : table) {
    EXPECT_EQ(base64Encode(plain), encoded);
    EXPECT_EQ(base64Decode(encoded), plain);
  }
  EXPECT_EQ(base64UrlEncode("\xfb\xff\xfe\xff"), "-__-_w");
  EXPECT_EQ(base64Decode("-__-_w"), "\xfb\xff\xfe\xff");
  EXPECT_EQ(base64Decode("+//+/w=="), "\xfb\xff\xfe\xff");
}

TEST(Base64, RefusesEverythingElse) {
  for (const char* bad : {"Z", "Zg=", "Zg===", "=", "====", "Zm9v=", "Zm 9v", "Zm9v\n", "Z=g=", "Zh==", "Zm9"}) {
    EXPECT_FALSE(base64Decode(bad)) << bad;
  }
}

TEST(ConstantTimeEqual, ComparesAllBytes) {
  EXPECT_TRUE(constantTimeEqual("", ""));
  EXPECT_TRUE(constantTimeEqual("abc", "abc"));
  EXPECT_FALSE(constantTimeEqual("abc", "abd"));
  EXPECT_FALSE(constantTimeEqual("abc", "abcd"));
}

TEST(Random, DoesNotRepeat) {
  EXPECT_EQ(randomBytes(0), "");
  EXPECT_EQ(randomBytes(100'000).size(), 100'000U);
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = uuid4();
    EXPECT_EQ(id.size(), 36U);
    EXPECT_EQ(id[14], '4');
    EXPECT_NE(std::string_view("89ab").find(id[19]), std::string_view::npos);
    for (const std::size_t at : {8U, 13U, 18U, 23U}) EXPECT_EQ(id[at], '-');
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef-"), std::string::npos);
    seen.insert(id);
  }
  EXPECT_EQ(seen.size(), 1000U);
}

}  // namespace
}  // namespace patchbay::crypto
