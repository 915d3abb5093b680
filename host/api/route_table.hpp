/// From a raw path to an operation.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/contract.hpp"

namespace patchbay::api {

/// One path under one mount, with its methods.
struct Route {
  std::string pattern;             ///< mount and path: "/api/v1/communications/conversations/{id}"
  std::string mount;               ///< "/api/v1/communications", "/api/v1/tenants/{tenant_slug}" or ""
  std::vector<std::string> names;  ///< of the parameters, in the order of the path
  std::map<std::string, const Operation*, std::less<>> methods;
};

struct RouteMatch {
  enum class Kind {
    kFound,
    kNotFound,
    kMalformed,  ///< an escape that is broken, or stands for '/', NUL or bytes that are not UTF-8
  } kind = Kind::kNotFound;
  const Route* route = nullptr;
  std::vector<std::string> values;  ///< decoded, as route->names; a `rest` parameter as it came

  /// Value of a parameter; null when the path has none of that name.
  const std::string* value(std::string_view name) const;
};

/// Segments are split on the raw path and decoded one by one, so an encoded slash can never make two of one. A literal
/// goes before a parameter. One slash at the end makes no difference. Immutable after construction; any thread.
class RouteTable {
 public:
  /// @param contract  must outlive the table
  /// @throws ContractError  two operations with the same method and path
  explicit RouteTable(const Contract& contract);
  ~RouteTable();

  RouteMatch find(std::string_view path) const;

 private:
  struct Node;
  void add(const std::string& mount, const Operation& operation);
  static const Node* walk(const Node& node, const std::vector<std::string_view>& raw, std::size_t at,
                          std::vector<std::string>& values, const std::vector<std::string>& decoded);

  std::unique_ptr<Node> root_;
  std::vector<std::unique_ptr<Route>> routes_;
};

}  // namespace patchbay::api
