#include "connectors/manifest.hpp"

#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "connectors/elf_manifest.hpp"
#include "connectors/schemas.hpp"

namespace patchbay::connectors {
namespace {

std::string textAt(const Json& object, const char* key, std::string fallback = {}) {
  return object.value(key, std::move(fallback));
}

Result<SignatureScheme> readScheme(const Json& source) {
  using Kind = SignatureScheme::Kind;
  SignatureScheme scheme;
  scheme.name = source["scheme"].get<std::string>();
  scheme.key = textAt(source, "key");
  if (scheme.name == "hmac") {
    scheme.kind = Kind::kHmac;
    const auto hash = textAt(source, "hash");
    scheme.hash = hash == "sha1"     ? crypto::Hash::kSha1
                  : hash == "sha256" ? crypto::Hash::kSha256
                                     : crypto::Hash::kSha512;
    scheme.header = textAt(source, "header");
    scheme.prefix = textAt(source, "prefix");
    scheme.base64 = textAt(source, "encoding") == "base64";
    scheme.over = textAt(source, "over", "{body}");
    scheme.timestamp_header = textAt(source, "timestamp_header");
    scheme.tolerance = std::chrono::seconds{source.value("tolerance_s", 300)};
    if (scheme.over.find("{body}") == std::string::npos)
      return Error{ErrorKind::kInvalid, "bad_manifest",
                   "'over' must contain {body}: a code that does not cover the body proves nothing about it"};
    if ((scheme.over.find("{timestamp}") != std::string::npos) != !scheme.timestamp_header.empty())
      return Error{ErrorKind::kInvalid, "bad_manifest", "'timestamp_header' and {timestamp} in 'over' need each other"};
  } else if (scheme.name == "token") {
    scheme.kind = Kind::kToken;
    const auto in = textAt(source, "in");
    scheme.in = in == "header"  ? SignatureScheme::In::kHeader
                : in == "query" ? SignatureScheme::In::kQuery
                                : SignatureScheme::In::kPath;
    scheme.parameter = textAt(source, "name");
    if (scheme.in != SignatureScheme::In::kPath && scheme.parameter.empty())
      return Error{ErrorKind::kInvalid, "bad_manifest", "a token in a " + in + " needs 'name'"};
  } else if (scheme.name == "basic") {
    scheme.kind = Kind::kBasic;
    scheme.user = textAt(source, "user");
    scheme.password = textAt(source, "password");
  } else if (scheme.name != "none") {
    return Error{ErrorKind::kInvalid, "bad_manifest",
                 "this host does not know the signature scheme '" + scheme.name + "'; upgrade Patchbay"};
  }
  return scheme;
}

/// Collects what the schema cannot say.
class Reader {
 public:
  Reader(const Json& source, Manifest& manifest) : source_(source), manifest_(manifest) {}

  std::vector<FieldError> read() {
    manifest_.id = textAt(source_, "id");
    manifest_.name = textAt(source_, "name");
    manifest_.version = textAt(source_, "version");
    manifest_.vendor = textAt(source_, "vendor");
    manifest_.license = textAt(source_, "license");
    manifest_.docs = textAt(source_, "docs");
    manifest_.platform = textAt(source_, "platform");
    manifest_.capabilities = source_.value("capabilities", Json::object());
    manifest_.reentrant = source_.value("reentrant", false);
    manifest_.isolate = textAt(source_, "isolation") == "worker";
    if (source_.contains("poll"))
      manifest_.poll_interval = std::chrono::milliseconds{source_["poll"]["interval_ms"].get<std::int64_t>()};
    readConfig();
    manifest_.account_key = textAt(source_, "account");
    if (!manifest_.account_key.empty() && manifest_.configKey(manifest_.account_key) == nullptr)
      wrong("/account", "'" + manifest_.account_key + "' is not a key of config");
    readWebhooks();
    readEgress();
    return std::move(errors_);
  }

 private:
  void wrong(std::string pointer, std::string message) { errors_.push_back({std::move(pointer), std::move(message)}); }

  void readConfig() {
    for (const auto& [name, schema] : source_["config"]["properties"].items()) {
      ConfigKey key{name, false, {}, schema};
      const auto at = "/config/properties/" + escapePointer(name);
      if (!schema.is_object()) {
        wrong(at, "must be an object");
        continue;
      }
      key.secret = schema.contains("x-secret") && schema["x-secret"] == true;
      if (schema.contains("x-env")) {
        if (schema["x-env"].is_string())
          key.env = schema["x-env"].get<std::string>();
        else
          wrong(at + "/x-env", "must be the name of an environment variable");
      }
      if (key.secret && schema.value("type", Json{}) != "string")
        wrong(at + "/type", "must be string: a secret is text");
      if (key.secret && schema.contains("default")) wrong(at + "/default", "a secret has no default");
      refuseNested(schema, at, key.secret ? 1 : 0);
      manifest_.config_keys.push_back(std::move(key));
    }
    try {
      manifest_.config = JsonSchema(source_["config"]);
    } catch (const std::invalid_argument& error) {
      wrong("/config", error.what());
    }
  }

  /// A secret deeper down would reach the connector as it is; so it may not be declared there.
  void refuseNested(const Json& schema, const std::string& at, int own) {
    if (schema.is_object()) {
      if (own == 0 && schema.contains("x-secret") && schema["x-secret"] == true)
        wrong(at, "x-secret works on the keys of config itself, not deeper");
      for (const auto& [key, value] : schema.items()) refuseNested(value, at + "/" + escapePointer(key), 0);
    } else if (schema.is_array()) {
      for (std::size_t i = 0; i < schema.size(); ++i) refuseNested(schema[i], at + "/" + std::to_string(i), 0);
    }
  }

  void needSecret(const std::string& name, const std::string& at) {
    const auto* key = manifest_.configKey(name);
    if (key == nullptr)
      wrong(at, "'" + name + "' is not a key of config");
    else if (!key->secret)
      wrong(at, "'" + name + "' is used to verify webhooks, so config must say x-secret: true");
  }

  void readWebhooks() {
    if (!source_.contains("webhooks")) return;
    std::set<std::string> suffixes;
    for (std::size_t i = 0; i < source_["webhooks"].size(); ++i) {
      const Json& webhook = source_["webhooks"][i];
      const auto at = "/webhooks/" + std::to_string(i);
      WebhookPath path;
      path.suffix = textAt(webhook, "suffix");
      if (!suffixes.insert(path.suffix).second) wrong(at + "/suffix", "is there twice");
      for (std::size_t n = 0; n < webhook["signatures"].size(); ++n) {
        const auto place = at + "/signatures/" + std::to_string(n);
        auto scheme = readScheme(webhook["signatures"][n]);
        if (!scheme) {
          wrong(place, scheme.error().message);
          continue;
        }
        for (const auto& name : scheme->keys())
          if (name == scheme->user ? manifest_.configKey(name) == nullptr : true) needSecret(name, place);
        path.signatures.push_back(std::move(*scheme));
      }
      if (webhook.contains("handshake")) {
        const auto scheme = textAt(webhook["handshake"], "scheme");
        if (scheme == "hub_challenge") {
          path.handshake_key = textAt(webhook["handshake"], "key");
          needSecret(path.handshake_key, at + "/handshake/key");
        } else {
          wrong(at + "/handshake", "this host does not know the handshake '" + scheme + "'; upgrade Patchbay");
        }
      }
      path.max_body = webhook.value("max_body", path.max_body);
      path.decode_form = textAt(webhook, "decode") == "form";
      if (path.decode_form) wrong(at + "/decode", "this host does not decode forms yet; upgrade Patchbay");
      if (webhook.contains("ack")) {
        path.ack_status = webhook["ack"].value("status", 200);
        path.ack_content_type = textAt(webhook["ack"], "content_type", "text/plain");
        path.ack_body = textAt(webhook["ack"], "body");
      }
      manifest_.webhooks.push_back(std::move(path));
    }
  }

  void readEgress() {
    for (std::size_t i = 0; i < source_["egress"].size(); ++i) {
      const Json& rule = source_["egress"][i];
      if (rule.is_string()) {
        manifest_.egress.push_back({.pattern = rule.get<std::string>(), .config_key = {}});
        continue;
      }
      const auto key = textAt(rule, "config");
      const auto at = "/egress/" + std::to_string(i) + "/config";
      const auto* known = manifest_.configKey(key);
      if (known == nullptr)
        wrong(at, "'" + key + "' is not a key of config");
      else if (known->secret)
        wrong(at, "'" + key + "' is a secret; the host of a URL cannot be one");
      manifest_.egress.push_back({.pattern = {}, .config_key = key});
    }
  }

  const Json& source_;
  Manifest& manifest_;
  std::vector<FieldError> errors_;
};

/// The members of a signature are those of its scheme: an error about one of them says of which.
void nameScheme(FieldError& error, const Json& source) {
  constexpr std::string_view kPlace = "/signatures/";
  const auto at = error.pointer.find(kPlace);
  if (at == std::string::npos) return;
  const auto end = error.pointer.find('/', at + kPlace.size());
  const Json::json_pointer place(error.pointer.substr(0, end));
  if (!source.contains(place) || !source[place].is_object()) return;
  const auto scheme = source[place].value("scheme", Json{});
  if (scheme.is_string()) error.message += " (scheme '" + scheme.get<std::string>() + "')";
}

Error refused(std::vector<FieldError> errors) {
  std::string message = "its manifest is wrong: ";
  for (std::size_t i = 0; i < errors.size() && i < 3; ++i)
    message += (i == 0 ? "" : "; ") + (errors[i].pointer.empty() ? "/" : errors[i].pointer) + " " + errors[i].message;
  if (errors.size() > 3) message += "; and " + std::to_string(errors.size() - 3) + " more";
  return {ErrorKind::kInvalid, "bad_manifest", message, std::move(errors)};
}

}  // namespace

std::vector<std::string> SignatureScheme::keys() const {
  std::vector<std::string> names;
  for (const auto* name : {&key, &user, &password})
    if (!name->empty()) names.push_back(*name);
  return names;
}

const ConfigKey* Manifest::configKey(std::string_view key) const {
  const auto found =
      std::find_if(config_keys.begin(), config_keys.end(), [&](const ConfigKey& k) { return k.name == key; });
  return found == config_keys.end() ? nullptr : &*found;
}

std::string Manifest::unsupported() const {
  if (poll_interval)
    return "connector '" + id +
           "' polls its provider (\"poll\" in its manifest), which this version of Patchbay does not";
  return {};
}

Result<Manifest> Manifest::parse(std::string_view text) {
  Json source;
  try {
    source = parseJson(text, {.max_bytes = kMaxManifest, .max_depth = 64});
  } catch (const JsonError& error) {
    return refused({{"", std::string{"is not JSON: "} + error.what()}});
  }
  static const JsonSchema schema(schemaDocument("manifest"));
  if (auto errors = schema.validate(source); !errors.empty()) {
    for (auto& error : errors) nameScheme(error, source);
    return refused(std::move(errors));
  }
  Manifest manifest;
  manifest.text = text;
  if (auto errors = Reader(source, manifest).read(); !errors.empty()) return refused(std::move(errors));
  return manifest;
}

}  // namespace patchbay::connectors
