#include "base/json_schema.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace patchbay {
namespace {

std::string errors(const JsonSchema& schema, const Json& value) {
  std::string text;
  for (const auto& error : schema.validate(value)) text += error.pointer + " " + error.message + "\n";
  return text;
}

std::string errors(const char* schema, const char* value) {
  return errors(JsonSchema(Json::parse(schema)), Json::parse(value));
}

std::string refusal(const char* schema) {
  try {
    JsonSchema{Json::parse(schema)};
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "accepted";
}

TEST(JsonSchema, NamesTheMemberAndTheRule) {
  const char* schema = R"({"type": "object", "required": ["a"], "additionalProperties": false, "properties": {
      "a": {"type": "integer", "minimum": 1, "maximum": 9}, "name": {"type": "string", "minLength": 2, "maxLength": 3},
      "kind": {"enum": ["x", "y", 3]}, "list": {"type": "array", "maxItems": 1, "items": {"type": "boolean"}}}})";
  EXPECT_EQ(errors(schema, R"({"a": 1, "name": "ab", "kind": 3, "list": [true]})"), "");
  EXPECT_EQ(errors(schema, "{}"), "/a is missing\n");
  EXPECT_EQ(errors(schema, R"({"a": 10})"), "/a must be at most 9\n");
  EXPECT_EQ(errors(schema, R"({"a": "1"})"), "/a must be an integer, not a string\n");
  EXPECT_EQ(errors(schema, R"({"a": 1.5})"), "/a must be an integer, not a fraction\n");
  EXPECT_EQ(errors(schema, R"({"a": 1, "name": "a"})"), "/name must be at least 2 characters long, is 1\n");
  EXPECT_EQ(errors(schema, R"({"a": 1, "name": "äöüé"})"), "/name must be at most 3 characters long, is 4\n");
  EXPECT_EQ(errors(schema, R"({"a": 1, "name": ""})"), "/name must not be empty\n");
  EXPECT_EQ(errors(schema, R"({"a": 1, "kind": "z"})"), "/kind must be one of: x, y, 3\n");
  EXPECT_EQ(errors(schema, R"({"a": 1, "lisst": []})"), "/lisst is not known here; did you mean 'list'?\n");
  EXPECT_EQ(errors(schema, R"({"a": 1, "list": [true, 1]})"),
            "/list/1 must be a boolean, not a number\n/list must have at most 1 items, has 2\n");
  EXPECT_EQ(errors(schema, "[]"), " must be an object, not an array\n");
}

TEST(JsonSchema, TakesAWholeNumberWrittenAsAFractionAsAnInteger) {
  EXPECT_EQ(errors(R"({"type": "integer"})", "1.0"), "");
  EXPECT_EQ(errors(R"({"type": "integer"})", "1e3"), "");
  EXPECT_NE(errors(R"({"type": "integer"})", "1.01"), "");
  EXPECT_NE(errors(R"({"type": "integer"})", "1e300"), "");
}

TEST(JsonSchema, RefusesAnIntegerThatDoesNotFit64Bits) {
  EXPECT_EQ(errors(R"({"properties": {"a": {"type": "integer", "maximum": 10}}})", R"({"a": 18446744073709551615})"),
            "/a must fit 64 bits\n");
}

TEST(JsonSchema, MatchesPatternsWithoutRecursionOnLongText) {
  const JsonSchema schema(Json::parse(R"({"type": "string", "pattern": "^(a|b)*c$"})"));
  EXPECT_EQ(errors(schema, std::string(30'000, 'a') + "c"), "");
  EXPECT_EQ(errors(schema, std::string(30'000, 'a')), " must match ^(a|b)*c$\n");
  EXPECT_EQ(errors(R"({"pattern": "^a$", "maxLength": 3})", R"("aaaaaaa")"),
            " must be at most 3 characters long, is 7\n");
}

TEST(JsonSchema, JudgesPatternsInsideAlternatives) {
  const char* schema = R"({"anyOf": [{"type": "string", "pattern": "^a"}, {"type": "string", "pattern": "^b"}]})";
  EXPECT_EQ(errors(schema, R"("apple")"), "");
  EXPECT_EQ(errors(schema, R"("berry")"), "");
  EXPECT_NE(errors(schema, R"("cherry")"), "");
  const char* one = R"({"oneOf": [{"pattern": "^a"}, {"pattern": "e$"}]})";
  EXPECT_EQ(errors(one, R"("ab")"), "");
  EXPECT_EQ(errors(one, R"("apple")"), " fits more than one of the forms that exclude each other\n");
}

TEST(JsonSchema, ChecksFormats) {
  const auto check = [](const char* format, const char* value) {
    return errors(JsonSchema(Json{{"type", "string"}, {"format", format}}), Json(value)).empty();
  };
  EXPECT_TRUE(check("uuid", "0189a1b2-0000-4000-8000-00000000ABCD"));
  EXPECT_FALSE(check("uuid", "0189a1b2-0000-4000-8000-00000000ABC"));
  EXPECT_FALSE(check("uuid", "0189a1b2x0000-4000-8000-00000000ABCD"));
  EXPECT_TRUE(check("uri", "https://a.example/b?c=%20#d"));
  EXPECT_TRUE(check("uri", "mailto:a@b.example"));
  EXPECT_FALSE(check("uri", "/relative"));
  EXPECT_FALSE(check("uri", "https://"));
  EXPECT_FALSE(check("uri", "https://a.example/a b"));
  EXPECT_FALSE(check("uri", "https://a.example/%z1"));
  EXPECT_TRUE(check("date-time", "2026-01-05T10:00:00+02:00"));
  EXPECT_FALSE(check("date-time", "2026-02-30T10:00:00Z"));
  EXPECT_FALSE(check("date-time", "2026-01-05"));
  EXPECT_TRUE(check("date", "2026-01-05"));
  EXPECT_FALSE(check("date", "2026-13-05"));
}

TEST(JsonSchema, FollowsReferencesIntoTheRootDocument) {
  const Json root = Json::parse(R"({"components": {"schemas": {
      "Node": {"type": "object", "required": ["id"], "properties": {"id": {"$ref": "#/components/schemas/Id"},
               "children": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}}}},
      "Id": {"type": "integer"}, "a/b": {"$ref": "#/components/schemas/Id"}}}})");
  const JsonSchema node(root, "/components/schemas/Node");
  EXPECT_EQ(errors(node, Json::parse(R"({"id": 1, "children": [{"id": 2, "children": [{"id": 3}]}]})")), "");
  EXPECT_EQ(errors(node, Json::parse(R"({"id": 1, "children": [{"id": 2, "children": [{"id": "x"}]}]})")),
            "/children/0/children/0/id must be an integer, not a string\n");
  EXPECT_NE(errors(JsonSchema(root, "/components/schemas/a~1b"), "x"), "");
}

TEST(JsonSchema, NamesWhatIsWrongInTheBranchThatWasMeant) {
  const char* schema = R"({"type": "object", "required": ["scheme"], "oneOf": [
      {"required": ["key"], "additionalProperties": false, "properties": {"scheme": {"const": "bearer"}, "key": {"type": "string"}}},
      {"required": ["user"], "additionalProperties": false, "properties": {"scheme": {"const": "basic"}, "user": {"type": "string"}}}]})";
  EXPECT_EQ(errors(schema, R"({"scheme": "bearer", "key": "x"})"), "");
  EXPECT_EQ(errors(schema, R"({"scheme": "bearer"})"), "/key is missing\n");
  EXPECT_EQ(errors(schema, R"({"scheme": "basic", "user": "x", "key": "y"})"), "/key is not known here\n");
  EXPECT_EQ(errors(schema, R"({"scheme": "digest"})"), "/scheme must be one of: bearer, basic\n");
  EXPECT_EQ(errors(schema, "{}"), "/scheme is missing\n");
}

TEST(JsonSchema, AppliesConditionsAndNegations) {
  const char* schema =
      R"({"allOf": [{"if": {"properties": {"k": {"const": "a"}}, "required": ["k"]}, "then": {"required": ["x"]}},
                                     {"not": {"required": ["p", "q"]}}]})";
  EXPECT_EQ(errors(schema, R"({"k": "b"})"), "");
  EXPECT_EQ(errors(schema, R"({"k": "a"})"), "/x is missing\n");
  EXPECT_EQ(errors(schema, R"({"p": 1, "q": 2})"), " has a form that is not allowed here\n");
  EXPECT_EQ(errors(R"({"type": "array", "uniqueItems": true})", "[1, 2, 1]"), " must not hold the same item twice\n");
  EXPECT_EQ(errors(R"({"type": "object", "additionalProperties": {"type": "string"}})", R"({"a/b": 1})"),
            "/a~1b must be a string, not a number\n");
}

TEST(JsonSchema, RefusesWhatItWouldNotCheck) {
  EXPECT_NE(refusal(R"({"properties": {"a": {"type": "string", "nullable": true}}})").find("/properties/a/nullable"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"patternProperties": {"a": {}}})").find("patternProperties"), std::string::npos);
  EXPECT_NE(refusal(R"({"unevaluatedProperties": false})").find("unevaluatedProperties"), std::string::npos);
  EXPECT_NE(refusal(R"({"$ref": "#/definitions/a", "description": "x", "definitions": {"a": {}}})").find("beside $ref"),
            std::string::npos);
  EXPECT_NE(refusal(R"({"items": {"$ref": "#/definitions/a"}})").find("nothing"), std::string::npos);
  EXPECT_NE(refusal(R"({"items": {"$ref": "https://x.example/y"}})").find("must be local"), std::string::npos);
  EXPECT_NE(refusal(R"({"format": "ipv7"})").find("ipv7"), std::string::npos);
  EXPECT_NE(refusal(R"x({"pattern": "(?=a)"})x").find("RE2"), std::string::npos);
  EXPECT_NE(refusal(R"({"type": "strin"})").find("strin"), std::string::npos);
  EXPECT_NE(refusal(R"({"exclusiveMinimum": true, "minimum": 1})").find("draft 7"), std::string::npos);
  EXPECT_NE(
      refusal(
          R"({"allOf": [{"$ref": "#/definitions/a"}], "definitions": {"a": {"allOf": [{"$ref": "#/definitions/b"}]}, "b": {"$ref": "#/definitions/a"}}})")
          .find("circle"),
      std::string::npos);
  EXPECT_EQ(refusal(R"({"title": "t", "x-secret": true, "default": 1, "$comment": "c"})"), "accepted");
}

TEST(JsonSchema, RefusesDeepDocumentsWithoutWalkingThem) {
  Json value = 1;
  for (int i = 0; i < 70; ++i) value = Json::array({value});
  EXPECT_NE(errors(JsonSchema(), value).find("nested deeper than 64"), std::string::npos);
}

TEST(JsonSchema, FillsDefaultsAtEveryLevelThatExists) {
  const JsonSchema schema(
      Json::parse(R"({"properties": {"a": {"default": 1}, "b": {"$ref": "#/definitions/b"}, "c": {"default": "x"}},
      "definitions": {"b": {"properties": {"d": {"default": [1]}}}}})"));
  auto value = Json::parse(R"({"b": {}, "c": "given"})");
  schema.fillDefaults(value);
  EXPECT_EQ(value, Json::parse(R"({"a": 1, "b": {"d": [1]}, "c": "given"})"));
}

TEST(JsonSchema, ValidatesFromSeveralThreadsAtOnce) {
  const JsonSchema schema(
      Json::parse(R"({"type": "object", "properties": {"a": {"type": "string", "pattern": "^x+$"}}})"));
  std::vector<std::jthread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        if (!schema.validate({{"a", "xxx"}}).empty()) ++wrong;
        if (schema.validate({{"a", "y"}}).size() != 1) ++wrong;
      }
    });
  threads.clear();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace patchbay
