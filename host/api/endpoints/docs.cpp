#include <memory>

#include "api/embedded.hpp"
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
};

http::Response serve(const File& file, const char* cache) {
  return {200,
          {{"Content-Type", file.type},
           {"Cache-Control", cache},
           {"ETag", file.etag},
           {"X-Content-Type-Options", "nosniff"},
           {"Content-Security-Policy", kContentSecurityPolicy},
           {"Referrer-Policy", "no-referrer"}},
          {},
          file.content};
}

/// @param keeper  of the bytes, when they are not part of the program itself
File file(std::string name, std::string type, std::string_view bytes, std::shared_ptr<const void> keeper = nullptr) {
  const auto hash = crypto::hexEncode(crypto::digest(crypto::Hash::kSha256, bytes)).substr(0, 32);
  return {std::move(name), std::move(type), "\"" + hash + "\"", {bytes, std::move(keeper)}};
}

}  // namespace

void addDocumentationEndpoints(Endpoints& table, const Contract& contract) {
  const auto document = std::make_shared<const std::string>(inFileOrder(contract.document()));
  table["getOpenApi"] = {immediate([json = file("openapi.json", "application/json", *document, document)](const Call&) {
    return serve(json, "no-cache");
  })};
  const auto page = [](std::string_view html) {
    return immediate(
        [html = file("", "text/html; charset=utf-8", html)](const Call&) { return serve(html, "no-cache"); });
  };
  table["getSwaggerUi"] = {page(embedded::swagger_html())};
  table["getRedoc"] = {page(embedded::redoc_html())};
  const std::vector<File> assets = {
      file("swagger-ui-bundle.js", "text/javascript; charset=utf-8", embedded::swagger_ui_bundle()),
      file("swagger-ui.css", "text/css; charset=utf-8", embedded::swagger_ui_style()),
      file("swagger-init.js", "text/javascript; charset=utf-8", embedded::swagger_init()),
      file("redoc.standalone.js", "text/javascript; charset=utf-8", embedded::redoc_bundle()),
      file("redoc-init.js", "text/javascript; charset=utf-8", embedded::redoc_init()),
      file("favicon.png", "image/png", embedded::swagger_ui_icon()),
  };
  table["getDocsAsset"] = {immediate([assets](const Call& call) {
    const auto& name = call.path.at("asset").get_ref<const std::string&>();
    for (const auto& asset : assets)
      if (asset.name == name) return serve(asset, "public, max-age=3600");
    return problem(call.request, Problem{404, "not_found", "The documentation has no file of this name."});
  })};
}

}  // namespace patchbay::api
