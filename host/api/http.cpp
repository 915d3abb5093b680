#include "api/http.hpp"

namespace patchbay::http {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool sameName(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

}  // namespace

std::string_view find(const Headers& headers, std::string_view name) {
  for (const Header& header : headers) {
    if (sameName(header.name, name)) return header.value;
  }
  return {};
}

}  // namespace patchbay::http
