#include <memory>

#include "api/embedded.hpp"
#include "api/encoding.hpp"
#include "api/endpoints/endpoints.hpp"
#include "base/crypto.hpp"

namespace patchbay::api {
namespace {

/// Scripts from here alone, no inline ones, nothing from elsewhere. Both pages write style elements while they run, and
/// ReDoc searches in a worker that it makes from a blob.
constexpr const char* kContentSecurityPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' "
    "data:; "
    "connect-src 'self'; worker-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

struct File {
  std::string name, type, etag;
  http::Borrowed content;
  http::Borrowed packed = {};  ///< the same as gzip; empty: there is none
};

/// A tag names bytes, so the packed ones have their own.
http::Response serve(const Call& call, const File& file, const char* cache) {
  const bool packed = !file.packed.bytes.empty() && acceptsGzip(call.request.headers);
  http::Response response{200,
                          {{"Content-Type", file.type},
                           {"Cache-Control", cache},
                           {"ETag", "\"" + file.etag + (packed ? "-gzip\"" : "\"")},
                           {"Content-Security-Policy", kContentSecurityPolicy}},
                          {},
                          packed ? file.packed : file.content};
  if (!file.packed.bytes.empty()) response.headers.push_back({"Vary", "Accept-Encoding"});
  if (packed) response.headers.push_back({"Content-Encoding", "gzip"});
  return response;
}

/// @param keeper  of the bytes, when they are not part of the program itself
File file(std::string name, std::string type, std::string_view bytes, std::string_view packed = {},
          std::shared_ptr<const void> keeper = nullptr) {
  const auto hash = crypto::hexEncode(crypto::digest(crypto::Hash::kSha256, bytes)).substr(0, 32);
  return {std::move(name), std::move(type), hash, {bytes, keeper}, {packed, keeper}};
}

/// The document, plain and packed: both as long as anybody sends them.
File documentFile(const Contract& contract) {
  struct Texts {
    std::string plain, packed;
  };
  auto texts = std::make_shared<Texts>();
  texts->plain = inFileOrder(contract.document());
  texts->packed = gzip(texts->plain, 9).value_or("");
  return file("openapi.json", "application/json", texts->plain, texts->packed, texts);
}

}  // namespace

void addDocumentationEndpoints(Endpoints& table, const Contract& contract) {
  table["getOpenApi"] = {
      immediate([json = documentFile(contract)](const Call& call) { return serve(call, json, "no-cache"); })};
  const auto page = [](std::string_view html) {
    return immediate([html = file("", "text/html; charset=utf-8", html)](const Call& call) {
      return serve(call, html, "no-cache");
    });
  };
  table["getSwaggerUi"] = {page(embedded::swagger_html())};
  table["getRedoc"] = {page(embedded::redoc_html())};
  const std::vector<File> assets = {
      file("swagger-ui-bundle.js", "text/javascript; charset=utf-8", embedded::swagger_ui_bundle(),
           embedded::swagger_ui_bundle_gz()),
      file("swagger-ui.css", "text/css; charset=utf-8", embedded::swagger_ui_style(), embedded::swagger_ui_style_gz()),
      file("swagger-init.js", "text/javascript; charset=utf-8", embedded::swagger_init()),
      file("redoc.standalone.js", "text/javascript; charset=utf-8", embedded::redoc_bundle(),
           embedded::redoc_bundle_gz()),
      file("redoc-init.js", "text/javascript; charset=utf-8", embedded::redoc_init()),
      file("favicon.png", "image/png", embedded::swagger_ui_icon()),
  };
  table["getDocsAsset"] = {immediate([assets](const Call& call) {
    const auto& name = call.path.at("asset").get_ref<const std::string&>();
    for (const auto& asset : assets)
      if (asset.name == name) return serve(call, asset, "public, max-age=3600");
    return problem(call.request, Problem{404, "not_found", "The documentation has no file of this name."});
  })};
}

}  // namespace patchbay::api
