#include "connectors/manifest.hpp"

#include "connectors/elf_manifest.hpp"
#include "fixture.hpp"

namespace patchbay::connectors::test {
namespace {

Json good() {
  return Json::parse(*readManifestSection(SCRIPTED_LIBRARY));
}

/// What the manifest is refused for; "accepted" when it is not.
std::string refusal(const Json& manifest) {
  const auto result = Manifest::parse(manifest.dump());
  return result ? "accepted" : result.error().message;
}

TEST(Manifest, IsReadIntoTypedValues) {
  const auto manifest = Manifest::parse(good().dump());
  ASSERT_TRUE(manifest.ok()) << manifest.error().message;
  EXPECT_EQ(manifest->id, "scripted");
  EXPECT_EQ(manifest->platform, "scripted");
  EXPECT_EQ(manifest->account_key, "number");
  EXPECT_FALSE(manifest->reentrant);
  EXPECT_EQ(manifest->poll_interval, std::chrono::milliseconds{1000});
  ASSERT_EQ(manifest->webhooks.size(), 2U);
  EXPECT_EQ(manifest->webhooks[0].max_body, 33554432U);
  EXPECT_EQ(manifest->webhooks[0].ack_status, 202);
  EXPECT_EQ(manifest->webhooks[0].handshake_key, "verify_token");
  EXPECT_EQ(manifest->webhooks[1].max_body, 4U << 20U);
  EXPECT_EQ(manifest->webhooks[1].signatures[1].over, "{timestamp}.{body}");
  EXPECT_EQ(manifest->webhooks[1].signatures[1].tolerance, std::chrono::seconds{60});
  ASSERT_NE(manifest->configKey("secret"), nullptr);
  EXPECT_TRUE(manifest->configKey("secret")->secret);
  EXPECT_EQ(manifest->configKey("secret")->env, "SCRIPTED_SECRET");
  EXPECT_EQ(manifest->egress[0].pattern, "*.scripted.example");
  EXPECT_EQ(manifest->egress[1].config_key, "base_url");
}

TEST(Manifest, IsRefusedWithThePlaceAndTheRule) {
  EXPECT_NE(Manifest::parse("{").error().message.find("not JSON"), std::string::npos);
  EXPECT_NE(Manifest::parse(std::string(100'000, '[')).error().message.find("nested deeper"), std::string::npos);
  auto manifest = good();
  manifest.erase("platform");
  manifest["colour"] = "red";
  EXPECT_EQ(refusal(manifest), "its manifest is wrong: /platform is missing; /colour is not known here");
  manifest = good();
  manifest["version"] = "1";
  EXPECT_NE(refusal(manifest).find("/version must match"), std::string::npos);
  manifest = good();
  manifest["webhooks"][0]["signatures"][0].erase("hash");
  EXPECT_EQ(refusal(manifest), "its manifest is wrong: /webhooks/0/signatures/0/hash is missing (scheme 'hmac')");
  manifest = good();
  manifest["webhooks"][1]["signatures"][0]["header"] = "X-Token";
  EXPECT_EQ(refusal(manifest),
            "its manifest is wrong: /webhooks/1/signatures/0/header is not known here (scheme 'token')");
}

TEST(Manifest, SaysWhatThisHostDoesNotCarryOut) {
  auto manifest = good();
  manifest.erase("poll");
  EXPECT_EQ(Manifest::parse(manifest.dump())->unsupported(), "");
  manifest["isolation"] = "process";
  EXPECT_EQ(Manifest::parse(manifest.dump())->unsupported(), "");
  manifest["isolation"] = "worker";
  EXPECT_EQ(Manifest::parse(manifest.dump())->unsupported(), "");
  manifest = good();
  manifest["poll"] = {{"interval_ms", 1000}};
  EXPECT_NE(Manifest::parse(manifest.dump())->unsupported().find("polls its provider"), std::string::npos);
}

TEST(Manifest, NamesASchemeThatThisHostDoesNotKnow) {
  auto manifest = good();
  manifest["webhooks"][0]["signatures"][0] = {{"scheme", "sns"}, {"topics", "number"}};
  EXPECT_NE(refusal(manifest).find("does not know the signature scheme 'sns'"), std::string::npos);
  manifest = good();
  manifest["webhooks"][0]["handshake"] = {{"scheme", "sns_confirm"}};
  EXPECT_NE(refusal(manifest).find("does not know the handshake 'sns_confirm'"), std::string::npos);
}

TEST(Manifest, RefusesKeysThatConfigDoesNotHave) {
  auto manifest = good();
  manifest["webhooks"][0]["signatures"][0]["key"] = "number";
  EXPECT_NE(refusal(manifest).find("'number' is used to verify webhooks, so config must say x-secret"),
            std::string::npos);
  manifest = good();
  manifest["webhooks"][0]["signatures"][0]["key"] = "nothing";
  EXPECT_NE(refusal(manifest).find("'nothing' is not a key of config"), std::string::npos);
  manifest = good();
  manifest["egress"] = {{{"config", "secret"}}};
  EXPECT_NE(refusal(manifest).find("is a secret"), std::string::npos);
  manifest = good();
  manifest["account"] = "nothing";
  EXPECT_NE(refusal(manifest).find("/account 'nothing'"), std::string::npos);
}

TEST(Manifest, RefusesASignatureThatDoesNotCoverTheBody) {
  auto manifest = good();
  manifest["webhooks"][1]["signatures"][1]["over"] = "{timestamp}";
  EXPECT_NE(refusal(manifest).find("must contain {body}"), std::string::npos);
  manifest = good();
  manifest["webhooks"][1]["signatures"][1].erase("timestamp_header");
  EXPECT_NE(refusal(manifest).find("need each other"), std::string::npos);
}

TEST(Manifest, RefusesSecretsThatItCouldNotHide) {
  auto manifest = good();
  manifest["config"]["properties"]["nested"] = {{"type", "object"},
                                                {"properties", {{"x", {{"type", "string"}, {"x-secret", true}}}}}};
  EXPECT_NE(refusal(manifest).find("not deeper"), std::string::npos);
  manifest = good();
  manifest["config"]["properties"]["secret"]["default"] = "s";
  EXPECT_NE(refusal(manifest).find("has no default"), std::string::npos);
  manifest = good();
  manifest["config"]["properties"]["number"]["patternProperties"] = Json::object();
  EXPECT_NE(refusal(manifest).find("patternProperties"), std::string::npos);
}

}  // namespace
}  // namespace patchbay::connectors::test
