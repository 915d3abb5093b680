#include "connectors/elf_manifest.hpp"

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <functional>
#include <limits>
#include <system_error>

namespace patchbay::connectors {
namespace {

#if defined(__x86_64__)
constexpr Elf64_Half kOurMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr Elf64_Half kOurMachine = EM_AARCH64;
#elif defined(__riscv)
constexpr Elf64_Half kOurMachine = EM_RISCV;
#else
#error "the ELF machine number of this platform is missing here"
#endif

constexpr unsigned char kOurByteOrder = std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
constexpr std::uint64_t kMaxNames = 16U << 20U;  // section names; a library with debug information stays below 1 KiB

/// Fills the buffer from the offset on; false when the file ends before.
using ReadAt = std::function<bool(std::uint64_t offset, void* into, std::uint64_t size)>;

Error wrong(std::string why) {
  return {ErrorKind::kInvalid, "not_a_connector", std::move(why)};
}
Error cutOff() {
  return wrong("the file is cut off; build or copy it again");
}

std::string machineName(unsigned machine) {
  switch (machine) {
    case EM_X86_64:
      return "x86-64";
    case EM_AARCH64:
      return "aarch64";
    case EM_RISCV:
      return "riscv";
    case EM_386:
      return "i386";
    case EM_ARM:
      return "arm";
    default:
      return "machine " + std::to_string(machine);
  }
}

Result<std::string> find(const ReadAt& read, std::uint64_t file_size) {
  Elf64_Ehdr header{};
  if (file_size < SELFMAG || !read(0, header.e_ident, SELFMAG) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    return wrong("not an ELF file; a connector is a shared library (.so)");
  if (!read(0, header.e_ident, EI_NIDENT)) return cutOff();
  if (header.e_ident[EI_CLASS] != ELFCLASS64)
    return wrong("a 32-bit library; build it for " + machineName(kOurMachine));
  if (header.e_ident[EI_DATA] != kOurByteOrder)
    return wrong("built for the other byte order; build it for " + machineName(kOurMachine));
  if (!read(0, &header, sizeof header)) return cutOff();
  if (header.e_machine != kOurMachine)
    return wrong("built for " + machineName(header.e_machine) + ", and this is " + machineName(kOurMachine));
  if (header.e_type != ET_DYN) return wrong("an ELF file, but not a shared library; link it with -shared");
  // The dynamic linker maps these parts without looking at the file's size: a library that is cut off would end the
  // host with SIGBUS.
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr part{};
    const std::uint64_t offset = header.e_phoff + std::uint64_t{i} * sizeof part;
    if (header.e_phentsize != sizeof part) return wrong("its ELF header is damaged");
    if (offset < header.e_phoff || !read(offset, &part, sizeof part)) return cutOff();
    if (part.p_type == PT_LOAD && (part.p_offset > file_size || part.p_filesz > file_size - part.p_offset))
      return cutOff();
  }
  if (header.e_shoff == 0 || header.e_shnum == 0)
    return wrong("no section " + std::string{kManifestSection} +
                 " (it has no section table); use patchbay_add_connector()");
  if (header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shstrndx >= header.e_shnum)
    return wrong("its ELF header is damaged");

  const auto sectionAt = [&](unsigned index, Elf64_Shdr& section) {
    const std::uint64_t offset = header.e_shoff + std::uint64_t{index} * sizeof(Elf64_Shdr);
    return offset >= header.e_shoff && read(offset, &section, sizeof section);
  };
  Elf64_Shdr names{};
  if (!sectionAt(header.e_shstrndx, names)) return cutOff();
  if (names.sh_type != SHT_STRTAB || names.sh_size > kMaxNames) return wrong("its table of section names is damaged");
  if (names.sh_offset > file_size || names.sh_size > file_size - names.sh_offset) return cutOff();
  std::string text(names.sh_size, '\0');
  if (!read(names.sh_offset, text.data(), text.size())) return cutOff();

  for (unsigned i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section{};
    if (!sectionAt(i, section)) return cutOff();
    if (section.sh_name >= text.size()) continue;
    const auto name = std::string_view{text}.substr(section.sh_name);
    if (name.substr(0, name.find('\0')) != kManifestSection) continue;
    if (section.sh_type == SHT_NOBITS || section.sh_size == 0) return wrong("its manifest is empty");
    if (section.sh_size > kMaxManifest)
      return wrong("its manifest has " + std::to_string(section.sh_size) + " bytes, over the limit of " +
                   std::to_string(kMaxManifest));
    std::string manifest(section.sh_size, '\0');
    if (!read(section.sh_offset, manifest.data(), manifest.size())) return cutOff();
    return manifest;
  }
  return wrong("no section " + std::string{kManifestSection} +
               ": not a Patchbay connector, or one not built with patchbay_add_connector()");
}

}  // namespace

Result<std::string> manifestSection(std::span<const std::byte> file) {
  return find(
      [&](std::uint64_t offset, void* into, std::uint64_t size) {
        if (offset > file.size() || size > file.size() - offset) return false;
        if (size > 0) std::memcpy(into, file.data() + offset, size);
        return true;
      },
      file.size());
}

Result<std::string> readManifestSection(const std::string& path) {
  const auto failed = [] {
    const auto reason = std::generic_category().message(errno);
    return Error{ErrorKind::kInvalid, "not_readable", "cannot be read: " + reason};
  };
  // Without O_NONBLOCK, opening a FIFO that somebody left in the folder would wait for ever.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return failed();
  struct Closer {
    int fd;
    ~Closer() { ::close(fd); }
  } closer{fd};
  struct stat status {};
  if (::fstat(fd, &status) != 0) return failed();
  if (!S_ISREG(status.st_mode)) return Error{ErrorKind::kInvalid, "not_readable", "not a regular file"};
  bool io_error = false;
  auto found = find(
      [&](std::uint64_t offset, void* into, std::uint64_t size) {
        if (offset > static_cast<std::uint64_t>(std::numeric_limits<off_t>::max()) - size) return false;
        auto* at = static_cast<char*>(into);
        while (size > 0) {
          const auto got = ::pread(fd, at, size, static_cast<off_t>(offset));
          if (got < 0 && errno == EINTR) continue;
          if (got < 0) io_error = true;
          if (got <= 0) return false;
          at += got;
          offset += static_cast<std::uint64_t>(got);
          size -= static_cast<std::uint64_t>(got);
        }
        return true;
      },
      static_cast<std::uint64_t>(status.st_size));
  if (io_error) return failed();
  return found;
}

}  // namespace patchbay::connectors
