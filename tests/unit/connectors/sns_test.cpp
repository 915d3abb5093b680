#include "connectors/signature/sns.hpp"

#include <gtest/gtest.h>

#include "base/text.hpp"
#include "connectors/signature/sns_signer.hpp"
#include "connectors/signature/verifier.hpp"
#include "sns_vectors.hpp"

namespace patchbay::connectors {
namespace {

using test::kCertificate;
using test::vectorOf;

const Timestamp kSentAt = *parseRfc3339("2026-01-02T04:00:00Z");
constexpr const char* kTopic = "arn:aws:sns:eu-west-1:111122223333:patchbay-mail";
const std::string kHost = "https://sns.eu-west-1.amazonaws.com";
const std::string kUrl = kHost + "/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem";

/// A verifier for one path with the scheme `sns`, which already has the certificate of the vectors.
class SnsTest : public testing::Test {
 protected:
  SnsTest() { guard(Json{{"topics", Json::array({"arn:aws:sns:eu-west-1:111122223333:other", kTopic})}}); }

  void guard(const Json& config, std::vector<std::string> egress_allow = {}, bool confirm = true) {
    SignatureScheme scheme;
    scheme.kind = SignatureScheme::Kind::kSns;
    scheme.name = "sns";
    scheme.topics = "topics";
    scheme.min_version = "min";
    WebhookPath path;
    path.signatures = {scheme};
    path.confirm = confirm;
    auto verifier =
        Verifier::make(path, std::make_shared<Secrets>(std::map<std::string, std::vector<std::string>>{}, "nonce"),
                       config, "", egress_allow);
    ASSERT_TRUE(verifier.ok()) << verifier.error().message;
    verifier_ = std::move(*verifier);
    verifier_->certificates()->keep(kUrl, SigningCertificate::fromPem(kCertificate).value());
  }

  Verdict verdict(const std::string& body, http::Headers headers = {}, Timestamp now = kSentAt) {
    return verifier_->verify({"POST", "", "", &headers, body}, now);
  }
  /// "pass", "visit", "pending URL", or the reason of the refusal.
  std::string outcome(const std::string& body, http::Headers headers = {}, Timestamp now = kSentAt) {
    const auto found = verdict(body, std::move(headers), now);
    switch (found.kind) {
      case Verdict::Kind::kPass:
        return "pass";
      case Verdict::Kind::kVisit:
        return "visit";
      case Verdict::Kind::kPending:
        return "pending " + found.url;
      default:
        return found.reason;
    }
  }
  std::string outcome(const Json& message) { return outcome(dumpJson(message)); }
  static Json with(const char* name, const char* member, const Json& value) {
    Json message = vectorOf(name);
    message[member] = value;
    return message;
  }

  std::unique_ptr<Verifier> verifier_;
};

TEST_F(SnsTest, AcceptsEveryPublishedNotification) {
  for (const char* name : {"N1", "N2", "Nnosubj1", "Nnosubj2", "U1", "U2"})
    EXPECT_EQ(outcome(vectorOf(name)), "pass") << name;
}

TEST_F(SnsTest, AConfirmationIsAnsweredByVisitingItsUrl) {
  for (const char* name : {"S1", "S2"}) {
    const auto found = verdict(dumpJson(vectorOf(name)));
    EXPECT_EQ(found.kind, Verdict::Kind::kVisit) << name;
    EXPECT_EQ(found.url, vectorOf(name)["SubscribeURL"]);
  }
}

TEST_F(SnsTest, WithoutTheHandshakeAConfirmationIsTheConnectors) {
  guard(Json{{"topics", kTopic}}, {}, false);
  EXPECT_EQ(outcome(vectorOf("S1")), "pass");
}

TEST_F(SnsTest, CoversExactlyTheTextThatTheServiceSigns) {
  const auto hash = [](const char* name) {
    return crypto::hexEncode(
        crypto::digest(crypto::Hash::kSha256, stringToSign(*parseSnsMessage(dumpJson(vectorOf(name))))));
  };
  // Of the fact sheet (providers/ses.md, 4.6).
  EXPECT_EQ(hash("N1"), "1b5049b32ba6c6dbc190a2a6089f3a8ef07859acc2ac1ed37fe9ca6fca5959fb");
  EXPECT_EQ(hash("Nnosubj2"), "619dfdf9ed7ebb969c73a07013ce1f04297812f6660cccc2c20e9b231374b2f0");
  EXPECT_EQ(hash("S2"), "27da94f41a57dd3d05930fbc72f46f1a0d22e0bb99d9db29c8683e2b58f77fdf");
  EXPECT_EQ(hash("U1"), "bbda36f41a22f32ab70a461d5e60bac93d51d05a49c4baeccd526af270fe3cab");
}

TEST_F(SnsTest, RefusesWhatIsNotSignedAsItStands) {
  const std::string wrong = "the signature does not match the message";
  EXPECT_EQ(outcome(with("N1", "SignatureVersion", "2")), wrong);
  EXPECT_EQ(outcome(with("N2", "SignatureVersion", "1")), wrong);
  EXPECT_EQ(outcome(with("Nnosubj1", "Subject", "added")), wrong);
  EXPECT_EQ(outcome(with("Nnosubj1", "Subject", "")), wrong);
  EXPECT_EQ(outcome(with("Nnosubj1", "Subject", nullptr)), "pass") << "null is as good as nothing";
  auto message = vectorOf("N1")["Message"].get<std::string>();
  message.pop_back();
  EXPECT_EQ(outcome(with("N1", "Message", message)), wrong) << "the last line feed counts";
  EXPECT_EQ(outcome(with("S1", "Type", "UnsubscribeConfirmation")), wrong);
  EXPECT_EQ(outcome(with("S1", "Token", "other")), wrong);
  EXPECT_EQ(outcome(with("N1", "MessageId", "other")), wrong);
  EXPECT_EQ(outcome(with("N1", "Timestamp", "2026-01-02T03:04:05.679Z")), wrong);
  EXPECT_EQ(outcome(with("N1", "MessageAttributes", Json::object())), "pass") << "attributes are not signed";
}

TEST_F(SnsTest, TheTopicMustBeInTheList) {
  EXPECT_EQ(outcome(with("N1", "TopicArn", "arn:aws:sns:eu-west-1:999900001111:mine")),
            "the topic arn:aws:sns:eu-west-1:999900001111:mine is not in the channel's list");
  guard(Json{{"topics", "arn:aws:sns:eu-west-1:111122223333:other"}});
  EXPECT_NE(outcome(vectorOf("N1")), "pass");
}

TEST_F(SnsTest, HeadersMustSayWhatTheMessageSays) {
  const auto body = dumpJson(vectorOf("N1"));
  EXPECT_EQ(outcome(body, {{"x-amz-sns-topic-arn", kTopic}, {"X-Amz-Sns-Message-Type", "Notification"}}), "pass");
  EXPECT_EQ(outcome(body, {{"x-amz-sns-message-type", "SubscriptionConfirmation"}}),
            "header x-amz-sns-message-type is not what the message says");
  EXPECT_EQ(outcome(body, {{"x-amz-sns-message-id", "x"}}), "header x-amz-sns-message-id is not what the message says");
  EXPECT_EQ(outcome(body, {{"x-amz-sns-topic-arn", kTopic}, {"x-amz-sns-topic-arn", kTopic}}),
            "two headers x-amz-sns-topic-arn");
  EXPECT_TRUE(outcome("{}", {{"x-amz-sns-rawdelivery", "true"}}).starts_with("raw message delivery is on"));
}

TEST_F(SnsTest, TheAdminCanDemandTheStrongerHash) {
  guard(Json{{"topics", kTopic}, {"min", 2}});
  EXPECT_EQ(outcome(vectorOf("N2")), "pass");
  EXPECT_EQ(outcome(vectorOf("N1")),
            "SignatureVersion 1 (SHA-1) is not accepted: set the topic's SignatureVersion to 2");
}

TEST_F(SnsTest, OldMessagesAreNotTakenAgain) {
  const auto body = dumpJson(vectorOf("N1"));
  EXPECT_EQ(outcome(body, {}, kSentAt + std::chrono::hours{23}), "pass");
  EXPECT_EQ(outcome(body, {}, kSentAt + std::chrono::hours{25}), "Timestamp is more than 25 hours old");
  EXPECT_EQ(outcome(body, {}, kSentAt - std::chrono::hours{3}), "Timestamp is more than an hour ahead of our clock");
}

TEST_F(SnsTest, AnUnknownCertificateIsAskedForAndAnExpiredOneAsWell) {
  const auto other = kHost + "/SimpleNotificationService-aa.pem";
  EXPECT_EQ(outcome(with("N1", "SigningCertURL", other)), "pending " + other);
  const auto late = *parseRfc3339("2120-06-01T00:00:00Z");
  EXPECT_EQ(verifier_->certificates()->find(kUrl, late), nullptr) << "valid until 2120-01-01";
  EXPECT_NE(verifier_->certificates()->find(kUrl, kSentAt), nullptr);
}

TEST_F(SnsTest, NobodyElseCanServeTheCertificate) {
  const auto refusal = [](const std::string& url, const std::string& topic = kTopic) {
    return refuseCertificateUrl(url, topic, {});
  };
  EXPECT_EQ(refusal(kUrl), "");
  EXPECT_EQ(refusal("https://sns.cn-north-1.amazonaws.com.cn/SimpleNotificationService-aa.pem",
                    "arn:aws-cn:sns:cn-north-1:111122223333:t"),
            "");
  EXPECT_EQ(refusal("https://sns.us-gov-west-1.amazonaws.com/SimpleNotificationService-aa.pem",
                    "arn:aws-us-gov:sns:us-gov-west-1:111122223333:t"),
            "");
  for (const char* url :
       {"https://sns.s3-us-west-2.amazonaws.com/x.pem", "https://sns.eu-west-1.amazonaws.com/?a=.pem",
        "https://sns.eu-west-1.amazonaws.com.evil.test/SimpleNotificationService-aa.pem",
        "https://sns.eu-west-1.amazonaws.com@evil.test/SimpleNotificationService-aa.pem",
        "http://sns.eu-west-1.amazonaws.com/SimpleNotificationService-aa.pem",
        "https://sns.eu-west-1.amazonaws.com:444/SimpleNotificationService-aa.pem",
        "https://sns.eu-west-1.amazonaws.com:443/SimpleNotificationService-aa.pem",
        "https://sns.eu-west-2.amazonaws.com/SimpleNotificationService-aa.pem",
        "https://sns.eu-west-1.amazonaws.com.cn/SimpleNotificationService-aa.pem",
        "https://SNS.eu-west-1.amazonaws.com/SimpleNotificationService-aa.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-a/../b.pem",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-aa.pem?x",
        "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-aa.pem#x",
        "https://sns.eu-west-1.amazonaws.com/x/SimpleNotificationService-aa.pem",
        "https://sns.eu-west-1.amazonaws.com\\@evil.test/SimpleNotificationService-aa.pem", "", "https://"})
    EXPECT_NE(refusal(url), "") << url;
  for (const char* topic : {"arn:aws:sns:s3-us-west-2:1:t", "arn:aws:sqs:eu-west-1:1:t", "arn:aws:sns:eu-west-1:1",
                            "arn:aws:sns::1:t", "arn:aws:sns:eu-west-1.evil.test/:1:t", "x"})
    EXPECT_NE(refusal(kUrl, topic), "") << topic;
}

TEST_F(SnsTest, ASimulatorCountsOnlyWhereTheAdminAllowsItsServer) {
  const std::string url = "http://127.0.0.1:9000/SimpleNotificationService-aa.pem";
  EXPECT_NE(refuseCertificateUrl(url, kTopic, {}), "");
  EXPECT_NE(refuseCertificateUrl(url, kTopic, {"127.0.0.1:9001"}), "");
  EXPECT_EQ(refuseCertificateUrl(url, kTopic, {"127.0.0.1:9000"}), "");
  EXPECT_NE(refuseCertificateUrl("http://127.0.0.1:9000/other.pem", kTopic, {"127.0.0.1:9000"}), "")
      << "the rule for the path stays";
  EXPECT_NE(refuseCertificateUrl("http://127.0.0.1:90001/SimpleNotificationService-aa.pem", kTopic, {"127.0.0.1:9000"}),
            "");
}

TEST_F(SnsTest, OnlyTheServiceItselfIsVisited) {
  const auto refusal = [](const std::string& url) {
    auto message = *parseSnsMessage(dumpJson(vectorOf("S1")));
    message.subscribe_url = url;
    return refuseSubscribeUrl(message, {});
  };
  const std::string query = vectorOf("S1")["SubscribeURL"].get<std::string>().substr(kHost.size());
  EXPECT_EQ(refusal(kHost + query), "");
  EXPECT_NE(refusal("https://evil.test" + query), "");
  EXPECT_NE(refusal("http://sns.eu-west-1.amazonaws.com" + query), "");
  EXPECT_NE(refusal("https://sns.eu-west-2.amazonaws.com" + query), "");
  EXPECT_NE(refusal(kHost + "/x" + query), "");
  EXPECT_EQ(refusal(kHost + "/?Action=Unsubscribe" + query.substr(query.find('&'))),
            "SubscribeURL does not confirm a subscription");
  EXPECT_EQ(refusal(kHost + query + "0"), "SubscribeURL has another token");
  EXPECT_EQ(refusal(kHost + query + "&Action=Publish"), "SubscribeURL does not confirm a subscription")
      << "there twice";
  EXPECT_EQ(refusal(kHost + std::string(query).replace(query.find("patchbay-mail"), 13, "other")),
            "SubscribeURL is about another topic");
}

TEST_F(SnsTest, NamesWhatIsWrongWithTheBody) {
  EXPECT_TRUE(outcome(std::string("hello")).starts_with("the body is not JSON"));
  EXPECT_EQ(outcome(std::string("[]")), "the body is not a JSON object");
  EXPECT_EQ(outcome(std::string("{}")), "Type is missing");
  EXPECT_EQ(outcome(with("N1", "Message", 7)), "Message is not a text");
  EXPECT_EQ(outcome(with("N1", "Type", "Other")), "Type is none that is known");
  EXPECT_EQ(outcome(with("N1", "SignatureVersion", "3")), "SignatureVersion is neither 1 nor 2");
  EXPECT_EQ(outcome(with("N1", "Timestamp", "yesterday")), "Timestamp is not a time");
  EXPECT_EQ(outcome(with("N1", "Signature", "!")), "Signature is not base64");
  EXPECT_EQ(outcome(with("S1", "Token", nullptr)), "Token is not a text");
  EXPECT_TRUE(outcome(with("N1", "Message", std::string(kMaxSnsBody, 'a'))).starts_with("the body is not JSON"))
      << "over the limit";
}

TEST_F(SnsTest, SignsAsTheServiceDoesForChecks) {
  for (const char* body :
       {R"({"check":1})", "plain", R"({"Type":"Notification","Message":"m","SignatureVersion":"2"})"}) {
    UnsignedWebhook webhook{"POST", "", "", {}, body};
    verifier_->sign(webhook, kSentAt);
    EXPECT_EQ(outcome(webhook.body), "pass") << webhook.body;
  }
  UnsignedWebhook confirmation{
      "POST",
      "",
      "",
      {},
      dumpJson({{"Type", "SubscriptionConfirmation"},
                {"Message", "m"},
                {"Token", "t"},
                {"SubscribeURL", kHost + "/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-west-1:"
                                         "111122223333:other&Token=t"}})};
  verifier_->sign(confirmation, kSentAt);
  EXPECT_EQ(outcome(confirmation.body), "visit");
}

}  // namespace
}  // namespace patchbay::connectors
