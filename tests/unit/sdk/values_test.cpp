#include <gtest/gtest.h>

#include <patchbay/event.hpp>
#include <patchbay/http.hpp>
#include <patchbay/result.hpp>
#include <patchbay/time.hpp>
#include <patchbay/turn.hpp>

namespace patchbay {
namespace {

Time at(std::int64_t ms) {
  return Time(std::chrono::milliseconds(ms));
}

TEST(Rfc3339, WritesMilliseconds) {
  EXPECT_EQ(rfc3339(at(1767607200123)), "2026-01-05T10:00:00.123Z");
  EXPECT_EQ(rfc3339(at(0)), "1970-01-01T00:00:00.000Z");
}

TEST(Rfc3339, StaysWithinWhatCanBeWritten) {
  EXPECT_EQ(rfc3339(at(-5)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(rfc3339(Time::max()), "9999-12-31T23:59:59.999Z");
}

TEST(FromUnix, TellsSecondsFromMilliseconds) {
  EXPECT_EQ(fromUnix(Json("1790000000")), at(1790000000000));
  EXPECT_EQ(fromUnix(Json(1790000000)), at(1790000000000));
  EXPECT_EQ(fromUnix(Json(1790000000123)), at(1790000000123));
}

TEST(FromUnix, RefusesWhatIsNoTime) {
  for (const Json& value : {Json(-1), Json("soon"), Json(""), Json("12345678901234567890"), Json(1.5), Json(nullptr),
                            Json::array(), Json(std::uint64_t{18446744073709551615U}), Json(999999999999)})
    EXPECT_FALSE(fromUnix(value)) << value;
}

TEST(Url, EncodesAllButWhatIsPlainInEachPartOfAUrl) {
  EXPECT_EQ(percentEncoded("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(percentEncoded("a b/c?d=e&f+g%é"), "a%20b%2Fc%3Fd%3De%26f%2Bg%25%C3%A9");
  EXPECT_EQ(percentEncoded(std::string_view("\0\n", 2)), "%00%0A");
  EXPECT_EQ(percentEncoded("mail/2026 a.eml", "/"), "mail/2026%20a.eml");
}

TEST(HttpRequest, AddsParametersToItsQuery) {
  EXPECT_EQ(HttpRequest::get("https://a.test/x").query("after", "a&b=c").query("limit", "10").toJson().at("url"),
            "https://a.test/x?after=a%26b%3Dc&limit=10");
  EXPECT_EQ(HttpRequest::get("https://a.test/x?y").query("z", "").toJson().at("url"), "https://a.test/x?y&z=");
}

TEST(Event, AMessageHasTheMembersOfTheSchema) {
  Event event = Event::message("m-1", {"phone", "+15550100", "Ines", {{"bsuid", "FR.1"}}}, "image", at(0));
  event.text = "caption";
  event.account = "1061";
  event.media.push_back({.provider_id = "9001", .mime_type = "image/jpeg", .size = 3});
  event.more["referral"] = {{"id", "12"}};
  EXPECT_EQ(event.toJson(),
            Json::parse(R"({"kind":"message","id":"m-1","timestamp":"1970-01-01T00:00:00.000Z","type":"image",
    "from":{"kind":"phone","address":"+15550100","name":"Ines","aliases":[{"kind":"bsuid","address":"FR.1"}]},
    "text":"caption","account":"1061","media":[{"provider_id":"9001","mime_type":"image/jpeg","size":3}],"referral":{"id":"12"}})"));
}

TEST(Event, AMailIsItsBytesAndItsEnvelope) {
  EXPECT_EQ(Event::mail(7, Envelope{"", {"help@p.example"}}).toJson(),
            Json::parse(R"({"kind":"message","mime":7,"envelope":{"from":"","to":["help@p.example"]}})"));
  Event parsed = Event::message("m-1", {"email", "ana@example.org"}, "text", at(0));
  parsed.subject = "Hi";
  parsed.html = "<p>";
  parsed.headers = {{"Message-ID", "<m@example.org>"}};
  const Json json = parsed.toJson();
  EXPECT_EQ(json.at("subject"), "Hi");
  EXPECT_EQ(json.at("html"), "<p>");
  EXPECT_EQ(json.at("headers"), Json::parse(R"([["Message-ID", "<m@example.org>"]])"));
  parsed.sender_checks = SenderChecks{};
  EXPECT_FALSE(parsed.toJson().contains("sender_checks"));
  parsed.sender_checks->spf = "pass";
  parsed.sender_checks->signatures.assign(101, {"a.example", "fail"});
  const Json checks = parsed.toJson().at("sender_checks");
  EXPECT_EQ(checks.at("spf"), "pass");
  EXPECT_FALSE(checks.contains("dmarc"));
  EXPECT_EQ(checks.at("signatures").size(), 100U);
  EXPECT_EQ(checks.at("signatures")[0], Json::parse(R"({"domain":"a.example","result":"fail"})"));
  parsed.media = {{.blob = 3, .content_id = "img1"}, {.blob = 4, .content_id = std::string(501, 'x')}};
  EXPECT_EQ(parsed.toJson().at("media")[0], Json::parse(R"({"blob":3,"content_id":"img1"})"));
  EXPECT_EQ(parsed.toJson().at("media")[1].at("content_id").get<std::string>().size(), 500U)
      << "the sender chose it; it must not cost the mail";
  parsed.envelope = Envelope{"ana@example.org", {std::string(321, 'x')}};
  EXPECT_EQ(detail::brokenRule(parsed), "envelope.to has 321 bytes, over the limit of 320");
}

TEST(Event, LimitsCountWhatIsWritten) {
  // A byte that is no UTF-8 is written as U+FFFD, which has three.
  Event event = Event::message("m-1", {"phone", "+15550001111"}, "text", at(0));
  event.account = std::string(70, '\x80');
  EXPECT_EQ(detail::brokenRule(event), "account has 210 bytes, over the limit of 200");
  event.account = std::string(66, '\x80');
  EXPECT_EQ(detail::brokenRule(event), std::nullopt);
  event.media.assign(101, Media{.provider_id = "f"});
  EXPECT_EQ(detail::brokenRule(event), "media has 101 items, over the limit of 100");
  event.media.clear();
  event.id = "";
  EXPECT_EQ(detail::brokenRule(event), "id is empty");
  event.id = "m-1";
  event.from->address = "";
  EXPECT_EQ(detail::brokenRule(event), "from.address is empty");
  event.from->name = std::string(900, '\x80');
  EXPECT_EQ(Json::parse(dumpJson(event.toJson())).at("/from/name"_json_pointer).get<std::string>().size(), 999U);
}

TEST(Operation, HasTheMailOfTheHost) {
  const Operation operation(Json::parse(R"({"kind":"message","subject":"Re: Hi","mime":800,
    "thread":{"in_reply_to":"m@x","references":["l@x","m@x"]},
    "mail":{"from":{"address":"help@p.example"},"message_id":"r@p.example","headers":[["Auto-Submitted","auto-replied"]]}})"));
  EXPECT_EQ(operation.subject(), "Re: Hi");
  EXPECT_EQ(operation.mime().id, 800U);
  const OutgoingMail mail = operation.mail();
  EXPECT_EQ(mail.from, "help@p.example");
  EXPECT_EQ(mail.name, "");
  EXPECT_EQ(mail.message_id, "r@p.example");
  EXPECT_EQ(mail.in_reply_to, "m@x");
  EXPECT_EQ(mail.references, (std::vector<std::string>{"l@x", "m@x"}));
  EXPECT_EQ(mail.headers.at(0).first, "Auto-Submitted");
  EXPECT_THROW((void)Operation(Json::object()).mail(), Json::exception);
}

TEST(Event, AReactionThatIsTakenBackSaysNull) {
  EXPECT_TRUE(Event::reaction("m", {"phone", "+1"}, std::nullopt, at(0)).toJson().at("emoji").is_null());
  EXPECT_EQ(Event::reaction("m", {"phone", "+1"}, "👍", at(0)).toJson().at("emoji"), "👍");
}

TEST(Event, LongNamesAreCutBetweenCharacters) {
  Event event = Event::message("m", {"phone", "+1", std::string(999, 'x') + "é"}, "text", at(0));
  EXPECT_EQ(event.toJson().at("from").at("name"), std::string(999, 'x'));
}

TEST(HttpRequest, SaysWhetherItMayBeRepeated) {
  EXPECT_EQ(HttpRequest::get("https://a.test").toJson().at("repeat"), "safe");
  EXPECT_EQ(HttpRequest::post("https://a.test").toJson().at("repeat"), "unsafe");
  EXPECT_EQ(HttpRequest::post("https://a.test").safe().toJson().at("repeat"), "safe");
}

TEST(HttpRequest, BuildsTheDocument) {
  const auto request = HttpRequest::post("https://a.test/m")
                           .part("kind", "x")
                           .file("file", Blob{7}, "a.jpg", "image/jpeg")
                           .bearer("access_token")
                           .header("X-A", "b")
                           .timeout(std::chrono::seconds(5));
  EXPECT_EQ(request.toJson(),
            Json::parse(R"({"method":"POST","url":"https://a.test/m","repeat":"unsafe","timeout_ms":5000,
    "headers":[["X-A","b"]],"auth":[{"scheme":"bearer","key":"access_token"}],
    "multipart":[{"name":"kind","value":"x"},{"name":"file","value":{"$blob":7},"filename":"a.jpg","content_type":"image/jpeg"}]})"));
}

TEST(HttpRequest, FormFieldsAndHeadersArePairs) {
  const auto request = HttpRequest::post("https://a.test").form("To", "+1").form("Body", "");
  EXPECT_EQ(request.toJson().at("form"), Json::parse(R"([["To","+1"],["Body",""]])"));
}

TEST(Result, AFailureNamesClassScopeAndWait) {
  const auto result =
      Result::failed({ErrorClass::kRateLimited, "131056", "slow down", std::chrono::seconds(4), Scope::kRecipient});
  EXPECT_EQ(result.toJson(),
            Json::parse(R"({"status":"failed","error":{"class":"rate_limited","code":"131056","text":"slow down",
    "retry_after":4,"scope":"recipient"}})"));
}

TEST(Result, ProvidersTextIsCutToWhatTheSchemaTakes) {
  const auto result = Result::failed(ErrorClass::kRequest, std::string(500, 'c'), std::string(5000, 't'));
  EXPECT_EQ(result.toJson().at("error").at("code").get<std::string>().size(), 100u);
  EXPECT_EQ(result.toJson().at("error").at("text").get<std::string>().size(), 2000u);
}

}  // namespace
}  // namespace patchbay
