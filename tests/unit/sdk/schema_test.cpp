// The schemas are documentation as much as validation, and within what the host's validator takes.
#include <gtest/gtest.h>

#include <fstream>
#include <patchbay/json.hpp>
#include <sstream>

namespace patchbay {
namespace {

Json schema(const std::string& name) {
  std::ifstream file(std::string(PATCHBAY_SDK_DIR) + "/schema/" + name + ".schema.json");
  std::stringstream text;
  text << file.rdbuf();
  return parseJson(text.str());
}

/// Calls `visit` with each member of a `properties`, and its path.
template <class Visit>
void eachProperty(const Json& node, const std::string& path, Visit visit) {
  if (node.is_array())
    for (std::size_t i = 0; i < node.size(); ++i) eachProperty(node[i], path + "/" + std::to_string(i), visit);
  if (!node.is_object()) return;
  // What stands below `if` only tests; the member is described elsewhere.
  for (const auto& [key, value] : node.items()) {
    if (key == "if") continue;
    if (key == "properties" && value.is_object())
      for (const auto& [name, property] : value.items()) visit(property, path + "/" + name);
    eachProperty(value, path + "/" + key, visit);
  }
}

template <class Visit>
void eachNode(const Json& node, const std::string& path, Visit visit) {
  visit(node, path);
  if (node.is_structured())
    for (const auto& [key, value] : node.items()) eachNode(value, path + "/" + key, visit);
}

class Schema : public ::testing::TestWithParam<const char*> {};

TEST_P(Schema, EveryMemberIsDescribed) {
  eachProperty(schema(GetParam()), "", [](const Json& property, const std::string& path) {
    if (!property.is_object() || property.contains("$ref")) return;
    if (property.size() == 1 && property.contains("const")) return;  // "scheme": its branch says what it is
    EXPECT_TRUE(property.contains("description") && !property.at("description").get<std::string>().empty()) << path;
  });
}

TEST_P(Schema, UsesOnlyWhatTheValidatorTakes) {
  eachNode(schema(GetParam()), "", [](const Json& node, const std::string& path) {
    if (!node.is_object()) return;
    for (const char* ignored : {"unevaluatedProperties", "prefixItems", "dependentRequired", "minContains", "$defs"})
      EXPECT_FALSE(node.contains(ignored)) << path << " uses " << ignored;
    const bool reference = node.contains("$ref") && node.at("$ref").is_string();
    EXPECT_TRUE(!reference || node.size() == 1) << path << " has siblings of $ref";
    // A pattern is only applied after maxLength has bounded the text.
    const bool pattern = node.contains("pattern") && node.at("pattern").is_string();
    const bool bounded =
        node.contains("maxLength") || (pattern && node.at("pattern").get<std::string>().ends_with("{64}$"));
    EXPECT_TRUE(!pattern || bounded) << path << " has a pattern without maxLength";
  });
}

TEST_P(Schema, ReferencesNameADefinition) {
  const Json whole = schema(GetParam());
  eachNode(whole, "", [&](const Json& node, const std::string& path) {
    if (!node.is_object() || !node.contains("$ref") || !node.at("$ref").is_string()) return;
    const auto ref = node.at("$ref").get<std::string>();
    ASSERT_TRUE(ref.starts_with("#/")) << path;
    EXPECT_TRUE(whole.contains(Json::json_pointer(ref.substr(1)))) << path << " -> " << ref;
  });
}

INSTANTIATE_TEST_SUITE_P(All, Schema, ::testing::Values("event", "operation", "request", "result", "manifest"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace patchbay
