#include "base/ascii.hpp"
#include "db/statement.hpp"

namespace patchbay::db {

std::optional<SchemaName> SchemaName::fromSlug(std::string_view slug) {
  if (slug.empty() || slug.size() > 56) return std::nullopt;  // "tenant_" + 56 is PostgreSQL's limit of 63
  std::string name = "tenant_";
  for (const char c : slug) {
    const bool fits = isLower(c) || isDigit(c) || c == '-';
    if (!fits) return std::nullopt;
    name.push_back(c == '-' ? '_' : c);
  }
  return SchemaName(std::move(name));
}

}  // namespace patchbay::db
