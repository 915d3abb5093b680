#include "connectors/library.hpp"

#include <sys/stat.h>

#include <boost/dll/shared_library.hpp>
#include <boost/dll/shared_library_load_mode.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "connectors/descriptor.hpp"
#include "connectors/elf_manifest.hpp"

namespace patchbay::connectors {
namespace fs = std::filesystem;
namespace {

constexpr const char* kEntry = "patchbay_connector_v1";

Error refused(std::string message) {
  return {ErrorKind::kInvalid, "bad_connector", std::move(message)};
}

/// Boost's text is "boost::dll::... failed (<dlerror>): <stale errno>"; the parenthesis is what the admin needs.
std::string reasonOf(const std::exception& error) {
  const std::string text = error.what();
  const auto open = text.find('(');
  const auto close = text.rfind(')');
  return open != std::string::npos && close != std::string::npos && close > open
             ? text.substr(open + 1, close - open - 1)
             : text;
}

Result<std::string> contentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  if (!file || !(content << file.rdbuf())) return refused("cannot be read");
  return std::move(content).str();
}

/// Changes whenever the file does; empty when there is none.
std::string fileVersion(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  std::string version;
  for (const auto part : {static_cast<long long>(status.st_dev), static_cast<long long>(status.st_ino),
                          static_cast<long long>(status.st_size), static_cast<long long>(status.st_ctim.tv_sec),
                          static_cast<long long>(status.st_ctim.tv_nsec)})
    version += std::to_string(part) + " ";
  return version;
}

/// The connector's descriptor, or what was thrown instead: the ABI forbids that, and other channels must not pay for
/// it.
Result<const pb_connector*> callEntry(const pb_connector* (*entry)()) {
  try {
    return entry();
  } catch (const std::exception& error) {
    return refused("its entry function threw: " + std::string{error.what()});
  } catch (...) {
    return refused("its entry function threw something that is not a std::exception");
  }
}

}  // namespace

struct Library::Handle {
  boost::dll::shared_library library;
};

Library::~Library() = default;

Loader::Loader(std::string copies) : copies_(std::move(copies)) {}
Loader::~Loader() = default;

Result<std::shared_ptr<Library>> Loader::load(const std::string& path) {
  const auto version = fileVersion(path);
  const std::lock_guard lock(mutex_);
  if (const auto seen = seen_.find(path); seen != seen_.end() && seen->second.version == version)
    if (auto library = seen->second.library.lock()) return library;
  auto library = loadContent(path);
  if (library) seen_[path] = {version, *library};
  return library;
}

Result<std::shared_ptr<Library>> Loader::loadContent(const std::string& path) {
  std::error_code error;
  auto absolute = fs::absolute(path, error).lexically_normal().string();
  if (error) return refused("has no absolute path: " + error.message());
  // Refuses, before any code of it runs, what the dynamic linker would not survive (see elf_manifest.cpp).
  auto section = readManifestSection(absolute);
  if (!section) return section.error();
  auto manifest = Manifest::parse(*section);
  if (!manifest) return manifest.error();
  const auto content = contentOf(absolute);
  if (!content) return content.error();
  const auto digest = crypto::hexEncode(crypto::digest(crypto::Hash::kSha256, *content));

  if (const auto known = known_.find(absolute); known != known_.end()) {
    auto library = known->second.library.lock();
    if (known->second.digest == digest) {
      if (library) return library;
    } else {
      // Whether the old code is still mapped is not ours to know (unloading is best effort), so the new one never uses
      // a path that was used before.
      const auto copy = fs::path(copies_) / (digest.substr(0, 32) + ".so");
      fs::create_directories(copies_, error);
      if (!fs::exists(copy)) {
        const auto unfinished = copy.string() + ".part";
        std::ofstream file(unfinished, std::ios::binary);
        if (file << *content && file.flush()) fs::rename(unfinished, copy, error);
        if (!file || error)
          return refused("has changed since it was loaded, and its copy " + copy.string() + " cannot be written");
      }
      absolute = copy.string();
      if (const auto copied = known_.find(absolute); copied != known_.end())
        if (auto loaded = copied->second.library.lock()) return loaded;
    }
  }

  auto library = std::shared_ptr<Library>(new Library);
  library->handle_ = std::make_unique<Library::Handle>();
  auto& dll = library->handle_->library;
  try {
    using boost::dll::load_mode::type;
    dll.load(absolute, static_cast<type>(boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local));
  } catch (const std::exception& failure) {
    auto why = reasonOf(failure);
    if (why.starts_with(absolute + ": ")) why.erase(0, absolute.size() + 2);
    const bool symbol = why.find("undefined symbol") != std::string::npos;
    return refused("cannot be loaded: " + why +
                   (symbol ? "; link the library that defines it (-Wl,-z,defs reports this when building)"
                           : "; `ldd` shows which library it misses"));
  }
  if (!dll.has(kEntry)) {
    for (int major = PB_ABI_MAJOR + 1; major < PB_ABI_MAJOR + 10; ++major)
      if (dll.has("patchbay_connector_v" + std::to_string(major)))
        return refused("is built for ABI " + std::to_string(major) + ", and this host has " + hostAbi() +
                       "; upgrade Patchbay");
    return refused("does not export " + std::string{kEntry} +
                   "; define it with PATCHBAY_CONNECTOR(...) or, in C, as connector.h says");
  }
  const auto descriptor = callEntry(dll.get<const pb_connector*()>(kEntry));
  if (!descriptor) return descriptor.error();
  auto functions = readDescriptor(*descriptor, *section);
  if (!functions) return functions.error();
  if (!manifest->webhooks.empty() && functions->receive == nullptr)
    return refused("its manifest declares webhooks, but its descriptor has no receive");
  if (manifest->poll_interval && functions->poll == nullptr)
    return refused("its manifest declares poll, but its descriptor has no poll");
  if (manifest->poll_interval && functions->resume == nullptr)
    return refused("its manifest declares poll, but its descriptor has no resume, which reads the answers");
  if (!manifest->capabilities.empty() && functions->perform == nullptr)
    return refused("its manifest declares capabilities, but its descriptor has no perform, which sends");
  library->path_ = path;
  library->manifest_ = std::move(*manifest);
  library->functions_ = *functions;
  known_[absolute] = {digest, library};
  return library;
}

}  // namespace patchbay::connectors
