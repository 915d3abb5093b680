#include "media/repository.hpp"

#include "base/crypto.hpp"

namespace patchbay::media {
namespace {

constexpr db::Statement kInsert{"media.insert", R"sql(
    INSERT INTO {tenant}.pb_media (sha256, size, mime_type, filename, created_at, bytes) VALUES ($1, $2, $3, $4, $5, $6)
      ON CONFLICT (sha256) DO NOTHING)sql"};
constexpr db::Statement kFind{"media.find",
                              "SELECT size, mime_type, filename FROM {tenant}.pb_media WHERE sha256 = $1"};
constexpr db::Statement kBytes{"media.bytes", "SELECT encode(bytes, 'hex') FROM {tenant}.pb_media WHERE sha256 = $1"};

constexpr std::string_view kScheme = "patchbay-media:";
constexpr std::string_view kApi = "/api/v1/";
constexpr std::string_view kFolder = "/media/";

}  // namespace

void add(db::TenantWrite& write, const File& file, std::string_view bytes) {
  db::Params params;
  params.text(file.sha256).int8(file.size).text(file.mime_type).text(file.filename).timestamp(write.now());
  if (bytes.empty())
    params.null();
  else
    params.bytes(bytes);
  write.queue(kInsert, params);
}

Result<File> Repository::find(const std::string& tenant, const std::string& sha256) const {
  const Error missing{ErrorKind::kNotFound, "media_not_found", "There is no media file " + sha256.substr(0, 64) + "."};
  const auto schema = db::SchemaName::fromSlug(tenant);
  if (!schema || !isDigest(sha256)) return missing;
  auto connection = reads_.lease();
  const db::Rows rows = connection->execute(kFind, &*schema, db::Params().text(sha256));
  if (rows.empty()) return missing;
  auto path = store_.find(sha256);
  if (!path) {
    const db::Rows row = connection->execute(kBytes, &*schema, db::Params().text(sha256));
    const auto bytes = row.empty() || row.isNull(0, 0) ? std::nullopt : crypto::hexDecode(row.text(0, 0));
    if (!bytes || !store_.put(*bytes)) return missing;
    path = store_.find(sha256);
  }
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
