#include "api/permissions.hpp"

#include "api_fixture.hpp"

namespace patchbay::api {
namespace {

TEST(Permissions, AnEntryCoversItselfItsGroupOrEverything) {
  EXPECT_TRUE(covers("conversations.read", "conversations.read"));
  EXPECT_TRUE(covers("conversations.*", "conversations.read"));
  EXPECT_TRUE(covers("*", "conversations.read"));
  for (const char* entry : {"conversations.write", "conversations.rea", "conversations.reads", "conversation.*",
                            "conversations", "conversations.", "conversations*", "*.read", ".*", "", "Conversations.*"})
    EXPECT_FALSE(covers(entry, "conversations.read")) << entry;
  EXPECT_FALSE(covers("conversations.*", "conversations_archive.read"));
}

TEST(Permissions, AWordThatMeansNothingIsATypingMistakeInAScope) {
  const Contract contract(builtInDocument(), {});
  const auto words = contract.permissions();
  for (const char* good : {"conversations.read", "conversations.*", "media.*", "*"})
    EXPECT_EQ("", permissionProblem(good, words)) << good;
  for (const char* bad : {"", "conversations", "conversation.read", "users.*", "conversations.reed", "*.*"})
    EXPECT_NE("", permissionProblem(bad, words)) << bad;
  EXPECT_NE(std::string::npos, permissionProblem("conversation.read", words).find("'conversations.read'"));
  EXPECT_NE(std::string::npos, permissionProblem("conversation.*", words).find("'conversations.*'"));
}

TEST(Permissions, EachOperationOfATenantNeedsOneOfTheVocabularyOrSaysNone) {
  const auto start = [](const Json& patch) { return Contract(builtInDocument().patch(patch), {}); };
  const std::string at = "/paths/~1messages/get/x-patchbay-permission";
  EXPECT_NO_THROW(start(Json::array()));
  EXPECT_THROW(start({{{"op", "remove"}, {"path", at}}}), ContractError);
  EXPECT_THROW(start({{{"op", "replace"}, {"path", at}, {"value", "messages.reed"}}}), ContractError);
  EXPECT_THROW(start({{{"op", "add"}, {"path", "/paths/~1health/get/x-patchbay-permission"}, {"value", "none"}}}),
               ContractError);
  EXPECT_THROW(start({{{"op", "add"}, {"path", "/components/schemas/Permission/enum/-"}, {"value", "coffee.make"}}}),
               ContractError)
      << "a word that opens nothing";
}

class Limited : public ApiTest {
 protected:
  std::string ask(const std::string& method, const std::string& path, const Json& change) {
    return codeOf(send(method, "/api/v1/communications" + path, method == "GET" ? "" : "{}", bearer(change)));
  }
};

TEST_F(Limited, ATokenOpensWhatItLists) {
  const Json reader = {{"permissions", {"conversations.read", "billing.*"}}};
  EXPECT_EQ("200 ", ask("GET", "/conversations", reader));
  EXPECT_EQ("403 permission_required", ask("GET", "/messages", reader));
  EXPECT_EQ("403 permission_required", ask("PUT", "/conversations/1", reader));
  EXPECT_EQ("200 ", ask("PUT", "/conversations/1", {{"permissions", {"conversations.*"}}}));
  EXPECT_EQ("200 ", ask("PUT", "/conversations/1", {{"permissions", {"*"}}}));
  EXPECT_EQ("403 permission_required", ask("GET", "/conversations", {{"permissions", {"billing.read"}}}));
}

TEST_F(Limited, WithoutAListOrWithAnEmptyOneTheRoleDecides) {
  for (const Json& list : {Json(), Json::array()})
    EXPECT_EQ("200 ", ask("GET", "/conversations", Json{{"permissions", list}}));
  EXPECT_EQ("200 ", ask("GET", "/conversations", Json::object()));
}

TEST_F(Limited, AListThatIsNoneIsNoToken) {
  for (const Json& list :
       {Json("conversations.*"), Json::object(), Json::array({1}), Json::array({nullptr}), Json(true)})
    EXPECT_EQ("401 invalid_token", ask("GET", "/conversations", {{"permissions", list}})) << list;
}

TEST_F(Limited, TheRoleStaysTheCeiling) {
  EXPECT_EQ("403 role_required",
            codeOf(send("GET", "/api/v1/tenants", "", bearer({{"permissions", {"*"}}, {"role", "admin"}}))));
  EXPECT_EQ("403 permission_required",
            codeOf(send("GET", "/api/v1/tenants", "",
                        bearer({{"permissions", {"conversations.*"}}, {"role", "super_admin"}}))));
}

TEST_F(Limited, AnApiKeyOpensItsScopes) {
  const auto key = newApiKey();
  keys_[key.hash] = {1, "acme", "crm", Role::kTenantUser, std::nullopt, {"messages.*"}};
  EXPECT_EQ("200 ", codeOf(send("GET", "/api/v1/communications/messages", "", "Bearer " + key.text)));
  const auto refused = send("GET", "/api/v1/communications/conversations", "", "Bearer " + key.text);
  EXPECT_EQ("403 permission_required", codeOf(refused));
  EXPECT_EQ("Bearer error=\"insufficient_scope\", scope=\"conversations.read\"",
            http::find(refused.headers, "WWW-Authenticate"));
  const auto open = newApiKey();
  keys_[open.hash] = {2, "acme", "all", Role::kTenantUser, std::nullopt, {}};
  EXPECT_EQ("200 ", codeOf(send("GET", "/api/v1/communications/conversations", "", "Bearer " + open.text)));
}

}  // namespace
}  // namespace patchbay::api
