#include "connectors/check/check.hpp"

#include <filesystem>
#include <fstream>
#include <ostream>

#include "base/text.hpp"
#include "connectors/check/probes.hpp"
#include "connectors/check/transcript.hpp"
#include "connectors/check/workbench.hpp"
#include "connectors/elf_manifest.hpp"

namespace patchbay::connectors {
namespace fs = std::filesystem;
namespace {

constexpr int kSeconds = 300;  // for one case; the slowest, garbage of 16 MiB, takes ten on a machine that is not busy

// The groups of probes, for --only.
constexpr const char* kFile = "file";
constexpr const char* kLibrary = "library";
constexpr const char* kSignatures = "signatures";
constexpr const char* kTurns = "turns";

using check::Outcome;

/// For a shell.
std::string quoted(const std::string& text) {
  if (text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./") ==
          std::string::npos &&
      !text.empty())
    return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return out + "'";
}

class Run {
 public:
  /// @param again  the command without its --only
  Run(std::ostream& out, std::string only, std::string again)
      : out_(out), only_(std::move(only)), again_(std::move(again)) {}

  /// Is this group of probes, or this transcript, to be run?
  bool wants(const std::string& name) {
    const bool wanted = only_.empty() || name.find(only_) != std::string::npos;
    some_ = some_ || wanted;
    return wanted;
  }
  /// Was anything to be run?
  bool some() const { return some_; }

  void add(const std::string& group, std::vector<Outcome> outcomes) {
    for (auto& outcome : outcomes) {
      out_ << (outcome.passed ? "ok    " : "FAIL  ") << outcome.name << '\n';
      for (const auto line : split(outcome.why, '\n'))
        if (!line.empty()) out_ << "      " << line << '\n';
      if (!outcome.passed) out_ << "      again: " << again_ << " --only " << quoted(group) << '\n';
      failed_ += outcome.passed ? 0 : 1;
      all_.push_back({{"name", outcome.name}, {"passed", outcome.passed}, {"why", outcome.why}});
    }
    out_.flush();
  }

  /// @param name  of the outcome when the case does not come to its end
  void probe(const std::string& group, const std::string& name,
             const std::function<std::vector<Outcome>(const check::Progress&)>& body) {
    add(group, check::isolated(name, kSeconds, body));
  }

  int failed() const { return failed_; }
  const Json& all() const { return all_; }

 private:
  std::ostream& out_;
  const std::string only_;
  const std::string again_;
  bool some_ = false;
  Json all_ = Json::array();
  int failed_ = 0;
};

/// The settings for the probes: config.yaml, or made up.
Json probeConfig(const std::string& library, const Json& config, std::string& why) {
  const auto section = readManifestSection(library);
  const auto manifest = section ? Manifest::parse(*section) : Result<Manifest>(section.error());
  if (!manifest) return nullptr;  // the file's own probe says why
  if (!config.empty()) return config;
  return check::inventConfig(*manifest, why);
}

}  // namespace

int runCheck(const CheckOptions& options, std::ostream& out, std::ostream& err) {
  std::error_code error;
  if (!fs::exists(options.library, error)) {
    err << options.library << ": there is no such file\n";
    return 2;
  }
  Json config = Json::object();
  std::vector<check::Transcript> transcripts;
  if (!options.transcripts.empty()) {
    if (!fs::is_directory(options.transcripts, error)) {
      err << options.transcripts << ": is not a folder\n";
      return 2;
    }
    std::vector<std::string> errors;
    transcripts = check::readTranscripts(options.transcripts, config, errors);
    for (const auto& line : errors) err << line << '\n';
    if (!errors.empty()) return 2;
    if (transcripts.empty()) {
      err << options.transcripts << ": holds no transcripts (*.yaml)\n";
      return 2;
    }
  }

  Run run(out, options.only,
          "patchbay check " + quoted(options.library) +
              (options.transcripts.empty() ? "" : " --transcripts " + quoted(options.transcripts)));
  if (options.probes && run.wants(kFile)) run.add(kFile, check::probeFile(options.library));
  std::string why;
  const auto settings = options.probes ? probeConfig(options.library, config, why) : Json();
  if (settings.is_object()) {
    const int failed = run.failed();
    if (run.wants(kLibrary))
      run.probe(kLibrary, "library: loads, and its descriptor is right",
                [&](const auto& progress) { return check::probeLifeCycle(options.library, settings, progress); });
    const bool loads = run.failed() == failed;
    if (loads && run.wants(kSignatures))
      run.probe(kSignatures, "signatures",
                [&](const auto& progress) { return check::probeSignatures(options.library, settings, progress); });
    if (loads && run.wants(kTurns))
      run.probe(kTurns, "garbage", [&](const auto& progress) {
        return check::probeGarbage(options.library, settings, transcripts, progress);
      });
  } else if (!why.empty()) {
    err << "note: no settings for the probes: " << why << "; write transcripts/config.yaml\n";
  }
  for (const auto& transcript : transcripts)
    if (run.wants(transcript.name) || run.wants(std::filesystem::path(transcript.file).filename()))
      run.probe(transcript.name, transcript.name, [&](const auto& progress) {
        return std::vector{check::runTranscript(transcript, options.library, config, progress)};
      });
  if (!run.some()) {
    err << "--only " << options.only << ": no transcript is called so; the probes are " << kFile << ", " << kLibrary
        << ", " << kSignatures << " and " << kTurns << '\n';
    return 2;
  }

  out << '\n'
      << run.all().size() - static_cast<std::size_t>(run.failed()) << " passed, " << run.failed() << " failed\n";
  if (!options.json.empty()) {
    std::ofstream file(options.json);
    if (!(file << run.all().dump(2, ' ', false, Json::error_handler_t::replace) << '\n') || !file.flush()) {
      err << options.json << ": cannot be written\n";
      return 2;
    }
  }
  return run.failed() == 0 ? 0 : 1;
}

}  // namespace patchbay::connectors
