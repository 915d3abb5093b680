#include "simulators/whatsapp/media_store.hpp"

#include "base/crypto.hpp"

namespace patchbay::simulators::whatsapp {

MediaFile MediaStore::add(std::string bytes, std::string mime_type, std::string id) {
  MediaFile file{id.empty() ? ids_.digits(17) : std::move(id), std::move(bytes), std::move(mime_type), {}};
  file.sha256 = crypto::digest(crypto::Hash::kSha256, file.bytes);
  const std::lock_guard lock(mutex_);
  files_[file.id] = file;
  return file;
}

std::optional<MediaFile> MediaStore::find(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = files_.find(id);
  return found == files_.end() ? std::nullopt : std::optional(found->second);
}

bool MediaStore::remove(const std::string& id) {
  const std::lock_guard lock(mutex_);
  return files_.erase(id) > 0;
}

std::string MediaStore::newDownloadPath(const std::string& id) {
  const std::string key = ids_.word(32);
  const std::lock_guard lock(mutex_);
  keys_[key] = {id, std::chrono::steady_clock::now()};
  return "/whatsapp_business/attachments/?mid=" + id + "&source=getMedia&hash=" + key;
}

std::optional<MediaFile> MediaStore::open(const std::string& id, const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto entry = keys_.find(key);
  if (entry == keys_.end() || entry->second.id != id) return std::nullopt;
  if (std::chrono::steady_clock::now() - entry->second.made >= url_lifetime_) return std::nullopt;
  const auto file = files_.find(id);
  return file == files_.end() ? std::nullopt : std::optional(file->second);
}

void MediaStore::setUrlLifetime(std::chrono::milliseconds lifetime) {
  const std::lock_guard lock(mutex_);
  url_lifetime_ = lifetime;
}

}  // namespace patchbay::simulators::whatsapp
