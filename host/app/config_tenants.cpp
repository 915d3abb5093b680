// The tenants and their channels.
#include <array>

#include "app/config_sections.hpp"
#include "app/values.hpp"

namespace patchbay::app {
namespace {

void readEgress(SectionContext& context, Section& section, ChannelConfig& channel) {
  section.texts("egress_allow", channel.egress_allow);
  const yaml::Member* list = section.member("egress_allow");
  if (list == nullptr || list->value.kind != yaml::Kind::kList) return;
  for (const yaml::Node& item : list->value.items) {
    if (item.kind == yaml::Kind::kString && !isHostAndPort(item.text)) {
      context.report(item.mark, section.pathOf("egress_allow") + ": must be host:port, as in 127.0.0.1:9000, got '" +
                                    item.text + "'");
    }
  }
}

/// The connector's own keys stay as they are: its manifest judges them.
void readOwnKeys(SectionContext& context, Section& section, const yaml::Document& document, ChannelConfig& channel) {
  channel.origin = yaml::Origin(document.file, document.source);
  channel.config = Json::object();
  channel.origin.locations[""] = {section.start(), section.start(), false};
  const yaml::Member* own = section.member("config");
  if (own == nullptr) return;
  if (!own->value.isMap()) {
    context.report(own->value.mark, section.pathOf("config") + ": must be a map of the connector's keys, got " +
                                        std::string(yaml::describe(own->value.kind)));
    return;
  }
  channel.config = yaml::toJson(own->value, &channel.origin);
  channel.origin.locations[""].key = own->key_mark;
}

ChannelConfig readChannel(SectionContext& context, const yaml::Document& document, const Config& config,
                          const yaml::Member& member, const std::string& path) {
  ChannelConfig channel;
  channel.name = member.key;
  channel.mark = member.key_mark;
  channel.unknown = config.delivery.unknown;
  channel.ttl = config.delivery.ttl;
  channel.public_url = config.public_url;
  if (!isChannelName(member.key)) {
    context.report(member.key_mark, "channel name '" + member.key +
                                        "': must be 1 to 63 of a-z, 0-9, '-' and '_', starting with a letter or digit");
  }
  Section section(context, member.value.isMap() ? &member.value : nullptr, path, member.key_mark);
  if (!member.value.isMap() && member.value.kind != yaml::Kind::kNull) {
    context.report(member.value.mark,
                   path + ": must be a map of keys and values, got " + std::string(yaml::describe(member.value.kind)));
    return channel;
  }
  section.require("connector");
  section.text("connector", channel.connector);
  channel.connector_mark = channel.mark;
  if (const auto* id = section.member("connector")) channel.connector_mark = id->value.mark;
  section.boolean("enabled", channel.enabled);
  section.boolean("legacy_webhook", channel.legacy_webhook);
  readUnknown(section, channel.unknown);
  section.duration("ttl", channel.ttl, std::chrono::minutes(1), std::chrono::hours(720));
  constexpr std::array<std::pair<std::string_view, bool>, 2> kReopen = {
      std::pair<std::string_view, bool>{"reopen", true}, {"new", false}};
  section.word<bool>("reopen", channel.reopen, kReopen);
  constexpr std::array<std::pair<std::string_view, bool>, 2> kIsolation = {
      std::pair<std::string_view, bool>{"worker", true}, {"process", false}};
  if (bool isolated = false; section.member("isolation") != nullptr) {
    section.word<bool>("isolation", isolated, kIsolation);
    channel.isolated = isolated;
  }
  readBaseUrl(section, "public_url", channel.public_url);
  readEgress(context, section, channel);
  readOwnKeys(context, section, document, channel);
  section.finish();
  return channel;
}

}  // namespace

void readTenants(SectionContext& context, Section& root, const yaml::Document& document, Config& config) {
  const Section tenants = root.section("tenants");
  if (tenants.node() == nullptr) return;
  for (const yaml::Member& member : tenants.node()->members) {
    TenantConfig tenant;
    tenant.slug = tenant.name = member.key;
    tenant.mark = member.key_mark;
    const std::string path = "tenants." + member.key;
    if (!isTenantSlug(member.key)) {
      context.report(member.key_mark, "tenant '" + member.key + "': must be 1 to 56 of a-z, 0-9 and '-'");
    } else if (member.key == "incoming") {
      context.report(member.key_mark, "tenant 'incoming': the word is reserved (it is part of a webhook path)");
    }
    if (!member.value.isMap() && member.value.kind != yaml::Kind::kNull) {
      context.report(member.value.mark, path + ": must be a map of keys and values, got " +
                                            std::string(yaml::describe(member.value.kind)));
      continue;
    }
    Section section(context, member.value.isMap() ? &member.value : nullptr, path, member.key_mark);
    section.text("name", tenant.name);
    const Section channels = section.section("channels");
    if (channels.node() != nullptr) {
      for (const yaml::Member& channel : channels.node()->members) {
        tenant.channels.push_back(readChannel(context, document, config, channel, path + ".channels." + channel.key));
      }
    }
    section.finish();
    config.tenants.push_back(std::move(tenant));
  }
}

}  // namespace patchbay::app
