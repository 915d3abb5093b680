/// HTTP as values: the request that a turn asks for (schema/request.schema.json) and the answer that resume() is given.
///
///     HttpRequest::post(base + "/messages").json({{"to", number}, {"text", text}}).bearer("access_token")
///
/// The connector names secrets by their key in the channel's config; the host attaches the values.
#pragma once

#include <patchbay/connector.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <patchbay/json.hpp>
#include <patchbay/url.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace patchbay {

/// Bytes that the host holds. In a JSON body write asBase64().
struct Blob {
  std::uint64_t id = 0;
  explicit operator bool() const { return id != 0; }
  Json raw() const { return {{"$blob", id}}; }
  Json asBase64() const { return {{"$blob", id}, {"as", "base64"}}; }
};

/// One request. GET, HEAD, PUT and DELETE start as safe to repeat, POST and PATCH as unsafe; safe() and unsafe() say
/// otherwise. Only one request of a step may be unsafe.
class HttpRequest {
 public:
  static HttpRequest get(std::string url) { return {"GET", std::move(url), "safe"}; }
  static HttpRequest head(std::string url) { return {"HEAD", std::move(url), "safe"}; }
  static HttpRequest post(std::string url) { return {"POST", std::move(url), "unsafe"}; }
  static HttpRequest put(std::string url) { return {"PUT", std::move(url), "safe"}; }
  static HttpRequest patch(std::string url) { return {"PATCH", std::move(url), "unsafe"}; }
  static HttpRequest remove(std::string url) { return {"DELETE", std::move(url), "safe"}; }

  HttpRequest& header(std::string name, std::string value) {
    document_["headers"].push_back({std::move(name), std::move(value)});
    return *this;
  }

  /// A parameter of the query of a URL without fragment; name and value are percent-encoded here. (So no secret's
  /// marker: auth() has a scheme for a query.)
  HttpRequest& query(std::string_view name, std::string_view value) {
    auto& url = document_["url"].get_ref<std::string&>();
    url += url.find('?') == std::string::npos ? '?' : '&';
    url += percentEncoded(name) + '=' + percentEncoded(value);
    return *this;
  }

  // ---- The body: one of these four ----
  HttpRequest& json(Json body) { return set("json", std::move(body)); }
  HttpRequest& form(std::string name, std::string value) {
    document_["form"].push_back({std::move(name), std::move(value)});
    return *this;
  }
  HttpRequest& body(std::string text, std::string content_type) {
    set("body", std::move(text));
    return header("Content-Type", std::move(content_type));
  }
  HttpRequest& body(Blob blob, std::string content_type) {
    set("body", blob.raw());
    return header("Content-Type", std::move(content_type));
  }
  /// A text field of a multipart body.
  HttpRequest& part(std::string name, std::string value) {
    document_["multipart"].push_back({{"name", std::move(name)}, {"value", std::move(value)}});
    return *this;
  }
  /// A file of a multipart body.
  HttpRequest& file(std::string name, Blob blob, std::string filename, std::string content_type) {
    document_["multipart"].push_back({{"name", std::move(name)},
                                      {"value", blob.raw()},
                                      {"filename", std::move(filename)},
                                      {"content_type", std::move(content_type)}});
    return *this;
  }

  // ---- Who we are: `key` names a key of the channel's config ----
  HttpRequest& bearer(std::string key) { return auth({{"scheme", "bearer"}, {"key", std::move(key)}}); }
  HttpRequest& basic(std::string user_key, std::string password_key) {
    return auth({{"scheme", "basic"}, {"user", std::move(user_key)}, {"password", std::move(password_key)}});
  }
  HttpRequest& authHeader(std::string name, std::string key, std::string prefix = {}) {
    return auth(
        {{"scheme", "header"}, {"name", std::move(name)}, {"key", std::move(key)}, {"prefix", std::move(prefix)}});
  }
  /// Any scheme of request.schema.json.
  HttpRequest& auth(Json scheme) {
    document_["auth"].push_back(std::move(scheme));
    return *this;
  }

  // ---- How it is made ----
  HttpRequest& safe() { return set("repeat", "safe"); }
  HttpRequest& unsafe() { return set("repeat", "unsafe"); }
  /// When this one is answered with success, the operation is done: no step follows. Says what a lost answer leaves
  /// open.
  HttpRequest& completes() { return set("completes", true); }
  HttpRequest& follow(int redirects) { return set("follow", redirects); }
  /// The body of a 2xx answer goes into the host's file store; at most `max_bytes` of it.
  HttpRequest& intoBlob(std::uint64_t max_bytes) {
    set("into", "blob");
    return set("max_response", max_bytes);
  }
  HttpRequest& maxResponse(std::uint64_t bytes) { return set("max_response", bytes); }
  HttpRequest& timeout(std::chrono::milliseconds total) { return set("timeout_ms", total.count()); }

  const Json& toJson() const { return document_; }

 private:
  HttpRequest(const char* method, std::string url, const char* repeat)
      : document_{{"method", method}, {"url", std::move(url)}, {"repeat", repeat}} {}
  HttpRequest& set(const char* name, Json value) {
    document_[name] = std::move(value);
    return *this;
  }

  Json document_;
};

namespace detail {

inline std::string_view view(pb_str text) {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.size);
}

/// First header of that name, without regard to case.
inline std::string_view findHeader(const pb_header* headers, std::uint32_t count, std::string_view name) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::string_view candidate = view(headers[i].name);
    if (candidate.size() != name.size()) continue;
    bool equal = true;
    for (std::size_t k = 0; k < name.size() && equal; ++k) equal = lower(candidate[k]) == lower(name[k]);
    if (equal) return view(headers[i].value);
  }
  return {};
}

}  // namespace detail

/// The answer to one request of a step. A view: valid until resume() returns.
class Response {
 public:
  explicit Response(const pb_response& raw) : raw_(raw) {}

  /// The whole answer is here. false: failure() and error() say why there is none, or (PB_TOO_LARGE) only its status
  /// and headers.
  bool answered() const { return raw_.failure == PB_ANSWERED; }
  int failure() const { return raw_.failure; }  ///< PB_ANSWERED, PB_NOT_SENT, PB_NO_ANSWER or PB_TOO_LARGE
  int status() const { return raw_.status; }
  bool ok() const { return answered() && raw_.status >= 200 && raw_.status < 300; }
  std::string_view header(std::string_view name) const {
    return detail::findHeader(raw_.headers, raw_.header_count, name);
  }
  std::string_view body() const { return detail::view(raw_.body); }
  Blob blob() const { return {raw_.blob}; }
  std::string_view error() const { return detail::view(raw_.error); }  ///< for people

  /// The body as JSON; nothing when it is not JSON. Providers answer HTML when they are in trouble: look, do not
  /// assume.
  std::optional<Json> json() const {
    try {
      return parseJson(body());
    } catch (const JsonError&) {
      return std::nullopt;
    }
  }

 private:
  pb_response raw_;
};

}  // namespace patchbay
