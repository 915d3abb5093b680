#include "api/legacy_errors.hpp"

#include "api_fixture.hpp"

namespace patchbay::api {
namespace {

class LegacyErrors : public ApiTest {
 protected:
  LegacyErrors() : ApiTest({.threads = 1, .max_queued = 16, .legacy_errors = true}) {}
};

TEST_F(LegacyErrors, AreATextUnderDetail) {
  const auto refused = send("POST", kConversations, "{}", "");
  EXPECT_TRUE(refused_by_header_);
  EXPECT_EQ(401, refused.status);
  EXPECT_EQ("application/json", http::find(refused.headers, "Content-Type"));
  EXPECT_EQ("Bearer", http::find(refused.headers, "WWW-Authenticate"));
  EXPECT_EQ((Json{{"detail", "This needs a token: send the header Authorization: Bearer <token>."}}), bodyOf(refused));

  const auto forbidden = send("GET", "/api/v1/tenants/globex/conversations");
  EXPECT_EQ(403, forbidden.status);
  EXPECT_EQ((Json{{"detail", "The token does not open this tenant."}}), bodyOf(forbidden));
}

TEST_F(LegacyErrors, OfAMissingPageHaveThePredecessorsMembersToo) {
  const auto missing = bodyOf(send("GET", "/api/v1/communications/dreams"));
  EXPECT_EQ("Not Found", missing["error"]);
  EXPECT_EQ("/api/v1/communications/dreams", missing["path"]);
  EXPECT_EQ(missing["detail"], missing["message"]);
  EXPECT_EQ(4U, missing.size());
}

TEST_F(LegacyErrors, OfABodyThatDoesNotFitAreTheListThatItsClientsRead) {
  const auto response =
      send("POST", std::string{kConversations} + "?current_user_id=1", R"({"channel":"pigeon","tags":["a",7]})");
  EXPECT_EQ(422, response.status);
  const auto body = bodyOf(response);
  EXPECT_EQ(1U, body.size());
  std::map<std::string, std::string> found;
  for (const auto& one : body["detail"]) {
    EXPECT_TRUE(one["msg"].is_string());
    found[one["loc"].dump()] = one["type"];
  }
  EXPECT_EQ("value_error", found[R"(["body","channel"])"]) << body;
  EXPECT_EQ("missing", found[R"(["body","contact_identifier"])"]) << body;
  EXPECT_EQ("value_error", found[R"(["body","tags",1])"]) << body;
  const auto query = bodyOf(send("GET", std::string{kConversations} + "?limit=x"));
  EXPECT_EQ(R"(["query","limit"])", query["detail"][0]["loc"].dump());
}

TEST_F(LegacyErrors, LeaveWhatIsNoErrorAlone) {
  const auto good = send("GET", kConversations);
  EXPECT_EQ(200, good.status);
  EXPECT_EQ("{}", good.body);
}

TEST(ToLegacyError, ReadsPointersAsRfc6901Has) {
  http::Response response{422,
                          {{"Content-Type", "application/problem+json"}},
                          R"({"detail":"no","errors":[{"pointer":"/a~1b/0/~0","message":"is bad"},
                              {"pointer":"","message":"is missing"},{"pointer":"query","message":"x"},
                              {"pointer":"header:If-Match","message":"x"}]})"};
  toLegacyError(response);
  const auto detail = parseJson(response.body)["detail"];
  EXPECT_EQ(R"(["body","a/b",0,"~"])", detail[0]["loc"].dump());
  EXPECT_EQ(R"(["body"])", detail[1]["loc"].dump());
  EXPECT_EQ(R"(["query"])", detail[2]["loc"].dump());
  EXPECT_EQ(R"(["header","If-Match"])", detail[3]["loc"].dump());
  auto again = response;
  toLegacyError(again);
  EXPECT_EQ(response.body, again.body);
}

}  // namespace
}  // namespace patchbay::api
