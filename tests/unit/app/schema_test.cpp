// config/patchbay.schema.json, config/patchbay.yaml and the reader say the same. A new key goes into all three.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "app/config_schema.hpp"
#include "app/values.hpp"
#include "base/json_schema.hpp"
#include "shipped.hpp"

namespace patchbay::app {
namespace {

const Environment kSchemaHome = {{"HOME", "/home/ada"}};

/// Every key there is: sections that are not in the file are asked for all the same.
Keys readerKeys() {
  return loadConfigText("p.yaml", "tenants: {acme: {channels: {support: {connector: x}}}}", kSchemaHome).keys;
}

/// Every path of the schema, with names where they are free.
void collect(const std::string& path, std::vector<std::string>& out) {
  for (const auto& name : keyNames(path)) {
    const std::string real = name != "*" ? name : path == "tenants" ? "acme" : "support";
    if (path == "auth.roles") continue;
    const std::string longer = path.empty() ? real : path + "." + real;
    if (name != "*") out.push_back(longer);
    collect(longer, out);
  }
}

std::string contentOf(const std::string& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string errorsOf(const JsonSchema& schema, const std::string& yaml) {
  const auto document = yaml::parse("f.yaml", yaml, nullptr);
  std::string errors;
  for (const auto& error : document.errors) errors += error.message + "\n";
  for (const auto& error : schema.validate(yaml::toJson(document.root)))
    errors += error.pointer + ": " + error.message + "\n";
  return errors;
}

TEST(ConfigurationSchema, KnowsEveryKeyOfTheReader) {
  for (const auto& [path, key] : readerKeys())
    EXPECT_TRUE(findKeySchema(path)) << path << " is read, but config/patchbay.schema.json does not describe it";
}

TEST(ConfigurationSchema, HasNoKeyThatTheReaderDoesNotRead) {
  const Keys keys = readerKeys();
  std::vector<std::string> described;
  collect("", described);
  EXPECT_GT(described.size(), 40U);
  for (const auto& path : described)
    EXPECT_TRUE(keys.contains(path)) << path << " is in config/patchbay.schema.json, but nobody reads it";
}

TEST(ConfigurationSchema, HasTheReadersRulesAndDefaults) {
  for (const auto& [path, key] : readerKeys()) {
    const auto found = findKeySchema(path);
    if (!found) continue;
    const Json& schema = found->schema;
    EXPECT_FALSE(schema.value("description", "").empty()) << path << " needs a description";
    const Json first = schema.contains("anyOf") ? schema["anyOf"][0] : schema;
    const auto ref = schema.contains("allOf") ? schema["allOf"][0].value("$ref", "") : std::string();
    Json standard = key.standard;
    switch (key.kind) {
      case Key::Kind::kNumber:
        EXPECT_EQ(first.value("type", ""), "integer") << path;
        EXPECT_EQ(first.value("minimum", Json()), Json(key.low)) << path;
        EXPECT_EQ(first.value("maximum", Json()), Json(key.high)) << path;
        standard = std::stoll(key.standard);
        break;
      case Key::Kind::kSwitch:
        EXPECT_EQ(first.value("type", ""), "boolean") << path;
        standard = key.standard == "true";
        break;
      case Key::Kind::kDuration:
        EXPECT_EQ(ref, "#/definitions/duration") << path;
        EXPECT_EQ(schema.value("x-minimum", ""), formatDuration(std::chrono::milliseconds(key.low))) << path;
        EXPECT_EQ(schema.value("x-maximum", ""), formatDuration(std::chrono::milliseconds(key.high))) << path;
        break;
      case Key::Kind::kSize:
        EXPECT_EQ(ref, "#/definitions/size") << path;
        EXPECT_EQ(schema.value("x-minimum", ""), formatSize(static_cast<std::uint64_t>(key.low))) << path;
        EXPECT_EQ(schema.value("x-maximum", ""), formatSize(static_cast<std::uint64_t>(key.high))) << path;
        break;
      case Key::Kind::kWord:
        EXPECT_EQ(first.value("enum", Json()), Json(key.words)) << path;
        break;
      case Key::Kind::kText:
        EXPECT_TRUE(first.contains("type") ? first["type"] == "string" : first.contains("enum")) << path;
        break;
      case Key::Kind::kTexts:
        EXPECT_EQ(schema.value("type", ""), "array") << path;
        continue;
      case Key::Kind::kSection:
      case Key::Kind::kOther:
        continue;
    }
    const bool none = schema.contains("x-default") || path.ends_with(".connector");
    const bool both_empty = standard == "" && !schema.contains("default");
    EXPECT_TRUE(none || both_empty || schema.value("default", Json()) == standard)
        << path << ": another default than the reader's, " << standard;
  }
}

TEST(ConfigurationSchema, FitsTheShippedFiles) {
  const JsonSchema schema(configSchema());
  const auto shipped = contentOf(PATCHBAY_CONFIG_DIR "/patchbay.yaml");
  EXPECT_EQ(errorsOf(schema, shipped), "");
  EXPECT_EQ(errorsOf(schema, test::withCommentedKeys(shipped)), "");
  EXPECT_EQ(errorsOf(schema, contentOf(PATCHBAY_CONFIG_DIR "/demo.yaml")), "");
  for (const char* file : {"/patchbay.yaml", "/demo.yaml"})
    EXPECT_TRUE(contentOf(std::string(PATCHBAY_CONFIG_DIR) + file)
                    .starts_with("# yaml-language-server: $schema=patchbay.schema.json\n"))
        << file;
}

TEST(ConfigurationSchema, HasNoKeyThatTheShippedFileDoesNotShow) {
  const auto all = loadConfigText("all.yaml", test::withCommentedKeys(contentOf(PATCHBAY_CONFIG_DIR "/patchbay.yaml")),
                                  test::kShippedEnvironment);
  EXPECT_EQ(all.report(), "");
  // Every key of a channel stands in the first one; the others show what their connectors want.
  const auto of_another_channel = [](const std::string& path) {
    return path.find(".channels.") != std::string::npos && path.find(".channels.support") == std::string::npos;
  };
  for (const auto& [path, key] : all.keys)
    EXPECT_TRUE(of_another_channel(path) || key.mark.line > 0 || !key.source.empty())
        << path << " is missing in config/patchbay.yaml";
}

TEST(ConfigurationSchema, RefusesWhatTheReaderRefuses) {
  const JsonSchema schema(configSchema());
  for (const char* wrong :
       {"htpp: {}", "http: {prot: 1}", "http: {port: 70000}", "http: {port: eighty}", "http: {drain: 10}",
        "http: {api_body_limit: 4MB}", "log: {level: wran}", "internal: {enabled: 'yes'}", "tenants: {Acme: {}}",
        "tenants: {a: {channels: {x: {}}}}", "tenants: {a: {channels: {-x: {connector: c}}}}", "connectors: {paths: a}",
        "auth: {roles: {admin: boss}}"})
    EXPECT_NE(errorsOf(schema, wrong), "") << wrong;
  for (const char* right : {"http: {port: '${PORT:-1}'}", "http: {drain: '${DRAIN}'}", "http: {body_budget: 10000000}",
                            "tenants:", "tenants: {a: }", "log: {level: '${LEVEL}'}"})
    EXPECT_EQ(errorsOf(schema, right), "") << right;
}

TEST(ConfigurationSchema, KnowsTheKeysOfTheInstalledConnectors) {
  const Json config = Json::parse(R"({
    "type": "object", "additionalProperties": false, "required": ["number", "secret", "token"],
    "definitions": {"deep": {"type": "integer"}},
    "properties": {"number": {"type": "string", "pattern": "^[0-9]+$"}, "secret": {"type": "string", "x-secret": true},
                   "token": {"type": "string", "x-env": "TOKEN"},
                   "limit": {"$ref": "#/definitions/deep"}}})");
  const JsonSchema schema(schemaWithConnectors({{"acme-sms", config}, {"other", Json{{"type", "object"}}}}));
  const auto channel = [](const std::string& text) { return "tenants: {a: {channels: {x: {" + text + "}}}}"; };
  const auto good = "connector: acme-sms, config: {number: '1', secret: s";
  EXPECT_EQ(errorsOf(schema, channel(std::string(good) + "}")), "") << "a variable may fill the token";
  EXPECT_EQ(errorsOf(schema, channel("connector: acme-sms, config: {number: '${N}', secret: [new, old], limit: 3}")),
            "");
  EXPECT_EQ(errorsOf(schema, channel("connector: other, config: {whatever: 1}")), "");
  EXPECT_NE(errorsOf(schema, channel("connector: acme-sms, config: {secret: s}")), "");
  EXPECT_NE(errorsOf(schema, channel("connector: acme-sms, config: {number: x, secret: s}")), "");
  EXPECT_NE(errorsOf(schema, channel(std::string(good) + ", limit: many}")), "");
  EXPECT_NE(errorsOf(schema, channel(std::string(good) + ", nubmer: 1}")), "");
  EXPECT_NE(errorsOf(schema, channel("connector: nobody")), "");
}

TEST(KeysForRestart, AreThoseThatNoReloadApplies) {
  const auto keys = [](const std::string& yaml, const Environment& environment = kSchemaHome) {
    return loadConfigText("p.yaml", yaml, environment).keys;
  };
  const auto before = keys("http: {port: 1}\nlog: {level: info}\n");
  EXPECT_EQ(keysForRestart(before, before), std::vector<std::string>());
  EXPECT_EQ(
      keysForRestart(before, keys("http: {port: 2}\ndatabase: {lanes: 63}\nlog: {level: warn}\n"
                                  "public_url: https://a.example\ntenants: {a: {channels: {x: {connector: c}}}}\n")),
      (std::vector<std::string>{"database.lanes", "http.port"}));
  const Environment port = {{"HOME", "/home/ada"}, {"PORT", "9"}};
  EXPECT_EQ(keysForRestart(keys("http: {port: 1}", port), keys("http: {port: 2}", port)), std::vector<std::string>())
      << "what the environment says counts, and that is the same";
}

TEST(Keys, SayWhereTheirValueIsFrom) {
  Overrides overrides;
  overrides.host = "1.2.3.4";
  const auto keys = loadConfigText("p.yaml", "http:\n  port: 1\n  drain: 3000ms\n",
                                   {{"HOME", "/h"}, {"PORT", "9"}, {"RELOAD", "true"}}, overrides)
                        .keys;
  EXPECT_EQ(keys.at("http.port").value, "9");
  EXPECT_EQ(keys.at("http.port").source, "the environment variable PORT");
  EXPECT_EQ(keys.at("http.host").source, "the option --host");
  EXPECT_EQ(keys.at("http.drain").value, "3s");
  EXPECT_EQ(keys.at("http.drain").source, "file");
  EXPECT_EQ(keys.at("http.drain").mark, (yaml::Mark{3, 10}));
  EXPECT_EQ(keys.at("http.drain").standard, "10s");
  EXPECT_EQ(keys.at("http.max_connections").source, "");
}

}  // namespace
}  // namespace patchbay::app
