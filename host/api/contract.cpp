#include "api/contract.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "base/text.hpp"

namespace patchbay::api {
namespace {

constexpr std::array<std::pair<std::string_view, AuthRule>, 6> kAuthRules = {{
    {"public", AuthRule::kPublic},
    {"token", AuthRule::kToken},
    {"tenant", AuthRule::kTenant},
    {"tenant_admin", AuthRule::kTenantAdmin},
    {"super_admin_or_service", AuthRule::kOperator},
    {"webhook", AuthRule::kWebhook},
}};
constexpr std::array<std::pair<std::string_view, Runs>, 3> kRuns = {{
    {"inline", Runs::kInline},
    {"worker", Runs::kWorker},
    {"by_size", Runs::kBySize},
}};
constexpr std::array<std::pair<std::string_view, bool>, 2> kOwnLimits = {{{"api", false}, {"webhook", true}}};
constexpr std::array<const char*, 5> kMethods = {"get", "post", "put", "patch", "delete"};

template <class Table>
auto word(const Table& table, const Json& value, const std::string& where) {
  const auto text = value.is_string() ? value.get<std::string>() : value.dump();
  for (const auto& [name, meaning] : table)
    if (name == text) return meaning;
  throw ContractError("openapi.yaml: " + where + ": '" + text + "' is not one of its words");
}

/// Every schema that `node` leads to by $ref.
void collectReferences(const Json& document, const Json& node, std::set<std::string>& found) {
  if (node.is_array()) {
    for (const auto& item : node) collectReferences(document, item, found);
  } else if (node.is_object()) {
    for (const auto& [key, value] : node.items()) {
      if (key == "$ref" && value.is_string() && found.insert(value.get<std::string>()).second)
        collectReferences(document, document.at(Json::json_pointer(value.get<std::string>().substr(1))), found);
      else
        collectReferences(document, value, found);
    }
  }
}

/// "/conversations/{id}" -> {"id"}
std::vector<std::string> namesIn(std::string_view path) {
  std::vector<std::string> names;
  for (const auto part : split(path, '/'))
    if (part.size() > 2 && part.front() == '{' && part.back() == '}')
      names.emplace_back(part.substr(1, part.size() - 2));
  return names;
}

std::string typeOf(const Json& schema) {
  const auto type = schema.find("type");
  if (type == schema.end()) return "string";  // anyOf of formats
  if (type->is_string()) return *type;
  for (const auto& one : *type)
    if (one != "null") return one;
  return "string";
}

std::vector<std::string> mountsOf(const Json& servers) {
  std::vector<std::string> mounts;
  for (const auto& server : servers) {
    auto url = server.at("url").get<std::string>();
    while (url.ends_with('/')) url.pop_back();
    mounts.push_back(std::move(url));
  }
  return mounts;
}

}  // namespace

Contract::Contract(Json document, const std::vector<std::string>& platforms) : document_(std::move(document)) {
  try {
    auto& words = document_.at("components").at("schemas").at("ChannelWord").at("enum");
    for (const auto& platform : platforms)
      if (std::find(words.begin(), words.end(), Json(platform)) == words.end()) words.push_back(platform);
    for (const auto& [path, item] : document_.at("paths").items())
      for (const char* method : kMethods)
        if (const auto operation = item.find(method); operation != item.end())
          addOperation(path, item, method, *operation);
    checkVocabulary();
  } catch (const Json::exception& error) {
    throw ContractError(std::string{"openapi.yaml: "} + error.what());
  } catch (const std::invalid_argument& error) {
    throw ContractError(std::string{"openapi.yaml: "} + error.what());
  }
}

std::vector<std::string> Contract::permissions() const {
  std::vector<std::string> words;
  for (const auto& word : document_.at("components").at("schemas").at("Permission").at("enum"))
    words.push_back(word.get<std::string>());
  return words;
}

void Contract::checkVocabulary() const {
  for (const auto& word : permissions())
    if (std::none_of(operations_.begin(), operations_.end(),
                     [&](const Operation& operation) { return operation.permission == word; }))
      throw ContractError("openapi.yaml: the permission '" + word + "' opens no operation");
}

/// Whoever belongs to a tenant may be limited in it, so each of its operations says by what.
void Contract::readPermission(Operation& operation, const Json& source) const {
  const auto given = source.find("x-patchbay-permission");
  const bool wanted = operation.auth == AuthRule::kTenant || operation.auth == AuthRule::kTenantAdmin ||
                      operation.auth == AuthRule::kOperator;
  if (wanted != (given != source.end()))
    throw ContractError("openapi.yaml: " + operation.id +
                        (wanted ? " needs x-patchbay-permission: a word of Permission, or none"
                                : " must not have x-patchbay-permission: whoever calls it has no permissions"));
  if (!wanted || *given == "none") return;
  operation.permission = given->get<std::string>();
  const auto words = permissions();
  if (std::find(words.begin(), words.end(), operation.permission) == words.end())
    throw ContractError("openapi.yaml: " + operation.id + ", x-patchbay-permission: '" + operation.permission +
                        "' is not one of its words");
}

const Json& Contract::resolve(const Json& node) const {
  if (const auto reference = node.find("$ref"); reference != node.end())
    return resolve(document_.at(Json::json_pointer(reference->get<std::string>().substr(1))));
  return node;
}

Json Contract::inlined(const Json& schema, int depth) const {
  if (depth > 32) throw ContractError("openapi.yaml: the schema of a body refers to itself");
  if (schema.is_array()) {
    Json items = Json::array();
    for (const auto& item : schema) items.push_back(inlined(item, depth + 1));
    return items;
  }
  if (!schema.is_object()) return schema;
  if (schema.contains("$ref")) return inlined(resolve(schema), depth + 1);
  Json result = Json::object();
  for (const auto& [key, value] : schema.items()) result[key] = inlined(value, depth + 1);
  return result;
}

JsonSchema Contract::compile(const Json& schema, const std::string& where) {
  const auto reference = schema.find("$ref");
  const auto key = reference != schema.end() ? reference->get<std::string>() : std::string{};
  if (const auto known = compiled_.find(key); !key.empty() && known != compiled_.end()) return known->second;
  // A compiled schema keeps its root, so it gets the few definitions that it needs, not the whole document.
  std::set<std::string> references;
  collectReferences(document_, schema, references);
  Json root = {{"schema", schema}};
  for (const auto& one : references) {
    const Json::json_pointer at(one.substr(1));
    root[at] = document_.at(at);
  }
  try {
    JsonSchema compiled(root, "/schema");
    if (!key.empty()) compiled_.emplace(key, compiled);
    return compiled;
  } catch (const std::invalid_argument& error) {
    throw ContractError("openapi.yaml: " + where + ": " + error.what());
  }
}

void Contract::addParameter(Operation& operation, const Json& parameter) {
  const auto name = parameter.at("name").get<std::string>();
  const auto in = parameter.at("in").get<std::string>();
  auto schema = compile(parameter.at("schema"), operation.id + ", parameter " + name);
  auto type = typeOf(schema.document());
  Parameter added{name, parameter.value("required", false), parameter.value("x-patchbay-rest", false), std::move(type),
                  std::move(schema)};
  if (in == "path")
    operation.path_parameters.push_back(std::move(added));
  else if (in == "query")
    operation.query_parameters.push_back(std::move(added));
  else if (in == "header")
    operation.header_parameters.push_back(std::move(added));
  else
    throw ContractError("openapi.yaml: " + operation.id + ": parameter " + name + " is in '" + in + "'");
}

void Contract::addOperation(const std::string& path, const Json& item, const std::string& method, const Json& source) {
  Operation operation;
  operation.id = source.at("operationId").get<std::string>();
  operation.method = method;
  std::transform(method.begin(), method.end(), operation.method.begin(),
                 [](char c) { return static_cast<char>(c - 32); });
  operation.path = path;
  for (const auto& other : operations_)
    if (other.id == operation.id) throw ContractError("openapi.yaml: two operations are called " + operation.id);
  if (!source.contains("x-patchbay-auth"))
    throw ContractError("openapi.yaml: " + operation.id + " has no authorisation rule (x-patchbay-auth)");
  operation.auth = word(kAuthRules, source["x-patchbay-auth"], operation.id + ", x-patchbay-auth");
  readPermission(operation, source);
  operation.runs = word(kRuns, source.value("x-patchbay-runs", Json("worker")), operation.id + ", x-patchbay-runs");
  operation.own_limits =
      word(kOwnLimits, source.value("x-patchbay-limits", Json("api")), operation.id + ", x-patchbay-limits");
  if (const auto listeners = source.find("x-patchbay-listeners"); listeners != source.end()) {
    operation.on_public = std::find(listeners->begin(), listeners->end(), "public") != listeners->end();
    operation.on_internal = std::find(listeners->begin(), listeners->end(), "internal") != listeners->end();
  }
  if (const auto rule = source.find("x-patchbay-auth-internal"); rule != source.end())
    operation.open_internally = word(kAuthRules, *rule, operation.id) == AuthRule::kPublic;
  if (operation.runs != Runs::kWorker && operation.auth != AuthRule::kPublic && operation.auth != AuthRule::kWebhook)
    throw ContractError("openapi.yaml: " + operation.id + " needs a token, so it must run in the worker pool");
  operation.mounts = mountsOf(item.contains("servers") ? item["servers"] : document_.at("servers"));
  for (const auto* owner : {&item, &source})
    if (const auto parameters = owner->find("parameters"); parameters != owner->end())
      for (const auto& parameter : *parameters) addParameter(operation, resolve(parameter));
  for (const auto& name : namesIn(path))
    if (std::none_of(operation.path_parameters.begin(), operation.path_parameters.end(),
                     [&](const Parameter& parameter) { return parameter.name == name; }))
      throw ContractError("openapi.yaml: " + operation.id + ": {" + name + "} of the path is not declared");
  if (const auto given = source.find("requestBody"); given != source.end()) {
    const Json& body = resolve(*given);
    operation.body_required = body.value("required", false);
    if (const auto json = body.at("content").find("application/json"); json != body.at("content").end()) {
      operation.body = compile(json->at("schema"), operation.id + ", body");
      operation.body_shape = inlined(json->at("schema"));
    }
  }
  operations_.push_back(std::move(operation));
}

std::vector<FieldError> Contract::checkResponse(std::string_view operation_id, int status,
                                                std::string_view content_type, std::string_view body) const {
  for (const auto& [path, item] : document_.at("paths").items()) {
    for (const char* method : kMethods) {
      const auto operation = item.find(method);
      if (operation == item.end() || operation->at("operationId") != operation_id) continue;
      const auto& responses = operation->at("responses");
      const auto found = responses.find(std::to_string(status));
      if (found == responses.end()) return {{"", "status " + std::to_string(status) + " is not in the document"}};
      const Json& response = resolve(*found);
      const auto content = response.find("content");
      if (content == response.end())
        return body.empty() ? std::vector<FieldError>{} : std::vector<FieldError>{{"", "must have no body"}};
      const auto media = trim(content_type.substr(0, content_type.find(';')));
      const auto schema = content->find(media);
      if (schema == content->end()) return {{"", "content type '" + std::string{media} + "' is not in the document"}};
      if (!media.ends_with("json") || !schema->contains("schema")) return {};
      try {
        Contract scratch = *this;
        return scratch.compile(schema->at("schema"), std::string{operation_id} + ", response")
            .validate(parseJson(body));
      } catch (const JsonError& error) {
        return {{"", error.what()}};
      }
    }
  }
  return {{"", "no operation is called " + std::string{operation_id}}};
}

}  // namespace patchbay::api
