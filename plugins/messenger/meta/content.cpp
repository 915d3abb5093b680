#include "meta/content.hpp"

#include <algorithm>
#include <array>
#include <patchbay/lenient.hpp>
#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace patchbay::meta {
namespace {

using detail::put;

constexpr std::size_t kMaxMedia = 100;  // of one message, as the host takes it

struct Mapping {
  std::string_view theirs;
  const char* ours;
};

constexpr std::array<Mapping, 5> kFiles{
    {{"image", "image"}, {"video", "video"}, {"audio", "audio"}, {"file", "document"}, {"sticker", "sticker"}}};

/// Things that stand elsewhere and are shown by their address. What is in a story must not be kept (Meta's rules), and
/// dies within a day; so none of these is fetched.
constexpr std::array<std::string_view, 10> kLinked{"fallback", "reel",     "ig_reel", "post",  "ig_post",
                                                   "share",    "ig_story", "story",   "media", "story_mention"};

/// The like button in its three sizes.
constexpr std::array<std::string_view, 3> kLikes{"369239263222822", "369239343222814", "369239383222810"};

template <class List>
bool isOneOf(const List& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// Relative addresses ("/reel/1") and other schemes lead nowhere.
std::string webAddress(const Json& object, const char* key) {
  std::string url = textOf(object, key);
  return url.starts_with("https://") || url.starts_with("http://") ? url : std::string();
}

/// One message being read, attachment by attachment.
class Content {
 public:
  explicit Content(Event& event) : event_(event) {}

  void read(const Json& message) {
    event_.text = textOf(message, "text");
    has_words_ = !event_.text.empty();
    for (const Json& attachment : itemsOf(message, "attachments")) noteSticker(attachment);
    for (const Json& attachment : itemsOf(message, "attachments")) readAttachment(attachment);
    if (const Json& reply = memberOf(message, "quick_reply"); reply.is_object()) {
      event_.type = "selection";
      event_.selection = Selection{textOf(reply, "payload"), event_.text};
    }
    if (event_.type.empty() && !event_.text.empty()) event_.type = "text";
    if (!event_.type.empty()) return;
    event_.type = "unsupported";
    if (event_.raw_type.empty()) event_.raw_type = flagOf(message, "is_unsupported") ? "unsupported" : "empty";
    event_.raw = dumpJson(message);
  }

 private:
  /// Which stickers come with an address, and as what.
  void noteSticker(const Json& attachment) {
    const Json& payload = memberOf(attachment, "payload");
    const std::string sticker = textOf(payload, "sticker_id");
    if (sticker.empty() || webAddress(payload, "url").empty()) return;
    (textOf(attachment, "type") == "sticker" ? stickers_ : pictures_).insert(sticker);
  }

  void become(const char* type) {
    if (event_.type.empty()) event_.type = type;  // that of the first attachment which can be shown
  }

  void readAttachment(const Json& attachment) {
    const std::string type = textOf(attachment, "type");
    const Json& payload = memberOf(attachment, "payload");
    for (const Mapping& mapping : kFiles)
      if (type == mapping.theirs && readFile(mapping.ours, payload)) return;
    if (type == "like_heart") return addLine("\u2764\uFE0F", type);
    if (type == "location" && readLocation(payload)) return;
    if (type == "template" && readTemplate(payload)) return;
    // A post may come as a file of which only the address is known.
    if (isOneOf(kLinked, type) && readLink(type, attachment, payload)) return;
    if (event_.raw_type.empty()) event_.raw_type = type.empty() ? "missing" : type;
  }

  bool readFile(const char* type, const Json& payload) {
    Media file{.url = webAddress(payload, "url")};
    const std::string sticker = textOf(payload, "sticker_id");
    // One sticker has come as an image and as a sticker in the same message.
    const bool as_sticker_too = type == std::string_view("image") && !sticker.empty() && stickers_.contains(sticker);
    if (as_sticker_too) return true;
    if (file.url.empty() && pictures_.contains(sticker)) return true;
    if (file.url.empty()) {
      if (!isOneOf(kLikes, sticker)) return false;
      addLine("\U0001F44D", "like");
      return true;
    }
    become(sticker.empty() ? type : "sticker");
    if (isOneOf(kLikes, sticker)) event_.raw_type = "like";
    // What is beyond would have the whole webhook refused; Meta has never sent nearly as many.
    if (event_.media.size() < kMaxMedia) event_.media.push_back(std::move(file));
    return true;
  }

  bool readLocation(const Json& payload) {
    const Json& coordinates = memberOf(payload, "coordinates");
    const auto latitude = numberOf(coordinates, "lat");
    const auto longitude = numberOf(coordinates, "long");
    if (!latitude || !longitude || *latitude < -90 || *latitude > 90 || *longitude < -180 || *longitude > 180)
      return false;
    become("location");
    event_.location = Location{*latitude, *longitude};
    return true;
  }

  /// In echoes: what the business sent as a card with buttons.
  bool readTemplate(const Json& payload) {
    std::string shown = textOf(payload, "text");
    for (const Json& element : itemsOf(payload, "elements"))
      for (const char* key : {"title", "subtitle"})
        if (const std::string line = textOf(element, key); !line.empty()) shown += (shown.empty() ? "" : "\n") + line;
    if (shown.empty()) return false;
    addLine(shown, "template");
    return true;
  }

  bool readLink(const std::string& type, const Json& attachment, const Json& payload) {
    std::string url = webAddress(payload, "url");
    if (url.empty()) url = webAddress(attachment, "url");
    std::string title = textOf(payload, "title");
    if (title.empty()) title = textOf(attachment, "title");
    if (url.empty() && title.empty()) return false;
    // The preview of a link stands beside what the customer wrote, which stays as it is.
    const bool preview = type == "fallback" && has_words_;
    if (!preview && !title.empty() && event_.text.find(title) == std::string::npos) addLine(title, type);
    if (!preview && !url.empty() && event_.text.find(url) == std::string::npos) addLine(url, type);
    become("text");
    if (event_.raw_type.empty()) event_.raw_type = type;
    if (!event_.more.contains("referral")) {
      Json& referral = event_.more["referral"] = {{"source", type}};
      put(referral, "url", url);
      put(referral, "title", title);
    }
    return true;
  }

  void addLine(std::string_view line, const std::string& raw_type) {
    if (!event_.text.empty()) event_.text += '\n';
    event_.text += line;
    become("text");
    if (event_.raw_type.empty()) event_.raw_type = raw_type;
  }

  Event& event_;
  bool has_words_ = false;                     // of the customer's own
  std::set<std::string> stickers_, pictures_;  // stickers that come as such, and as images, with an address
};

}  // namespace

void readContent(const Json& message, Event& event) {
  Content(event).read(message);
  const Json& reply = memberOf(message, "reply_to");
  if (std::string mid = textOf(reply, "mid"); mid.size() <= kMaxId) event.reply_to = std::move(mid);
  // An answer to a story of ours: shown with the story, whose picture must not be kept.
  if (const Json& story = memberOf(reply, "story"); story.is_object()) {
    Json& referral = event.more["referral"] = {{"source", "story"}};
    put(referral, "id", textOf(story, "id"));
    put(referral, "url", webAddress(story, "url"));
  }
  readReferral(memberOf(message, "referral"), event);
}

void readReferral(const Json& referral, Event& event) {
  if (!referral.is_object()) return;
  Json read = Json::object();
  std::string source = textOf(referral, "source");
  std::transform(source.begin(), source.end(), source.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const std::string ad_id = textOf(referral, "ad_id");
  const std::string product = textOf(memberOf(referral, "product"), "id");
  if (source.empty() && !product.empty()) source = "product";
  put(read, "source", source == "ads" ? "ad" : source == "shortlink" ? "link" : source);
  put(read, "id", !ad_id.empty() ? ad_id : !product.empty() ? product : textOf(referral, "ref"));
  if (!ad_id.empty()) put(read, "click_id", textOf(referral, "ref"));
  const Json& ad = memberOf(referral, "ads_context_data");
  put(read, "title", textOf(ad, "ad_title"));
  std::string picture = webAddress(ad, "photo_url");
  put(read, "media_url", picture.empty() ? webAddress(ad, "video_url") : picture);
  if (!read.empty()) event.more["referral"] = std::move(read);
}

}  // namespace patchbay::meta
