#include <algorithm>
#include <memory>

#include "api/endpoints/endpoints.hpp"
#include "base/byte_budget.hpp"
#include "base/text.hpp"

namespace patchbay::api {
namespace {

/// Files that are in memory on their way out, all together: readers may be slow, and there may be hundreds.
constexpr std::size_t kMaxInMemory = std::size_t{64} << 20U;

/// A file and its place in the budget, until the last copy of the answer is gone.
struct Loaded {
  explicit Loaded(std::shared_ptr<ByteBudget> owner) : budget(std::move(owner)), charge(*budget) {}
  std::shared_ptr<ByteBudget> budget;
  Charge charge;
  std::string bytes;
};

http::Response busy(const http::Request& request) {
  return problem(request, Problem{503, "media_busy", "Many files are on their way out; try again shortly."});
}

/// A customer's file is data, whatever its type says: downloaded, never opened as a page of this host.
http::Response download(const http::Request& request, const std::shared_ptr<ByteBudget>& budget, MediaFile file) {
  const auto loaded = std::make_shared<Loaded>(budget);
  // One that is larger than the whole budget is sent when it is alone.
  if (!loaded->charge.grow(std::min(file.bytes.size(), kMaxInMemory))) return busy(request);
  loaded->bytes = std::move(file.bytes);
  http::Response response{200,
                          {{"Content-Type", file.mime_type.empty() ? "application/octet-stream" : file.mime_type},
                           {"Content-Disposition", "attachment"},
                           {"Content-Security-Policy", "sandbox; default-src 'none'"},
                           {"Cache-Control", "private, max-age=31536000, immutable"}},
                          {},
                          {loaded->bytes, loaded}};
  if (!file.filename.empty())  // RFC 6266: the encoded form carries any character
    response.headers[1].value += "; filename*=UTF-8''" + percentEncode(file.filename);
  return response;
}

}  // namespace

void addMediaEndpoints(Endpoints& table, ReadMedia read, ReadMediaLink read_link) {
  const auto budget = std::make_shared<ByteBudget>(kMaxInMemory);
  table["getMedia"] = {immediate([read = std::move(read), budget](const Call& call) {
    // Before the disk is asked: what is read and then refused has been in memory all the same.
    if (!budget->hasRoom(1)) return busy(call.request);
    auto file = read ? read(call.tenant, call.path.at("sha256").get<std::string>())
                     : Result<MediaFile>(Error{ErrorKind::kNotFound, "media_not_found", "There is no such file."});
    return file.ok() ? download(call.request, budget, std::move(*file)) : problem(call.request, file.error());
  })};
  table["getLinkedMedia"] = {immediate([read = std::move(read_link), budget](const Call& call) {
    if (!budget->hasRoom(1)) return busy(call.request);
    auto file = read ? read(call.path.at("token").get<std::string>())
                     : Result<MediaFile>(Error{ErrorKind::kNotFound, "media_not_found", "There is no such file."});
    if (!file.ok()) return problem(call.request, file.error());
    auto response = download(call.request, budget, std::move(*file));
    for (auto& header : response.headers)  // the link expires; what it showed need not be kept anywhere
      if (header.name == "Cache-Control") header.value = "private, no-store";
    return response;
  })};
}

}  // namespace patchbay::api
