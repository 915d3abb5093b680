#include "integration/channel_desk_fixture.hpp"

namespace patchbay::testing {
namespace {

using std::chrono::milliseconds;

TEST_F(ChannelDeskTest, TypingIsShownWithTheContactsLastMessageAndStoredNowhere) {
  start({.typing_again = std::chrono::hours{1}});
  provider_.otherwise([](const std::string&) { return std::optional(success()); });
  written("wamid.1");
  const auto [id, message_id] = written("wamid.2");
  const std::string path = "/conversations/" + std::to_string(id) + "/typing";
  const auto before = count("SELECT count(*) FROM {tenant}.pb_events");
  EXPECT_EQ(202, call("POST", path, {{"is_typing", true}}, "tenant_user").status);
  ASSERT_TRUE(provider_.waitForRequests(1));
  const Json body = bodyOf(provider_.requests().at(0));
  EXPECT_EQ("wamid.2", body.at("message_id"));
  EXPECT_EQ("text", body.at("typing_indicator").at("type"));
  EXPECT_NE(provider_.requests().at(0).find("Authorization: Bearer test-access-token"), std::string::npos);
  EXPECT_TRUE(idle());
  EXPECT_EQ(before, count("SELECT count(*) FROM {tenant}.pb_events"));
  EXPECT_EQ(0, count("SELECT count(*) FROM {tenant}.pb_attempts"));

  // Again at once, and the end of it: nothing that the provider has to hear.
  EXPECT_EQ(202, call("POST", path, {{"is_typing", true}}).status);
  EXPECT_EQ(202, call("POST", path, {{"is_typing", false}}).status);
  EXPECT_TRUE(idle());
  EXPECT_EQ(1U, provider_.requests().size());
  EXPECT_EQ(422, call("POST", path, Json::object()).status);
  EXPECT_EQ(404, call("POST", "/conversations/4711/typing", {{"is_typing", true}}).status);
}

TEST_F(ChannelDeskTest, TypingWhereNothingCanBeShownIsAcceptedAndDropped) {
  const std::int64_t web =
      call("POST", "/conversations", {{"channel", "web"}, {"contact_identifier", "ada"}}).body.at("id");
  EXPECT_EQ(202, call("POST", "/conversations/" + std::to_string(web) + "/typing", {{"is_typing", true}}).status);
  const auto [id, message_id] = written("wamid.1");
  paused_until_ = now() + std::chrono::minutes(1);
  EXPECT_EQ(202, call("POST", "/conversations/" + std::to_string(id) + "/typing", {{"is_typing", true}}).status);
  EXPECT_TRUE(idle());
  EXPECT_TRUE(provider_.requests().empty());
}

TEST_F(ChannelDeskTest, ReadingIsAnsweredBeforeTheProviderHearsOfItAndToldOnce) {
  const auto gate = std::make_shared<Gate>();
  provider_.otherwise([gate](const std::string&) {
    gate->wait();
    return std::optional(success());
  });
  const auto [id, message_id] = written("wamid.1");
  const std::string path = "/conversations/" + std::to_string(id);
  const auto read = call("POST", path + "/mark-read");  // the provider has not answered
  EXPECT_EQ(200, read.status);
  EXPECT_EQ(0, read.body.at("unread_count"));
  ASSERT_TRUE(provider_.waitForRequests(1));
  EXPECT_EQ("wamid.1", bodyOf(provider_.requests().at(0)).at("message_id"));
  EXPECT_FALSE(bodyOf(provider_.requests().at(0)).contains("typing_indicator"));
  gate->open();
  EXPECT_TRUE(idle());
  EXPECT_EQ(200, call("PUT", path + "/read").status);
  written("wamid.2");
  EXPECT_EQ(200, call("PUT", path + "/read").status);
  ASSERT_TRUE(provider_.waitForRequests(2));
  EXPECT_TRUE(idle());
  EXPECT_EQ(2U, provider_.requests().size());
  EXPECT_EQ("wamid.2", bodyOf(provider_.requests().at(1)).at("message_id"));
}

TEST_F(ChannelDeskTest, WhatCameAfterTheReadingIsNotToldAsRead) {
  const auto [id, message_id] = written("wamid.1");
  EXPECT_EQ(200, call("PUT", "/conversations/" + std::to_string(id) + "/read").status);
  ASSERT_TRUE(provider_.waitForRequests(1));
  EXPECT_TRUE(idle());
  written("wamid.2");
  desk_->read("acme", id);  // as if the first reading were told only now
  written("wamid.3");
  EXPECT_EQ(200, call("PUT", "/conversations/" + std::to_string(id) + "/read").status);
  ASSERT_TRUE(provider_.waitForRequests(2));
  EXPECT_TRUE(idle());
  ASSERT_EQ(2U, provider_.requests().size());
  EXPECT_EQ("wamid.1", bodyOf(provider_.requests().at(0)).at("message_id"));
  EXPECT_EQ("wamid.3", bodyOf(provider_.requests().at(1)).at("message_id"));
}

TEST_F(ChannelDeskTest, AProviderThatRefusesTheReadChangesNothing) {
  provider_.otherwise([](const std::string&) {
    return std::optional(Provider::refused(400, R"({"error":{"code":130429,"message":"Rate limit hit"}})"));
  });
  const auto [id, message_id] = written("wamid.1");
  EXPECT_EQ(200, call("POST", "/conversations/" + std::to_string(id) + "/mark-read").status);
  ASSERT_TRUE(provider_.waitForRequests(1));
  EXPECT_TRUE(idle());
  EXPECT_EQ(1U, desk_->stats().failed);
  EXPECT_EQ(404, call("POST", "/conversations/4711/mark-read").status);
  // What it said about our speed is heeded all the same.
  EXPECT_EQ(std::vector<std::string>{"channel"}, heeded());
}

TEST_F(ChannelDeskTest, ATestTellsWhatTheProviderSaidAndIsRemembered) {
  provider_.otherwise([](const std::string& request) {
    return std::optional(request.find("subscribed_apps") == std::string::npos
                             ? testing_support::answer(R"({"verified_name":"Shoes","quality_rating":"GREEN"})")
                             : testing_support::answer(R"({"data":[{}]})"));
  });
  auto good = call("POST", "/inbox-channels/whatsapp/test");
  EXPECT_EQ(200, good.status);
  EXPECT_EQ(true, good.body.at("ok")) << good.text;
  EXPECT_EQ("Shoes", good.body.at("details").at("verified_name"));
  EXPECT_EQ("subscribed", good.body.at("details").at("webhook"));
  EXPECT_EQ("ok", call("GET", "/inbox-channels").body.at(1).at("health").at("status"));

  provider_.otherwise([](const std::string&) {
    return std::optional(Provider::refused(401, R"({"error":{"code":190,"message":"Access token has expired"}})"));
  });
  const auto bad = call("POST", "/inbox-channels/whatsapp/test");
  EXPECT_EQ(200, bad.status);
  EXPECT_EQ(false, bad.body.at("ok"));
  EXPECT_EQ("190", bad.body.at("error").at("code"));
  EXPECT_EQ("auth", bad.body.at("error").at("class"));
  const Json health = call("GET", "/inbox-channels").body.at(1).at("health");
  EXPECT_EQ("failing", health.at("status"));
  EXPECT_EQ(false, health.at("last_test").at("ok"));

  EXPECT_EQ(404, call("POST", "/inbox-channels/nowhere/test").status);
  EXPECT_EQ(409, call("POST", "/inbox-channels/broken/test").status);
  EXPECT_EQ(403, call("POST", "/inbox-channels/whatsapp/test", Json(), "tenant_user").status);
}

TEST_F(ChannelDeskTest, ATestThatIsNotAnsweredInTimeSaysSo) {
  start({.answer_deadline = milliseconds{50}});
  const auto gate = std::make_shared<Gate>();
  provider_.otherwise([gate](const std::string&) {
    gate->wait();
    return std::optional(success());
  });
  const auto late = call("POST", "/inbox-channels/whatsapp/test");
  EXPECT_EQ(false, late.body.at("ok"));
  EXPECT_EQ("deadline", late.body.at("error").at("code"));
  EXPECT_EQ(1U, desk_->stats().too_late);
  const auto listing = call("GET", "/inbox-channels/whatsapp/templates");
  EXPECT_EQ(504, listing.status);
  EXPECT_EQ("provider_timeout", listing.body.at("code"));
  gate->open();  // what comes now is for nobody
  EXPECT_TRUE(idle());
}

TEST_F(ChannelDeskTest, TooManyAtATimeAreRefusedAtOnce) {
  start({.operations = {.max_in_flight = 1, .threads = 2}});
  const auto gate = std::make_shared<Gate>();
  provider_.otherwise([gate](const std::string&) {
    gate->wait();
    return std::optional(success());
  });
  auto first = begin("POST", kRoot + "/inbox-channels/whatsapp/setup", Json(), "tenant_admin");
  ASSERT_TRUE(provider_.waitForRequests(1));
  const auto second = call("GET", "/inbox-channels/whatsapp/templates?refresh=true");
  EXPECT_EQ(503, second.status);
  EXPECT_EQ("providers_busy", second.body.at("code"));
  gate->open();
  EXPECT_EQ(true, finish("POST", kRoot + "/inbox-channels/whatsapp/setup", std::move(first)).body.at("ok"));
  EXPECT_NE(provider_.requests().at(0).find("POST /v23.0/3012/subscribed_apps"), std::string::npos);
}

TEST_F(ChannelDeskTest, StoppingLeavesNobodyInTheWay) {
  const auto gate = std::make_shared<Gate>();
  provider_.otherwise([gate](const std::string&) {
    gate->wait();
    return std::optional(success());
  });
  auto waiting = begin("POST", kRoot + "/inbox-channels/whatsapp/setup", Json(), "tenant_admin");
  ASSERT_TRUE(provider_.waitForRequests(1));
  desk_->stop();
  gate->open();
  // Who waited gets no answer, and is not kept alive either.
  ASSERT_EQ(std::future_status::ready, waiting.wait_for(std::chrono::seconds{20}));
  EXPECT_THROW(waiting.get(), std::future_error);
  const auto [id, message_id] = written("wamid.1");
  EXPECT_EQ(202, call("POST", "/conversations/" + std::to_string(id) + "/typing", {{"is_typing", true}}).status);
  EXPECT_EQ(1U, provider_.requests().size());
}

TEST_F(ChannelDeskTest, ChannelsAreListedWithWhatTheyCanAndHowTheyAre) {
  written("wamid.1");
  connectors::Event notice;
  notice.kind = connectors::EventKind::kAccount;
  notice.timestamp = now();
  notice.error = connectors::EventError{"account", "DOWNGRADE", "number DOWNGRADE, now TIER_1K"};
  ASSERT_TRUE(ingest({notice}));
  const std::int64_t id = conversations().at(0).at("id");
  const auto sent = call("POST", "/messages", {{"conversation_id", id}, {"direction", "out"}, {"content", "Hi"}});
  ASSERT_EQ(201, sent.status) << sent.text;
  inbox::SendOutcome outcome;
  outcome.kind = inbox::SendOutcome::Kind::kFailed;
  outcome.error = {"recipient", "131026", "undeliverable"};
  ASSERT_TRUE(hasLeft(sent.body.at("id"), outcome));

  channel_->stats().refused(now(), "the signature is wrong");

  const auto all = call("GET", "/inbox-channels", Json(), "tenant_user");
  ASSERT_EQ(200, all.status);
  ASSERT_EQ(2U, all.body.size());
  EXPECT_EQ("broken", all.body.at(0).at("name"));
  EXPECT_EQ("off", all.body.at(0).at("health").at("status"));
  EXPECT_EQ("no such connector", all.body.at(0).at("off_because"));
  const Json& channel = all.body.at(1);
  EXPECT_EQ("whatsapp", channel.at("platform"));
  EXPECT_EQ(true, channel.at("enabled"));
  EXPECT_EQ(24, channel.at("capabilities").at("phone").at("window_hours"));
  const Json& health = channel.at("health");
  EXPECT_EQ("ok", health.at("status"));
  EXPECT_FALSE(health.at("last_inbound_at").is_null());
  EXPECT_EQ("131026", health.at("last_error").at("code")) << all.text;
  EXPECT_EQ("number DOWNGRADE, now TIER_1K", health.at("last_notice").at("text"));
  EXPECT_EQ("the signature is wrong", health.at("last_refused_webhook").at("text"));
  EXPECT_EQ(all.text.find("test-access-token"), std::string::npos);

  paused_until_ = now() + std::chrono::minutes(1);
  const Json paused = call("GET", "/inbox-channels").body.at(1).at("health");
  EXPECT_EQ("paused", paused.at("status"));
  EXPECT_FALSE(paused.at("paused_until").is_null());
}

TEST_F(ChannelDeskTest, TemplatesAreListedFromMemoryUntilTheyAreAskedForAnew) {
  provider_.otherwise([](const std::string& request) {
    const bool second = request.find("after=c1") != std::string::npos;
    return std::optional(testing_support::answer(
        second ? R"({"data":[{"name":"b","language":"fr","status":"PAUSED"}],"paging":{"cursors":{"after":"c2"}}})"
               : R"({"data":[{"name":"a","language":"en_US","status":"APPROVED","category":"UTILITY","components":[]}],
                     "paging":{"cursors":{"after":"c1"},"next":"https://x.test"}})"));
  });
  const auto list = call("GET", "/inbox-channels/whatsapp/templates", Json(), "tenant_user");
  ASSERT_EQ(200, list.status) << list.text;
  ASSERT_EQ(2U, list.body.size());
  EXPECT_EQ("approved", list.body.at(0).at("status"));
  EXPECT_EQ("paused", list.body.at(1).at("status"));
  EXPECT_EQ(list.body, call("GET", "/inbox-channels/whatsapp/templates").body);
  EXPECT_EQ(2U, provider_.requests().size());
  EXPECT_EQ(200, call("GET", "/inbox-channels/whatsapp/templates?refresh=true").status);
  EXPECT_EQ(4U, provider_.requests().size());

  provider_.otherwise([](const std::string&) {
    return std::optional(Provider::refused(403, R"({"error":{"code":200,"message":"Permissions error"}})"));
  });
  const auto refused = call("GET", "/inbox-channels/whatsapp/templates?refresh=true");
  EXPECT_EQ(502, refused.status);
  EXPECT_EQ("provider_failed", refused.body.at("code"));
  EXPECT_NE(refused.body.at("detail").get<std::string>().find("Permissions error"), std::string::npos);
  EXPECT_EQ(200, call("GET", "/inbox-channels/whatsapp/templates").status) << "the list in memory is still good";
  EXPECT_EQ(404, call("GET", "/inbox-channels/nowhere/templates").status);
  EXPECT_EQ(409, call("GET", "/inbox-channels/broken/templates").status);
}

TEST_F(ChannelDeskTest, NothingIsSentToAnAddressThatOptedOutUntilItOptsIn) {
  const auto [id, message_id] = written("wamid.1");
  const auto consent = [](const char* kind, const char* at, const char* category = "") {
    Json event = {{"kind", kind},
                  {"id", std::string(kind) + at},
                  {"timestamp", at},
                  {"contact", {{"kind", "phone"}, {"address", "+33611112222"}}}};
    if (*category != '\0') event["text"] = category;
    return *connectors::decodeEvent(dumpJson(event), now());
  };
  const Json answer = {{"conversation_id", id}, {"direction", "out"}, {"content", "Hi"}};
  EXPECT_TRUE(ingest({consent("opt_out", "2026-01-05T10:00:00Z", "marketing_messages")}));
  EXPECT_EQ(201, call("POST", "/messages", answer).status) << "one category refused is not every message refused";
  EXPECT_TRUE(ingest({consent("opt_out", "2026-01-05T11:00:00Z")}));
  const auto refused = call("POST", "/messages", answer);
  EXPECT_EQ(422, refused.status);
  EXPECT_EQ("opted_out", refused.body.at("code"));
  EXPECT_EQ(1, count("SELECT count(*) FROM {tenant}.inbox_messages WHERE direction = 'out'"));
  EXPECT_EQ(201, call("POST", "/messages",
                      {{"conversation_id", id}, {"direction", "out"}, {"content", "Note"}, {"is_note", true}})
                     .status);
  EXPECT_TRUE(ingest({consent("opt_in", "2026-01-05T11:30:00Z", "marketing_messages")}));
  EXPECT_EQ(422, call("POST", "/messages", answer).status) << "nor is one category allowed every message";
  EXPECT_TRUE(ingest({consent("opt_in", "2026-01-05T12:00:00Z")}));
  EXPECT_EQ(201, call("POST", "/messages", answer).status);
}

TEST_F(ChannelDeskTest, AClosedWindowNamesTheTemplatesThatMayBeSent) {
  start({.hint_deadline = std::chrono::seconds{20}});
  provider_.otherwise([](const std::string&) {
    return std::optional(testing_support::answer(
        R"({"data":[{"name":"order_ready","language":"en_US","status":"APPROVED"},
                    {"name":"sale","language":"fr","status":"REJECTED"},{"name":"hello","language":"fr","status":"APPROVED"}]})"));
  });
  const auto [id, message_id] = written("wamid.1");
  closeWindow();
  const auto refused = call("POST", "/messages", {{"conversation_id", id}, {"direction", "out"}, {"content", "Hi"}});
  EXPECT_EQ(422, refused.status);
  EXPECT_EQ("reply_window_closed", refused.body.at("code"));
  const std::string detail = refused.body.at("detail");
  EXPECT_NE(detail.find("Approved: order_ready (en_US), hello (fr)"), std::string::npos) << detail;
  EXPECT_EQ(detail.find("sale"), std::string::npos);
  ASSERT_EQ(3U, refused.body.at("errors").size()) << refused.text;
  EXPECT_EQ("/template", refused.body.at("errors").at(2).at("pointer"));
  EXPECT_EQ(0, count("SELECT count(*) FROM {tenant}.inbox_messages WHERE direction = 'out'"));
}

TEST_F(ChannelDeskTest, AClosedWindowIsSaidAlsoWhenTheProviderIsSilent) {
  start({.hint_deadline = milliseconds{50}});
  const auto gate = std::make_shared<Gate>();
  provider_.otherwise([gate](const std::string&) {
    gate->wait();
    return std::optional(success());
  });
  const auto [id, message_id] = written("wamid.1");
  closeWindow();
  const auto refused = call("POST", "/messages", {{"conversation_id", id}, {"direction", "out"}, {"content", "Hi"}});
  EXPECT_EQ(422, refused.status);
  EXPECT_EQ("reply_window_closed", refused.body.at("code"));
  EXPECT_EQ(1U, refused.body.at("errors").size());
  gate->open();
}

TEST_F(ChannelDeskTest, AReactionIsSetReplacedAndTakenBack) {
  const auto [id, message_id] = written("wamid.1");
  const std::string path = "/messages/" + std::to_string(message_id) + "/reactions";
  const auto set = call("POST", path, {{"emoji", "👍"}}, "tenant_user");
  ASSERT_EQ(200, set.status) << set.text;
  EXPECT_EQ(Json({{"👍", {"business"}}}), set.body.at("reactions"));
  const Json body = bodyOf(provider_.requests().at(0));
  EXPECT_EQ(Json({{"message_id", "wamid.1"}, {"emoji", "👍"}}), body.at("reaction"));
  EXPECT_EQ("+33611112222", body.at("to"));
  EXPECT_EQ(Json({{"🎉", {"business"}}}), call("POST", path, {{"emoji", "🎉"}}).body.at("reactions"));
  EXPECT_EQ(Json::object(), call("POST", path, {{"emoji", nullptr}}).body.at("reactions"));
  EXPECT_EQ("", bodyOf(provider_.requests().at(2)).at("reaction").at("emoji"));
  EXPECT_EQ(2, count("SELECT count(*) FROM {tenant}.pb_events WHERE type = 'reaction.added'"));
  EXPECT_EQ(1, count("SELECT count(*) FROM {tenant}.pb_events WHERE type = 'reaction.removed'"));
  EXPECT_EQ(422, call("POST", path, Json::object()).status);
  EXPECT_EQ(404, call("POST", "/messages/4711/reactions", {{"emoji", "👍"}}).status);
}

TEST_F(ChannelDeskTest, AReactionThatDidNotLeaveIsNotShown) {
  const auto [id, message_id] = written("wamid.1");
  const std::string path = "/messages/" + std::to_string(message_id) + "/reactions";
  const auto expect = [&](const std::string& answer, int status, const std::string& code) {
    provider_.next([answer](const std::string&) { return answer.empty() ? std::nullopt : std::optional(answer); });
    const auto reply = call("POST", path, {{"emoji", "👍"}});
    EXPECT_EQ(status, reply.status) << reply.text;
    EXPECT_EQ(code, reply.body.at("code"));
    return reply;
  };
  expect(Provider::refused(400, R"({"error":{"code":131009,"message":"stale"}})"), 422, "provider_refused");
  expect(Provider::refused(401, R"({"error":{"code":190,"message":"expired"}})"), 502, "provider_failed");
  const auto busy =
      expect(Provider::refused(400, R"({"error":{"code":131056,"message":"pair"}})"), 503, "provider_busy");
  EXPECT_EQ("1", std::string(http::find(busy.headers, "Retry-After")));
  expect("", 504, "provider_timeout");  // the connection dies after the request: nobody knows
  closeWindow();
  const auto closed = call("POST", path, {{"emoji", "👍"}});
  EXPECT_EQ(422, closed.status);
  EXPECT_EQ("reply_window_closed", closed.body.at("code"));
  channel_ = connected("1061", false);
  EXPECT_EQ("channel_not_connected", call("POST", path, {{"emoji", "👍"}}).body.at("code"));
  EXPECT_EQ(Json::object(), thread(id).at(0).at("reactions"));
}

TEST_F(ChannelDeskTest, AMessageThatTheProviderDoesNotKnowTakesNoReaction) {
  const auto [id, message_id] = written("wamid.1");
  const auto note =
      call("POST", "/messages", {{"conversation_id", id}, {"direction", "out"}, {"content", "hm"}, {"is_note", true}});
  ASSERT_EQ(201, note.status);
  const auto reply = call("POST", "/messages/" + std::to_string(note.body.at("id").get<std::int64_t>()) + "/reactions",
                          {{"emoji", "👍"}});
  EXPECT_EQ(422, reply.status);
  EXPECT_EQ("message_not_at_provider", reply.body.at("code"));
  EXPECT_TRUE(provider_.requests().empty());
}

}  // namespace
}  // namespace patchbay::testing
