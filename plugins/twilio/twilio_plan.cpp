#include "twilio_plan.hpp"

#include <algorithm>
#include <cstdio>
#include <patchbay/split_text.hpp>

#include "twilio_address.hpp"

namespace patchbay::twilio {
namespace {

[[noreturn]] void refuse(const char* code, const std::string& why, const std::string& pointer) {
  throw TurnError(PB_REJECTED, code, why, pointer);
}

std::vector<std::string> bodiesOf(const std::string& text) {
  if (text.empty()) return {};
  return splitText(text, kMaxBody, TextUnit::kUtf16);
}

void addTexts(std::vector<Part>& parts, const std::string& text) {
  for (auto& body : bodiesOf(text)) parts.push_back({{"Body", std::move(body)}});
}

std::string captionOf(const Operation& operation, const Media& item) {
  const std::string text = operation.body();
  if (text.empty() || item.caption.empty()) return text.empty() ? item.caption : text;
  return text + "\n" + item.caption;
}

std::string megabytes(std::uint64_t bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MB", static_cast<double>(bytes) / (1U << 20U));
  return text;
}

/// Files whose size is not known count nothing: then it is Twilio who refuses.
void checkMmsBytes(const std::vector<Media>& items) {
  for (std::size_t begin = 0; begin < items.size(); begin += kMaxMmsMedia) {
    const std::size_t end = std::min(begin + kMaxMmsMedia, items.size());
    std::uint64_t bytes = 0;
    for (std::size_t i = begin; i < end; ++i) bytes += items[i].size.value_or(0);
    if (bytes > kMaxMmsBytes)
      refuse("media_too_large",
             "the files of one MMS may have 5 MB together, and these have " + megabytes(bytes) +
                 ": send fewer or smaller ones",
             "/media");
  }
}

/// Ten files and a text go together; what is longer or more follows.
std::vector<Part> mms(const Operation& operation, const std::vector<Media>& items) {
  checkMmsBytes(items);
  std::string text = operation.body();
  for (const Media& item : items)
    if (!item.caption.empty()) text += (text.empty() ? "" : "\n") + item.caption;
  auto bodies = bodiesOf(text);
  std::vector<Part> parts;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i % kMaxMmsMedia == 0) {
      parts.emplace_back();
      if (i == 0 && !bodies.empty()) parts.back().emplace_back("Body", bodies.front());
    }
    parts.back().emplace_back("MediaUrl", items[i].url);
  }
  for (std::size_t i = 1; i < bodies.size(); ++i) parts.push_back({{"Body", bodies[i]}});
  return parts;
}

/// One file a message. Text goes with images alone: WhatsApp drops it elsewhere.
std::vector<Part> whatsAppMedia(const Operation& operation, const std::vector<Media>& items) {
  std::vector<Part> parts;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Media& item = items[i];
    const std::string text = i == 0 ? captionOf(operation, item) : item.caption;
    const bool image = item.mime_type.empty() ? operation.type() == "image" : item.mime_type.starts_with("image/");
    auto bodies = bodiesOf(text);
    if (image && !bodies.empty()) {
      parts.push_back({{"Body", bodies.front()}, {"MediaUrl", item.url}});
      for (std::size_t n = 1; n < bodies.size(); ++n) parts.push_back({{"Body", bodies[n]}});
      continue;
    }
    for (auto& body : bodies) parts.push_back({{"Body", std::move(body)}});
    parts.push_back({{"MediaUrl", item.url}});
  }
  return parts;
}

Part locationOf(const Operation& operation) {
  const Json& place = operation.json().at("location");
  char point[64];
  std::snprintf(point, sizeof point, "geo:%.6f,%.6f", place.at("latitude").get<double>(),
                place.at("longitude").get<double>());
  const std::string name = place.value("name", ""), address = place.value("address", "");
  std::string label = name.empty() ? address : name;
  // The bar ends the label.
  std::replace(label.begin(), label.end(), '|', '/');
  const std::string body = address.empty() ? (label.empty() ? "Location" : label) : address;
  return {{"Body", bodiesOf(body).front()}, {"PersistentAction", point + (label.empty() ? "" : "|" + label)}};
}

bool isContentSid(const std::string& text) {
  return text.size() == 34 && text.starts_with("HX") &&
         text.find_first_not_of("0123456789abcdefABCDEF", 2) == std::string::npos;
}

/// Components are objects of variables, {"1": "Ana"}, as the template numbers or names them; they are joined.
Part templateOf(const Operation& operation) {
  const Json& source = operation.json().at("template");
  const std::string sid = source.at("name").get<std::string>();
  if (!isContentSid(sid))
    refuse("template_name", "a Content template is named by its SID: HX and 32 hex digits", "/template/name");
  Json variables = Json::object();
  const Json components = source.value("components", Json::array());
  for (const Json& component : components) {
    if (!component.is_object())
      refuse("template_components", "each component is an object of variables: {\"1\": \"Ana\"}",
             "/template/components");
    for (const auto& [name, value] : component.items())
      variables[name] = value.is_string() ? value : Json(dumpJson(value));
  }
  Part part = {{"ContentSid", sid}};
  if (!variables.empty()) part.emplace_back("ContentVariables", dumpJson(variables));
  return part;
}

}  // namespace

std::vector<Part> planOf(const Operation& operation) {
  const std::string type = operation.type();
  const bool whatsapp = operation.to().kind == kWhatsApp;
  if (operation.json().contains("quick_replies") || operation.json().contains("list"))
    throw TurnError(PB_UNSUPPORTED, "buttons", "buttons need a Content template: send type 'template'",
                    "/quick_replies");
  std::vector<Part> parts;
  if (type == "text") {
    addTexts(parts, operation.body());
    if (parts.empty()) refuse("empty", "the text is empty", "/text");
  } else if (type == "template") {
    parts.push_back(templateOf(operation));
  } else if (type == "location") {
    if (!whatsapp) throw TurnError(PB_UNSUPPORTED, "location", "an SMS has no location", "/type");
    parts.push_back(locationOf(operation));
    addTexts(parts, operation.body());
  } else if (type == "contacts" || type.empty()) {
    throw TurnError(PB_UNSUPPORTED, "type", "this type of message cannot be sent", "/type");
  } else {
    const auto items = operation.media();
    if (items.empty()) refuse("no_media", "the message has no file", "/media");
    for (std::size_t i = 0; i < items.size(); ++i)
      if (items[i].url.empty())
        refuse("no_media_url", "Twilio fetches files by their address: set public_url, so that the host can offer one",
               "/media/" + std::to_string(i) + "/url");
    parts = whatsapp ? whatsAppMedia(operation, items) : mms(operation, items);
  }
  return parts;
}

}  // namespace patchbay::twilio
