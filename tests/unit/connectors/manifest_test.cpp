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
  ASSERT_EQ(manifest->webhooks.size(), 3U);
  EXPECT_EQ(manifest->webhooks[0].max_body, 33554432U);
  EXPECT_EQ(manifest->webhooks[0].ack_status, 202);
  EXPECT_EQ(manifest->webhooks[0].handshake_key, "verify_token");
  EXPECT_EQ(manifest->webhooks[1].max_body, 4U << 20U);
  EXPECT_EQ(manifest->webhooks[1].signatures[1].over, "{timestamp}.{body}");
  EXPECT_EQ(manifest->webhooks[1].signatures[1].tolerance, std::chrono::seconds{60});
  EXPECT_FALSE(manifest->webhooks[1].decode_form);
  EXPECT_TRUE(manifest->webhooks[2].decode_form);
  ASSERT_NE(manifest->configKey("secret"), nullptr);
  EXPECT_TRUE(manifest->configKey("secret")->secret);
  EXPECT_EQ(manifest->configKey("secret")->env, "SCRIPTED_SECRET");
  EXPECT_EQ(manifest->egress[0].pattern, "*.scripted.example");
  EXPECT_EQ(manifest->egress[1].config_key, "base_url");
}

TEST(Manifest, MailNamesKeysThatHoldTheSender) {
  auto source = good();
  source["config"]["properties"]["from_email"] = {{"type", "string"}, {"maxLength", 320}};
  source["config"]["properties"]["from_name"] = {{"type", "string"}};
  source["mail"] = {{"from", "from_email"}, {"name", "from_name"}, {"compose", "mime"}};
  const auto manifest = Manifest::parse(source.dump());
  ASSERT_TRUE(manifest.ok()) << manifest.error().message;
  EXPECT_EQ(manifest->mail->from, "from_email");
  EXPECT_EQ(manifest->mail->name, "from_name");
  EXPECT_TRUE(manifest->mail->compose_mime);
  EXPECT_FALSE(Manifest::parse(good().dump())->mail.has_value());
  const auto refusal = [&](const char* member, const char* key) {
    auto wrong = source;
    wrong["mail"][member] = key;
    return Manifest::parse(wrong.dump()).error().message;
  };
  EXPECT_NE(refusal("from", "nothing").find("/mail/from 'nothing' is not a key of config"), std::string::npos);
  EXPECT_NE(refusal("name", "secret").find("/mail/name 'secret' is a secret"), std::string::npos);
  EXPECT_NE(refusal("reply_to", "count").find("/mail/reply_to 'count' must be a string"), std::string::npos);
  EXPECT_NE(refusal("compose", "html").find("/mail/compose"), std::string::npos);
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
  manifest["egress"] = {"https://api.example.com/", "api.example.com", 7};
  const std::string host =
      "must be a host, as in api.example.com or *.example.com (https, port 443: no scheme, no path), "
      "or {\"config\": KEY} for the one of a setting";
  EXPECT_EQ(refusal(manifest), "its manifest is wrong: /egress/0 " + host + "; /egress/2 " + host);
  manifest = good();
  manifest["webhooks"][0]["signatures"][0].erase("hash");
  EXPECT_EQ(refusal(manifest), "its manifest is wrong: /webhooks/0/signatures/0/hash is missing (scheme 'hmac')");
  manifest = good();
  manifest["webhooks"][1]["signatures"][0]["header"] = "X-Token";
  EXPECT_EQ(refusal(manifest),
            "its manifest is wrong: /webhooks/1/signatures/0/header is not known here (scheme 'token')");
}

TEST(Manifest, SaysWhichChannelsArePolled) {
  auto manifest = good();
  manifest.erase("poll");
  EXPECT_FALSE(Manifest::parse(manifest.dump())->polls({{"number", "1061"}}));
  manifest["poll"] = {{"interval_ms", 1000}};
  EXPECT_TRUE(Manifest::parse(manifest.dump())->polls(Json::object()));
  manifest["poll"]["when"] = {{"number", "1061"}, {"count", 2}};
  const auto chosen = Manifest::parse(manifest.dump());
  ASSERT_TRUE(chosen.ok()) << chosen.error().message;
  EXPECT_TRUE(chosen->polls({{"number", "1061"}, {"count", 2}}));
  EXPECT_FALSE(chosen->polls({{"number", "1061"}, {"count", 3}}));
  EXPECT_FALSE(chosen->polls({{"number", "1061"}}));
}

TEST(Manifest, RefusesToChoosePollingByWhatIsNoPlainKeyOfConfig) {
  auto manifest = good();
  manifest["poll"] = {{"interval_ms", 1000}, {"when", {{"nothing", true}}}};
  EXPECT_NE(refusal(manifest).find("/poll/when/nothing 'nothing' is not a key of config"), std::string::npos);
  manifest["poll"]["when"] = {{"secret", "x"}};
  EXPECT_NE(refusal(manifest).find("'secret' is a secret"), std::string::npos);
  manifest["poll"]["when"] = Json::object();
  EXPECT_NE(refusal(manifest), "accepted");
}

TEST(Manifest, NamesASchemeThatThisHostDoesNotKnow) {
  auto manifest = good();
  manifest["webhooks"][0]["signatures"][0] = {{"scheme", "hologram"}, {"key", "secret"}};
  EXPECT_NE(refusal(manifest).find("does not know the signature scheme 'hologram'"), std::string::npos);
  manifest = good();
  manifest["webhooks"][0]["handshake"] = {{"scheme", "wave"}};
  EXPECT_NE(refusal(manifest).find("does not know the handshake 'wave'"), std::string::npos);
}

TEST(Manifest, KnowsTopicsAsAKeyThatIsNoSecret) {
  auto manifest = good();
  manifest["webhooks"][0]["signatures"][0] = {{"scheme", "sns"}, {"topics", "number"}, {"min_version", "number"}};
  manifest["webhooks"][0]["handshake"] = {{"scheme", "sns_confirm"}};
  const auto read = Manifest::parse(manifest.dump());
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_TRUE(read->webhooks[0].confirm);
  EXPECT_EQ(read->webhooks[0].signatures[0].topics, "number");
  manifest["webhooks"][0]["signatures"][0]["topics"] = "secret";
  EXPECT_NE(refusal(manifest).find("'secret' is no secret"), std::string::npos);
  manifest["webhooks"][0]["signatures"][0]["topics"] = "nothing";
  EXPECT_NE(refusal(manifest).find("'nothing' is not a key of config"), std::string::npos);
}

TEST(Manifest, AHostOfEgressMayHaveAPartFromTheConfiguration) {
  auto manifest = good();
  manifest["egress"] = {"api.{number}.example.com", "*.{number}.example.com"};
  const auto read = Manifest::parse(manifest.dump());
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->egress[0].hostIn({{"number", "Eu-1"}}), "api.eu-1.example.com");
  EXPECT_EQ(read->egress[1].hostIn({{"number", "eu"}}), "*.eu.example.com");
  for (const char* value : {"", "a.b", "a/b", "evil.test#", "a@b", "*"})
    EXPECT_EQ(read->egress[0].hostIn({{"number", value}}), "") << value;
  EXPECT_EQ(read->egress[0].hostIn(Json::object()), "");
  manifest["egress"] = {"api.{secret}.example.com"};
  EXPECT_NE(refusal(manifest).find("is a secret"), std::string::npos);
  manifest["egress"] = {"api.{nothing}.example.com"};
  EXPECT_NE(refusal(manifest).find("'nothing' is not a key of config"), std::string::npos);
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

TEST(Manifest, RefusesTyposInConfig) {
  auto manifest = good();
  manifest["config"]["properties"]["secret"]["x-secert"] = true;
  EXPECT_NE(refusal(manifest).find("/config/properties/secret/x-secert is not known; there are x-secret and x-env"),
            std::string::npos)
      << refusal(manifest);
  manifest = good();
  manifest["config"]["required"] = {"secret", "nubmer"};
  EXPECT_NE(refusal(manifest).find("/config/required/1 'nubmer' is not a property"), std::string::npos)
      << refusal(manifest);
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
