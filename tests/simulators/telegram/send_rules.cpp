/// What Telegram takes and what it says otherwise, as far as our protocol notes have it (sections 1.1 and 6).
#include <algorithm>

#include "base/text.hpp"
#include "simulators/telegram/simulator_impl.hpp"

namespace patchbay::simulators::telegram {
namespace {

constexpr std::size_t kMaxText = 4096, kMaxCaption = 1024, kMaxCallbackData = 64;
constexpr std::size_t kMaxPhoto = 10U << 20U, kMaxUpload = 50U << 20U;

std::size_t utf16Length(const std::string& text) {
  std::size_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) != 0x80U) units += byte >= 0xF0U ? 2 : 1;
  }
  return units;
}

struct FileMethod {
  const char* method;
  const char* field;
};
constexpr FileMethod kFileMethods[] = {{"sendphoto", "photo"},     {"senddocument", "document"},
                                       {"sendvideo", "video"},     {"sendaudio", "audio"},
                                       {"sendvoice", "voice"},     {"sendanimation", "animation"},
                                       {"sendsticker", "sticker"}, {"sendvideonote", "video_note"}};

[[noreturn]] void bad(const std::string& why) {
  throw ApiError{400, "Bad Request: " + why};
}

void checkFile(const std::string& field, const Arguments& arguments) {
  const FormPart* upload = arguments.file(field.c_str());
  if (upload != nullptr) {
    if (upload->content.empty()) bad("file must be non-empty");
    if (upload->content.size() > (field == "photo" ? kMaxPhoto : kMaxUpload))
      throw ApiError{413, "Request Entity Too Large"};
    return;
  }
  const std::string given = arguments.text(field.c_str());
  if (given.empty()) bad("there is no " + field + " in the request");
  if (given.starts_with("http") && given.find("/missing") != std::string::npos) bad("failed to get HTTP URL content");
}

void checkKeyboard(const Arguments& arguments) {
  const Json markup = arguments.json("reply_markup");
  if (markup.is_null()) return;
  if (!markup.is_object()) bad("object expected as reply markup");
  if (!markup.contains("inline_keyboard")) return;
  for (const Json& row : markup["inline_keyboard"])
    for (const Json& button : row) {
      if (!button.is_object() || button.value("text", "").empty())
        bad("text buttons are unallowed in the inline keyboard");
      const std::string data = button.value("callback_data", "");
      if (data.empty() || data.size() > kMaxCallbackData) bad("BUTTON_DATA_INVALID");
    }
}

}  // namespace

std::string fileField(const std::string& method) {
  for (const auto& one : kFileMethods)
    if (method == one.method) return one.field;
  return {};
}

std::string failureKind(const std::string& method, const Arguments& arguments) {
  if (method == "getupdates") return "updates";
  if (method == "getfile") return "media";
  if (method == "answercallbackquery") return "callbacks";
  if (method == "sendchataction") return "chat_actions";
  if (method == "setwebhook" || method == "deletewebhook" || method == "getwebhookinfo") return "subscription";
  if (method == "getme") return "number";
  if (!fileField(method).empty() && !arguments.files.empty()) return "upload";
  return "messages";
}

void checkSend(const std::string& method, const Arguments& arguments) {
  checkKeyboard(arguments);
  if (!arguments.text("parse_mode").empty()) bad("can't parse entities: the simulator knows no markup");
  if (const std::string field = fileField(method); !field.empty()) {
    checkFile(field, arguments);
    if (utf16Length(arguments.text("caption")) > kMaxCaption) bad("message caption is too long");
    return;
  }
  if (method == "sendmessage") {
    const std::string text = arguments.text("text");
    if (trim(text).empty()) bad("message text is empty");
    if (utf16Length(text) > kMaxText) bad("message is too long");
  } else if (method == "sendlocation" || method == "sendvenue") {
    const auto latitude = arguments.real("latitude"), longitude = arguments.real("longitude");
    if (!latitude || !longitude || std::abs(*latitude) > 90 || std::abs(*longitude) > 180) bad("wrong location");
    if (method == "sendvenue" && (arguments.text("title").empty() || arguments.text("address").empty()))
      bad("title and address must be non-empty");
  } else if (method == "sendcontact") {
    if (arguments.text("phone_number").empty() || arguments.text("first_name").empty())
      bad("phone_number and first_name must be non-empty");
  } else {
    throw ApiError{404, "Not Found"};
  }
}

Json contentOf(const std::string& method, const Arguments& arguments, const std::string& file_id,
               const std::string& unique_id) {
  Json content = Json::object();
  const std::string field = fileField(method);
  if (!field.empty()) {
    Json file{{"file_id", file_id}, {"file_unique_id", unique_id}};
    if (const FormPart* upload = arguments.file(field.c_str())) {
      file["file_size"] = upload->content.size();
      if (field != "photo" && field != "sticker") file["file_name"] = upload->filename;
    }
    content[field] = field == "photo" ? Json::array({file}) : file;
    if (const std::string caption = arguments.text("caption"); !caption.empty()) content["caption"] = caption;
  } else if (method == "sendmessage") {
    content["text"] = arguments.text("text");
  } else if (method == "sendcontact") {
    content["contact"] = {{"phone_number", arguments.text("phone_number")},
                          {"first_name", arguments.text("first_name")}};
  } else {
    const Json place{{"latitude", *arguments.real("latitude")}, {"longitude", *arguments.real("longitude")}};
    content["location"] = place;
    if (method == "sendvenue")
      content["venue"] = {
          {"location", place}, {"title", arguments.text("title")}, {"address", arguments.text("address")}};
  }
  if (const Json markup = arguments.json("reply_markup"); markup.is_object()) content["reply_markup"] = markup;
  return content;
}

}  // namespace patchbay::simulators::telegram
