/// SQL as named text with $n parameters. Never built from values; {tenant} is the one substitution.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace patchbay::db {

/// A tenant's schema name, "tenant_<slug>" with '-' as '_'. Exists only for checked slugs, so it may stand in SQL.
class SchemaName {
 public:
  /// @param slug  [a-z0-9-], 1 to 56 long; anything else gives nothing.
  static std::optional<SchemaName> fromSlug(std::string_view slug);

  const std::string& str() const { return name_; }
  friend bool operator==(const SchemaName&, const SchemaName&) = default;

 private:
  explicit SchemaName(std::string name) : name_(std::move(name)) {}
  std::string name_;
};

/// Declare as `constexpr db::Statement kName{...}` at namespace scope: connections cache the prepared form by name.
struct Statement {
  std::string_view name;  ///< "message.insert": in metrics, slow-query logs and errors
  std::string_view sql;   ///< schema-qualified; {tenant} stands for the tenant's schema
};

}  // namespace patchbay::db
