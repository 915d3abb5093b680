#include "api/route_table.hpp"

#include <algorithm>

#include "base/text.hpp"

namespace patchbay::api {
namespace {

/// More than any route has; a longer path is not looked at.
constexpr std::size_t kMaxSegments = 64;

bool decode(std::string_view raw, std::string& out) {
  if (raw.find('%') == std::string_view::npos) {
    out = raw;
  } else if (!percentDecode(raw, false, out) || out.find('/') != std::string::npos ||
             out.find('\0') != std::string::npos) {
    return false;
  }
  return isValidUtf8(out);
}

std::vector<std::string_view> segmentsOf(std::string_view path) {
  path.remove_prefix(1);
  if (path.empty()) return {};
  if (path.back() == '/') path.remove_suffix(1);
  return split(path, '/');
}

}  // namespace

struct RouteTable::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> parameter;
  std::unique_ptr<Node> rest;
  Route* route = nullptr;
};

const std::string* RouteMatch::value(std::string_view name) const {
  if (route == nullptr) return nullptr;
  const auto found = std::find(route->names.begin(), route->names.end(), name);
  return found == route->names.end() ? nullptr : &values[static_cast<std::size_t>(found - route->names.begin())];
}

RouteTable::RouteTable(const Contract& contract) : root_(std::make_unique<Node>()) {
  for (const auto& operation : contract.operations())
    for (const auto& mount : operation.mounts) add(mount, operation);
}

RouteTable::~RouteTable() = default;

void RouteTable::add(const std::string& mount, const Operation& operation) {
  Node* node = root_.get();
  std::vector<std::string> names;
  const auto full = mount + operation.path;  // split() gives views into it
  for (const auto segment : segmentsOf(full)) {
    std::unique_ptr<Node>* next = nullptr;
    if (segment.starts_with('{')) {
      const auto name = segment.substr(1, segment.size() - 2);
      names.emplace_back(name);
      const auto declared = std::find_if(operation.path_parameters.begin(), operation.path_parameters.end(),
                                         [&](const Parameter& one) { return one.name == name; });
      next = declared != operation.path_parameters.end() && declared->rest ? &node->rest : &node->parameter;
    } else {
      next = &node->literals[std::string{segment}];
    }
    if (!*next) *next = std::make_unique<Node>();
    node = next->get();
  }
  if (node->route == nullptr) {
    routes_.push_back(std::make_unique<Route>());
    node->route = routes_.back().get();
    node->route->pattern = full;
    node->route->mount = mount;
    node->route->names = names;
  }
  if (node->route->names != names)
    throw ContractError("openapi.yaml: " + operation.id +
                        ": another path of the same form names its parameters differently");
  if (!node->route->methods.emplace(operation.method, &operation).second)
    throw ContractError("openapi.yaml: " + operation.id + ": " + operation.method + " " + full + " is there twice");
}

const RouteTable::Node* RouteTable::walk(const Node& node, const std::vector<std::string_view>& raw, std::size_t at,
                                         std::vector<std::string>& values, const std::vector<std::string>& decoded) {
  if (at == raw.size()) return node.route != nullptr ? &node : nullptr;
  if (const auto literal = node.literals.find(decoded[at]); literal != node.literals.end())
    if (const auto* found = walk(*literal->second, raw, at + 1, values, decoded)) return found;
  if (node.parameter && !decoded[at].empty()) {
    values.push_back(decoded[at]);
    if (const auto* found = walk(*node.parameter, raw, at + 1, values, decoded)) return found;
    values.pop_back();
  }
  if (node.rest && !raw[at].empty()) {
    values.emplace_back(raw[at].data(), raw.back().data() + raw.back().size());
    return node.rest.get();
  }
  return nullptr;
}

RouteMatch RouteTable::find(std::string_view path) const {
  RouteMatch match;
  if (!path.starts_with('/')) return match;
  const auto raw = segmentsOf(path);
  if (raw.size() > kMaxSegments) return match;
  std::vector<std::string> decoded(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (decode(raw[i], decoded[i])) continue;
    match.kind = RouteMatch::Kind::kMalformed;
    return match;
  }
  if (const auto* node = walk(*root_, raw, 0, match.values, decoded)) {
    match.kind = RouteMatch::Kind::kFound;
    match.route = node->route;
  }
  return match;
}

}  // namespace patchbay::api
