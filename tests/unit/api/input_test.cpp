/// What is read of path, query, headers and body, and what is refused of it.
#include "api/input.hpp"

#include "api_fixture.hpp"

namespace patchbay::api {
namespace {

constexpr const char* kMessages = "/api/v1/communications/messages";

class Input : public ApiTest {
 protected:
  http::Response list(const std::string& query) { return send("GET", std::string{kConversations} + "?" + query); }
  http::Response create(const std::string& body) { return send("POST", kConversations, body); }
};

TEST_F(Input, QueryValuesAreTypedAndDefaultsFilledIn) {
  ASSERT_EQ("200 ", codeOf(list("status=open&is_spam=True&limit=5&search=a+b%C3%A9&tag=")));
  EXPECT_EQ(Json({{"status", "open"},
                  {"is_spam", true},
                  {"limit", 5},
                  {"skip", 0},
                  {"search", "a b\u00e9"},
                  {"tag", ""},
                  {"include_spam", false},
                  {"sort", "-last_message_at"}}),
            last_.query);
}

TEST_F(Input, QueryValuesThatDoNotFitAre422) {
  for (const char* query : {"status=lost",
                            "status=",
                            "status=OPEN",
                            "channel=smoke",
                            "limit=0",
                            "limit=1001",
                            "limit=+5",
                            "limit=5.0",
                            "limit=1e2",
                            "limit=",
                            "limit= 5",
                            "limit=99999999999999999999",
                            "skip=-1",
                            "is_spam=maybe",
                            "is_spam=",
                            "assigned_to=ada",
                            "date_from=yesterday",
                            "date_from=2026-02-30",
                            "sort=name",
                            "status=open&status=new",
                            "search=%ff",
                            "search=%00",
                            "search=%zz"}) {
    const auto response = list(query);
    EXPECT_EQ("422 validation_failed", codeOf(response)) << query;
    if (response.status == 422) {
      EXPECT_EQ("query:" + std::string(query).substr(0, std::string(query).find('=')), pointersOf(response)) << query;
    }
  }
  EXPECT_EQ("200 ", codeOf(list("channel=carrier_pigeon&date_from=2026-02-28&date_to=2026-02-28T10:00:00%2B02:00")));
}

TEST_F(Input, AllThatIsWrongIsNamedAtOnce) {
  const auto response =
      send("POST", std::string{kConversations} + "?x=1",
           R"({"channel":"smoke","contact_identifier":"","tags":["a",7],"priority":"urgent","contact_metadata":[]})");
  EXPECT_EQ("422 validation_failed", codeOf(response));
  for (const char* pointer : {"/channel", "/contact_identifier", "/tags/1", "/priority", "/contact_metadata"})
    EXPECT_NE(std::string::npos, (" " + pointersOf(response) + " ").find(" " + std::string(pointer) + " "))
        << pointer << ": " << response.body;
}

TEST_F(Input, PathParametersThatAreNoIdsAre422) {
  for (const char* id : {"x", "0", "-1", "1.5", "7abc", "%20", "99999999999999999999", "..", "'"})
    EXPECT_EQ("422 validation_failed", codeOf(send("GET", std::string{kConversations} + "/" + id))) << id;
  EXPECT_EQ("200 ", codeOf(send("GET", std::string{kConversations} + "/9223372036854775807/")));
  EXPECT_EQ(9223372036854775807, last_.path["id"].get<std::int64_t>());
}

TEST_F(Input, BodiesGetTheirDefaults) {
  ASSERT_EQ("200 ", codeOf(create(R"({"channel":"web","contact_identifier":"ada"})")));
  EXPECT_EQ(Json({{"channel", "web"},
                  {"contact_identifier", "ada"},
                  {"status", "new"},
                  {"priority", "normal"},
                  {"tags", Json::array()},
                  {"platform_metadata", Json::object()}}),
            sent());
}

TEST_F(Input, ANullMeansNotGivenUnlessItClears) {
  ASSERT_EQ(
      "200 ",
      codeOf(create(R"({"channel":"web","contact_identifier":"ada","status":null,"contact_name":null,"tags":null})")));
  EXPECT_EQ("new", sent()["status"]);
  EXPECT_FALSE(sent().contains("contact_name"));
  ASSERT_EQ("200 ", codeOf(send("PATCH", std::string{kConversations} + "/7",
                                R"({"contact_name":null,"snoozed_until":null,"status":null,"tags":null})")));
  EXPECT_EQ(Json({{"contact_name", nullptr}, {"snoozed_until", nullptr}}), sent());
  ASSERT_EQ("200 ", codeOf(send("POST", std::string{kConversations} + "/7/assign", R"({"assigned_to":null})")));
  EXPECT_EQ(Json({{"assigned_to", nullptr}}), sent());
  EXPECT_EQ("422 validation_failed", codeOf(send("POST", std::string{kConversations} + "/7/assign", "{}")));
  EXPECT_EQ("422 validation_failed", codeOf(create(R"({"channel":null,"contact_identifier":"ada"})")));
}

TEST_F(Input, BodiesThatAreNotJsonAre400) {
  for (const std::string& body :
       {std::string{"{"}, std::string{"nope"}, std::string{"{\"channel\":\"web\"} x"}, std::string{"{'channel':'web'}"},
        std::string{R"({"channel":"\ud800"})"}, std::string{"{\"channel\":\"\xff\"}"},
        std::string("{\"channel\":\"\0\"}", 15), std::string{R"({"n":1e400})"}, std::string(200000, '['),
        std::string(200000, '{'), "{\"contact_metadata\":" + std::string(70, '[') + std::string(70, ']') + "}"})
    EXPECT_EQ("400 invalid_json", codeOf(create(body))) << body.substr(0, 60);
  EXPECT_EQ(0, calls_);
}

TEST_F(Input, BodiesOfTheWrongShapeAre422) {
  for (const char* body : {"[]", "7", "null", "\"text\"", "true", "  "})
    EXPECT_EQ("422 validation_failed", codeOf(create(body))) << body;
}

TEST_F(Input, NulInTextIsReplacedBecausePostgresTakesNone) {
  ASSERT_EQ(
      "200 ",
      codeOf(create(R"({"channel":"web","contact_identifier":"a\u0000b","contact_metadata":{"k\u0000":["\u0000"]}})")));
  EXPECT_EQ("a\uFFFDb", sent()["contact_identifier"]);
  EXPECT_EQ(Json({{"k\uFFFD", {"\uFFFD"}}}), sent()["contact_metadata"]);
}

std::string bodyWith(const std::string& more) {
  return R"({"channel":"web","contact_identifier":"ada",)" + more + "}";
}

std::string times(int count, const std::string& item) {
  std::string all;
  for (int i = 0; i < count; ++i) all += (i == 0 ? "" : ",") + item;
  return all;
}

TEST_F(Input, BodiesWithTooManyPartsAreRefusedBeforeTheyAreChecked) {
  for (const auto& body : {bodyWith("\"tags\":[" + times(100000, "7") + "]"), "[" + times(6000, "[[[1]]]") + "]",
                           bodyWith("\"contact_metadata\":{\"a\":[" + times(20001, "{}") + "]}")}) {
    const auto response = create(body);
    EXPECT_EQ("422 validation_failed", codeOf(response));
    EXPECT_EQ(1U, bodyOf(response).at("errors").size());
    EXPECT_NE(std::string::npos, response.body.find("more than 20000"));
  }
  EXPECT_EQ(0, calls_);
}

TEST_F(Input, OfVeryManyMistakesAHundredAreTold) {
  const auto items = bodyOf(create(bodyWith("\"tags\":[" + times(19000, "7") + "]"))).at("errors");
  EXPECT_LE(items.size(), 101U);
  EXPECT_GE(items.size(), 90U);
  EXPECT_EQ("/tags/0", items.at(0).at("pointer") == "/tags" ? items.at(1).at("pointer") : items.at(0).at("pointer"));
  std::string unknown;
  for (int i = 0; i < 5000; ++i) unknown += (i == 0 ? "\"x" : ",\"x") + std::to_string(i) + "\":1";
  const auto lenient = create(bodyWith(unknown));
  EXPECT_EQ("200 ", codeOf(lenient));
  EXPECT_TRUE(http::find(lenient.headers, "Patchbay-Ignored").ends_with(", ..."));
  auto strict = request("POST", kConversations, bodyWith(unknown));
  strict.headers.push_back({"Prefer", "handling=strict"});
  EXPECT_EQ(100U, bodyOf(send(std::move(strict))).at("errors").size());
}

TEST_F(Input, FilesAreNamedByHttpAlone) {
  const auto send_file = [this](const std::string& url) {
    return codeOf(send("POST", kMessages,
                       R"({"conversation_id":1,"direction":"out","type":"image","media_url":")" + url + "\"}"));
  };
  for (const char* url : {"javascript:alert(1)", "file:///etc/passwd", "ftp://host/x", "data:text/html,x"})
    EXPECT_EQ("422 validation_failed", send_file(url)) << url;
  EXPECT_EQ("200 ", send_file("https://files.example/a.png"));
  EXPECT_EQ("200 ", send_file("HTTP://files.example/a.png"));
}

TEST_F(Input, VeryLongTextWhereAPatternAppliesIsRefusedQuickly) {
  const std::string text(30000, 'a');
  const auto super = bearer({{"role", "super_admin"}});
  EXPECT_EQ("422 validation_failed", codeOf(send("POST", "/api/v1/tenants", R"({"slug":")" + text + "\"}", super)));
  EXPECT_EQ("422 validation_failed",
            codeOf(send("POST", "/api/v1/tenants/7/initialize", R"({"schema_name":")" + text + "\"}", super)));
  EXPECT_EQ("422 validation_failed", codeOf(send("GET", std::string{kMessages} + "/conversation/7?anchor=" + text)));
  auto keyed = request("POST", kMessages, R"({"conversation_id":1,"direction":"out"})");
  keyed.headers.push_back({"Idempotency-Key", text});
  const auto response = send(std::move(keyed));
  EXPECT_EQ("header:Idempotency-Key", pointersOf(response));
}

TEST_F(Input, LengthsCountCharactersNotBytes) {
  std::string name;
  for (int i = 0; i < 255; ++i) name += "\xF0\x9F\x98\x80";
  EXPECT_EQ("200 ", codeOf(create(R"({"channel":"web","contact_identifier":"ada","contact_name":")" + name + "\"}")));
  EXPECT_EQ("422 validation_failed",
            codeOf(create(R"({"channel":"web","contact_identifier":"ada","contact_name":"x)" + name + "\"}")));
}

TEST_F(Input, UnknownMembersAndParametersAreIgnoredAndNamed) {
  const auto body =
      R"({"channel":"web","contact_identifier":"ada","colour":"red","x y\r\n":1,"contact_metadata":{"free":1}})";
  const auto response = send("POST", std::string{kConversations} + "?debug=1&current_user_id=9", body);
  ASSERT_EQ("200 ", codeOf(response));
  EXPECT_EQ("colour, debug, x%20y%0D%0A", http::find(response.headers, "Patchbay-Ignored"));
  EXPECT_FALSE(sent().contains("colour"));
  EXPECT_EQ(Json({{"free", 1}}), sent()["contact_metadata"]);
  const auto nested = send(
      "POST", kMessages, R"({"conversation_id":1,"direction":"out","template":{"name":"a","language":"en","hue":1}})");
  EXPECT_EQ("template/hue", http::find(nested.headers, "Patchbay-Ignored"));
}

TEST_F(Input, StrictHandlingRefusesThem) {
  auto strict = request("POST", std::string{kConversations} + "?debug=1",
                        R"({"channel":"web","contact_identifier":"ada","colour":"red"})");
  strict.headers.push_back({"Prefer", "respond-async, handling=strict"});
  const auto response = send(std::move(strict));
  EXPECT_EQ("422 validation_failed", codeOf(response));
  EXPECT_EQ("query:debug /colour", pointersOf(response));
  auto fine = request("POST", std::string{kConversations} + "?current_user_id=9",
                      R"({"channel":"web","contact_identifier":"ada"})");
  fine.headers.push_back({"Prefer", "handling=strict"});
  EXPECT_EQ("200 ", codeOf(send(std::move(fine))));
}

TEST_F(Input, TheHeaderOfIgnoredNamesIsBounded) {
  std::string body = R"({"channel":"web","contact_identifier":"ada")";
  for (int i = 0; i < 1000; ++i) body += ",\"unknown_member_" + std::to_string(i) + "\":1";
  const auto response = create(body + "}");
  const auto named = http::find(response.headers, "Patchbay-Ignored");
  EXPECT_LE(named.size(), 1100U);
  EXPECT_TRUE(named.ends_with("...")) << named;
}

TEST_F(Input, TheBodyMustBeCalledJson) {
  const std::string body = R"({"channel":"web","contact_identifier":"ada"})";
  const auto as = [&](const char* type) {
    auto one = request("POST", kConversations, body);
    one.headers.back() = {"Content-Type", type};
    return codeOf(send(std::move(one)));
  };
  EXPECT_EQ("200 ", as("application/json; charset=utf-8"));
  EXPECT_EQ("200 ", as("Application/JSON"));
  EXPECT_EQ("200 ", as("application/merge-patch+json"));
  EXPECT_EQ("200 ", as(""));
  EXPECT_EQ("415 unsupported_media_type", as("application/x-www-form-urlencoded"));
  EXPECT_EQ("415 unsupported_media_type", as("text/plain"));
}

TEST_F(Input, AnIdempotencyKeyIsPrintableAscii) {
  const auto with = [&](const std::string& key) {
    auto one = request("POST", kMessages, R"({"conversation_id":1,"direction":"out"})");
    one.headers.push_back({"Idempotency-Key", key});
    return codeOf(send(std::move(one)));
  };
  EXPECT_EQ("200 ", with("8e03978e-40d5-43dd-bc93-6894a57f9324"));
  EXPECT_EQ("8e03978e-40d5-43dd-bc93-6894a57f9324", last_.headers["Idempotency-Key"]);
  EXPECT_EQ("422 validation_failed", with(""));
  EXPECT_EQ("422 validation_failed", with("schl\u00fcssel"));
  EXPECT_EQ("422 validation_failed", with(std::string(256, 'k')));
}

TEST_F(Input, AMatchingEntityTagMakesA304OfAGet) {
  endpoints_["getConversation"].run = [](Call, Answer answer) { answer({200, {{"ETag", "\"7\""}}, "{}"}); };
  for (const auto& [tags, status] : std::vector<std::pair<std::string, int>>{
           {"\"7\"", 304}, {"\"1\", W/\"7\"", 304}, {"*", 304}, {"\"8\"", 200}, {"7", 200}}) {
    auto one = request("GET", std::string{kConversations} + "/7");
    one.headers.push_back({"If-None-Match", tags});
    const auto response = send(std::move(one));
    EXPECT_EQ(status, response.status) << tags;
    EXPECT_EQ(status == 304, response.body.empty()) << tags;
  }
}

TEST_F(Input, GarbageDoesNotCrash) {
  std::uint32_t state = 12345;
  const auto next = [&state] { return state = state * 1664525U + 1013904223U; };
  const std::string alphabet = "{}[]\",:\\ntrue0123456789.eE-+ \x01\x7f\xff\xc3%&=/";
  for (int round = 0; round < 500; ++round) {
    std::string text;
    for (std::uint32_t i = next() % 60; i > 0; --i) text += alphabet[next() >> 16U & 31U];
    (void)create(text);
    (void)list(text);
    (void)send("GET", "/" + text);
    (void)send("GET", kConversations, "", text);
  }
}

}  // namespace
}  // namespace patchbay::api
