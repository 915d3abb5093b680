/// Editing and withdrawing messages of ours, with the real Telegram connector and a scripted provider.
#include "integration/channel_desk_fixture.hpp"

namespace patchbay::testing {
namespace {

class OwnChangesTest : public ChannelDeskTest {
 protected:
  void SetUp() override {
    ChannelDeskTest::SetUp();
    auto made = factory_.create(telegramSettings("bot", provider_));
    ASSERT_TRUE(made.ok()) << made.error().message;
    channel_ = *made;
    provider_.otherwise([](const std::string&) { return std::optional(taken()); });
    auto event = message("5550001:1", "5550001", "Hello");
    event.from.address = {"telegram", "5550001"};
    ASSERT_TRUE(ingest({event}));
  }

  static std::string taken() { return testing_support::answer(R"({"ok":true,"result":true})"); }
  static Script refuses(const std::string& why) {
    return [why](const std::string&) {
      return std::optional(
          Provider::refused(400, R"({"ok":false,"error_code":400,"description":"Bad Request: )" + why + "\"}"));
    };
  }

  std::int64_t written(Json more = Json::object()) {
    Json body{{"conversation_id", 1}, {"direction", "out"}, {"content", "Opn at nine"}};
    body.update(more);
    const auto made = call("POST", "/messages", body);
    EXPECT_EQ(201, made.status) << made.text;
    return made.body.at("id");
  }
  /// A message that has left as these messages of the provider's.
  std::int64_t sent(std::vector<std::string> ids) {
    const auto id = written();
    inbox::SendOutcome outcome;
    outcome.kind = inbox::SendOutcome::Kind::kSent;
    outcome.ids = std::move(ids);
    EXPECT_TRUE(hasLeft(id, outcome));
    before_ = updatesEver();
    return id;
  }

  Reply edit(std::int64_t id, const std::string& content) {
    return call("POST", "/messages/" + std::to_string(id) + "/edit", {{"content", content}}, "tenant_user");
  }
  Reply withdraw(std::int64_t id) {
    return call("POST", "/messages/" + std::to_string(id) + "/withdraw", Json(), "tenant_user");
  }
  std::string codeOf(const Reply& reply) { return std::to_string(reply.status) + " " + reply.body.value("code", ""); }
  std::int64_t updatesEver() {
    return count(
        "SELECT count(*) FROM {tenant}.pb_events WHERE type = 'message.updated' AND actor ->> 'kind' = 'user'");
  }
  /// What clients have heard since the message left.
  std::int64_t updates() { return updatesEver() - before_; }

 private:
  std::int64_t before_ = 0;
};

TEST_F(OwnChangesTest, AnEditIsMadeAtTheProviderAndThenHere) {
  const auto id = sent({"5550001:2"});
  const auto edited = edit(id, "Open at nine");
  ASSERT_EQ(200, edited.status) << edited.text;
  EXPECT_EQ("Open at nine", edited.body.at("content"));
  EXPECT_TRUE(edited.body.at("extra").contains("edited_at"));
  const auto request = provider_.requests().at(0);
  EXPECT_NE(request.find("/editMessageText"), std::string::npos);
  EXPECT_EQ(Json({{"chat_id", 5550001}, {"message_id", 2}, {"text", "Open at nine"}}), bodyOf(request));
  EXPECT_EQ(1, updates());
  EXPECT_EQ(200, edit(id, "Open at ten").status);
  EXPECT_EQ(422, edit(id, "").status);
  EXPECT_EQ("422 content_missing", codeOf(edit(id, " \n\t ")));
  EXPECT_EQ(404, edit(4711, "x").status);
}

TEST_F(OwnChangesTest, WhatTheProviderRefusesChangesNothingAndSaysWhy) {
  const auto id = sent({"5550001:2"});
  provider_.next(refuses("message can't be edited"));
  const auto refused = edit(id, "x");
  EXPECT_EQ("422 provider_refused", codeOf(refused));
  EXPECT_NE(refused.text.find("message can't be edited"), std::string::npos) << refused.text;
  EXPECT_EQ("422 provider_refused", codeOf(edit(id, std::string(5000, 'x')))) << "longer than a message can be";
  provider_.next(refuses("message can't be deleted"));
  EXPECT_EQ("422 provider_refused", codeOf(withdraw(id)));
  EXPECT_EQ("Opn at nine", json(service_.message("acme", id)).at("content"));
  EXPECT_EQ(0, updates());
}

TEST_F(OwnChangesTest, OnlyAMessageOfOursThatTheProviderHasCanBeChanged) {
  const auto inbound = thread(1).at(0).at("id").get<std::int64_t>();
  const auto note = written({{"is_note", true}});
  const auto pending = written();
  for (const auto id : {inbound, note, pending}) {
    EXPECT_EQ("422 message_not_at_provider", codeOf(edit(id, "x")));
    EXPECT_EQ("422 message_not_at_provider", codeOf(withdraw(id)));
  }
  EXPECT_TRUE(provider_.requests().empty());
}

TEST_F(OwnChangesTest, AChannelWithoutTheCapabilitySaysWhichOneItLacks) {
  channel_ = connected("1061");
  ASSERT_TRUE(ingest({message("wamid.1", "+33611112222", "Hello")}));
  const auto made = call("POST", "/messages", {{"conversation_id", 2}, {"direction", "out"}, {"content", "Hi"}});
  ASSERT_EQ(201, made.status) << made.text;
  const auto edited = edit(made.body.at("id"), "x");
  EXPECT_EQ("422 edit_not_supported", codeOf(edited));
  EXPECT_NE(edited.text.find("'edit'"), std::string::npos);
  EXPECT_EQ("422 delete_not_supported", codeOf(withdraw(made.body.at("id"))));
  EXPECT_TRUE(provider_.requests().empty());
}

TEST_F(OwnChangesTest, AWithdrawnMessageIsGoneThereAndHereOnce) {
  const auto id = sent({"5550001:2"});
  const auto gone = withdraw(id);
  ASSERT_EQ(200, gone.status) << gone.text;
  EXPECT_TRUE(gone.body.at("content").is_null());
  EXPECT_TRUE(gone.body.at("extra").contains("deleted_at"));
  EXPECT_NE(provider_.requests().at(0).find("/deleteMessage"), std::string::npos);
  EXPECT_EQ("[deleted]", conversations().at(0).at("last_message"));
  EXPECT_EQ(200, withdraw(id).status);
  EXPECT_EQ("422 message_withdrawn", codeOf(edit(id, "x")));
  EXPECT_EQ(1U, provider_.requests().size());
  EXPECT_EQ(1, updates());
}

TEST_F(OwnChangesTest, ATextInPartsIsWithdrawnPartByPartAndNotEdited) {
  const auto id = sent({"5550001:2", "5550001:3"});
  EXPECT_EQ("422 message_has_parts", codeOf(edit(id, "x")));
  EXPECT_TRUE(provider_.requests().empty());
  provider_.next([](const std::string&) { return std::optional(taken()); });
  provider_.next(refuses("message can't be deleted"));
  EXPECT_EQ("422 provider_refused", codeOf(withdraw(id)));
  const Json half = json(service_.message("acme", id));
  EXPECT_EQ("Opn at nine", half.at("content"));
  EXPECT_EQ(Json({"5550001:2"}), half.at("extra").at("withdrawn_parts"));
  const auto gone = withdraw(id);
  ASSERT_EQ(200, gone.status) << gone.text;
  EXPECT_TRUE(gone.body.at("content").is_null());
  EXPECT_FALSE(gone.body.at("extra").contains("withdrawn_parts"));
  ASSERT_EQ(3U, provider_.requests().size()) << "the part that was gone is not asked for again";
  EXPECT_EQ(3, bodyOf(provider_.requests().back()).at("message_id"));
}

}  // namespace
}  // namespace patchbay::testing
