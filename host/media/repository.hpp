/// Which files of the store belong to a tenant: {tenant}.pb_media. A file without a row there does not exist for it.
/// Small raw mails are in the row itself, and become files when somebody asks for them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/result.hpp"
#include "db/lane.hpp"
#include "db/pool.hpp"
#include "media/store.hpp"

namespace patchbay::media {

struct File {
  std::string sha256;
  std::int64_t size = 0;
  std::string mime_type;
  std::string filename;        ///< safe (filename.hpp); may be empty
  std::filesystem::path path;  ///< filled by find()
};

/// Notes that the tenant has the file. The first name and type under which it came stay.
/// @param bytes  of a small file that is kept in its row; empty: the store has it. Copied.
void add(db::TenantWrite& write, const File& file, std::string_view bytes = {});

/// Files that a tenant has. Thread-safe; find() blocks on the database: worker threads only.
class Repository {
 public:
  Repository(const Store& store, db::Pool& reads) : store_(store), reads_(reads) {}

  /// @return kNotFound when the tenant has no such file (another tenant may), or its bytes are gone from the disk.
  /// @throws db::Unavailable
  Result<File> find(const std::string& tenant, const std::string& sha256) const;

 private:
  const Store& store_;
  db::Pool& reads_;
};

/// The API's path of a stored file: what clients see as `url` in a message's media.
inline std::string urlOf(const std::string& sha256) {
  return "/api/v1/communications/media/" + sha256;
}

/// "patchbay-media:<sha256>" and the API's paths ".../media/<sha256>" name a stored file. Empty: it is some other
/// address.
std::string storedReference(std::string_view url);

}  // namespace patchbay::media
