#include "connectors/event.hpp"

#include <gtest/gtest.h>

#include "base/json_schema.hpp"
#include "connectors/schemas.hpp"

namespace patchbay::connectors {
namespace {

const Timestamp kReceivedAt = *parseRfc3339("2026-01-05T10:00:00.5Z");

Json message() {
  return {{"kind", "message"},
          {"id", "wamid.1"},
          {"timestamp", "2026-01-05T09:59:59Z"},
          {"account", "1061"},
          {"from",
           {{"kind", "phone"},
            {"address", "+15550100"},
            {"name", "Ines"},
            {"aliases", {{{"kind", "bsuid"}, {"address", "FR.1"}}}}}},
          {"type", "text"},
          {"text", "Bonjour"}};
}

std::string refusal(const std::string& json) {
  const auto event = decodeEvent(json, kReceivedAt);
  return event ? "accepted" : event.error().message;
}

TEST(DecodeEvent, ReadsEveryMember) {
  auto source = message();
  source.update(Json::parse(
      R"({"type": "image", "ref": "r", "raw_type": "image/x", "reply_to": "wamid.0", "echo": true, "subject": "s", "html": "<p>", "mime": 4,
      "forwarded": true, "thread": {"key": "t", "references": ["a"]}, "location": {"latitude": 1.5, "longitude": -2},
      "media": [{"provider_id": "9", "mime_type": "audio/ogg; codecs=opus", "filename": "a.jpg", "size": 12, "caption": "c", "voice": true,
                 "sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}, {"url": "https://x.example/1"}, {"blob": 3, "content_id": "img1"}]})"));
  const auto event = decodeEvent(source.dump(), kReceivedAt);
  ASSERT_TRUE(event.ok()) << event.error().message;
  EXPECT_EQ(event->kind, EventKind::kMessage);
  EXPECT_EQ(event->id, "wamid.1");
  EXPECT_EQ(formatRfc3339(event->timestamp), "2026-01-05T09:59:59.000Z");
  EXPECT_EQ(event->from.address, (Address{"phone", "+15550100"}));
  EXPECT_EQ(event->from.aliases.at(0), (Address{"bsuid", "FR.1"}));
  EXPECT_EQ(event->media.size(), 3U);
  EXPECT_EQ(event->media[0].size, 12);
  EXPECT_TRUE(event->media[0].voice);
  EXPECT_EQ(event->media[1].size, -1);
  EXPECT_EQ(event->media[2].blob, 3U);
  EXPECT_EQ(event->media[2].content_id, "img1");
  EXPECT_EQ(event->mime, 4U);
  EXPECT_TRUE(event->echo);
  EXPECT_EQ(event->thread_key, "t");
  EXPECT_EQ(
      event->extra,
      Json::parse(
          R"({"forwarded": true, "thread": {"key": "t", "references": ["a"]}, "location": {"latitude": 1.5, "longitude": -2}})"));
}

TEST(DecodeEvent, ReadsWhatTheProviderFoundOutAboutTheSender) {
  const auto decoded = [](const char* checks) {
    return decodeEvent(R"({"kind": "message", "mime": 4, "sender_checks": )" + std::string(checks) + "}", kReceivedAt);
  };
  const auto event = decoded(
      R"({"spf": "pass", "dmarc": "unknown", "spam": null, "newer": 1, "signatures": [{"domain": "a.example", "result": "fail"}]})");
  ASSERT_TRUE(event.ok()) << event.error().message;
  ASSERT_TRUE(event->sender_checks.has_value());
  EXPECT_EQ(event->sender_checks->spf, "pass");
  EXPECT_EQ(event->sender_checks->dkim, "");
  EXPECT_EQ(event->sender_checks->dmarc, "unknown");
  EXPECT_EQ(event->sender_checks->spam, "");
  EXPECT_EQ(event->sender_checks->signatures.at(0).domain, "a.example");
  EXPECT_EQ(event->sender_checks->signatures.at(0).result, "fail");
  for (const char* bad : {"7", R"({"spf": "softfail"})", R"({"signatures": {}})",
                          R"({"signatures": [{"domain": "a"}]})", R"({"signatures": [{"result": "pass"}]})"})
    EXPECT_FALSE(decoded(bad).ok()) << bad;
}

TEST(DecodeEvent, TakesRawMailWithoutWhatTheMessageSaysItself) {
  const auto event =
      decodeEvent(R"({"kind": "message", "mime": 4, "envelope": {"from": "", "to": ["a@b.example"]}})", kReceivedAt);
  ASSERT_TRUE(event.ok()) << event.error().message;
  EXPECT_EQ(event->timestamp, Timestamp{});
  EXPECT_EQ(event->envelope->from, "");
  EXPECT_EQ(event->envelope->to, std::vector<std::string>{"a@b.example"});
  EXPECT_EQ(refusal(R"({"kind": "message", "mime": 4, "envelope": {"to": [1]}})"),
            "event /envelope/to must be a list of addresses of at most 320 bytes");
}

TEST(DecodeEvent, TakesHeaderLinesWithinTheirLimits) {
  auto source = message();
  source["headers"] =
      Json::array({Json::array({"Message-ID", "<a@b>"}), Json::array({std::string(201, 'n'), "too long a name"}),
                   Json::array({"Subject", std::string("a\0b", 3)})});
  const auto event = decodeEvent(source.dump(), kReceivedAt);
  ASSERT_TRUE(event.ok()) << event.error().message;
  ASSERT_EQ(event->headers.size(), 2U);
  EXPECT_EQ(event->headers[0], (std::pair<std::string, std::string>{"Message-ID", "<a@b>"}));
  EXPECT_EQ(event->headers[1].second, "a\uFFFDb");
  for (int i = 0; i < 1200; ++i) source["headers"].push_back(Json::array({"X-Line", std::to_string(i)}));
  EXPECT_EQ(decodeEvent(source.dump(), kReceivedAt)->headers.size(), 1000U);
  source["headers"] = Json::array({Json::array({"X-Line", std::string(300'000, 'x')})});
  EXPECT_TRUE(decodeEvent(source.dump(), kReceivedAt)->headers.empty());
  source["headers"] = Json::array({"From: x"});
  EXPECT_EQ(refusal(source.dump()), "event /headers must be a list of [name, value]");
}

TEST(DecodeEvent, ReadsTheOtherKinds) {
  const auto status =
      decodeEvent(R"({"kind":"status","message_id":"m","status":"failed","timestamp":"2026-01-05T10:00:00Z",
      "error":{"class":"recipient","code":"131026","text":"undeliverable"}})",
                  kReceivedAt);
  ASSERT_TRUE(status.ok()) << status.error().message;
  EXPECT_EQ(status->error->code, "131026");
  const auto reaction = decodeEvent(
      R"({"kind":"reaction","message_id":"m","emoji":null,"from":{"kind":"phone","address":"+1"}})", kReceivedAt);
  ASSERT_TRUE(reaction.ok()) << reaction.error().message;
  EXPECT_EQ(reaction->emoji, "");
  EXPECT_EQ(reaction->timestamp, kReceivedAt);
  const auto unparsed = decodeEvent(R"({"kind":"unparsed","raw":"{}","why":"no id"})", kReceivedAt);
  ASSERT_TRUE(unparsed.ok());
  EXPECT_EQ(unparsed->why, "no id");
  EXPECT_TRUE(unparsed->extra.is_null());
  const auto moved = decodeEvent(R"({"kind":"thread","thread":{"key":"group:2","was":"group:1"}})", kReceivedAt);
  ASSERT_TRUE(moved.ok()) << moved.error().message;
  EXPECT_EQ(moved->thread_key, "group:2");
  EXPECT_EQ(moved->thread_was, "group:1");
}

TEST(DecodeEvent, NeedsWhatTheKindNeeds) {
  for (const char* member : {"id", "timestamp", "from", "type"}) {
    auto source = message();
    source.erase(member);
    EXPECT_EQ(refusal(source.dump()), "event /" + std::string{member} + " is missing");
    source[member] = nullptr;
    EXPECT_EQ(refusal(source.dump()), "event /" + std::string{member} + " is missing");
  }
  EXPECT_EQ(refusal("{}"), "event /kind is missing");
  EXPECT_EQ(refusal(R"({"kind":"telepathy"})"), "event /kind is not a known kind: 'telepathy'");
  EXPECT_EQ(refusal(R"({"kind":"status","message_id":"m","timestamp":"2026-01-05T10:00:00Z"})"),
            "event /status is missing");
  EXPECT_EQ(refusal(R"({"kind":"reaction","message_id":"m","from":{"kind":"phone","address":"+1"}})"),
            "event /emoji is missing");
  EXPECT_EQ(refusal(R"({"kind":"unparsed","raw":"x"})"), "event /why is missing");
  EXPECT_EQ(refusal(R"({"kind":"opt_out"})"), "event /contact is missing");
  EXPECT_EQ(refusal(R"({"kind":"thread"})"), "event /thread/key is missing");
  EXPECT_EQ(refusal(R"({"kind":"thread","thread":{"key":"group:2"}})"), "event /thread/was is missing");
}

TEST(DecodeEvent, RefusesWrongTypesWithTheirPlace) {
  const std::pair<const char*, Json> cases[] = {{"id", 7},
                                                {"id", ""},
                                                {"timestamp", 1700000000},
                                                {"timestamp", "yesterday"},
                                                {"from", "me"},
                                                {"from", Json::array()},
                                                {"type", "hologram"},
                                                {"text", Json::array()},
                                                {"media", Json::object()},
                                                {"echo", "yes"},
                                                {"mime", -1},
                                                {"mime", 18446744073709551615ULL},
                                                {"location", Json::object()},
                                                {"contacts", 3},
                                                {"error", "x"},
                                                {"forwarded", 1}};
  for (const auto& [member, value] : cases) {
    auto source = message();
    source[member] = value;
    EXPECT_EQ(refusal(source.dump()).rfind("event /" + std::string{member}, 0), 0U)
        << member << " = " << value << ": " << refusal(source.dump());
  }
  auto source = message();
  source["from"]["kind"] = "Phone!";
  EXPECT_EQ(refusal(source.dump()), "event /from/kind must be lower-case letters, digits and _");
  source = message();
  source["media"] = Json::array({Json{{"url", "https://x.example"}, {"blob", 1}}});
  EXPECT_EQ(refusal(source.dump()), "event /media/0 must have exactly one of url, provider_id and blob");
}

TEST(DecodeEvent, RefusesOverLongMembersAndCutsNames) {
  auto source = message();
  source["id"] = std::string(513, 'a');
  EXPECT_EQ(refusal(source.dump()), "event /id has 513 bytes, over the limit of 512");
  source = message();
  source["from"]["address"] = std::string(321, '1');
  EXPECT_EQ(refusal(source.dump()), "event /from/address has 321 bytes, over the limit of 320");
  source = message();
  std::string name;
  for (int i = 0; i < 300; ++i) name += "ä";
  source["from"]["name"] = name;
  const auto event = decodeEvent(source.dump(), kReceivedAt);
  ASSERT_TRUE(event.ok());
  EXPECT_EQ(event->from.name.size(), 255U * 2);
}

TEST(DecodeEvent, CleansTextThatPostgresWouldRefuse) {
  const auto decode = [](const std::string& text) {
    const auto event = decodeEvent(
        R"({"kind":"message","id":"1","timestamp":"2026-01-05T10:00:00Z","from":{"kind":"phone","address":"+1"},"type":"text","text":")" +
            text + R"(","selection":{"title":")" + text + R"("}})",
        kReceivedAt);
    if (!event) return event.error().message;
    EXPECT_EQ(event->extra["selection"]["title"], event->text);
    return event->text;
  };
  EXPECT_EQ(decode("a\\u0000b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(decode("a\xFF"
                   "b"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(decode("a\\ud83db"),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_EQ(decode("a\\ud83d\\ude00b"),
            "a\xF0\x9F\x98\x80"
            "b");
}

TEST(DecodeEvent, SurvivesGarbage) {
  for (const std::string& text :
       {std::string{}, std::string{"null"}, std::string{"[]"}, std::string{"7"}, std::string(200'000, '['),
        std::string{"{\"kind\":"}, std::string("\0", 1), std::string{"{\"kind\":\"message\",\"kind\":1}"}})
    EXPECT_NE(refusal(text), "accepted") << text.substr(0, 20);
}

TEST(DecodeEvent, NeverAcceptsWhatTheSchemaRefuses) {
  // The schema is the contract, decodeEvent() the fast form of it. Each member is set to each of these values in turn.
  const JsonSchema schema(schemaDocument("event"));
  const std::vector<Json> values = {nullptr,
                                    true,
                                    -1,
                                    0,
                                    1,
                                    1.5,
                                    "",
                                    "x",
                                    "sent",
                                    "text",
                                    "phone",
                                    Json::array(),
                                    Json::object(),
                                    Json::array({1}),
                                    Json::array({"x"}),
                                    "2026-01-05T10:00:00Z",
                                    Json{{"kind", "phone"}, {"address", "+1"}},
                                    Json{{"latitude", 91}, {"longitude", 0}},
                                    Json{{"class", "transient"}},
                                    Json{{"class", "other"}}};
  const auto& kinds = schemaDocument("event")["properties"]["kind"]["enum"];
  for (const auto& kind : kinds) {
    Json base = message();
    base.update({{"kind", kind},
                 {"message_id", "m"},
                 {"status", "sent"},
                 {"emoji", "x"},
                 {"contact", {{"kind", "phone"}, {"address", "+1"}}},
                 {"thread", {{"key", "t.2"}, {"was", "t.1"}}},
                 {"raw", "r"},
                 {"why", "w"}});
    ASSERT_TRUE(decodeEvent(base.dump(), kReceivedAt).ok()) << kind << refusal(base.dump());
    for (const auto& [member, unused] : schemaDocument("event")["properties"].items()) {
      if (member == "contacts" || member == "order" || member == "selection" || member == "referral" ||
          member == "thread")
        continue;  // kept as they are
      for (const auto& value : values) {
        auto changed = base;
        changed[member] = value;
        if (value.is_null() || value == "") continue;  // both mean "not there" to decodeEvent(), for every member
        const bool fits = schema.validate(changed).empty();
        EXPECT_TRUE(fits || !decodeEvent(changed.dump(), kReceivedAt).ok()) << changed << "\n" << member;
      }
    }
  }
}

}  // namespace
}  // namespace patchbay::connectors
