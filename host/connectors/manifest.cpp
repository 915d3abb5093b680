#include "connectors/manifest.hpp"

#include <algorithm>
#include <set>

#include "base/ascii.hpp"
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
    scheme.list = source.value("list", false);
    scheme.base64_key = textAt(source, "key_encoding") == "base64";
    scheme.key_prefix = textAt(source, "key_prefix");
    scheme.over = textAt(source, "over", "{body}");
    scheme.timestamp_header = textAt(source, "timestamp_header");
    scheme.tolerance = std::chrono::seconds{source.value("tolerance_s", 300)};
    if (scheme.over.find("{body}") == std::string::npos)
      return Error{ErrorKind::kInvalid, "bad_manifest",
                   "'over' must contain {body}: a code that does not cover the body proves nothing about it"};
    if ((scheme.over.find("{timestamp}") != std::string::npos) != !scheme.timestamp_header.empty())
      return Error{ErrorKind::kInvalid, "bad_manifest", "'timestamp_header' and {timestamp} in 'over' need each other"};
  } else if (scheme.name == "hmac_url_form") {
    scheme.kind = Kind::kHmacUrlForm;
    scheme.header = textAt(source, "header");
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
  } else if (scheme.name == "ecdsa") {
    scheme.kind = Kind::kEcdsa;
    scheme.header = textAt(source, "header");
    scheme.timestamp_header = textAt(source, "timestamp_header");
    scheme.tolerance = std::chrono::seconds{source.value("tolerance_s", 0)};
  } else if (scheme.name == "sns") {
    scheme.kind = Kind::kSns;
    scheme.topics = textAt(source, "topics");
    scheme.min_version = textAt(source, "min_version");
  } else if (scheme.name != "none") {
    return Error{ErrorKind::kInvalid, "bad_manifest",
                 "this host does not know the signature scheme '" + scheme.name + "'; upgrade Patchbay"};
  }
  return scheme;
}

/// Collects what the schema cannot say.
class ManifestReader {
 public:
  ManifestReader(const Json& source, Manifest& manifest) : source_(source), manifest_(manifest) {}

  std::vector<FieldError> read() {
    manifest_.id = textAt(source_, "id");
    manifest_.name = textAt(source_, "name");
    manifest_.version = textAt(source_, "version");
    manifest_.vendor = textAt(source_, "vendor");
    manifest_.license = textAt(source_, "license");
    manifest_.docs = textAt(source_, "docs");
    manifest_.platform = textAt(source_, "platform");
    manifest_.capabilities = source_.value("capabilities", Json::object());
    manifest_.media_links = source_.value("media_links", false);
    manifest_.reentrant = source_.value("reentrant", false);
    manifest_.isolate = textAt(source_, "isolation") == "worker";
    readConfig();
    readPoll();
    manifest_.account_key = textAt(source_, "account");
    if (!manifest_.account_key.empty() && manifest_.configKey(manifest_.account_key) == nullptr)
      wrong("/account", "'" + manifest_.account_key + "' is not a key of config");
    readWebhooks();
    readEgress();
    readMail();
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
      for (const auto& [word, unused] : schema.items())
        if (word.starts_with("x-") && word != "x-secret" && word != "x-env")
          wrong(at + "/" + escapePointer(word), "is not known; there are x-secret and x-env");
      refuseNested(schema, at, key.secret ? 1 : 0);
      manifest_.config_keys.push_back(std::move(key));
    }
    Json config = source_["config"];
    for (std::size_t i = 0; i < config.value("required", Json::array()).size(); ++i)
      if (const auto& name = config["required"][i].get_ref<const std::string&>(); !config["properties"].contains(name))
        wrong("/config/required/" + std::to_string(i), "'" + name + "' is not a property");
    // Else a typo in the admin's YAML would be a setting that is not there, and its default.
    if (!config.contains("additionalProperties")) config["additionalProperties"] = false;
    try {
      manifest_.config = JsonSchema(config);
    } catch (const std::invalid_argument& error) {
      wrong("/config", error.what());
    }
  }

  void readPoll() {
    if (!source_.contains("poll")) return;
    manifest_.poll_interval = std::chrono::milliseconds{source_["poll"]["interval_ms"].get<std::int64_t>()};
    manifest_.poll_when = source_["poll"].value("when", Json::object());
    for (const auto& [name, value] : manifest_.poll_when.items()) {
      const auto at = "/poll/when/" + escapePointer(name);
      const auto* key = manifest_.configKey(name);
      if (key == nullptr)
        wrong(at, "'" + name + "' is not a key of config");
      else if (key->secret)
        wrong(at, "'" + name + "' is a secret; it decides nothing");
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

  void needPlain(const std::string& name, const std::string& at) {
    const auto* key = manifest_.configKey(name);
    if (key == nullptr)
      wrong(at, "'" + name + "' is not a key of config");
    else if (key->secret)
      wrong(at, "'" + name + "' is no secret, so config must not say x-secret: true");
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
          if (name == scheme->topics)
            needPlain(name, place);
          else if (name == scheme->user ? manifest_.configKey(name) == nullptr : true)
            needSecret(name, place);
        if (!scheme->min_version.empty()) needPlain(scheme->min_version, place);
        path.signatures.push_back(std::move(*scheme));
      }
      if (webhook.contains("handshake")) {
        const auto scheme = textAt(webhook["handshake"], "scheme");
        if (scheme == "hub_challenge") {
          path.handshake_key = textAt(webhook["handshake"], "key");
          needSecret(path.handshake_key, at + "/handshake/key");
        } else if (scheme == "sns_confirm") {
          path.confirm = true;
        } else {
          wrong(at + "/handshake", "this host does not know the handshake '" + scheme + "'; upgrade Patchbay");
        }
      }
      path.max_body = webhook.value("max_body", path.max_body);
      path.decode_form = textAt(webhook, "decode") == "form";
      if (webhook.contains("ack")) {
        path.ack_status = webhook["ack"].value("status", 200);
        path.ack_content_type = textAt(webhook["ack"], "content_type", "text/plain");
        path.ack_body = textAt(webhook["ack"], "body");
      }
      manifest_.webhooks.push_back(std::move(path));
    }
  }

  void needHost(const std::string& key, const std::string& at) {
    const auto* known = manifest_.configKey(key);
    if (known == nullptr)
      wrong(at, "'" + key + "' is not a key of config");
    else if (known->secret)
      wrong(at, "'" + key + "' is a secret; the host of a URL cannot be one");
  }

  void readEgress() {
    for (std::size_t i = 0; i < source_["egress"].size(); ++i) {
      const Json& rule = source_["egress"][i];
      const auto at = "/egress/" + std::to_string(i);
      if (rule.is_string()) {
        const auto& pattern = rule.get_ref<const std::string&>();
        for (const auto label : split(pattern, '.'))
          if (label.starts_with('{')) needHost(std::string(label.substr(1, label.size() - 2)), at);
        manifest_.egress.push_back({.pattern = pattern, .config_key = {}});
        continue;
      }
      const auto key = textAt(rule, "config");
      needHost(key, at + "/config");
      manifest_.egress.push_back({.pattern = {}, .config_key = key});
    }
  }

  void readMail() {
    if (!source_.contains("mail")) return;
    const Json& source = source_["mail"];
    MailRule rule{textAt(source, "from"), textAt(source, "name"), textAt(source, "reply_to"),
                  textAt(source, "compose") == "mime"};
    for (const auto& [member, name] :
         {std::pair{"from", &rule.from}, {"name", &rule.name}, {"reply_to", &rule.reply_to}}) {
      if (name->empty()) continue;
      const auto* key = manifest_.configKey(*name);
      const auto at = std::string{"/mail/"} + member;
      if (key == nullptr)
        wrong(at, "'" + *name + "' is not a key of config");
      else if (key->secret)
        wrong(at, "'" + *name + "' is a secret, and every recipient would read it");
      else if (key->schema.value("type", Json{}) != "string")
        wrong(at, "'" + *name + "' must be a string");
    }
    manifest_.mail = std::move(rule);
  }

  const Json& source_;
  Manifest& manifest_;
  std::vector<FieldError> errors_;
};

constexpr std::string_view kSchemes[] = {"hmac", "hmac_url_form", "ecdsa", "sns", "token", "basic", "none"};
constexpr std::string_view kHandshakes[] = {"hub_challenge", "sns_confirm"};

/// The members of a signature are those of its scheme: an error about one of them says of which. A scheme that is
/// newer than this host is told as such.
void nameScheme(FieldError& error, const Json& source) {
  const auto newer = [&error](const char* what, std::string_view name, const auto& known) {
    if (std::find(std::begin(known), std::end(known), name) != std::end(known)) return false;
    error.message = std::string("this host does not know the ") + what + " '" + std::string(name.substr(0, 80)) +
                    "'; upgrade Patchbay";
    return true;
  };
  if (const auto handshake = error.pointer.find("/handshake"); handshake != std::string::npos) {
    const Json::json_pointer place(error.pointer.substr(0, handshake + 10) + "/scheme");
    if (source.contains(place) && source[place].is_string())
      (void)newer("handshake", source[place].get_ref<const std::string&>(), kHandshakes);
    return;
  }
  constexpr std::string_view kPlace = "/signatures/";
  const auto at = error.pointer.find(kPlace);
  if (at == std::string::npos) return;
  const auto end = error.pointer.find('/', at + kPlace.size());
  const Json::json_pointer place(error.pointer.substr(0, end));
  if (!source.contains(place) || !source[place].is_object()) return;
  const auto scheme = source[place].value("scheme", Json{});
  if (scheme.is_string() && newer("signature scheme", scheme.get_ref<const std::string&>(), kSchemes)) return;
  if (scheme.is_string()) error.message += " (scheme '" + scheme.get<std::string>() + "')";
}

/// An item of `egress` is one of two things, and both refuse it: one error that says what it may be.
std::vector<FieldError> withEgressNamed(const std::vector<FieldError>& errors) {
  constexpr std::string_view kPlace = "/egress/";
  std::vector<FieldError> named;
  std::string last;
  for (const auto& error : errors) {
    if (!error.pointer.starts_with(kPlace)) {
      named.push_back(error);
      continue;
    }
    const auto item = error.pointer.substr(0, error.pointer.find('/', kPlace.size()));
    if (item == last) continue;
    last = item;
    named.push_back({item,
                     "must be a host, as in api.example.com or *.example.com (https, port 443: no scheme, no path), or "
                     "{\"config\": KEY} for the one of a setting"});
  }
  return named;
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
  for (const auto* name : {&key, &user, &password, &topics})
    if (!name->empty()) names.push_back(*name);
  return names;
}

std::string Egress::hostIn(const Json& config) const {
  std::string host;
  for (const auto label : split(pattern, '.')) {
    if (!host.empty()) host += '.';
    if (!label.starts_with('{')) {
      host += label;
      continue;
    }
    const auto value = config.find(std::string(label.substr(1, label.size() - 2)));
    if (value == config.end() || !value->is_string()) return {};
    const auto text = lowerAscii(value->get_ref<const std::string&>());
    const bool plain = !text.empty() && std::all_of(text.begin(), text.end(),
                                                    [](char c) { return isLower(c) || isDigit(c) || c == '-'; });
    if (!plain) return {};
    host += text;
  }
  return host;
}

const ConfigKey* Manifest::configKey(std::string_view key) const {
  const auto found =
      std::find_if(config_keys.begin(), config_keys.end(), [&](const ConfigKey& k) { return k.name == key; });
  return found == config_keys.end() ? nullptr : &*found;
}

bool Manifest::polls(const Json& config) const {
  if (!poll_interval) return false;
  return std::all_of(poll_when.items().begin(), poll_when.items().end(), [&](const auto& wanted) {
    const auto found = config.find(wanted.key());
    return found != config.end() && *found == wanted.value();
  });
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
    return refused(withEgressNamed(errors));
  }
  Manifest manifest;
  manifest.text = text;
  if (auto errors = ManifestReader(source, manifest).read(); !errors.empty()) return refused(std::move(errors));
  return manifest;
}

}  // namespace patchbay::connectors
