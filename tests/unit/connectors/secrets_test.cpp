#include "connectors/secrets.hpp"

#include <gtest/gtest.h>

namespace patchbay::connectors {
namespace {

const std::string kNonce = "00112233445566778899aabbccddeeff";

Secrets make(std::string nonce = kNonce) {
  return {{{"token", {"new", "old"}}, {"pin", {"1234"}}}, std::move(nonce)};
}

TEST(Secrets, PutsTheNewestValueInThePlaceOfAMarker) {
  const auto secrets = make();
  EXPECT_EQ(*secrets.expand("Bearer " + secrets.marker("token") + "/" + secrets.marker("pin") + "."),
            "Bearer new/1234.");
  EXPECT_EQ(secrets.values("token"), (std::vector<std::string>{"new", "old"}));
  EXPECT_TRUE(secrets.values("nothing").empty());
}

TEST(Secrets, LeavesTextAloneThatOnlyLooksLikeAMarker) {
  const auto secrets = make();
  for (const std::string text :
       {"{{secret:token}}", "{{secret:token:ffff2233445566778899aabbccddeeff}}", "{{secret:", "{{secret:token:", "{{}}",
        "}}{{", "{{secret::}}", "{{secret:00112233445566778899aabbccddeeff}}"}) {
    EXPECT_FALSE(secrets.hasMarker(text)) << text;
    EXPECT_EQ(*secrets.expand(text), text);
  }
}

TEST(Secrets, FindsAMarkerBehindAFalseStart) {
  const auto secrets = make();
  const auto text = "{{secret:x}} {{secret:" + secrets.marker("pin");
  EXPECT_TRUE(secrets.hasMarker(text));
  EXPECT_EQ(*secrets.expand(text), "{{secret:x}} {{secret:1234");
}

TEST(Secrets, RefusesAMarkerOfASecretThatIsNotThere) {
  const auto secrets = make();
  const auto result = secrets.expand(secrets.marker("other"));
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.error().message.find("'other'"), std::string::npos);
}

TEST(Secrets, HasFixedMarkersWithoutANonce) {
  const auto secrets = make("");
  EXPECT_EQ(secrets.marker("token"), "{{secret:token}}");
  EXPECT_EQ(*secrets.expand("a{{secret:token}}b"), "anewb");
}

}  // namespace
}  // namespace patchbay::connectors
