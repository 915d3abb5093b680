#include "whatsapp_content.hpp"

#include <array>
#include <optional>
#include <patchbay/lenient.hpp>
#include <string_view>
#include <utility>

namespace patchbay::whatsapp {
namespace {

using detail::put;

/// A SHA-256 in base64 (webhooks) or hex (the media endpoint) as hex; empty when it is neither.
std::string sha256Hex(std::string_view encoded) {
  constexpr std::string_view kHex = "0123456789abcdef";
  if (encoded.size() == 64 && encoded.find_first_not_of(kHex) == std::string_view::npos) return std::string(encoded);
  constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  while (!encoded.empty() && encoded.back() == '=') encoded.remove_suffix(1);
  if (encoded.size() != 43) return {};  // 32 bytes
  std::string hex;
  unsigned bits = 0;
  int count = 0;
  for (const char c : encoded) {
    const std::size_t value = kBase64.find(c);
    if (value == std::string_view::npos) return {};
    bits = bits << 6U | static_cast<unsigned>(value);
    count += 6;
    while (count >= 4) {
      count -= 4;
      hex += kHex[(bits >> static_cast<unsigned>(count)) & 0xFU];
    }
  }
  hex.resize(64);  // the last two bits are padding
  return hex;
}

bool readMedia(const Json& object, Event& event) {
  Media media{.provider_id = textOf(object, "id")};
  if (media.provider_id.empty() || media.provider_id.size() > kMaxId) return false;
  media.mime_type = textOf(object, "mime_type");
  media.filename = textOf(object, "filename");
  media.sha256 = sha256Hex(textOf(object, "sha256"));
  media.voice = flagOf(object, "voice");
  event.text = textOf(object, "caption");
  event.media.push_back(std::move(media));
  return true;
}

bool readLocation(const Json& object, Event& event) {
  const auto latitude = numberOf(object, "latitude");
  const auto longitude = numberOf(object, "longitude");
  const auto inside = [](std::optional<double> degrees, double most) {
    return degrees && *degrees >= -most && *degrees <= most;
  };
  if (!inside(latitude, 90) || !inside(longitude, 180)) return false;
  event.location =
      Location{*latitude, *longitude, textOf(object, "name"), textOf(object, "address"), textOf(object, "url")};
  return true;
}

bool readContacts(const Json& message, Event& event) {
  Json cards = Json::array();
  for (const Json& card : itemsOf(message, "contacts")) {
    Json read = Json::object();
    const Json& name = memberOf(card, "name");
    std::string shown = textOf(name, "formatted_name");
    if (shown.empty()) shown = textOf(name, "first_name");
    put(read, "name", shown);
    for (const Json& phone : itemsOf(card, "phones"))
      if (std::string value = textOf(phone, "phone"); !value.empty()) read["phones"].push_back(std::move(value));
    for (const Json& email : itemsOf(card, "emails"))
      if (std::string value = textOf(email, "email"); !value.empty()) read["emails"].push_back(std::move(value));
    put(read, "organisation", textOf(memberOf(card, "org"), "company"));
    cards.push_back(std::move(read));
  }
  if (cards.empty()) return false;
  event.more["contacts"] = std::move(cards);
  return true;
}

bool readOrder(const Json& object, Event& event) {
  if (!object.is_object()) return false;
  Json order = Json::object();
  put(order, "catalog_id", textOf(object, "catalog_id"));
  for (const Json& item : itemsOf(object, "product_items")) {
    Json read = Json::object();
    put(read, "product_id", textOf(item, "product_retailer_id"));
    if (const auto quantity = numberOf(item, "quantity")) read["quantity"] = *quantity;
    if (const auto price = numberOf(item, "item_price")) read["price"] = *price;
    put(read, "currency", textOf(item, "currency"));
    order["items"].push_back(std::move(read));
  }
  event.text = textOf(object, "text");
  event.more["order"] = std::move(order);
  return true;
}

/// A quick-reply button of a template. Not the same as interactive.button_reply.
bool readButton(const Json& object, Event& event) {
  if (!object.is_object()) return false;
  event.selection = Selection{textOf(object, "payload"), textOf(object, "text")};
  event.text = event.selection->title;
  return true;
}

bool readInteractive(const Json& object, Event& event) {
  const std::string type = textOf(object, "type");
  if (type == "button_reply" || type == "list_reply") {
    const Json& reply = memberOf(object, type.c_str());
    if (!reply.is_object()) return false;
    event.selection = Selection{textOf(reply, "id"), textOf(reply, "title"), textOf(reply, "description")};
    event.text = event.selection->title;
    return true;
  }
  if (type == "nfm_reply") {
    const Json& reply = memberOf(object, "nfm_reply");
    if (!reply.is_object()) return false;
    event.selection = Selection{textOf(reply, "name"), textOf(reply, "body")};
    event.text = event.selection->title;
    // A string that holds JSON, perhaps: "null", an array and garbage have been seen.
    const std::string answers = textOf(reply, "response_json");
    try {
      if (!answers.empty()) event.selection->data = parseJson(answers);
    } catch (const JsonError&) {
      event.selection->data = answers;
    }
    return true;
  }
  if (type == "call_permission_reply") {
    const Json& reply = memberOf(object, "call_permission_reply");
    if (!reply.is_object()) return false;
    event.selection = Selection{type, textOf(reply, "response")};
    event.selection->data = reply;
    event.text = event.selection->title;
    return true;
  }
  if (!type.empty()) event.raw_type = type;  // says more than "interactive"
  return false;
}

}  // namespace

bool readContent(const Json& message, const std::string& type, Event& event) {
  struct Mapping {
    const char* theirs;
    const char* ours;
  };
  constexpr std::array<Mapping, 5> kMedia = {
      {{"image", "image"}, {"video", "video"}, {"audio", "audio"}, {"document", "document"}, {"sticker", "sticker"}}};
  const Json& object = memberOf(message, type.c_str());
  for (const Mapping& mapping : kMedia)
    if (type == mapping.theirs) return event.type = mapping.ours, readMedia(object, event);
  if (type == "text") {
    event.type = "text";
    event.text = textOf(object, "body");
    return object.is_object();
  }
  if (type == "location") return event.type = "location", readLocation(object, event);
  if (type == "contacts") return event.type = "contacts", readContacts(message, event);
  if (type == "order") return event.type = "order", readOrder(object, event);
  if (type == "button") return event.type = "selection", readButton(object, event);
  if (type == "interactive") return event.type = "selection", readInteractive(object, event);
  if (type == "unsupported") {
    if (std::string inner = textOf(object, "type"); !inner.empty()) event.raw_type = std::move(inner);
  }
  return false;
}

void readReferral(const Json& referral, Event& event) {
  if (!referral.is_object()) return;
  Json read = Json::object();
  put(read, "source", textOf(referral, "source_type"));
  put(read, "id", textOf(referral, "source_id"));
  put(read, "url", textOf(referral, "source_url"));
  put(read, "title", textOf(referral, "headline"));
  put(read, "text", textOf(referral, "body"));
  for (const char* key : {"image_url", "video_url", "thumbnail_url"})
    if (!read.contains("media_url")) put(read, "media_url", textOf(referral, key));
  put(read, "click_id", textOf(referral, "ctwa_clid"));
  if (!read.empty()) event.more["referral"] = std::move(read);
}

void readContext(const Json& context, Event& event) {
  if (std::string id = textOf(context, "id"); id.size() <= kMaxId) event.reply_to = std::move(id);
  event.forwarded = flagOf(context, "forwarded") || flagOf(context, "frequently_forwarded");
  if (const std::string product = textOf(memberOf(context, "referred_product"), "product_retailer_id");
      !product.empty())
    event.more["referral"] = {{"source", "product"}, {"id", product}};
}

}  // namespace patchbay::whatsapp
