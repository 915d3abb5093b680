/// What the simulator delivers, and when.
#include "simulators/whatsapp/simulator_fixture.hpp"

namespace patchbay::simulators::whatsapp {
namespace {

TEST_F(WhatsAppSimulatorTest, DeliversTheEnvelopeOfTheSheetAsEscapedAsciiWithAValidSignature) {
  const auto answer = meta.deliver("1061", textEvent(kInes, "Où ? 🥐 https://a.test/b"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.answer, "said 200");
  const auto request = callback.received().at(0);
  EXPECT_EQ(request.header("content-type"), "application/json");
  EXPECT_NE(request.body.find(R"("O\u00f9 ? \ud83e\udd50 https:\/\/a.test\/b")"), std::string::npos) << request.body;
  const Json body = parseJson(request.body);
  EXPECT_EQ(body["object"], "whatsapp_business_account");
  EXPECT_EQ(body["entry"][0]["id"], "3012");
  const Json& value = body["entry"][0]["changes"][0]["value"];
  EXPECT_EQ(value["metadata"], (Json{{"display_phone_number", "15550109999"}, {"phone_number_id", "1061"}}));
  EXPECT_EQ(
      value["contacts"][0],
      (Json{{"profile", {{"name", "Inês"}, {"username", "@ines"}}}, {"wa_id", "33639980042"}, {"user_id", "FR.7781"}}));
  EXPECT_EQ(value["messages"][0]["from"], "33639980042");
  EXPECT_EQ(value["messages"][0]["id"], answer.ids.at(0));
  EXPECT_TRUE(value["messages"][0]["timestamp"].is_string());
}

TEST_F(WhatsAppSimulatorTest, ACustomerWhoHidesTheNumberHasNoPhoneAnywhere) {
  meta.deliver("1061", textEvent(kHidden, "hi"));
  const Json value = parseJson(callback.received().at(0).body)["entry"][0]["changes"][0]["value"];
  EXPECT_FALSE(value["contacts"][0].contains("wa_id"));
  EXPECT_FALSE(value["messages"][0].contains("from"));
  EXPECT_EQ(value["messages"][0]["from_user_id"], "TW.9032");
}

TEST_F(WhatsAppSimulatorTest, SignaturesCanBeWrongOrMissing) {
  using Signature = Delivery::Signature;
  for (const auto signature : {Signature::kWrong, Signature::kMissing}) {
    Delivery how;
    how.signature = signature;
    EXPECT_EQ(meta.deliver("1061", textEvent(kInes, "x"), how).at(0).status, 401);
  }
  EXPECT_EQ(callback.received().at(1).header("X-Hub-Signature-256"), "");
}

TEST_F(WhatsAppSimulatorTest, BatchesCanBeChangesEntriesOrOneValue) {
  const std::vector<Json> events{textEvent(kInes, "1"), textEvent(kHidden, "2"), textEvent(kInes, "3")};
  for (const char* layout : {"changes", "entries", "value"}) {
    const auto answer = meta.deliver("1061", batchEvent(events, layout));
    EXPECT_EQ(answer.ids.size(), 3U);
  }
  const auto received = callback.received();
  const Json changes = parseJson(received.at(0).body)["entry"];
  const Json entries = parseJson(received.at(1).body)["entry"];
  const Json value = parseJson(received.at(2).body)["entry"];
  EXPECT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0]["changes"].size(), 3U);
  EXPECT_EQ(entries.size(), 3U);
  EXPECT_EQ(value[0]["changes"].size(), 1U);
  EXPECT_EQ(value[0]["changes"][0]["value"]["messages"].size(), 3U);
  EXPECT_EQ(value[0]["changes"][0]["value"]["contacts"].size(), 2U);
}

TEST_F(WhatsAppSimulatorTest, CopiesAreTheSameBytesEachWithItsOwnAnswer) {
  Delivery how;
  how.copies = 50;
  EXPECT_EQ(meta.deliver("1061", textEvent(kInes, "x"), how).size(), 50U);
  const auto received = callback.received();
  ASSERT_EQ(received.size(), 50U);
  for (const auto& request : received) EXPECT_EQ(request.body, received[0].body);
}

TEST_F(WhatsAppSimulatorTest, AThousandUpdatesFitInOneWebhook) {
  std::vector<Json> events;
  for (int i = 0; i < 1000; ++i) events.push_back(textEvent(kInes, std::string(2500, 'x')));
  EXPECT_EQ(meta.deliver("1061", batchEvent(events, "value")).status, 200);
  EXPECT_GT(callback.received().at(0).body.size(), 2'500'000U);
}

TEST_F(WhatsAppSimulatorTest, TheHandshakeWantsExactlyTheChallenge) {
  EXPECT_EQ(meta.verify("1061"), "");
  callback.after_challenge = "\n";
  EXPECT_NE(meta.verify("1061").find("nothing else"), std::string::npos);
  callback.verify_token = "another";
  EXPECT_NE(meta.verify("1061").find("403"), std::string::npos);
}

TEST_F(WhatsAppSimulatorTest, AnAcceptedSendIsAnsweredAndFollowedByItsStatusesInOrder) {
  meta.deliver("1061", textEvent(kInes, "hello"));
  const auto answer = send(text("Bonjour"));
  ASSERT_EQ(answer.status, 200) << answer.body;
  const Json body = parseJson(answer.body);
  EXPECT_EQ(body["contacts"], (Json::array({{{"input", "+33639980042"}, {"wa_id", "33639980042"}}})));
  const std::string wamid = body["messages"][0]["id"];
  ASSERT_TRUE(meta.waitForStatus(wamid, "read", seconds(30)));
  const auto received = callback.received();
  ASSERT_EQ(received.size(), 4U);
  const char* expected[] = {"sent", "delivered", "read"};
  for (std::size_t i = 0; i < 3; ++i) {
    const Json value = parseJson(received[i + 1].body)["entry"][0]["changes"][0]["value"];
    const Json& status = value["statuses"][0];
    EXPECT_EQ(status["status"], expected[i]);
    EXPECT_EQ(status["id"], wamid);
    EXPECT_EQ(status["recipient_id"], "33639980042");
    EXPECT_EQ(status["recipient_user_id"], "FR.7781");
    EXPECT_EQ(status["biz_opaque_callback_data"], "out-42");
    EXPECT_EQ(value["contacts"][0]["wa_id"], "33639980042");
  }
}

TEST_F(WhatsAppSimulatorTest, ASendToAUserIdIsAnsweredWithoutAPhone) {
  Json body = text("hi");
  body.erase("to");
  body["recipient"] = "TW.9032";
  const Json answer = parseJson(send(body).body);
  EXPECT_EQ(answer["contacts"][0], (Json{{"input", "TW.9032"}, {"user_id", "TW.9032"}}));
  ASSERT_TRUE(meta.waitForStatus(answer["messages"][0]["id"], "read", seconds(30)));
  const Json status = parseJson(callback.received().at(0).body)["entry"][0]["changes"][0]["value"]["statuses"][0];
  EXPECT_FALSE(status.contains("recipient_id"));
  EXPECT_EQ(status["recipient_user_id"], "TW.9032");
}

TEST_F(WhatsAppSimulatorTest, StatusesCanComeBeforeTheResponseAndInAnyOrder) {
  meta.setStatuses({{"read", "sent"}, milliseconds(0), true, 0});
  const auto answer = send(text("x"));
  const auto hooks = meta.webhooks();  // already there, without waiting
  ASSERT_EQ(hooks.size(), 2U);
  EXPECT_EQ(hooks[0].kind, "status:read");
  EXPECT_EQ(hooks[1].kind, "status:sent");
  EXPECT_EQ(hooks[0].ids.at(0), parseJson(answer.body)["messages"][0]["id"]);
}

TEST_F(WhatsAppSimulatorTest, OneRecipientCanFailWithACode) {
  meta.setStatusesFor("+33639980042", {{"sent", "failed"}, milliseconds(0), true, 131047});
  send(text("x"));
  const Json status = parseJson(callback.received().at(1).body)["entry"][0]["changes"][0]["value"]["statuses"][0];
  EXPECT_EQ(status["status"], "failed");
  EXPECT_EQ(status["errors"][0]["code"], 131047);
  send(text("x", "+4915550123456"));
  EXPECT_TRUE(meta.waitForStatus(meta.sent().at(1).wamid, "read", seconds(30)));
}

TEST_F(WhatsAppSimulatorTest, AReactionOfOursIsReportedAsSentOnly) {
  meta.setStatuses({{"sent", "delivered", "read"}, milliseconds(0), true, 0});
  const Json reaction{{"messaging_product", "whatsapp"},
                      {"to", "+33639980042"},
                      {"type", "reaction"},
                      {"reaction", {{"message_id", "wamid.X"}, {"emoji", "👍"}}}};
  EXPECT_EQ(send(reaction).status, 200);
  ASSERT_EQ(meta.webhooks().size(), 1U);
  EXPECT_EQ(meta.webhooks()[0].kind, "status:sent");
}

TEST_F(WhatsAppSimulatorTest, AStatusThatIsNotAnsweredWith200ComesAgain) {
  meta.setStatuses({{"sent"}, milliseconds(0), false, 0});
  callback.answerWith({500, 201});
  send(text("x"));
  ASSERT_TRUE(meta.waitForStatus(meta.sent().at(0).wamid, "sent", seconds(30)));
  const auto hooks = meta.webhooks();
  ASSERT_EQ(hooks.size(), 3U);
  EXPECT_EQ(hooks[2].attempt, 3);
  EXPECT_EQ(hooks[0].body, hooks[2].body);
}

}  // namespace
}  // namespace patchbay::simulators::whatsapp
