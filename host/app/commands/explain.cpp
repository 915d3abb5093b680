#include "app/commands/explain.hpp"

#include <cstdlib>
#include <ostream>

#include "app/config_schema.hpp"
#include "app/options.hpp"
#include "base/text.hpp"

namespace patchbay::app {
namespace {

void put(std::ostream& out, std::string_view what, const std::string& text) {
  if (text.empty()) return;
  out << "  " << what << std::string(what.size() < 12 ? 12 - what.size() : 1, ' ') << text << '\n';
}

std::string shown(const Json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string listed(const Json& values) {
  std::string text;
  for (std::size_t i = 0; i < values.size(); ++i)
    text += (i == 0 ? "" : i + 1 == values.size() ? " or " : ", ") + shown(values[i]);
  return text;
}

std::string range(const Json& schema, const char* low, const char* high) {
  std::string text;
  if (schema.contains(low)) text += " from " + shown(schema[low]);
  if (schema.contains(high)) text += (text.empty() ? " up to " : " to ") + shown(schema[high]);
  return text;
}

std::string lengths(const Json& schema) {
  std::string text;
  if (schema.contains("minLength") || schema.contains("maxLength"))
    text += "," + range(schema, "minLength", "maxLength") + " characters";
  if (schema.contains("pattern")) text += ", matching " + schema["pattern"].get<std::string>();
  return text;
}

/// What may stand there, in words.
std::string typeOf(const Json& schema) {
  if (schema.contains("enum")) return listed(schema["enum"]);
  if (const auto choices = schema.find("anyOf"); choices != schema.end() && choices->is_array())
    return typeOf(choices->front());  // the other one is a variable
  if (const auto parts = schema.find("allOf"); parts != schema.end() && parts->is_array()) {
    const bool size = parts->front().value("$ref", "").ends_with("/size");
    return (size ? "a size" : "a duration") + range(schema, "x-minimum", "x-maximum") +
           (size ? ", as in 4MiB" : ", as in 30s");
  }
  Json type = schema.value("type", Json(""));
  if (type.is_array()) type = type.empty() ? Json("") : type.front();
  if (type == "integer") return "a whole number" + range(schema, "minimum", "maximum");
  if (type == "number") return "a number" + range(schema, "minimum", "maximum");
  if (type == "boolean") return "true or false";
  if (type == "array") return "a list" + (schema.contains("items") ? " of: " + typeOf(schema["items"]) : std::string());
  if (type == "object") return "a map";
  return type == "string" ? "text" + lengths(schema) : "";
}

std::string firstSentence(const std::string& text) {
  const auto end = text.find(". ");
  return end == std::string::npos ? text : text.substr(0, end + 1);
}

/// The keys of a section, each with its first sentence.
void listKeys(std::ostream& out, const Json& properties) {
  for (const auto& [name, schema] : properties.items())
    out << "    " << name << std::string(name.size() < 20 ? 20 - name.size() : 1, ' ')
        << firstSentence(schema.value("description", "")) << '\n';
}

/// What both kinds of keys have.
void putRules(std::ostream& out, const std::string& key, const Json& schema) {
  out << key << "\n  " << schema.value("description", "") << "\n\n";
  put(out, "may be", typeOf(schema));
  if (schema.value("x-secret", false)) put(out, "secret", "yes: its value is never printed");
  if (schema.contains("default")) put(out, "default", shown(schema["default"]));
  put(out, "default", schema.value("x-default", ""));
  if (schema.contains("examples")) put(out, "example", shown(schema["examples"][0]));
  put(out, "variable", schema.value("x-env", ""));
  put(out, "option", schema.value("x-flag", ""));
}

std::string place(const std::string& file, yaml::Mark mark) {
  return file + ":" + std::to_string(mark.line) + ":" + std::to_string(mark.column);
}

class Explainer {
 public:
  Explainer(const LoadedConfig& loaded, const connectors::ConnectorSet& connectors, std::ostream& out,
            std::ostream& errors)
      : loaded_(loaded), connectors_(connectors), out_(out), errors_(errors) {}

  int explain(const std::string& key) {
    const auto parts = split(key, '.');
    if (parts.size() > 5 && parts[0] == "tenants" && parts[2] == "channels" && parts[4] == "config")
      return explainOwn(key, std::string(parts[1]), std::string(parts[3]), std::string(parts[5]), parts.size() == 6);
    const auto found = findKeySchema(key);
    if (!found) return unknown(key);
    putRules(out_, key.empty() ? "the configuration file" : key, found->schema);
    const auto properties = found->schema.find("properties");
    const bool free = !keyNames(key).empty() && keyNames(key).back() == "*";
    if (properties == found->schema.end() && !key.empty())
      put(out_, "a change", found->reload ? "is applied by SIGHUP, or at once with reload: true" : "needs a restart");
    if (properties == found->schema.end() && !free) putNow(key, found->schema);
    if (properties != found->schema.end()) {
      put(out_, "keys", " ");
      listKeys(out_, *properties);
    } else if (free) {
      putNames(key);
    }
    return kExitOk;
  }

 private:
  void putNow(const std::string& key, const Json& schema) {
    const auto found = loaded_.keys.find(key);
    if (found == loaded_.keys.end()) return;
    const Key& now = found->second;
    std::string from = now.source == "file" ? place(loaded_.config.file, now.mark) : now.source;
    from = from.empty() ? ", the default" : ", from " + from;
    if (schema.value("x-secret", false))
      put(out_, "now", now.source.empty() ? "not set" : "set" + from);
    else if (now.kind != Key::Kind::kOther)
      put(out_, "now", now.value.empty() ? "not set" : now.value + from);
    else if (now.mark.line > 0)
      put(out_, "now", "set" + from);
  }

  /// Of a map with free names: those that are there.
  void putNames(const std::string& key) {
    std::string names;
    for (const auto& tenant : loaded_.config.tenants) {
      const std::string own = "tenants." + tenant.slug + ".channels";
      if (key == "tenants") names += (names.empty() ? "" : ", ") + tenant.slug;
      for (const auto& channel : tenant.channels)
        if (key == own) names += (names.empty() ? "" : ", ") + channel.name;
    }
    for (const auto& [path, found] : loaded_.keys)
      if (path.starts_with(key + ".") && key != "tenants" && !key.starts_with("tenants."))
        names += (names.empty() ? "" : ", ") + path.substr(key.size() + 1) + ": " + found.value;
    put(out_, "now", names.empty() ? "none" : names);
  }

  const ChannelConfig* channelOf(const std::string& tenant, const std::string& name) const {
    for (const auto& one : loaded_.config.tenants)
      for (const auto& channel : one.channels)
        if (one.slug == tenant && channel.name == name) return &channel;
    return nullptr;
  }

  /// A connector's own key. Whose it is says the file; without it, every connector that has such a key answers.
  int explainOwn(const std::string& key, const std::string& tenant, const std::string& name, const std::string& own,
                 bool whole) {
    const ChannelConfig* channel = channelOf(tenant, name);
    if (channel != nullptr && connectors_.find(channel->connector) == nullptr) {
      errors_ << "patchbay: " << key << ": the connector '" << channel->connector
              << "' of this channel is not installed; see `patchbay connectors`\n";
      return kExitFailed;
    }
    bool any = false;
    std::vector<std::string> names;
    for (const auto& entry : connectors_.entries()) {
      if (!entry.manifest || (channel != nullptr && entry.manifest->id != channel->connector)) continue;
      for (const auto& known : entry.manifest->config_keys) names.push_back(known.name);
      const auto* found = entry.manifest->configKey(own);
      if (found == nullptr) continue;
      out_ << (any ? "\n" : "");
      any = true;
      putRules(out_, whole ? key : key.substr(0, key.rfind(own) + own.size()), found->schema);
      put(out_, "connector", entry.manifest->id + " (" + entry.manifest->docs + ")");
      const auto& required = entry.manifest->config.document().value("required", Json::array());
      if (std::find(required.begin(), required.end(), own) != required.end()) put(out_, "required", "yes");
      put(out_, "a change", "is applied by SIGHUP, or at once with reload: true; only this channel starts again");
      if (channel != nullptr) putOwnNow(*channel, *found);
    }
    if (any) return kExitOk;
    const auto guess = nearest(own, names);
    errors_ << "patchbay: there is no key '" << own << "' in the config of "
            << (channel != nullptr ? "the connector '" + channel->connector + "'" : std::string("any connector"))
            << (guess.empty() ? "" : "; did you mean '" + std::string(guess) + "'?") << '\n';
    return kExitFailed;
  }

  void putOwnNow(const ChannelConfig& channel, const connectors::ConfigKey& key) {
    const auto given = channel.config.find(key.name);
    const char* variable = key.env.empty() ? nullptr : std::getenv(key.env.c_str());
    if (given != channel.config.end() && !given->is_null()) {
      const auto& at = channel.origin.locate("/" + yaml::pointerToken(key.name));
      put(out_, "now", (key.secret ? "set" : shown(*given)) + ", from " + place(loaded_.config.file, at.value));
    } else if (variable != nullptr && *variable != '\0') {
      put(out_, "now", (key.secret ? "set" : std::string(variable)) + ", from the environment variable " + key.env);
    } else {
      put(out_, "now", key.schema.contains("default") ? shown(key.schema["default"]) + ", the default" : "not set");
    }
  }

  int unknown(const std::string& key) {
    std::string section;  // the longest part that exists
    std::string_view rest = key;
    for (;;) {
      const auto dot = rest.find('.');
      const std::string name(rest.substr(0, dot));
      const std::string longer = section.empty() ? name : section + "." + name;
      if (!findKeySchema(longer)) {
        errors_ << "patchbay: there is no key '" << key << "'";
        auto guess = std::string(nearest(name, keyNames(section)));
        if (!guess.empty() && guess != "*") guess = section.empty() ? guess : section + "." + guess;
        if (guess.empty() || guess == "*") guess = elsewhere(name, "");
        const std::string whole = dot == std::string_view::npos ? guess : guess + std::string(rest.substr(dot));
        if (!guess.empty() && findKeySchema(whole)) guess = whole;
        errors_ << (guess.empty() ? "" : "; did you mean '" + guess + "'?") << '\n';
        return kExitFailed;
      }
      section = longer;
      if (dot == std::string_view::npos) return kExitFailed;  // cannot be: then the key exists
      rest.remove_prefix(dot + 1);
    }
  }

  /// A key of that name somewhere else: "port" means "http.port".
  static std::string elsewhere(const std::string& name, const std::string& section) {
    for (const auto& one : keyNames(section)) {
      const std::string path = section.empty() ? one : section + "." + one;
      if (one == name) return path;
      if (const auto deeper = elsewhere(name, path); !deeper.empty()) return deeper;
    }
    return "";
  }

  const LoadedConfig& loaded_;
  const connectors::ConnectorSet& connectors_;
  std::ostream& out_;
  std::ostream& errors_;
};

}  // namespace

int explainKey(const std::string& key, const LoadedConfig& loaded, const connectors::ConnectorSet& connectors,
               std::ostream& out, std::ostream& errors) {
  if (!loaded.ok()) errors << "patchbay: the configuration has mistakes; `patchbay check-config` names them\n";
  return Explainer(loaded, connectors, out, errors).explain(key);
}

}  // namespace patchbay::app
