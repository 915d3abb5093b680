#include "api/contract.hpp"
#include "api/embedded.hpp"
#include "app/yaml/yaml_reader.hpp"

namespace patchbay::api {
namespace {

yaml::Node builtInTree() {
  auto document = yaml::parse("openapi.yaml", std::string{embedded::openapi_yaml()}, nullptr);
  if (!document.errors.empty()) throw ContractError(yaml::render(document.errors.front(), *document.source));
  return std::move(document.root);
}

void write(const Json& value, const yaml::Node& order, std::string& out) {
  if (!value.is_object() || !order.isMap()) {
    if (!value.is_array() || order.items.size() != value.size()) {
      out += dumpJson(value);
      return;
    }
    out += '[';
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i != 0) out += ',';
      write(value[i], order.items[i], out);
    }
    out += ']';
    return;
  }
  out += '{';
  const char* separator = "";
  for (const auto& member : order.members) {
    const auto found = value.find(member.key);
    if (found == value.end()) continue;
    out += separator + dumpJson(member.key) + ":";
    write(*found, member.value, out);
    separator = ",";
  }
  for (const auto& [key, added] : value.items()) {
    if (order.find(key) != nullptr) continue;
    out += separator + dumpJson(key) + ":" + dumpJson(added);
    separator = ",";
  }
  out += '}';
}

}  // namespace

Json builtInDocument() {
  return yaml::toJson(builtInTree());
}

std::string inFileOrder(const Json& document) {
  std::string text;
  write(document, builtInTree(), text);
  return text;
}

}  // namespace patchbay::api
