#include "connectors/connector_set.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <ostream>
#include <sstream>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "connectors/elf_manifest.hpp"

namespace patchbay::connectors {
namespace fs = std::filesystem;
namespace {

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
  return text;
}

/// Names of the webhook schemes, for the table: "hmac" or "hmac|token".
std::string schemesOf(const Manifest& manifest) {
  std::string text;
  for (const auto& path : manifest.webhooks)
    for (const auto& scheme : path.signatures)
      if (("|" + text + "|").find("|" + scheme.name + "|") == std::string::npos)
        text += (text.empty() ? "" : "|") + scheme.name;
  return text.empty() ? "-" : text;
}

Json describe(const ConnectorSet::Entry& entry) {
  Json row = {{"path", entry.path}};
  if (entry.manifest) {
    const auto& manifest = *entry.manifest;
    row.update({{"id", manifest.id},
                {"name", manifest.name},
                {"version", manifest.version},
                {"vendor", manifest.vendor},
                {"license", manifest.license},
                {"docs", manifest.docs},
                {"platform", manifest.platform},
                {"capabilities", manifest.capabilities}});
    row["config"] = Json::array();
    for (const auto& key : manifest.config_keys) {
      Json item = {{"name", key.name}, {"secret", key.secret}};
      if (!key.env.empty()) item["env"] = key.env;
      row["config"].push_back(std::move(item));
    }
  }
  if (!entry.error.empty()) row["error"] = entry.error;
  return row;
}

}  // namespace

ConnectorSet::ConnectorSet(const std::vector<std::string>& paths, std::string copies)
    : paths_(paths), own_(std::make_unique<Loader>(std::move(copies))), loader_(*own_) {
  search();
}

ConnectorSet::ConnectorSet(const std::vector<std::string>& paths, Loader& loader) : paths_(paths), loader_(loader) {
  search();
}

void ConnectorSet::search() {
  for (const auto& path : paths_) {
    std::error_code error;
    if (!fs::is_directory(path, error)) {
      add(path);
      continue;
    }
    std::vector<std::string> files;
    for (fs::directory_iterator at(path, error), end; !error && at != end; at.increment(error))
      if (at->path().extension() == ".so") files.push_back(at->path().string());
    if (error) entries_.push_back({path, std::nullopt, "cannot be read: " + error.message()});
    std::sort(files.begin(), files.end());
    for (const auto& file : files) add(file);
  }
}

void ConnectorSet::add(const std::string& path) {
  Entry entry{.path = path, .manifest = std::nullopt, .error = {}};
  auto section = readManifestSection(path);
  auto manifest = section ? Manifest::parse(*section) : Result<Manifest>(section.error());
  if (!manifest) {
    entry.error = manifest.error().message;
  } else if (const auto* first = find(manifest->id)) {
    const auto holder = std::find_if(entries_.begin(), entries_.end(),
                                     [&](const Entry& e) { return e.manifest && &*e.manifest == first; });
    entry.error = "its id '" + manifest->id + "' is taken by " + holder->path + "; remove one of the two";
  } else {
    entry.manifest = std::move(*manifest);
  }
  entries_.push_back(std::move(entry));
}

const Manifest* ConnectorSet::find(std::string_view id) const {
  for (const auto& entry : entries_)
    if (entry.manifest && entry.manifest->id == id) return &*entry.manifest;
  return nullptr;
}

Result<std::shared_ptr<Library>> ConnectorSet::load(std::string_view id) {
  const auto entry = locate(id);
  if (!entry) return entry.error();
  auto library = loader_.load((*entry)->path);
  if (library) return library;
  auto error = library.error();
  error.message = (*entry)->path + ": " + error.message;
  return error;
}

Result<const ConnectorSet::Entry*> ConnectorSet::locate(std::string_view id) const {
  std::vector<std::string> known;
  for (const auto& entry : entries_) {
    if (!entry.manifest) {
      // "acme.so is cut off" helps more than "unknown connector acme".
      if (fs::path(entry.path).stem() == id && find(id) == nullptr)
        return Error{ErrorKind::kInvalid, "bad_connector", entry.path + ": " + entry.error};
      continue;
    }
    known.push_back(entry.manifest->id);
    if (entry.manifest->id == id) return &entry;
  }
  const auto near = nearest(id, known);
  return Error{ErrorKind::kNotFound, "unknown_connector",
               "there is no connector '" + std::string{id} + "'" +
                   (!near.empty()   ? "; did you mean '" + std::string{near} + "'?"
                    : known.empty() ? "; none was found, see `patchbay connectors`"
                                    : "; there are: " + join(known))};
}

Result<std::string> ConnectorSet::digest(std::string_view id) const {
  const auto entry = locate(id);
  if (!entry) return entry.error();
  std::ifstream file((*entry)->path, std::ios::binary);
  std::ostringstream content;
  if (!file || !(content << file.rdbuf()))
    return Error{ErrorKind::kInvalid, "bad_connector", (*entry)->path + ": cannot be read"};
  return crypto::hexEncode(crypto::digest(crypto::Hash::kSha256, content.view()));
}

void ConnectorSet::print(std::ostream& out, bool json) const {
  if (json) {
    Json rows = Json::array();
    for (const auto& entry : entries_) rows.push_back(describe(entry));
    out << rows.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
    return;
  }
  if (entries_.empty()) {
    out << "No connectors were found. Searched for *.so in:\n";
    for (const auto& path : paths_) out << "  " << path << '\n';
    if (paths_.empty()) out << "  (nothing: connectors.paths is empty)\n";
    out << "Put a connector there, or name its folder under connectors.paths in the configuration file.\n";
    return;
  }
  const std::vector<std::string> head = {"ID", "VERSION", "CHANNEL", "WEBHOOKS", "NAME", "FILE"};
  std::vector<std::vector<std::string>> rows = {head};
  for (const auto& entry : entries_)
    if (entry.manifest)
      rows.push_back({entry.manifest->id, entry.manifest->version, entry.manifest->platform, schemesOf(*entry.manifest),
                      entry.manifest->name, entry.path});
  std::vector<std::size_t> widths(head.size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], countCodePoints(row[i]));
  if (rows.size() > 1)
    for (const auto& row : rows) {
      for (std::size_t i = 0; i < row.size(); ++i)
        out << row[i] << (i + 1 < row.size() ? std::string(widths[i] - countCodePoints(row[i]) + 2, ' ') : "\n");
    }
  for (const auto& entry : entries_)
    if (!entry.error.empty()) out << "not usable: " << entry.path << ": " << entry.error << '\n';
}

}  // namespace patchbay::connectors
