#include "inbox/refused_event.hpp"

#include <utility>

namespace patchbay::inbox {
namespace {

Json addressJson(const connectors::Address& address) {
  return {{"kind", address.kind}, {"address", address.address}};
}

Json personJson(const connectors::Sender& person) {
  Json json = addressJson(person.address);
  if (!person.name.empty()) json["name"] = person.name;
  for (const auto& alias : person.aliases) json["aliases"].push_back(addressJson(alias));
  return json;
}

Json fileJson(const connectors::MediaItem& item) {
  Json json = Json::object();
  for (const auto& [name, text] : {std::pair{"url", &item.url},
                                   {"provider_id", &item.provider_id},
                                   {"mime_type", &item.mime_type},
                                   {"filename", &item.filename},
                                   {"sha256", &item.sha256},
                                   {"caption", &item.caption},
                                   {"content_id", &item.content_id}})
    if (!text->empty()) json[name] = *text;
  return json;
}

}  // namespace

Json documentOf(const connectors::Event& event) {
  Json json = event.extra.is_object() ? event.extra : Json::object();
  json["kind"] = connectors::kindName(event.kind);
  json["timestamp"] = formatRfc3339(event.timestamp);
  for (const auto& [name, text] : {std::pair{"id", &event.id},
                                   {"account", &event.account},
                                   {"ref", &event.ref},
                                   {"type", &event.type},
                                   {"raw_type", &event.raw_type},
                                   {"text", &event.text},
                                   {"subject", &event.subject},
                                   {"html", &event.html},
                                   {"reply_to", &event.reply_to},
                                   {"message_id", &event.message_id},
                                   {"status", &event.status},
                                   {"emoji", &event.emoji},
                                   {"raw", &event.raw},
                                   {"why", &event.why}})
    if (!text->empty()) json[name] = *text;
  if (!event.from.address.address.empty()) json["from"] = personJson(event.from);
  if (!event.contact.address.empty()) json["contact"] = addressJson(event.contact);
  if (event.echo) json["echo"] = true;
  for (const auto& item : event.media) json["media"].push_back(fileJson(item));
  if (event.error)
    json["error"] = {{"class", event.error->error_class}, {"code", event.error->code}, {"text", event.error->text}};
  return json;
}

}  // namespace patchbay::inbox
