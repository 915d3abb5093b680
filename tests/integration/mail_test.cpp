// Mail from the webhook to the inbox and from the inbox to the provider, with a connector that only hands raw messages
// on: which conversation a mail belongs to, what is shown of it, and what the other side's mail program gets.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <thread>

#include "api/api.hpp"
#include "api/api_keys.hpp"
#include "base/text.hpp"
#include "inbox/service.hpp"
#include "integration/delivery_fixture.hpp"
#include "mail/facts.hpp"
#include "mail/message.hpp"
#include "media/repository.hpp"

namespace patchbay::testing {
namespace {

class MailTest : public DeliveryTest {
 protected:
  MailTest()
      : postbox_({POSTBOX_LIBRARY}, "/tmp"),
        postbox_factory_(postbox_),
        ingest_(lanes_),
        service_(lanes_, pool_, [this](std::string_view, std::string_view) { return channel_; }),
        authenticator_(settings(), api::findApiKeyIn(pool_)) {}

  static api::AuthSettings settings() {
    api::AuthSettings settings;
    settings.secret = "integration-secret-0123456789-abcdefghij";
    return settings;
  }

  void SetUp() override {
    DeliveryTest::SetUp();
    query("DELETE FROM {tenant}.inbox_conversations RETURNING 1");
    connectors::ChannelSettings settings;
    settings.tenant = "acme";
    settings.name = "support";
    settings.connector = "postbox";
    settings.egress_allow = {provider_.authority()};
    settings.config = {{"from_email", "help@patchbay.example"},
                       {"from_name", "Müller & Co"},
                       {"secret", "the-secret"},
                       {"base_url", provider_.url()}};
    auto channel = postbox_factory_.create(std::move(settings));
    ASSERT_TRUE(channel.ok()) << channel.error().message;
    channel_ = *channel;
    provider_.otherwise([](const std::string&) {
      static std::atomic<int> number{0};
      return std::optional(testing_support::answer("prov" + std::to_string(++number)));
    });
    start();
    service_.onQueued([this] { dispatcher_->wake(); });
    router_ = std::make_unique<api::Router>(api::Dependencies{
        .inbox = service_,
        .ingest = ingest_,
        .tenants = tenants_,
        .authenticator = authenticator_,
        .find_channel = [this](std::string_view, std::string_view) { return channel_; },
        .find_legacy_channel = [](std::string_view) { return nullptr; },
        .effects = {.keep =
                        [this](auto blobs, auto done) {
                          kept_on_ = std::this_thread::get_id();
                          dispatcher_->keep(std::move(blobs), std::move(done));
                        },
                    .throttle = [this](const auto& channel,
                                       const auto& throttles) { dispatcher_->throttle(channel, throttles); },
                    .queued = [this] { dispatcher_->wake(); }},
        .readiness = [] { return api::Readiness{}; },
        .version = "1.2.3",
        .platforms = {"email"},
        .worker_threads = 2});
  }
  void TearDown() override {
    router_.reset();
    dispatcher_.reset();
  }

  int deliver(const std::string& raw, const std::string& from = "ana@example.org",
              const std::string& to = "help@patchbay.example", const std::string& delivery = "",
              const http::Headers& more = {}) {
    http::Request request;
    request.method = "POST";
    request.path = "/api/v1/webhooks/acme/support";
    request.headers = {{"X-Token", "the-secret"}, {"X-Mail-From", from}, {"X-Rcpt-To", to}};
    if (!delivery.empty()) request.headers.push_back({"X-Delivery", delivery});
    request.headers.insert(request.headers.end(), more.begin(), more.end());
    request.body = raw;
    request.id = "test";
    request.deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
    std::promise<int> status;
    auto answered = status.get_future();
    router_->handle(std::move(request), [&status](http::Response response) { status.set_value(response.status); });
    return answered.get();
  }

  static std::string mail(const std::string& id, const std::string& more = "", const std::string& body = "Hello",
                          const std::string& from = "Ana <ana@example.org>") {
    return "From: " + from + "\r\nTo: help@patchbay.example\r\nSubject: Offer\r\nMessage-ID: <" + id + ">\r\n" + more +
           "\r\n" + body + "\r\n";
  }

  static std::string contentOf(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  Json messageOf(const std::string& external_id) {
    const auto id = query("SELECT id FROM {tenant}.inbox_messages WHERE external_id = '" + external_id + "'");
    if (id.empty()) return nullptr;
    const auto document = service_.message("acme", std::stoll(id));
    return document.ok() ? parseJson(document->json) : Json();
  }
  std::int64_t conversationOf(const std::string& external_id) {
    const auto message = messageOf(external_id);
    return message.is_object() ? message["conversation_id"].get<std::int64_t>() : 0;
  }

  /// An agent's answer. @return the message as REST shows it
  Json answer(std::int64_t conversation, const std::string& text, Json more = Json::object()) {
    Json body{{"conversation_id", conversation}, {"direction", "out"}, {"content", text}};
    body.update(more);
    std::promise<Result<inbox::Document>> done;
    service_.createMessage({"acme", {"user", "7", "Agent"}}, body,
                           [&](Result<inbox::Document> document) { done.set_value(std::move(document)); });
    auto document = done.get_future().get();
    EXPECT_TRUE(document.ok()) << (document.ok() ? "" : document.error().message);
    return document.ok() ? parseJson(document->json) : Json();
  }

  /// The mail that the provider was given in its n-th request.
  mail::Message posted(std::size_t n) {
    EXPECT_TRUE(provider_.waitForRequests(n));
    const auto request = provider_.requests().at(n - 1);
    const auto body = parseJson(request.substr(request.find("\r\n\r\n") + 4));
    auto parsed = mail::parseMessage(*crypto::base64Decode(body.at("raw").get<std::string>()));
    EXPECT_TRUE(parsed.ok());
    return parsed.ok() ? std::move(*parsed) : mail::Message{};
  }

  connectors::ConnectorSet postbox_;
  connectors::ChannelFactory postbox_factory_;
  inbox::Ingest ingest_;
  inbox::Service service_;
  api::Authenticator authenticator_;
  std::thread::id kept_on_;  // of the last webhook's turn
  std::unique_ptr<api::Router> router_;
};

TEST_F(MailTest, AThreadStaysOneConversationInBothDirections) {
  ASSERT_EQ(deliver(mail("m0@example.org", "References: <before@example.org>\r\n")), 200);
  const auto conversation = conversationOf("m0@example.org");
  ASSERT_GT(conversation, 0);

  const auto ours = answer(conversation, "We can do that.");
  EXPECT_EQ(ours["subject"], "Re: Offer");
  const auto sent = posted(1);
  EXPECT_EQ(sent.headers.subject, "Re: Offer");
  EXPECT_EQ(sent.headers.from.at(0).name, "Müller & Co");
  EXPECT_EQ(sent.headers.to.at(0).address, "ana@example.org");
  EXPECT_EQ(sent.headers.in_reply_to, std::vector<std::string>{"m0@example.org"});
  EXPECT_EQ(sent.headers.references, (std::vector<std::string>{"before@example.org", "m0@example.org"}));
  EXPECT_EQ(sent.headers.message_id, ours["mail"]["message_id"]);
  EXPECT_EQ(trim(sent.text), "We can do that.");
  EXPECT_TRUE(mail::find(sent.lines, "Auto-Submitted").empty());

  ASSERT_EQ(deliver(mail("m2@example.org", "In-Reply-To: <" + sent.headers.message_id + ">\r\n",
                         "Thanks\r\n\r\nOn 2 Jan 2026, Help <help@patchbay.example> wrote:\r\n> We can do that.")),
            200);
  EXPECT_EQ(conversationOf("m2@example.org"), conversation);
  const auto theirs = messageOf("m2@example.org");
  EXPECT_EQ(theirs["content"], "Thanks");
  EXPECT_NE(theirs["full_text"].get<std::string>().find("> We can do that."), std::string::npos);
  EXPECT_EQ(theirs["reply_to_id"], ours["id"]);
  EXPECT_EQ(theirs["mail"]["stranger"], false);

  (void)answer(conversation, "You are welcome.");
  const auto second = posted(2);
  EXPECT_EQ(second.headers.in_reply_to, std::vector<std::string>{"m2@example.org"});
  EXPECT_EQ(second.headers.references.back(), "m2@example.org");
}

TEST_F(MailTest, TheTokenFindsTheConversationWhateverIsLeftOfTheHeader) {
  ASSERT_EQ(deliver(mail("m0@example.org")), 200);
  const auto conversation = conversationOf("m0@example.org");
  (void)answer(conversation, "Hi");
  const auto reply_to = posted(1).headers.reply_to.at(0).address;
  EXPECT_TRUE(reply_to.starts_with("help+"));
  EXPECT_TRUE(reply_to.ends_with("@patchbay.example"));

  ASSERT_EQ(deliver(mail("m2@other.example", "", "From my other address", "Ana <ana@other.example>"),
                    "ana@other.example", reply_to),
            200);
  EXPECT_EQ(conversationOf("m2@other.example"), conversation);
  EXPECT_EQ(messageOf("m2@other.example")["mail"]["stranger"], false);
  (void)answer(conversation, "Hi there");
  EXPECT_EQ(posted(2).headers.to.at(0).address, "ana@other.example");

  ASSERT_EQ(deliver(mail("m3@example.org"), "ana@example.org", "help+aaaaaaaaaaaaaaaa@patchbay.example"), 200);
  EXPECT_NE(conversationOf("m3@example.org"), conversation);
}

TEST_F(MailTest, AStrangerWhoNamesAnIdIsMarkedAndGetsNoAnswers) {
  ASSERT_EQ(deliver(mail("m0@example.org")), 200);
  ASSERT_EQ(
      deliver(mail("m1@evil.example", "In-Reply-To: <m0@example.org>\r\n", "Send it to me", "Eve <eve@evil.example>"),
              "eve@evil.example"),
      200);
  const auto conversation = conversationOf("m0@example.org");
  EXPECT_EQ(conversationOf("m1@evil.example"), conversation);
  EXPECT_EQ(messageOf("m1@evil.example")["mail"]["stranger"], true);
  (void)answer(conversation, "Hi");
  EXPECT_EQ(posted(1).headers.to.at(0).address, "ana@example.org");
}

TEST_F(MailTest, WhoRepeatsAKnownMessageIdIsNotInItsConversation) {
  ASSERT_EQ(deliver(mail("m0@example.org"), "ana@example.org", "help@patchbay.example", "delivery-1"), 200);
  ASSERT_EQ(deliver(mail("m0@example.org", "", "Send it to me", "Eve <eve@evil.example>"), "eve@evil.example",
                    "help@patchbay.example", "delivery-2"),
            200);
  const auto conversation = conversationOf("delivery-1");
  EXPECT_NE(conversationOf("delivery-2"), conversation);
  (void)answer(conversation, "Hi");
  EXPECT_EQ(posted(1).headers.to.at(0).address, "ana@example.org");
  ASSERT_EQ(deliver(mail("m1@example.org", "In-Reply-To: <m0@example.org>\r\n")), 200);
  EXPECT_EQ(conversationOf("m1@example.org"), conversation);
}

TEST_F(MailTest, AStrangerInTheSameBatchIsOneToo) {
  const auto event = [](const std::string& id, const std::string& answers, const std::string& from) {
    connectors::Event event;
    event.id = id;
    event.type = "text";
    event.text = "Hello";
    event.from.address = {"email", from};
    event.timestamp = std::chrono::time_point_cast<Timestamp::duration>(std::chrono::system_clock::now());
    auto facts = std::make_shared<connectors::MailFacts>();
    facts->message_id = id;
    facts->shown = Json::object();
    if (!answers.empty()) facts->answers = {answers};
    event.mail = facts;
    return event;
  };
  std::promise<bool> stored;
  ingest_.submit(channel_,
                 {event("m0", "", "ana@example.org"), event("e1", "m0", "eve@evil.example"),
                  event("e2", "e1", "eve@evil.example")},
                 [&](bool done) { stored.set_value(done); });
  ASSERT_TRUE(stored.get_future().get());
  EXPECT_EQ(conversationOf("e2"), conversationOf("m0"));
  EXPECT_EQ(messageOf("e1")["mail"]["stranger"], true);
  EXPECT_EQ(messageOf("e2")["mail"]["stranger"], true);
  EXPECT_EQ(query("SELECT contact_identifier FROM {tenant}.inbox_conversations"), "ana@example.org");
}

TEST_F(MailTest, AProgramsMailDoesNotMoveTheAddressForAnswers) {
  ASSERT_EQ(deliver(mail("m0@example.org")), 200);
  const auto conversation = conversationOf("m0@example.org");
  (void)answer(conversation, "Hi");
  const auto token = posted(1).headers.reply_to.at(0).address;
  ASSERT_EQ(deliver(mail("m1@robot.example", "Auto-Submitted: auto-replied\r\n", "I am away", "away@robot.example"), "",
                    token),
            200);
  ASSERT_EQ(conversationOf("m1@robot.example"), conversation);
  (void)answer(conversation, "Hi again");
  EXPECT_EQ(posted(2).headers.to.at(0).address, "ana@example.org");
  ASSERT_EQ(deliver(mail("m2@list.example", "List-Id: <x.list.example>\r\n", "News", "news@list.example")), 200);
  (void)answer(conversationOf("m2@list.example"), "Who are you?");
  EXPECT_EQ(posted(3).headers.to.at(0).address, "news@list.example");
}

TEST_F(MailTest, AnAnswerNamesTheContactsMailAndNotAStrangersOrAPrograms) {
  ASSERT_EQ(deliver(mail("m0@example.org")), 200);
  const auto answers = "In-Reply-To: <m0@example.org>\r\n";
  ASSERT_EQ(deliver(mail("m1@evil.example", answers, "Me too", "eve@evil.example"), "eve@evil.example"), 200);
  ASSERT_EQ(deliver(mail("m2@example.org", std::string(answers) + "Auto-Submitted: auto-replied\r\n", "I am away"), ""),
            200);
  const auto conversation = conversationOf("m0@example.org");
  ASSERT_EQ(conversationOf("m2@example.org"), conversation);
  (void)answer(conversation, "Hi");
  EXPECT_EQ(posted(1).headers.in_reply_to, std::vector<std::string>{"m0@example.org"});
  (void)answer(conversation, "Hi Eve", {{"reply_to_id", messageOf("m1@evil.example")["id"]}});
  EXPECT_EQ(posted(2).headers.in_reply_to, std::vector<std::string>{"m1@evil.example"});
}

TEST_F(MailTest, AMailThatIsSentAgainStaysInItsThread) {
  ASSERT_EQ(deliver(mail("m0@example.org")), 200);
  provider_.next(
      [](const std::string&) { return std::optional(testing_support::answer("no", "HTTP/1.1 400 Bad Request")); });
  const auto ours = answer(conversationOf("m0@example.org"), "Hi");
  const auto first = posted(1);
  ASSERT_TRUE(becomes("SELECT status FROM {tenant}.inbox_messages WHERE direction = 'out'", "failed"));
  query("DELETE FROM {tenant}.pb_outbox RETURNING 1");
  std::promise<Result<inbox::Document>> done;
  service_.retryMessage({"acme", {"user", "7", "Agent"}}, ours["id"].get<std::int64_t>(),
                        [&](Result<inbox::Document> document) { done.set_value(std::move(document)); });
  const auto again = done.get_future().get();
  ASSERT_TRUE(again.ok()) << again.error().message;
  const auto second = posted(2);
  EXPECT_NE(second.headers.message_id, first.headers.message_id);
  EXPECT_EQ(second.headers.in_reply_to, std::vector<std::string>{"m0@example.org"});
  EXPECT_EQ(second.headers.references, std::vector<std::string>{"m0@example.org"});
}

TEST_F(MailTest, AnIdThatTheProviderPutInPlaceOfOursIsKnownToo) {
  ASSERT_EQ(deliver(mail("m0@example.org")), 200);
  const auto conversation = conversationOf("m0@example.org");
  const auto ours = answer(conversation, "Hi");
  (void)posted(1);
  ASSERT_TRUE(becomes("SELECT status FROM {tenant}.inbox_messages WHERE direction = 'out'", "sent"));
  const auto provider_id = query("SELECT external_id FROM {tenant}.inbox_messages WHERE direction = 'out'");
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.pb_message_parts WHERE message_id = " + ours["id"].dump()), "1");
  ASSERT_EQ(deliver(mail("m2@example.org", "References: <" + provider_id + "@mail.postbox.example>\r\n")), 200);
  ASSERT_EQ(deliver(mail("m3@example.org", "In-Reply-To: <" + provider_id + "@elsewhere.example>\r\n")), 200);
  EXPECT_EQ(conversationOf("m2@example.org"), conversation);
  EXPECT_EQ(conversationOf("m3@example.org"), conversation);
}

TEST_F(MailTest, ABounceFailsTheMailItIsAboutAndOpensNothing) {
  ASSERT_EQ(deliver(mail("m0@example.org")), 200);
  const auto ours = answer(conversationOf("m0@example.org"), "Hi");
  (void)posted(1);
  ASSERT_TRUE(becomes("SELECT status FROM {tenant}.inbox_messages WHERE direction = 'out'", "sent"));
  const auto bounce = [](const std::string& id) {
    return "From: MAILER-DAEMON@mx.example\r\nMessage-ID: <b-" + id +
           ">\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
           "--b\r\n\r\nSorry\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; "
           "mx\r\n\r\nFinal-Recipient: rfc822; ana@example.org\r\n"
           "Action: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 user unknown\r\n\r\n--b\r\nContent-Type: "
           "text/rfc822-headers\r\n\r\nMessage-ID: <" +
           id + ">\r\n\r\n--b--\r\n";
  };
  ASSERT_EQ(deliver(bounce("never-sent@patchbay.example"), ""), 200);
  EXPECT_EQ(query("SELECT status FROM {tenant}.inbox_messages WHERE direction = 'out'"), "sent");
  ASSERT_EQ(deliver(bounce(ours["mail"]["message_id"].get<std::string>()), ""), 200);
  ASSERT_TRUE(becomes("SELECT status FROM {tenant}.inbox_messages WHERE direction = 'out'", "failed"));
  const auto failed = query(
      "SELECT error ->> 'class' || ' ' || (error ->> 'code') FROM {tenant}.inbox_messages WHERE direction = 'out'");
  EXPECT_EQ(failed, "bounced 5.1.1");
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.inbox_conversations"), "1");
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.inbox_messages"), "2");
}

TEST_F(MailTest, ABounceThatIsNoReportDoesTheSame) {
  ASSERT_EQ(deliver(mail("m0@example.org")), 200);
  const auto ours = answer(conversationOf("m0@example.org"), "Hi");
  (void)posted(1);
  ASSERT_TRUE(becomes("SELECT status FROM {tenant}.inbox_messages WHERE direction = 'out'", "sent"));
  const auto bounce = [this](const std::string& body) {
    return deliver(
        "From: MAILER-DAEMON@mx.example\r\nSubject: failure notice\r\n\r\n<ana@example.org>: 550 no such user\r\n" +
            body,
        "");
  };
  ASSERT_EQ(bounce(""), 200);
  ASSERT_EQ(bounce("\r\nMessage-ID: <never-sent@patchbay.example>\r\n"), 200);
  EXPECT_EQ(query("SELECT status FROM {tenant}.inbox_messages WHERE direction = 'out'"), "sent");
  ASSERT_EQ(bounce("\r\nMessage-ID: <" + ours["mail"]["message_id"].get<std::string>() + ">\r\n"), 200);
  EXPECT_EQ(query("SELECT status FROM {tenant}.inbox_messages WHERE direction = 'out'"), "failed");
  EXPECT_EQ(query("SELECT error ->> 'class' || ' ' || (error ->> 'code') FROM {tenant}.inbox_messages WHERE direction "
                  "= 'out'"),
            "bounced 550");
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.inbox_conversations"), "1");
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.inbox_messages"), "2");
}

TEST_F(MailTest, AComplaintOptsOutWhomTheMailItNamesWentTo) {
  ASSERT_EQ(deliver(mail("m0@example.org")), 200);
  ASSERT_EQ(deliver(mail("e0@other.example", "", "Hello", "eve@other.example"), "eve@other.example"), 200);
  const auto ours = answer(conversationOf("m0@example.org"), "Hi");
  (void)posted(1);
  EXPECT_EQ(ours["mail"]["to"][0]["address"], "ana@example.org");
  const auto complaint = [](const std::string& type, const std::string& id, const std::string& report) {
    return "From: feedback@mx.example\r\nTo: help@patchbay.example\r\nMessage-ID: <" + report +
           "@mx.example>\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n"
           "--b\r\n\r\nSomebody complains\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: " +
           type +
           "\r\nUser-Agent: x/1\r\nVersion: 1\r\nOriginal-Rcpt-To: <eve@other.example>\r\n\r\n--b\r\nContent-Type: "
           "message/rfc822\r\n\r\nTo: eve@other.example\r\nMessage-ID: <" +
           id + ">\r\nSubject: Re: Offer\r\n\r\nHi\r\n--b--\r\n";
  };
  const auto out = [this] {
    return query(
        "SELECT coalesce(string_agg(address, ' '), '') FROM {tenant}.pb_contact_addresses WHERE opted_out_at IS NOT "
        "NULL");
  };
  const auto our_id = ours["mail"]["message_id"].get<std::string>();
  ASSERT_EQ(deliver(complaint("not-spam", our_id, "c1"), ""), 200);
  ASSERT_EQ(deliver(complaint("abuse", "never-sent@patchbay.example", "c2"), ""), 200);
  ASSERT_EQ(deliver(complaint("abuse", "m0@example.org", "c3"), ""), 200) << "a mail of theirs";
  EXPECT_EQ(out(), "");

  ASSERT_EQ(deliver(complaint("abuse", our_id, "c4"), ""), 200);
  EXPECT_EQ(out(), "ana@example.org");
  ASSERT_EQ(deliver(complaint("abuse", our_id, "c4"), ""), 200);
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.pb_contacts WHERE opted_out_at IS NOT NULL"), "1");
  EXPECT_EQ(
      query(
          "SELECT count(*) FROM {tenant}.pb_events WHERE type = 'contact.updated' AND data @> '{\"opted_out\": true}'"),
      "1");
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.inbox_conversations"), "2") << "no report opens one";
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.inbox_messages"), "3");

  Json body{{"conversation_id", conversationOf("m0@example.org")}, {"direction", "out"}, {"content", "Again"}};
  std::promise<std::string> refused;
  service_.createMessage({"acme", {"user", "7", "Agent"}}, body, [&](Result<inbox::Document> document) {
    refused.set_value(document.ok() ? "" : document.error().code);
  });
  EXPECT_EQ(refused.get_future().get(), "opted_out");
}

TEST_F(MailTest, AComplaintIsAboutTheAddressThatTheMailWentTo) {
  ASSERT_EQ(deliver(mail("m0@example.org")), 200);
  const auto conversation = conversationOf("m0@example.org");
  const auto ours = answer(conversation, "Hi");
  const auto token = posted(1).headers.reply_to.at(0).address;
  ASSERT_EQ(
      deliver(mail("m1@other.example", "", "From elsewhere", "Ana <ana@other.example>"), "ana@other.example", token),
      200);
  ASSERT_EQ(query("SELECT contact_identifier FROM {tenant}.inbox_conversations"), "ana@other.example");
  const std::string complaint =
      "From: feedback@mx.example\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n"
      "--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse\r\n\r\n--b\r\nContent-Type: "
      "text/rfc822-headers\r\n\r\nMessage-ID: <" +
      ours["mail"]["message_id"].get<std::string>() + ">\r\n\r\n--b--\r\n";
  const std::string opted_out =
      "SELECT string_agg(address, ' ') FROM {tenant}.pb_contact_addresses WHERE opted_out_at IS NOT NULL";
  ASSERT_EQ(deliver(complaint, ""), 200);
  EXPECT_EQ(query(opted_out), "ana@example.org");

  // Mail from before its recipient was kept with it: the conversation's address is the best that is known.
  query("UPDATE {tenant}.pb_contact_addresses SET opted_out_at = NULL RETURNING 1");
  query("UPDATE {tenant}.inbox_messages SET mail = mail - 'to' WHERE direction = 'out' RETURNING 1");
  ASSERT_EQ(deliver(complaint, ""), 200);
  EXPECT_EQ(query(opted_out), "ana@other.example");
}

TEST_F(MailTest, HtmlFilesAndPicturesAreKeptAndSafe) {
  const std::string raw =
      "From: Ana <ana@example.org>\r\nSubject: Offer\r\nMessage-ID: <m0@example.org>\r\nContent-Type: "
      "multipart/related; boundary=b\r\n\r\n"
      "--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p onclick=x()>Hi<script>alert(1)</script></p><img "
      "src=\"cid:i@x\"><img src=\"https://t.example/p\">\r\n"
      "--b\r\nContent-Type: image/png; name=\"a.png\"\r\nContent-ID: <i@x>\r\nContent-Transfer-Encoding: "
      "base64\r\n\r\niVBORw0KGgo=\r\n--b--\r\n";
  ASSERT_EQ(deliver(raw), 200);
  ASSERT_EQ(deliver(raw), 200);  // the provider delivers twice
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.inbox_messages"), "1");
  const auto message = messageOf("m0@example.org");
  ASSERT_TRUE(message.is_object());
  EXPECT_EQ(message["content"], "Hi");
  ASSERT_EQ(message["media"].size(), 1U);
  EXPECT_EQ(message["media"][0]["filename"], "a.png");
  const auto url = message["media"][0]["url"].get<std::string>();
  EXPECT_EQ(message["html"], "<p>Hi</p><img src=\"" + url + "\"><img data-remote-src=\"https://t.example/p\">");
  EXPECT_TRUE(store_.find(url.substr(url.rfind('/') + 1)).has_value());
  const auto source = message["mail"]["source"].get<std::string>();
  EXPECT_FALSE(store_.find(source.substr(source.rfind('/') + 1)).has_value()) << "a small one is in its row";
  const auto file = media::Repository(store_, pool_).find("acme", source.substr(source.rfind('/') + 1));
  ASSERT_TRUE(file.ok()) << "until somebody asks";
  EXPECT_EQ(contentOf(file->path), raw);
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.pb_media"), "2");
}

TEST_F(MailTest, APictureOfAParsedMailIsShownInItsHtml) {
  ASSERT_EQ(deliver("PNG", "ana@example.org", "", "", {{"X-Html", "<p>Hi</p><img src=\"cid:img1\">"}}), 200);
  const auto message = messageOf("parsed-1");
  ASSERT_TRUE(message.is_object());
  const auto url = message["media"][0]["url"].get<std::string>();
  EXPECT_EQ(message["html"], "<p>Hi</p><img src=\"" + url + "\">");
  EXPECT_TRUE(store_.find(url.substr(url.rfind('/') + 1)).has_value());
}

TEST_F(MailTest, ALargeRawMailIsAFile) {
  ASSERT_EQ(deliver(mail("m0@example.org", "", std::string(70'000, 'a'))), 200);
  const auto source = messageOf("m0@example.org")["mail"]["source"].get<std::string>();
  EXPECT_TRUE(store_.find(source.substr(source.rfind('/') + 1)).has_value());
  EXPECT_EQ(query("SELECT count(bytes) FROM {tenant}.pb_media"), "0");
}

TEST_F(MailTest, CaptionsOfFilesArePartOfTheText) {
  ASSERT_EQ(deliver("From: ana@example.org\r\nMessage-ID: <m0@example.org>\r\nContent-Type: application/pdf; "
                    "name=a.pdf\r\n\r\n%PDF\r\n"),
            200);
  Json file = messageOf("m0@example.org")["media"][0];
  file["caption"] = "The offer";
  (void)answer(conversationOf("m0@example.org"), "See below", {{"type", "document"}, {"media", Json::array({file})}});
  const auto sent = posted(1);
  EXPECT_EQ(trim(sent.text), "See below\n\nThe offer");
  EXPECT_EQ(sent.files.size(), 1U);
}

TEST_F(MailTest, EvenASmallMailIsNotTakenApartOnTheThreadThatBroughtIt) {
  ASSERT_EQ(deliver("From: ana@example.org\r\nMessage-ID: <m0@example.org>\r\nContent-Type: application/pdf; "
                    "name=a.pdf\r\n\r\n%PDF\r\n"),
            200);
  ASSERT_NE(kept_on_, std::thread::id()) << "the file is kept by the thread that took the mail apart";
  EXPECT_NE(kept_on_, std::this_thread::get_id());
}

TEST_F(MailTest, ProgramsAreMarked) {
  ASSERT_EQ(deliver(mail("m0@example.org", "Auto-Submitted: auto-replied\r\n", "I am away")), 200);
  const auto message = messageOf("m0@example.org");
  EXPECT_EQ(message["mail"]["automatic"], true);
  EXPECT_EQ(query("SELECT data ->> 'automatic' FROM {tenant}.pb_events WHERE type = 'message.received'"), "true");
}

TEST_F(MailTest, WhatIsKnownAboutTheSenderIsShownWithTheMail) {
  const auto checked = [](const char* checks) { return http::Headers{{"X-Checks", checks}}; };
  ASSERT_EQ(
      deliver(
          mail("m0@example.org"), "ana@example.org", "help@patchbay.example", "",
          checked(R"({"spf": "pass", "spam": "pass", "signatures": [{"domain": "example.org", "result": "pass"}]})")),
      200);
  EXPECT_EQ(messageOf("m0@example.org")["mail"]["sender_checks"],
            Json::parse(R"({"spf": "pass", "dkim": "pass", "dmarc": "pass", "spam": "pass"})"));
  EXPECT_EQ(query("SELECT is_spam FROM {tenant}.inbox_conversations"), "f");
  ASSERT_EQ(deliver(mail("m1@example.org")), 200);
  EXPECT_FALSE(messageOf("m1@example.org")["mail"].contains("sender_checks"));
}

TEST_F(MailTest, AConversationThatSpamBeginsIsMarked) {
  const http::Headers spam{{"X-Checks", R"({"spam": "fail"})"}};
  const auto marked = [this](const std::string& id) {
    return query("SELECT is_spam FROM {tenant}.inbox_conversations WHERE id = " + std::to_string(conversationOf(id)));
  };
  ASSERT_EQ(deliver(mail("m0@example.org")), 200);
  ASSERT_EQ(deliver(mail("m1@example.org", "In-Reply-To: <m0@example.org>\r\n"), "ana@example.org",
                    "help@patchbay.example", "", spam),
            200);
  EXPECT_EQ(conversationOf("m1@example.org"), conversationOf("m0@example.org"));
  EXPECT_EQ(marked("m0@example.org"), "f") << "people know whom they talk to";
  ASSERT_EQ(deliver(mail("s0@evil.example", "", "Buy", "eve@evil.example"), "eve@evil.example", "help@patchbay.example",
                    "", spam),
            200);
  EXPECT_EQ(marked("s0@evil.example"), "t");
  EXPECT_EQ(messageOf("s0@evil.example")["mail"]["sender_checks"], Json::parse(R"({"spam": "fail"})"));
  inbox::ConversationQuery listed;
  EXPECT_EQ(parseJson(service_.conversations("acme", listed)->json).size(), 1U) << "spam is not with the others";
  listed.include_spam = true;
  EXPECT_EQ(parseJson(service_.conversations("acme", listed)->json).size(), 2U);
}

TEST_F(MailTest, WhatIsNoMailIsKeptForPeople) {
  ASSERT_EQ(deliver(""), 200);
  ASSERT_EQ(deliver("\r\n\r\nno header"), 200);
  EXPECT_EQ(query("SELECT count(*) FROM {tenant}.inbox_messages"), "0");
}

}  // namespace
}  // namespace patchbay::testing
