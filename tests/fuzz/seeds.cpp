// Writes the seeds of the fuzz targets that the tree already has in another form: bodies, answers and events of the
// connectors' transcripts, configuration files, manifests. usage: fuzz_seeds ROOT FOLDER
#include <elf.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "connectors/check/form_body.hpp"
#include "connectors/check/transcript.hpp"

using namespace patchbay;
namespace fs = std::filesystem;

namespace {

/// One seed per content.
class Seeds {
 public:
  explicit Seeds(fs::path folder) : folder_(std::move(folder)) {}

  void add(const std::string& target, const std::string& content) {
    if (content.size() > 32768) return;
    fs::create_directories(folder_ / target);
    const auto file = folder_ / target / std::to_string(std::hash<std::string>{}(content));
    if (fs::exists(file)) return;
    // Targets may be reading the folder: a file appears whole, and none goes.
    const auto part = folder_ / "part";
    std::ofstream(part, std::ios::binary) << content;
    fs::rename(part, file);
  }

 private:
  fs::path folder_;
};

std::string contentOf(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

std::string textOf(const Json& value) {
  return value.is_string() ? value.get<std::string>() : dumpJson(value);
}

/// A perform step with all answers of its requests, as connector_resume.cpp reads it.
std::string conversation(const Json& operation, const Json& expect) {
  std::string text = dumpJson(operation) + "\n%%\n{}";
  const auto add = [&](const Json& request) {
    const Json respond = request.value("respond", Json::object());
    text += "\n%%\n" + (request.contains("fail") ? "1" : std::to_string(respond.value("status", 200)));
    const Json headers = respond.value("headers", Json::object());
    for (const auto& [name, value] : headers.items()) text += '\n' + name + ": " + textOf(value);
    text += "\n\n" + textOf(respond.contains("json") ? respond["json"] : respond.value("body", Json("")));
  };
  for (const auto& step : expect.value("requests", Json::array()))
    if (step.is_array())
      for (const auto& request : step) add(request);
    else
      add(step);
  return text;
}

/// Which of the manifest's webhooks has the path `suffix`, as connector_receive.cpp counts them; the first for others.
char digitOf(const Json& manifest, const std::string& suffix) {
  const Json webhooks = manifest.value("webhooks", Json::array());
  for (std::size_t i = 0; i < webhooks.size(); ++i)
    if (webhooks[i].value("suffix", "") == suffix) return static_cast<char>('0' + i);
  return '0';
}

void addTranscript(Seeds& seeds, const std::string& id, const Json& manifest, const Json& transcript) {
  for (const auto& step : transcript.value("steps", Json::array())) {
    const Json expect = step.value("expect", Json::object());
    if (step.contains("receive") && step["receive"].contains("body")) {
      const char digit = digitOf(manifest, step["receive"].value("suffix", ""));
      seeds.add(id + "_receive", digit + textOf(step["receive"]["body"]));
      seeds.add("json", textOf(step["receive"]["body"]));
    }
    if (step.contains("receive") && step["receive"].contains("form")) {
      const auto form = connectors::check::formBody(step["receive"], nullptr);
      seeds.add(id + "_receive", digitOf(manifest, step["receive"].value("suffix", "")) + form->body);
      seeds.add("form", form->content_type + "\n%%\n" + form->body);
    }
    if (step.contains("perform")) {
      Json operation = step["perform"];
      operation.emplace("id", "6f1c7e7a-3a0f-4c55-9f0e-2a3b4c5d6e7f");
      operation.emplace("ref", "6f1c7e7a-3a0f-4c55-9f0e-2a3b4c5d6e7f");
      seeds.add(id + "_resume", conversation(operation, expect));
    }
    std::string effects = "\x01";
    for (Json event : expect.value("events", Json::array())) {
      event.emplace("id", "wamid.1");
      event.emplace("timestamp", "2026-01-05T10:00:00Z");
      seeds.add("event", dumpJson(event));
      effects += "\n%%\n\x01" + dumpJson(event);
    }
    seeds.add("turn", effects);
  }
}

/// The smallest ELF file with a manifest: header, the section, the sections' names, three section headers.
std::string smallElf(const std::string& manifest) {
  const std::string names = std::string("\0.patchbay.manifest\0.shstrtab\0", 30);
  Elf64_Ehdr header{};
  std::memcpy(header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  header.e_ident[EI_VERSION] = EV_CURRENT;
  header.e_type = ET_DYN;
#if defined(__aarch64__)
  header.e_machine = EM_AARCH64;
#else
  header.e_machine = EM_X86_64;
#endif
  header.e_version = EV_CURRENT;
  header.e_ehsize = sizeof header;
  header.e_shentsize = sizeof(Elf64_Shdr);
  header.e_shnum = 3;
  header.e_shstrndx = 2;
  header.e_shoff = sizeof header + manifest.size() + names.size();
  Elf64_Shdr sections[3] = {};
  sections[1] = {1, SHT_PROGBITS, SHF_ALLOC, 0, sizeof header, manifest.size(), 0, 0, 1, 0};
  sections[2] = {20, SHT_STRTAB, 0, 0, sizeof header + manifest.size(), names.size(), 0, 0, 1, 0};
  return std::string(reinterpret_cast<const char*>(&header), sizeof header) + manifest + names +
         std::string(reinterpret_cast<const char*>(sections), sizeof sections);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: fuzz_seeds ROOT FOLDER\n";
    return 2;
  }
  const fs::path root = argv[1];
  Seeds seeds(argv[2]);
  for (const auto& plugin : fs::directory_iterator(root / "plugins")) {
    if (!fs::exists(plugin.path() / "manifest.json")) continue;
    const std::string manifest = contentOf(plugin.path() / "manifest.json");
    const Json parsed = parseJson(manifest);
    seeds.add("manifest", manifest);
    seeds.add("elf_manifest", smallElf(manifest));
    const auto folder = plugin.path() / "transcripts";
    if (!fs::exists(folder)) continue;
    Json config;
    std::vector<std::string> errors;
    for (const auto& transcript : connectors::check::readTranscripts(folder.string(), config, errors))
      addTranscript(seeds, plugin.path().filename(), parsed, transcript.document);
    for (const auto& error : errors) std::cerr << error << '\n';
    for (const auto& file : fs::directory_iterator(folder))
      if (file.path().extension() == ".yaml") {
        seeds.add("transcript", contentOf(file));
        seeds.add("yaml", contentOf(file));
      }
  }
  for (const auto& file : fs::directory_iterator(root / "config"))
    if (file.path().extension() == ".yaml") {
      seeds.add("config", contentOf(file));
      seeds.add("yaml", contentOf(file));
    }
  return 0;
}
