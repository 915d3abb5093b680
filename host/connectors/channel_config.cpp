#include "connectors/channel_config.hpp"

#include <algorithm>

namespace patchbay::connectors {
namespace {

/// An environment variable is text; the schema may want a number.
Json fromEnvironment(const ConfigKey& key, const std::string& text) {
  const auto type = key.schema.value("type", Json{});
  if (type == "integer" || type == "number" || type == "boolean") {
    const auto value = Json::parse(text, nullptr, false);
    if (!value.is_discarded() && !value.is_structured()) return value;
  }
  return text;
}

/// Takes the live values of a secret out of the config and leaves one of them there, so that the schema can be applied.
void takeSecret(const ConfigKey& key, ChannelConfig& config) {
  auto& value = config.values[key.name];
  const auto at = "/" + escapePointer(key.name);
  std::vector<std::string> live;
  const bool several = value.is_array();
  const Json list = several ? value : Json::array({value});
  if (list.empty()) config.errors.push_back({at, "must not be empty"});
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto place = several ? at + "/" + std::to_string(i) : at;
    if (!list[i].is_string())
      config.errors.push_back({place, list[i].is_number() ? "must be a string; put it in quotes" : "must be a string"});
    else if (list[i].get_ref<const std::string&>().empty())
      config.errors.push_back({place, "must not be empty: an empty secret would switch a check off"});
    else
      live.push_back(list[i].get<std::string>());
  }
  if (live.size() != list.size()) {
    config.values.erase(key.name);
    return;
  }
  value = live.empty() ? Json("") : Json(live.front());
  config.secrets[key.name] = std::move(live);
}

}  // namespace

ChannelConfig readChannelConfig(const Manifest& manifest, const Json& given,
                                const std::function<std::optional<std::string>(const std::string&)>& environment) {
  ChannelConfig config;
  if (!given.is_object() && !given.is_null()) {
    config.errors.push_back({"", "must be a mapping of the connector's keys"});
    return config;
  }
  config.values = given.is_null() ? Json::object() : given;
  for (const auto& key : manifest.config_keys) {
    // "app_secret:" with nothing behind it is YAML's null: the key was left for the environment to fill.
    if (config.values.contains(key.name) && config.values[key.name].is_null()) config.values.erase(key.name);
    if (config.values.contains(key.name) || key.env.empty()) continue;
    if (auto text = environment(key.env); text && !text->empty()) config.values[key.name] = fromEnvironment(key, *text);
  }
  for (const auto& key : manifest.config_keys)
    if (key.secret && config.values.contains(key.name)) takeSecret(key, config);
  manifest.config.fillDefaults(config.values);

  for (auto& error : manifest.config.validate(config.values)) {
    const auto* key = error.pointer.empty() ? nullptr : manifest.configKey(error.pointer.substr(1));
    // One message per place: takeSecret() was more precise.
    const bool told = std::any_of(config.errors.begin(), config.errors.end(), [&](const FieldError& e) {
      return e.pointer == error.pointer || e.pointer.starts_with(error.pointer + "/");
    });
    if (told) continue;
    if (key != nullptr && error.message == "is missing" && !key->env.empty())
      error.message += "; set it here or in the environment variable " + key->env;
    if (error.message.starts_with("must be a string, not a number") ||
        error.message.starts_with("must be a string, not a boolean"))
      error.message += "; put it in quotes";
    config.errors.push_back(std::move(error));
  }
  // The schema has seen the newest value of each secret; the older ones must fit too.
  for (const auto& [name, live] : config.secrets) {
    for (std::size_t i = 1; i < live.size(); ++i) {
      auto other = config.values;
      other[name] = live[i];
      for (const auto& error : manifest.config.validate(other))
        if (error.pointer == "/" + escapePointer(name))
          config.errors.push_back({error.pointer + "/" + std::to_string(i), error.message});
    }
    config.values.erase(name);
  }
  return config;
}

}  // namespace patchbay::connectors
