#include "simulators/whatsapp/message_rules.hpp"

#include <gtest/gtest.h>

namespace patchbay::simulators::whatsapp {
namespace {

std::optional<std::string> files(const std::string& id) {
  if (id == "png") return "image/png";
  if (id == "ogg") return "audio/ogg; codecs=opus";
  if (id == "mp3") return "audio/mpeg";
  if (id == "pdf") return "application/pdf";
  if (id == "webp") return "image/webp";
  return std::nullopt;
}

/// A good message of `type` with this content.
Json message(const std::string& type, Json content) {
  Json body{
      {"messaging_product", "whatsapp"}, {"recipient_type", "individual"}, {"to", "+33639980042"}, {"type", type}};
  body[type] = std::move(content);
  return body;
}

Json text(const std::string& body) {
  return message("text", {{"body", body}});
}

Json changed(Json body, const std::string& pointer, Json value) {
  body[Json::json_pointer(pointer)] = std::move(value);
  return body;
}

Json without(Json body, const char* name) {
  body.erase(name);
  return body;
}

std::string repeated(const std::string& unit, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += unit;
  return all;
}

Json buttons(std::vector<std::pair<std::string, std::string>> replies) {
  Json list = Json::array();
  for (const auto& [id, title] : replies)
    list.push_back({{"type", "reply"}, {"reply", {{"id", id}, {"title", title}}}});
  return message("interactive", {{"type", "button"}, {"body", {{"text", "?"}}}, {"action", {{"buttons", list}}}});
}

Json listOf(int sections, int rows) {
  Json all = Json::array();
  for (int s = 0; s < sections; ++s) {
    Json section{{"title", "S" + std::to_string(s)}, {"rows", Json::array()}};
    for (int r = 0; r < rows; ++r) section["rows"].push_back({{"id", std::to_string(s * 100 + r)}, {"title", "Row"}});
    all.push_back(section);
  }
  return message("interactive",
                 {{"type", "list"}, {"body", {{"text", "?"}}}, {"action", {{"button", "Menu"}, {"sections", all}}}});
}

Json templateWith(Json components) {
  return message("template", {{"name", "order_ready"}, {"language", {{"code", "en_US"}}}, {"components", components}});
}

struct Good {
  const char* name;
  Json body;
};

TEST(CheckMessage, AcceptsEveryShapeOfTheSheet) {
  const Json parameter = Json::array({{{"type", "text"}, {"text", "Ines"}}});
  const std::vector<Good> cases{
      {"text of 4096 units", text(repeated("a", 4096))},
      {"text of 2048 emoji", text(repeated("🥐", 2048))},
      {"preview", changed(text("https://example.test"), "/text/preview_url", true)},
      {"context", changed(text("a"), "/context", {{"message_id", "wamid.X="}})},
      {"opaque data of 512", changed(text("a"), "/biz_opaque_callback_data", repeated("x", 512))},
      {"phone with blanks", changed(text("a"), "/to", "+33 (6) 39-98 00 42")},
      {"user id", changed(without(text("a"), "to"), "/recipient", "FR.7781234500991122")},
      {"parent user id", changed(without(text("a"), "to"), "/recipient", "FR.ENT.7781234500991122")},
      {"image by id", message("image", {{"id", "png"}, {"caption", "c"}})},
      {"image by link", message("image", {{"link", "https://example.test/a.png"}})},
      {"document", message("document", {{"id", "pdf"}, {"filename", "offer.pdf"}, {"caption", "c"}})},
      {"voice note", message("audio", {{"id", "ogg"}, {"voice", true}})},
      {"sticker", message("sticker", {{"id", "webp"}})},
      {"location as strings",
       message("location", {{"latitude", "48.8566"}, {"longitude", "2.3522"}, {"name", "Office"}})},
      {"location as numbers", message("location", {{"latitude", 48.8566}, {"longitude", -2}})},
      {"contacts", message("contacts", Json::array({{{"name", {{"formatted_name", "A. Roy"}, {"first_name", "A."}}},
                                                     {"phones", {{{"phone", "+331"}}}}}}))},
      {"reaction", message("reaction", {{"message_id", "wamid.X"}, {"emoji", "👍"}})},
      {"reaction removed", message("reaction", {{"message_id", "wamid.X"}, {"emoji", ""}})},
      {"three buttons", buttons({{"1", "One"}, {"2", "Two"}, {"3", "Three"}})},
      {"list of ten rows", listOf(2, 5)},
      {"url button",
       message(
           "interactive",
           {{"type", "cta_url"},
            {"body", {{"text", "?"}}},
            {"action", {{"name", "cta_url"}, {"parameters", {{"display_text", "Open"}, {"url", "https://a.test"}}}}}})},
      {"location request", message("interactive", {{"type", "location_request_message"},
                                                   {"body", {{"text", "?"}}},
                                                   {"action", {{"name", "send_location"}}}})},
      {"template", templateWith({{{"type", "body"}, {"parameters", parameter}}})},
      {"template button", templateWith({{{"type", "button"},
                                         {"sub_type", "quick_reply"},
                                         {"index", "0"},
                                         {"parameters", {{{"type", "payload"}, {"payload", "TRACK"}}}}}})},
      {"template without components", message("template", {{"name", "a"}, {"language", {{"code", "fr"}}}})},
  };
  for (const Good& one : cases) {
    const auto rule = checkMessage(one.body, &files);
    EXPECT_FALSE(rule) << one.name << ": " << rule->details;
  }
}

struct Bad {
  const char* name;
  Json body;
  int code;
  const char* says;  ///< part of the details
};

TEST(CheckMessage, RefusesWhatMetaRefuses) {
  const std::vector<Bad> cases{
      {"not an object", Json::array(), 100, "JSON object"},
      {"product missing", without(text("a"), "messaging_product"), 100, "messaging_product"},
      {"no recipient", without(text("a"), "to"), 131008, "to (or recipient)"},
      {"no plus", changed(text("a"), "/to", "33639980042"), 131009, "country code"},
      {"letters in a phone", changed(text("a"), "/to", "+33abc"), 131009, "phone number"},
      {"too many digits", changed(text("a"), "/to", "+1234567890123456"), 131009, "7..15 digits"},
      {"bad user id", changed(without(text("a"), "to"), "/recipient", "fr.77"), 131009, "business-scoped"},
      {"type missing", without(text("a"), "type"), 131008, "'type'"},
      {"unknown type", message("carousel", {{"x", 1}}), 131051, "carousel"},
      {"type without its object", without(text("a"), "text"), 131008, "'text'"},
      {"two type objects", changed(text("a"), "/image", {{"id", "png"}}), 100, "Unexpected key \"image\""},
      {"empty text", text(""), 100, "1..4096"},
      {"text of 4097 units", text(repeated("a", 4097)), 100, "got 4097"},
      {"text of 2049 emoji", text(repeated("🥐", 2049)), 100, "got 4098"},
      {"unknown member", changed(text("a"), "/text/colour", 1), 100, "colour"},
      {"opaque data of 513", changed(text("a"), "/biz_opaque_callback_data", repeated("x", 513)), 100, "512"},
      {"context of a reaction",
       changed(message("reaction", {{"message_id", "w"}, {"emoji", "x"}}), "/context", {{"message_id", "w"}}), 100,
       "context"},
      {"context without id", changed(text("a"), "/context", Json::object()), 131008, "message_id"},
      {"id and link", message("image", {{"id", "png"}, {"link", "https://a.test/b"}}), 100, "exactly one"},
      {"neither id nor link", message("image", {{"caption", "c"}}), 100, "exactly one"},
      {"unknown file", message("image", {{"id", "none"}}), 100, "not a valid whatsapp business account media"},
      {"wrong kind of file", message("image", {{"id", "pdf"}}), 131053, "application/pdf"},
      {"caption on audio", message("audio", {{"id", "ogg"}, {"caption", "c"}}), 100, "caption"},
      {"caption on sticker", message("sticker", {{"id", "webp"}, {"caption", "c"}}), 100, "caption"},
      {"caption of 1025", message("image", {{"id", "png"}, {"caption", repeated("a", 1025)}}), 100, "1024"},
      {"voice without opus", message("audio", {{"id", "mp3"}, {"voice", true}}), 100, "OGG"},
      {"latitude out of range", message("location", {{"latitude", 91}, {"longitude", 2}}), 100, "latitude"},
      {"longitude is no number", message("location", {{"latitude", 1}, {"longitude", "2x"}}), 100, "longitude"},
      {"four buttons", buttons({{"1", "a"}, {"2", "b"}, {"3", "c"}, {"4", "d"}}), 131009, "1..3"},
      {"same titles", buttons({{"1", "a"}, {"2", "a"}}), 131009, "titles"},
      {"same ids", buttons({{"1", "a"}, {"1", "b"}}), 131009, "ids"},
      {"title of 21", buttons({{"1", repeated("a", 21)}}), 100, "1..20"},
      {"eleven rows", listOf(2, 6), 131009, "10 rows"},
      {"no sections", listOf(0, 0), 131009, "1..10"},
      {"empty components", templateWith(Json::array()), 131009, "components"},
      {"template without language", message("template", {{"name", "a"}}), 131008, "language"},
  };
  for (const Bad& one : cases) {
    const auto rule = checkMessage(one.body, &files);
    ASSERT_TRUE(rule) << one.name;
    EXPECT_EQ(rule->code, one.code) << one.name << ": " << rule->details;
    EXPECT_NE(rule->details.find(one.says), std::string::npos) << one.name << ": " << rule->details;
  }
}

TEST(CheckReadReceipt, AcceptsTypingAndRefusesTheRest) {
  const Json receipt{{"messaging_product", "whatsapp"}, {"status", "read"}, {"message_id", "wamid.X"}};
  EXPECT_FALSE(checkReadReceipt(receipt));
  EXPECT_FALSE(checkReadReceipt(changed(receipt, "/typing_indicator", {{"type", "text"}})));
  EXPECT_TRUE(checkReadReceipt(changed(receipt, "/typing_indicator", {{"type", "audio"}})));
  EXPECT_TRUE(checkReadReceipt(changed(receipt, "/status", "delivered")));
  EXPECT_TRUE(checkReadReceipt(changed(receipt, "/to", "+33639980042")));
  EXPECT_TRUE(checkReadReceipt(without(receipt, "message_id")));
}

TEST(MediaLimit, KnowsTheTypesAndIgnoresParameters) {
  EXPECT_EQ(mediaLimit("image", "image/jpeg"), 5U << 20U);
  EXPECT_EQ(mediaLimit("audio", "Audio/OGG; codecs=opus"), 16U << 20U);
  EXPECT_EQ(mediaLimit("image", "image/gif"), 0U);
  EXPECT_EQ(mediaLimit("", "image/png"), 100U << 20U);  // it may be sent as a document
}

}  // namespace
}  // namespace patchbay::simulators::whatsapp
