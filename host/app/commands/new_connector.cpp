#include "app/commands/new_connector.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <optional>
#include <ostream>
#include <sstream>
#include <system_error>
#include <utility>
#include <vector>

#include "base/ascii.hpp"

namespace patchbay::app {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxId = 40;  // sdk/schema/manifest.schema.json

struct File {
  fs::path path;  ///< within the connector's folder
  std::string content;
};

std::string replaced(std::string text, char from, char to) {
  std::replace(text.begin(), text.end(), from, to);
  return text;
}

std::string replaceAll(std::string text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size()))
    text.replace(at, what.size(), by);
  return text;
}

/// `cmake` finds the SDK by itself where programs are usually installed; elsewhere it is told.
std::string prefixOption(const fs::path& program) {
  const auto prefix = program.parent_path().parent_path();
  if (prefix == "/usr" || prefix == "/usr/local") return "";
  const auto text = prefix.string();
  return "-DCMAKE_PREFIX_PATH=" + (text.find(' ') == std::string::npos ? text : "'" + text + "'") + " ";
}

std::string filledIn(std::string text, const ConnectorNames& names, const std::string& prefix) {
  const std::pair<std::string_view, std::string_view> values[] = {
      {"@id@", names.id},        {"@Name@", names.title}, {"@Class@", names.type}, {"@platform@", names.platform},
      {"@ENV@", names.variable}, {"@host@", names.host},  {"@prefix@", prefix}};
  for (const auto& [placeholder, value] : values) text = replaceAll(std::move(text), placeholder, value);
  return text;
}

/// connector.cpp -> acme.cpp, connector_test.cpp -> acme_test.cpp, gitignore -> .gitignore
fs::path filledInName(const fs::path& path, const ConnectorNames& names) {
  auto name = path.filename().string();
  constexpr std::string_view kStem = "connector";
  if (name.starts_with(kStem)) name = names.id + name.substr(kStem.size());
  if (name == "gitignore") name = ".gitignore";
  return path.parent_path() / name;
}

/// The files of one folder of the template, filled in.
/// @throws std::runtime_error naming the file that cannot be read
void addFiles(const fs::path& folder, const ConnectorNames& names, const std::string& prefix,
              std::vector<File>& files) {
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    std::ostringstream content;
    if (!file || !(content << file.rdbuf())) throw std::runtime_error(entry.path().string() + " cannot be read");
    files.push_back(
        {filledInName(fs::relative(entry.path(), folder), names), filledIn(std::move(content).str(), names, prefix)});
  }
}

/// Why the connector cannot be written there, or nothing.
std::optional<std::string> refusal(const fs::path& directory) {
  std::error_code code;
  const auto status = fs::status(directory, code);
  if (!fs::exists(status)) return std::nullopt;
  if (!fs::is_directory(status)) return directory.string() + " is there and is not a folder";
  const bool empty = fs::is_empty(directory, code);
  if (code) return directory.string() + " cannot be read: " + code.message();
  if (!empty) return directory.string() + " is not empty; name another folder, or remove what is in it";
  return std::nullopt;
}

void write(const fs::path& directory, const File& file) {
  const auto path = directory / file.path;
  std::error_code code;
  fs::create_directories(path.parent_path(), code);
  if (code) throw std::runtime_error(path.parent_path().string() + " cannot be made: " + code.message());
  std::ofstream out(path, std::ios::binary);
  if (!(out << file.content) || !out.flush()) throw std::runtime_error(path.string() + " cannot be written");
}

}  // namespace

ConnectorNames namesOf(const std::string& id) {
  ConnectorNames names{.id = id,
                       .title = {},
                       .type = {},
                       .platform = replaced(id, '-', '_'),
                       .variable = {},
                       .host = replaced(id, '_', '-')};
  while (!names.host.empty() && names.host.back() == '-') names.host.pop_back();
  bool begins = true;
  for (const char c : id) {
    const bool joint = c == '-' || c == '_';
    const auto upper = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    names.variable += joint ? '_' : upper;
    names.title += joint ? ' ' : begins ? upper : c;
    if (!joint) names.type += begins ? upper : c;
    begins = joint;
  }
  return names;
}

std::string connectorNameRule(const std::string& id) {
  const auto fits = [](char c) { return isLower(c) || isDigit(c) || c == '-' || c == '_'; };
  const bool good = !id.empty() && id.size() <= kMaxId && isLower(id[0]) && std::ranges::all_of(id, fits);
  return good ? "" : "must be 1 to 40 of a-z, 0-9, '-' and '_', and begin with a letter";
}

fs::path templateFolder(const fs::path& program) {
  return program.parent_path().parent_path() / "share" / "patchbay" / "template";
}

int runNew(const CommandLine& command, const fs::path& program, std::ostream& out, std::ostream& err) {
  const auto names = namesOf(command.name);
  const fs::path directory = command.directory.empty() ? command.name : command.directory;
  const auto templates = templateFolder(program);
  const bool in_c = command.language == "c";
  if (!fs::is_directory(templates / "common")) {
    err << "patchbay: the template " << templates.string()
        << " is missing; it is a part of the SDK: cmake --install BUILD --component sdk\n";
    return kExitFailed;
  }
  if (const auto why = refusal(directory)) {
    err << "patchbay: " << *why << "\n";
    return kExitFailed;
  }
  const auto prefix = prefixOption(program);
  try {
    std::vector<File> files;
    addFiles(templates / "common", names, prefix, files);
    addFiles(templates / (in_c ? "c" : "c++"), names, prefix, files);
    std::ranges::sort(files, {}, &File::path);
    for (const auto& file : files) write(directory, file);
    out << names.id << ": a connector in " << (in_c ? "C" : "C++") << ", with a provider of our imagination\n\n";
    for (const auto& file : files) out << "  " << (directory / file.path).string() << "\n";
  } catch (const std::exception& error) {
    err << "patchbay: " << error.what() << "\n";
    return kExitFailed;
  }
  out << "\nIt builds and passes its tests as it is:\n\n"
      << "  cd " << directory.string() << "\n"
      << "  cmake -B build " << prefix << "&& cmake --build build && ctest --test-dir build\n\n"
      << "Then make it yours: README.md has the steps.\n";
  return kExitOk;
}

}  // namespace patchbay::app
