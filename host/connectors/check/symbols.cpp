#include "connectors/check/symbols.hpp"

#include <elf.h>

#include <cstring>
#include <fstream>
#include <sstream>

namespace patchbay::connectors::check {
namespace {

/// Copies a T out of `file`; false when it does not lie in it.
template <class T>
bool take(const std::string& file, std::uint64_t offset, T& into) {
  if (offset > file.size() || sizeof(T) > file.size() - offset) return false;
  std::memcpy(&into, file.data() + offset, sizeof(T));
  return true;
}

}  // namespace

Result<std::vector<Symbol>> definedSymbols(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream content;
  content << stream.rdbuf();
  if (!stream) return Error{ErrorKind::kInvalid, "not_readable", "cannot be read"};
  const auto file = std::move(content).str();
  const Error damaged{ErrorKind::kInvalid, "not_a_connector", "its symbol table is damaged"};
  Elf64_Ehdr header{};
  if (!take(file, 0, header) || header.e_shentsize != sizeof(Elf64_Shdr)) return damaged;
  std::vector<Symbol> symbols;
  for (unsigned i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr table{}, names{};
    if (!take(file, header.e_shoff + std::uint64_t{i} * sizeof table, table)) return damaged;
    if (table.sh_type != SHT_DYNSYM) continue;
    if (table.sh_link >= header.e_shnum ||
        !take(file, header.e_shoff + std::uint64_t{table.sh_link} * sizeof names, names))
      return damaged;
    if (names.sh_offset > file.size() || names.sh_size > file.size() - names.sh_offset) return damaged;
    const auto text = std::string_view{file}.substr(names.sh_offset, names.sh_size);
    for (std::uint64_t n = 0; n < table.sh_size / sizeof(Elf64_Sym); ++n) {
      Elf64_Sym symbol{};
      if (!take(file, table.sh_offset + n * sizeof symbol, symbol) || symbol.st_name >= text.size()) return damaged;
      const auto binding = ELF64_ST_BIND(symbol.st_info);
      if (symbol.st_shndx == SHN_UNDEF || binding == STB_LOCAL) continue;
      const auto name = text.substr(symbol.st_name);
      symbols.push_back({std::string{name.substr(0, name.find('\0'))}, binding == STB_GNU_UNIQUE});
    }
  }
  return symbols;
}

}  // namespace patchbay::connectors::check
