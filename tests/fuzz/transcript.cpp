// Transcripts, as `patchbay check` reads them.
#include "connectors/check/transcript.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "fuzz.hpp"

using namespace patchbay;
using namespace patchbay::connectors::check;
using patchbay::fuzz::check;

namespace {

/// A folder of this process, gone at its end.
struct Folder {
  Folder() : path(std::filesystem::temp_directory_path() / ("patchbay-fuzz-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path path;
};

}  // namespace

FUZZ(std::string_view bytes) {
  static const Folder folder;
  std::ofstream(folder.path / "case.yaml", std::ios::binary) << bytes;
  Json config;
  std::vector<std::string> errors;
  const auto transcripts = readTranscripts(folder.path.string(), config, errors);
  check(transcripts.size() + errors.size() >= 1, "a file is read or refused");
  for (const auto& error : errors)
    check(error.find("case.yaml") != std::string::npos, "an error names the file", error);
  for (const auto& transcript : transcripts) {
    check(transcript.document.is_object(), "a transcript is a mapping");
    (void)transcript.origin.render("/steps/0", "here");
  }
}
