#include <algorithm>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "delivery/request.hpp"
#include "delivery/sigv4.hpp"

namespace patchbay::delivery {
namespace {

Error refuse(std::string why) {
  return {ErrorKind::kInvalid, "bad_request_value", std::move(why)};
}

/// Every live value of a key of the channel's configuration, secret or not, the newest first.
Result<std::vector<std::string>> valuesOf(const std::string& key, const RequestContext& context) {
  if (const auto& values = context.secrets->values(key); !values.empty()) return values;
  if (const auto plain = context.config->find(key); plain != context.config->end() && plain->is_string())
    return std::vector{plain->get<std::string>()};
  return refuse("auth: the channel's configuration has no '" + key + "'");
}

Result<std::string> valueOf(const std::string& key, const RequestContext& context) {
  auto values = valuesOf(key, context);
  if (!values.ok()) return values.error();
  return std::move(values->front());
}

void addQuery(PreparedRequest& request, const std::string& name, const std::string& value) {
  if (!request.url.query.empty()) request.url.query += '&';
  request.url.query += percentEncode(name) + '=' + percentEncode(value);
}

/// Fills {body}, {timestamp}, {header:NAME} and {secret:KEY}; what they are replaced by is not looked at again.
Result<std::string> fillTemplate(std::string_view text, const RequestContext& context, const PreparedRequest& request) {
  std::string out;
  while (!text.empty()) {
    const std::size_t open = text.find('{');
    const std::size_t close = open == std::string_view::npos ? open : text.find('}', open);
    out += text.substr(0, open);
    if (open == std::string_view::npos) break;
    if (close == std::string_view::npos) return refuse("auth: the template has a { without }");
    const std::string_view name = text.substr(open + 1, close - open - 1);
    text.remove_prefix(close + 1);
    if (name == "body") {
      auto bytes = request.body.bytes();
      if (!bytes.ok()) return bytes.error();
      out += *bytes;
    } else if (name == "timestamp") {
      out += std::to_string(std::chrono::floor<std::chrono::seconds>(context.now).time_since_epoch().count());
    } else if (name.starts_with("header:")) {
      const auto found = std::find_if(request.headers.begin(), request.headers.end(),
                                      [&](const auto& h) { return equalsIgnoreCase(h.name, name.substr(7)); });
      if (found == request.headers.end())
        return refuse("auth: the template names the header " + std::string(name.substr(7)) +
                      ", which the request does not have");
      out += found->value;
    } else if (name.starts_with("secret:")) {
      auto value = valueOf(std::string(name.substr(7)), context);
      if (!value.ok()) return value.error();
      out += *value;
    } else {
      return refuse("auth: the template has {" + std::string(name) +
                    "}; known are {body}, {timestamp}, {header:NAME}, {secret:KEY}");
    }
  }
  return out;
}

/// The code of `text` as it is written.
Result<std::string> hmacOf(const Json& entry, std::string key, const std::string& text) {
  if (const std::string prefix = entry.value("key_prefix", ""); key.starts_with(prefix)) key.erase(0, prefix.size());
  if (entry.value("key_encoding", "") == "base64") {
    auto decoded = crypto::base64Decode(key);
    if (!decoded) return refuse("auth: '" + entry.at("key").get<std::string>() + "' is not base64");
    key = std::move(*decoded);
  }
  const std::string hash = entry.at("hash");
  const auto kind = hash == "sha1"     ? crypto::Hash::kSha1
                    : hash == "sha512" ? crypto::Hash::kSha512
                                       : crypto::Hash::kSha256;
  const std::string mac = crypto::hmac(kind, key, text);
  return entry.value("prefix", "") +
         (entry.at("encoding") == "hex" ? crypto::hexEncode(mac) : crypto::base64Encode(mac));
}

std::optional<Error> applyHmac(const Json& entry, const RequestContext& context, PreparedRequest& request) {
  auto keys = valuesOf(entry.at("key"), context);
  if (!keys.ok()) return keys.error();
  // While a secret is changed the receiver may know either of them, and takes whichever code it can check.
  if (!entry.value("list", false)) keys->resize(1);
  const auto text = fillTemplate(entry.at("template").get_ref<const std::string&>(), context, request);
  if (!text.ok()) return text.error();
  std::string value;
  for (auto& key : *keys) {
    const auto code = hmacOf(entry, std::move(key), *text);
    if (!code.ok()) return code.error();
    value += (value.empty() ? "" : " ") + *code;
  }
  const std::string name = entry.at("name");
  if (entry.at("target") == "header") return addHeader(request, name, value, true);
  addQuery(request, name, value);
  return std::nullopt;
}

std::optional<Error> applySigV4(const Json& entry, const RequestContext& context, PreparedRequest& request) {
  SigV4Key key{entry.at("service"), entry.at("region"), {}, {}, {}};
  for (const auto& [name, value] : {std::pair{"access_key", &key.access_key},
                                    {"secret_key", &key.secret_key},
                                    {"session_token", &key.session_token}}) {
    if (!entry.contains(name)) continue;  // by the schema, only the session token
    auto found = valueOf(entry.at(name), context);
    if (!found.ok()) return found.error();
    *value = std::move(*found);
  }
  return signSigV4(key, context.now, request);
}

}  // namespace

std::optional<Error> applyAuth(const Json& auth, const RequestContext& context, PreparedRequest& request) {
  for (const auto& entry : auth) {
    const std::string scheme = entry.at("scheme");
    std::optional<Error> error;
    if (scheme == "bearer" || scheme == "header" || scheme == "query") {
      auto value = valueOf(entry.at("key"), context);
      if (!value.ok()) return value.error();
      if (scheme == "bearer")
        error = addHeader(request, "Authorization", "Bearer " + *value, true);
      else if (scheme == "header")
        error = addHeader(request, entry.at("name"), entry.value("prefix", "") + *value, true);
      else
        addQuery(request, entry.at("name"), *value);
    } else if (scheme == "basic") {
      const auto user = valueOf(entry.at("user"), context);
      if (!user.ok()) return user.error();
      const auto password = valueOf(entry.at("password"), context);
      if (!password.ok()) return password.error();
      error = addHeader(request, "Authorization", "Basic " + crypto::base64Encode(*user + ":" + *password), true);
    } else if (scheme == "hmac") {
      error = applyHmac(entry, context, request);
    } else if (scheme == "sigv4") {
      error = applySigV4(entry, context, request);
    } else {
      return refuse("auth: this version of Patchbay cannot do the scheme '" + scheme + "'");
    }
    if (error) return error;
  }
  return std::nullopt;
}

}  // namespace patchbay::delivery
