// A connector's request on its way to the wire. Input: the request (request.schema.json).
#include "delivery/request.hpp"

#include "base/json_schema.hpp"
#include "connectors/schemas.hpp"
#include "fuzz.hpp"

using namespace patchbay;
using namespace patchbay::delivery;
using patchbay::fuzz::check;

FUZZ(std::string_view bytes) {
  Json document;
  try {
    document = parseJson(bytes);
  } catch (const JsonError&) {
    return;
  }
  static const JsonSchema schema(connectors::schemaDocument("request"));
  if (!schema.validate(document).empty()) return;
  static const auto egress = [] {
    connectors::Egress server;
    server.pattern = "api.example.com";
    return std::make_shared<EgressRules>(std::vector{server}, Json::object(), std::vector<std::string>{});
  }();
  static const connectors::Secrets secrets({{"token", {"s3cr3t-value"}}}, "0123456789abcdef0123456789abcdef");
  static const Json config{{"account", "AC1"}};
  static const Blobs blobs{{7, Blob::ofBytes("\x01\x02\x03")}};
  const auto request =
      prepareRequest(document, {egress, &secrets, &config, &blobs, Timestamp{std::chrono::seconds{1767607200}}});
  if (!request.ok()) {
    check(request.error().message.find("s3cr3t-value") == std::string::npos, "no refusal holds a secret");
    return;
  }
  check(egress->refuse(request->url, request->into_blob && !request->has_secrets).empty(), "the server is allowed");
  check(request->url.host.find("s3cr3t") == std::string::npos, "no secret is in the host");
  if (request->url.host != "api.example.com")
    check(!request->has_secrets, "secrets go to the manifest's servers alone");
  for (const auto& header : request->headers)
    check(header.name.find_first_of("\r\n: ") == std::string::npos &&
              header.value.find_first_of("\r\n") == std::string::npos,
          "a header is one line", header.name);
  check(request->max_response > 0, "an answer has a limit");
}
