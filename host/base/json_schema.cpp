#include "base/json_schema.hpp"

#include <limits>
#include <set>
#include <stdexcept>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

#include "base/json_schema_rules.hpp"

namespace patchbay {
namespace {

constexpr int kMaxDepth = 64;
constexpr std::size_t kMaxErrors = 100;
constexpr const char* kRulesKey = "x-patchbay-rules";

const std::set<std::string, std::less<>> kAnnotations = {
    "$schema",    "$id",      "$comment",  "title",       "description", "default",      "example",      "examples",
    "deprecated", "readOnly", "writeOnly", "definitions", "$defs",       "externalDocs", "discriminator"};

[[noreturn]] void fail(const std::string& where, const std::string& what) {
  throw std::invalid_argument("schema at '" + where + "': " + what);
}

/// Thrown through Valijson: it would go on through half a million wrong items, and keep two messages for each.
struct Enough {};

/// Hands the rules of one subschema to Valijson as a constraint of its own.
class RulesConstraint final : public valijson::constraints::PolyConstraint {
 public:
  explicit RulesConstraint(std::shared_ptr<const schema::Rules> rules) : rules_(std::move(rules)) {}

  bool validate(const valijson::adapters::Adapter& target, const std::vector<std::string>& context,
                valijson::ValidationResults* results) const override {
    return rules_->check(target, [&](const std::string& member, const std::string& message) {
      if (results == nullptr) return false;
      // Each message of ours comes with one of Valijson's for the item around it.
      if (results->numErrors() >= 2 * kMaxErrors) throw Enough{};
      auto path = context;
      if (!member.empty()) path.push_back("[" + member + "]");
      results->pushError(path, schema::kOwnMessage + message);
      return true;
    });
  }

 private:
  valijson::constraints::Constraint* cloneInto(void* memory) const override {
    return new (memory) RulesConstraint(rules_);
  }
  std::size_t sizeOf() const override { return sizeof(RulesConstraint); }

  std::shared_ptr<const schema::Rules> rules_;
};

/// Rewrites a schema into one that Valijson understands, with every referenced schema in `definitions`.
class Compiler {
 public:
  explicit Compiler(const Json& root) : root_(root) {}

  /// @return the whole document for Valijson.
  Json compile(const std::string& pointer) {
    const auto name = define(pointer);
    while (!queue_.empty()) {
      const auto next = queue_.back();
      queue_.pop_back();
      current_ = names_.at(next);
      Json rewritten = rewrite(lookUp(next), next, true);
      definitions_[current_] = std::move(rewritten);
    }
    for (const auto& [from, unused] : in_place_) {
      std::set<std::string> seen;
      refuseCircle(from, from, seen);
    }
    // A $ref at the very top would be resolved before `definitions` are known to Valijson's cache; allOf is not.
    return {{"definitions", definitions_}, {"allOf", Json::array({Json{{"$ref", "#/definitions/" + name}}})}};
  }

  std::vector<std::shared_ptr<const schema::Rules>> takeRules() { return std::move(rules_); }

 private:
  const Json& lookUp(const std::string& pointer) const {
    try {
      return root_.at(Json::json_pointer(pointer));
    } catch (const Json::exception&) {
      fail(pointer, "a $ref points here, and there is nothing");
    }
  }

  std::string define(const std::string& pointer) {
    const auto [at, added] = names_.emplace(pointer, "s" + std::to_string(names_.size()));
    if (added) queue_.push_back(pointer);
    return at->second;
  }

  /// @param in_place  the schema applies to the same value as the definition that it stands in, not to a member of it
  Json rewrite(const Json& source, const std::string& where, bool in_place) {
    if (source.is_boolean()) return source.get<bool>() ? Json::object() : Json{{"not", Json::object()}};
    if (!source.is_object()) fail(where, "a schema must be an object");
    if (const auto ref = source.find("$ref"); ref != source.end()) {
      if (source.size() != 1) fail(where, "members beside $ref would be ignored; wrap it in allOf");
      if (!ref->is_string() || !ref->get_ref<const std::string&>().starts_with("#"))
        fail(where, "$ref must be local: \"#/...\"");
      const auto name = define(ref->get<std::string>().substr(1));
      if (in_place) in_place_[current_].insert(name);
      return {{"$ref", "#/definitions/" + name}};
    }
    Json result = Json::object();
    Json ours = Json::object();
    for (const auto& [key, value] : source.items()) {
      const auto here = where + "/" + escapePointer(key);
      const auto& words = schema::Rules::keywords();
      if (std::find(words.begin(), words.end(), key) != words.end()) {
        ours[key] = value;
      } else if (key == "properties") {
        if (!value.is_object()) fail(here, "must be an object");
        for (const auto& [name, member] : value.items())
          result[key][name] = rewrite(member, here + "/" + escapePointer(name), false);
      } else if (key == "additionalProperties") {
        if (value == false)
          ours[key] = false;
        else if (value != true)
          result[key] = rewrite(value, here, false);
      } else if (key == "items" || key == "contains" || key == "propertyNames") {
        result[key] = rewrite(value, here, false);
      } else if (key == "not" || key == "if" || key == "then" || key == "else") {
        result[key] = rewrite(value, here, in_place);
      } else if (key == "allOf" || key == "anyOf" || key == "oneOf") {
        if (!value.is_array() || value.empty()) fail(here, "must be a list with something in it");
        const auto tag = key == "allOf" ? std::string{} : discriminator(source, value);
        if (!tag.empty()) {
          for (auto& part : byTag(tag, value, here, in_place)) result["allOf"].push_back(std::move(part));
          continue;
        }
        for (std::size_t i = 0; i < value.size(); ++i)
          result[key].push_back(rewrite(value[i], here + "/" + std::to_string(i), in_place));
      } else if (key == "uniqueItems") {
        result[key] = value;
      } else if (!kAnnotations.contains(key) && !key.starts_with("x-")) {
        fail(here, "the keyword '" + key + "' is not supported, so it would not be checked");
      }
    }
    if (ours.contains("additionalProperties") && source.contains("properties"))
      ours["properties"] = source["properties"];
    if (!ours.empty()) result[kRulesKey] = addRules(ours, where);
    return result;
  }

  std::size_t addRules(const Json& ours, const std::string& where) {
    try {
      rules_.push_back(std::make_shared<schema::Rules>(ours));
    } catch (const std::invalid_argument& error) {
      fail(where, error.what());
    }
    return rules_.size() - 1;
  }

  const Json& resolve(const Json& source) const {
    const auto* at = &source;
    for (int hops = 0; hops < kMaxDepth && at->is_object() && at->contains("$ref") && (*at)["$ref"].is_string(); ++hops)
      at = &lookUp((*at)["$ref"].get_ref<const std::string&>().substr(1));
    return *at;
  }

  /// The required member whose `const` differs in every branch, if there is one.
  std::string discriminator(const Json& source, const Json& branches) const {
    const auto requires_it = [](const Json& schema, const std::string& name) {
      const auto required = schema.find("required");
      return required != schema.end() && required->is_array() &&
             std::find(required->begin(), required->end(), Json(name)) != required->end();
    };
    const Json& first = resolve(branches[0]);
    if (!first.is_object() || !first.contains("properties") || !first["properties"].is_object()) return {};
    for (const auto& [name, unused] : first["properties"].items()) {
      std::set<std::string> tags;
      for (const auto& reference : branches) {
        const Json& branch = resolve(reference);
        const Json::json_pointer tag = Json::json_pointer{} / "properties" / name / "const";
        if (!branch.is_object() || !branch.contains(tag) || !branch[tag].is_string()) break;
        if (!requires_it(source, name) && !requires_it(branch, name)) break;
        tags.insert(branch[tag].get<std::string>());
      }
      if (tags.size() == branches.size()) return name;
    }
    return {};
  }

  /// Branches that exclude each other by a tag become "if the tag is x then branch x": the same answer, and the errors
  /// are those of the branch that was meant.
  std::vector<Json> byTag(const std::string& tag, const Json& branches, const std::string& where, bool in_place) {
    std::vector<Json> parts;
    Json tags = Json::array();
    for (std::size_t i = 0; i < branches.size(); ++i) {
      const Json& value = resolve(branches[i])["properties"][tag]["const"];
      tags.push_back(value);
      Json is_meant = {{kRulesKey, addRules({{"required", Json::array({tag})}}, where)}};
      is_meant["properties"][tag] = {{kRulesKey, addRules({{"const", value}}, where)}};
      parts.push_back(
          {{"if", std::move(is_meant)}, {"then", rewrite(branches[i], where + "/" + std::to_string(i), in_place)}});
    }
    Json known = {{kRulesKey, addRules({{"required", Json::array({tag})}}, where)}};
    known["properties"][tag] = {{kRulesKey, addRules({{"enum", tags}}, where)}};
    parts.push_back(std::move(known));
    return parts;
  }

  void refuseCircle(const std::string& start, const std::string& from, std::set<std::string>& seen) const {
    const auto found = in_place_.find(from);
    if (found == in_place_.end()) return;
    for (const auto& to : found->second) {
      if (to == start) fail("", "a $ref leads in a circle without descending into the value");
      if (seen.insert(to).second) refuseCircle(start, to, seen);
    }
  }

  const Json& root_;
  Json definitions_ = Json::object();
  std::map<std::string, std::string> names_;               // pointer -> name in definitions_
  std::vector<std::string> queue_;                         // pointers not rewritten yet
  std::map<std::string, std::set<std::string>> in_place_;  // who refers to whom for the same value
  std::string current_;
  std::vector<std::shared_ptr<const schema::Rules>> rules_;
};

class RulesBuilder final : public valijson::ConstraintBuilder {
 public:
  explicit RulesBuilder(const std::vector<std::shared_ptr<const schema::Rules>>& rules) : rules_(rules) {}
  valijson::constraints::Constraint* make(const valijson::adapters::Adapter& index) const override {
    return new RulesConstraint(rules_.at(static_cast<std::size_t>(index.asInteger())));
  }

 private:
  const std::vector<std::shared_ptr<const schema::Rules>>& rules_;
};

/// What Valijson itself still checks, in words that fit ours; empty for the frames around an inner error.
std::string translate(const std::string& text) {
  if (text.find("are not unique") != std::string::npos || text.starts_with("Elements at indexes"))
    return "must not hold the same item twice";
  if (text.find("'not' constraint") != std::string::npos) return "has a form that is not allowed here";
  if (text.find("'contains' constraint") != std::string::npos)
    return "must hold at least one item of the required form";
  if (text.find("exactly one child schema") != std::string::npos)
    return "fits more than one of the forms that exclude each other";
  return {};
}

std::string pointerOf(const std::vector<std::string>& context) {
  std::string pointer;
  for (std::size_t i = 1; i < context.size(); ++i)  // the first is "<root>", each other "[name]"
    pointer += "/" + escapePointer(std::string_view{context[i]}.substr(1, context[i].size() - 2));
  return pointer;
}

/// Refuses what the code below could not walk safely: deep nesting, and numbers that Valijson would wrap around.
/// The pointer is put together on the way back, so that a good document costs no strings.
bool walkable(const Json& value, int depth, FieldError& error) {
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max()) {
    error.message = "must fit 64 bits";
    return false;
  }
  if (!value.is_structured()) return true;
  if (depth >= kMaxDepth) {
    error.message = "is nested deeper than " + std::to_string(kMaxDepth) + " levels";
    return false;
  }
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i)
      if (!walkable(value[i], depth + 1, error)) {
        error.pointer = "/" + std::to_string(i) + error.pointer;
        return false;
      }
  } else {
    for (auto member = value.begin(); member != value.end(); ++member)
      if (!walkable(*member, depth + 1, error)) {
        error.pointer = "/" + escapePointer(member.key()) + error.pointer;
        return false;
      }
  }
  return true;
}

}  // namespace

struct JsonSchema::Impl {
  Json root;
  Json document;
  valijson::Schema schema;

  const Json& resolve(const Json& source) const {
    const auto* at = &source;
    for (int hops = 0; hops < kMaxDepth && at->is_object() && at->contains("$ref"); ++hops)
      at = &root.at(Json::json_pointer((*at)["$ref"].get_ref<const std::string&>().substr(1)));
    return *at;
  }

  void fill(const Json& reference, Json& value, int depth) const {
    const Json& source = resolve(reference);
    if (!source.is_object() || depth >= kMaxDepth) return;
    if (const auto all = source.find("allOf"); all != source.end())
      for (const auto& part : *all) fill(part, value, depth + 1);
    if (value.is_object()) {
      const auto properties = source.find("properties");
      if (properties == source.end()) return;
      for (const auto& [name, member] : properties->items()) {
        const Json& schema = resolve(member);
        const auto found = value.find(name);
        if (found != value.end())
          fill(schema, *found, depth + 1);
        else if (schema.is_object() && schema.contains("default"))
          value[name] = schema["default"];
      }
    } else if (value.is_array()) {
      if (const auto items = source.find("items"); items != source.end())
        for (auto& item : value) fill(*items, item, depth + 1);
    }
  }
};

JsonSchema::JsonSchema() {
  static const JsonSchema anything(Json::object());
  impl_ = anything.impl_;
}

JsonSchema::JsonSchema(const Json& root, std::string_view pointer) {
  auto impl = std::make_shared<Impl>();
  impl->root = root;
  Compiler compiler(impl->root);
  const Json compiled = compiler.compile(std::string{pointer});
  const auto rules = compiler.takeRules();
  impl->document = impl->resolve(impl->root.at(Json::json_pointer(std::string{pointer})));
  valijson::SchemaParser parser(valijson::SchemaParser::kDraft7);
  parser.addConstraintBuilder(kRulesKey, new RulesBuilder(rules));  // the parser deletes it
  const valijson::adapters::NlohmannJsonAdapter adapter(compiled);
  try {
    parser.populateSchema(adapter, impl->schema);
  } catch (const std::runtime_error& error) {
    fail(std::string{pointer}, error.what());
  }
  impl_ = std::move(impl);
}

std::vector<FieldError> JsonSchema::validate(const Json& value) const {
  std::vector<FieldError> errors;
  if (FieldError error; !walkable(value, 0, error)) return {error};
  const valijson::adapters::NlohmannJsonAdapter adapter(value);
  // Without results first: the usual document fits, and then no message is ever built.
  if (valijson::Validator().validate(impl_->schema, adapter, nullptr)) return errors;
  valijson::ValidationResults results;
  try {
    valijson::Validator().validate(impl_->schema, adapter, &results);
  } catch (const Enough&) {  // what has been found is told
  }
  std::set<std::pair<std::string, std::string>> seen;
  for (const auto& [context, description] : results) {
    const auto message = description.starts_with(schema::kOwnMessage) ? description.substr(1) : translate(description);
    if (message.empty()) continue;
    auto pointer = pointerOf(context);
    if (errors.size() < kMaxErrors && seen.emplace(pointer, message).second)
      errors.push_back({std::move(pointer), message});
  }
  if (errors.empty()) errors.push_back({"", "does not have the required form"});
  return errors;
}

void JsonSchema::fillDefaults(Json& value) const {
  impl_->fill(impl_->document, value, 0);
}

const Json& JsonSchema::document() const {
  return impl_->document;
}

std::string escapePointer(std::string_view part) {
  std::string result;
  for (const char c : part) {
    if (c == '~')
      result += "~0";
    else if (c == '/')
      result += "~1";
    else
      result += c;
  }
  return result;
}

}  // namespace patchbay
