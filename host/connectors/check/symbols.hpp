/// The symbols that a shared library shows to the outside.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"

namespace patchbay::connectors::check {

struct Symbol {
  std::string name;
  bool unique = false;  ///< STB_GNU_UNIQUE: keeps the library mapped for the life of the process
};

/// Those that it defines, from its dynamic symbol table. Any content is safe.
Result<std::vector<Symbol>> definedSymbols(const std::string& path);

}  // namespace patchbay::connectors::check
