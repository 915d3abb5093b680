#include "inbox/follow_up.hpp"

#include "base/crypto.hpp"

namespace patchbay::inbox {
namespace {

void replaceAll(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
}

/// JSON text escapes nothing of a marker.
Json markersIn(const std::string& requests, const connectors::Channel& channel) {
  Json markers = Json::object();
  for (const auto& key : channel.manifest().config_keys) {
    if (!key.secret) continue;
    const auto marker = channel.secrets().marker(key.name);
    if (requests.find(marker) != std::string::npos) markers[key.name] = marker;
  }
  return markers;
}

}  // namespace

FollowUp followUpOf(const connectors::Channel& channel, connectors::Turn& turn, StoredBlobs blobs, Timestamp now) {
  FollowUp follow_up;
  follow_up.requests = std::move(turn.requests);
  follow_up.carry = std::move(turn.carry);
  follow_up.version = channel.manifest().version;
  follow_up.blobs = std::move(blobs);
  follow_up.until = now + kFollowUpFor;
  return follow_up;
}

std::string toPayload(const FollowUp& follow_up, const connectors::Channel& channel) {
  const std::string requests = dumpJson(Json(follow_up.requests));
  Json blobs = Json::object();
  for (const auto& [id, stored] : follow_up.blobs)
    blobs[std::to_string(id)] = {{"sha256", stored.sha256}, {"size", stored.size}};
  return dumpJson(Json{{"requests", requests},  // as text: jsonb would change numbers and refuse an escaped NUL
                       {"markers", markersIn(requests, channel)},
                       {"carry", follow_up.carry ? Json(crypto::hexEncode(*follow_up.carry)) : Json()},
                       {"version", follow_up.version},
                       {"blobs", std::move(blobs)},
                       {"step", follow_up.step},
                       {"started", follow_up.started},
                       {"unsafe", follow_up.unsafe},
                       {"unsafe_done", follow_up.unsafe_done},
                       {"until", formatRfc3339(follow_up.until)}});
}

FollowUp fromPayload(std::string_view payload, const connectors::Channel& channel) {
  const Json document = parseJson(payload);
  auto requests = document.at("requests").get<std::string>();
  for (const auto& [name, marker] : document.at("markers").items())
    replaceAll(requests, marker.get<std::string>(), channel.secrets().marker(name));
  FollowUp follow_up;
  follow_up.requests = parseJson(requests).get<std::vector<Json>>();
  if (const auto& carry = document.at("carry"); carry.is_string())
    follow_up.carry = crypto::hexDecode(carry.get<std::string>());
  follow_up.version = document.at("version");
  for (const auto& [id, stored] : document.at("blobs").items())
    follow_up.blobs[std::stoull(id)] = {stored.at("sha256"), stored.at("size")};
  follow_up.step = document.at("step");
  follow_up.started = document.at("started");
  follow_up.unsafe = document.at("unsafe");
  follow_up.unsafe_done = document.at("unsafe_done");
  follow_up.until = parseRfc3339(document.at("until").get<std::string>()).value_or(Timestamp{});
  return follow_up;
}

}  // namespace patchbay::inbox
