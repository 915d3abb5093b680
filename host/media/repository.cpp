#include "media/repository.hpp"

#include <algorithm>

namespace patchbay::media {
namespace {

constexpr db::Statement kInsert{"media.insert", R"sql(
    INSERT INTO {tenant}.pb_media (sha256, size, mime_type, filename, created_at) VALUES ($1, $2, $3, $4, $5)
      ON CONFLICT (sha256) DO NOTHING)sql"};
constexpr db::Statement kFind{"media.find",
                              "SELECT size, mime_type, filename FROM {tenant}.pb_media WHERE sha256 = $1"};

constexpr std::string_view kScheme = "patchbay-media:";
constexpr std::string_view kApi = "/api/v1/";
constexpr std::string_view kFolder = "/media/";

bool isDigest(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

void add(db::TenantWrite& write, const File& file) {
  write.query(
      kInsert,
      db::Params().text(file.sha256).int8(file.size).text(file.mime_type).text(file.filename).timestamp(write.now()));
}

Result<File> Repository::find(const std::string& tenant, const std::string& sha256) const {
  const Error missing{ErrorKind::kNotFound, "media_not_found", "There is no media file " + sha256.substr(0, 64) + "."};
  const auto schema = db::SchemaName::fromSlug(tenant);
  const auto path = store_.find(sha256);
  if (!schema || !path) return missing;
  auto connection = reads_.lease();
  const db::Rows rows = connection->execute(kFind, &*schema, db::Params().text(sha256));
  if (rows.empty()) return missing;
  return File{sha256, rows.int8(0, 0), std::string(rows.text(0, 1)), std::string(rows.text(0, 2)), *path};
}

std::string storedReference(std::string_view url) {
  std::string_view digest;
  if (url.starts_with(kScheme)) {
    digest = url.substr(kScheme.size());
  } else if (url.starts_with(kApi)) {
    const std::size_t at = url.rfind(kFolder);
    if (at == std::string_view::npos) return {};
    digest = url.substr(at + kFolder.size());
  }
  return isDigest(digest) ? std::string(digest) : std::string();
}

}  // namespace patchbay::media
