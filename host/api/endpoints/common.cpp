#include <charconv>

#include "api/endpoints/endpoints.hpp"
#include "base/crypto.hpp"
#include "base/text.hpp"

namespace patchbay::api {
namespace {

std::string etag(std::int64_t version) {
  return "\"" + std::to_string(version) + "\"";
}

/// What a refusal needs of a request, for replies that come when the request is gone.
http::Request outlineOf(const Call& call) {
  http::Request outline;
  outline.path = call.request.path;
  outline.id = call.request.id;
  return outline;
}

}  // namespace

http::Response jsonResponse(int status, std::string body) {
  return {status, {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}}, std::move(body)};
}

http::Response jsonResponse(int status, const Json& body) {
  return jsonResponse(status, dumpJson(body));
}

Json listOf(const std::vector<std::string>& texts) {
  Json list = Json::array();
  for (const auto& text : texts) list.push_back(text);
  return list;
}

Run immediate(std::function<http::Response(const Call&)> answer) {
  return [make = std::move(answer)](Call call, Answer answer) { answer(make(call)); };
}

inbox::WriteContext writeContext(const Call& call) {
  inbox::WriteContext context;
  context.tenant = call.tenant;
  const auto& principal = call.principal;
  context.actor.kind = principal.kind == Principal::Kind::kUser ? "user" : "service";
  context.actor.id = principal.id;
  context.actor.name = principal.username;
  if (const auto key = call.headerValue<std::string>("Idempotency-Key")) {
    // Not the path as it was sent: both prefixes, a slash at the end and an escape mean the same request.
    auto values = call.path;
    values.erase("tenant_slug");
    context.idempotency = {*key, crypto::digest(crypto::Hash::kSha256, call.operation->id + " " + dumpJson(values) +
                                                                           "\n" + call.request.body)};
  }
  return context;
}

http::Response documentResponse(const Call& call, const Result<inbox::Document>& document) {
  if (!document.ok()) return problem(call.request, document.error());
  auto response = jsonResponse(200, document->json);
  if (document->version != 0) response.headers.push_back({"ETag", etag(document->version)});
  return response;
}

inbox::Reply replyWith(const Call& call, Answer answer, int created, std::string location) {
  return [outline = outlineOf(call), answer = std::move(answer), created, location = std::move(location),
          prefix = call.prefix](Result<inbox::Document> document) {
    if (!document.ok()) return answer(problem(outline, document.error()));
    const int status = document->created ? created : 200;
    if (status == 204) return answer({204, {}, {}});
    http::Response response;
    if (status == 201 && !location.empty())
      response.headers.push_back(
          {"Location",
           prefix + location + "/" + std::to_string(parseJson(document->json).at("id").get<std::int64_t>())});
    if (document->version != 0) response.headers.push_back({"ETag", etag(document->version)});
    if (document->replayed) response.headers.push_back({"Idempotent-Replayed", "true"});
    auto plain = jsonResponse(status, std::move(document->json));
    plain.headers.insert(plain.headers.end(), response.headers.begin(), response.headers.end());
    answer(std::move(plain));
  };
}

Result<std::optional<std::int64_t>> ifMatch(const Call& call) {
  const auto header = call.headerValue<std::string>("If-Match");
  if (!header || trim(*header) == "*") return std::optional<std::int64_t>{};
  const auto tag = trim(*header);
  if (tag.find(',') != std::string_view::npos)
    return Error{ErrorKind::kInvalid,
                 "validation_failed",
                 "If-Match must name one version.",
                 {{"header:If-Match", "must be one entity tag, as ETag gave it"}}};
  auto digits = tag;
  if (digits.size() >= 2 && digits.front() == '"' && digits.back() == '"') digits = digits.substr(1, digits.size() - 2);
  std::int64_t version = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
  const bool whole = error == std::errc{} && end == digits.data() + digits.size() && version > 0;
  return std::optional<std::int64_t>{whole ? version : -1};
}

}  // namespace patchbay::api
