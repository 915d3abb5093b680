#include "api/endpoints/endpoints.hpp"
#include "base/text.hpp"

namespace patchbay::api {
namespace {

/// A customer's file is data, whatever its type says: downloaded, never opened as a page of this host.
http::Response download(MediaFile file) {
  http::Response response{200,
                          {{"Content-Type", file.mime_type.empty() ? "application/octet-stream" : file.mime_type},
                           {"Content-Disposition", "attachment"},
                           {"Content-Security-Policy", "sandbox; default-src 'none'"},
                           {"Cache-Control", "private, max-age=31536000, immutable"}},
                          std::move(file.bytes)};
  if (!file.filename.empty())  // RFC 6266: the encoded form carries any character
    response.headers[1].value += "; filename*=UTF-8''" + percentEncode(file.filename);
  return response;
}

}  // namespace

void addMediaEndpoints(Endpoints& table, ReadMedia read) {
  table["getMedia"] = {immediate([read = std::move(read)](const Call& call) {
    auto file = read ? read(call.tenant, call.path.at("sha256").get<std::string>())
                     : Result<MediaFile>(Error{ErrorKind::kNotFound, "media_not_found", "There is no such file."});
    return file.ok() ? download(std::move(*file)) : problem(call.request, file.error());
  })};
}

}  // namespace patchbay::api
