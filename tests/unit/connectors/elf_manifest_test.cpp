#include "connectors/elf_manifest.hpp"

#include <elf.h>
#include <sys/stat.h>

#include <cstring>

#include "fixture.hpp"

namespace patchbay::connectors::test {
namespace {

std::span<const std::byte> bytes(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::string message(const std::string& file) {
  const auto result = manifestSection(bytes(file));
  return result ? "accepted" : result.error().message;
}

template <class T>
void poke(std::string& file, std::size_t offset, T value) {
  std::memcpy(file.data() + offset, &value, sizeof value);
}

TEST(ElfManifest, ReadsTheSectionOfARealLibrary) {
  const auto section = readManifestSection(SCRIPTED_LIBRARY);
  ASSERT_TRUE(section.ok()) << section.error().message;
  EXPECT_EQ(Json::parse(*section)["id"], "scripted");
  const auto file = contentOf(SCRIPTED_LIBRARY);
  EXPECT_EQ(*manifestSection(bytes(file)), *section);
}

TEST(ElfManifest, SaysWhatIsWrongWithAFile) {
  const auto good = contentOf(SCRIPTED_LIBRARY);
  EXPECT_NE(message("").find("not an ELF file"), std::string::npos);
  EXPECT_NE(message("#!/bin/sh\necho hello\n").find("not an ELF file"), std::string::npos);
  EXPECT_NE(message(good.substr(0, 10)).find("cut off"), std::string::npos);
  EXPECT_NE(message(good.substr(0, good.size() / 2)).find("cut off"), std::string::npos);
  Elf64_Ehdr header{};
  std::memcpy(&header, good.data(), sizeof header);
  EXPECT_NE(message(good.substr(0, header.e_shoff + 1)).find("cut off"), std::string::npos);
  auto file = good;
  poke<unsigned char>(file, EI_CLASS, ELFCLASS32);
  EXPECT_NE(message(file).find("32-bit"), std::string::npos);
  file = good;
  poke<unsigned char>(file, EI_DATA, file[EI_DATA] == ELFDATA2LSB ? ELFDATA2MSB : ELFDATA2LSB);
  EXPECT_NE(message(file).find("byte order"), std::string::npos);
  file = good;
  poke<Elf64_Half>(file, offsetof(Elf64_Ehdr, e_machine), EM_ARM);
  EXPECT_NE(message(file).find("built for arm"), std::string::npos);
  file = good;
  poke<Elf64_Half>(file, offsetof(Elf64_Ehdr, e_type), ET_REL);
  EXPECT_NE(message(file).find("not a shared library"), std::string::npos);
  file = good;
  poke<Elf64_Off>(file, offsetof(Elf64_Ehdr, e_shoff), 0);
  EXPECT_NE(message(file).find("no section"), std::string::npos);
  file = good;
  poke<Elf64_Off>(file, offsetof(Elf64_Ehdr, e_shoff), ~0ULL - 8);
  EXPECT_NE(message(file).find("cut off"), std::string::npos);
  file = good;
  poke<Elf64_Half>(file, offsetof(Elf64_Ehdr, e_shstrndx), 0xFFF0);
  EXPECT_NE(message(file).find("damaged"), std::string::npos);
}

/// The header of the section with the manifest, to be changed in place.
std::size_t manifestHeader(const std::string& file) {
  Elf64_Ehdr header;
  std::memcpy(&header, file.data(), sizeof header);
  const auto wanted = *manifestSection(bytes(file));
  for (unsigned i = 0; i < header.e_shnum; ++i) {
    Elf64_Shdr section;
    const auto at = header.e_shoff + i * sizeof section;
    std::memcpy(&section, file.data() + at, sizeof section);
    if (section.sh_size == wanted.size() && file.compare(section.sh_offset, wanted.size(), wanted) == 0) return at;
  }
  return 0;
}

TEST(ElfManifest, BoundsTheSectionItself) {
  const auto good = contentOf(SCRIPTED_LIBRARY);
  const auto at = manifestHeader(good);
  ASSERT_NE(at, 0U);
  auto file = good;
  poke<Elf64_Xword>(file, at + offsetof(Elf64_Shdr, sh_size), kMaxManifest + 1);
  EXPECT_NE(message(file).find("over the limit"), std::string::npos);
  file = good;
  poke<Elf64_Xword>(file, at + offsetof(Elf64_Shdr, sh_size), 0);
  EXPECT_NE(message(file).find("empty"), std::string::npos);
  file = good;
  poke<Elf64_Off>(file, at + offsetof(Elf64_Shdr, sh_offset), ~0ULL - 3);
  EXPECT_NE(message(file).find("cut off"), std::string::npos);
  file = good;
  poke<Elf64_Word>(file, at + offsetof(Elf64_Shdr, sh_name), 0xFFFFFFFF);
  EXPECT_NE(message(file).find("no section"), std::string::npos);
}

TEST(ElfManifest, SurvivesEveryDamagedByteOfTheHeaders) {
  const auto good = contentOf(SCRIPTED_LIBRARY);
  Elf64_Ehdr header;
  std::memcpy(&header, good.data(), sizeof header);
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < sizeof header + header.e_phnum * sizeof(Elf64_Phdr); ++i) places.push_back(i);
  for (std::size_t i = 0; i < header.e_shnum * sizeof(Elf64_Shdr); ++i) places.push_back(header.e_shoff + i);
  int accepted = 0;
  auto file = good;
  for (const auto place : places)
    for (const unsigned char value : {0x00, 0x7F, 0xFF}) {
      const char before = file[place];
      file[place] = static_cast<char>(value);
      accepted += manifestSection(bytes(file)).ok() ? 1 : 0;
      file[place] = before;
    }
  EXPECT_GT(accepted, 0);  // most bytes of a section header do not matter to us
}

TEST(ElfManifest, RefusesWhatIsNotAFile) {
  const Folder folder;
  EXPECT_NE(readManifestSection((folder.path() / "missing.so").string()).error().message.find("No such file"),
            std::string::npos);
  EXPECT_NE(readManifestSection(folder.path().string()).error().message.find("not a regular file"), std::string::npos);
  const auto fifo = (folder.path() / "fifo.so").string();
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  EXPECT_NE(readManifestSection(fifo).error().message.find("not a regular file"), std::string::npos);
}

}  // namespace
}  // namespace patchbay::connectors::test
