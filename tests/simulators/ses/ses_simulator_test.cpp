#include "simulators/ses/ses_simulator.hpp"

#include <gtest/gtest.h>

#include <mutex>

#include "base/crypto.hpp"
#include "connectors/signature/signing_certificate.hpp"
#include "connectors/signature/sns_message.hpp"
#include "delivery/sigv4.hpp"
#include "simulators/common/bad_input.hpp"
#include "simulators/common/http_client.hpp"
#include "simulators/common/http_server.hpp"

namespace patchbay::simulators::ses {
namespace {

using std::chrono::seconds;

constexpr const char* kArn = "arn:aws:sns:eu-west-1:111122223333:acme";
constexpr const char* kRaw =
    "From: Help <help@acme.example>\r\nTo: ana@example.org\r\nSubject: Hello\r\nMessage-ID: <r1@acme.example>\r\n"
    "\r\nHello\r\n";

/// Stands where the host's webhook endpoint stands; visits what a confirmation names.
class Callback {
 public:
  Callback()
      : server_(
            "127.0.0.1", 0, [this](HttpRequest& request) { return answer(request); },
            [](const HttpRequest&) { return false; }) {
    server_.start();
  }

  std::string url() const { return server_.url() + "/api/v1/webhooks/acme/mail"; }
  std::vector<HttpRequest> received() const {
    const std::lock_guard lock(mutex_);
    return received_;
  }
  std::vector<int> statuses;  ///< of the next answers; afterwards 200
  bool visits = true;

 private:
  HttpReply answer(const HttpRequest& request) {
    const Json message = parseJson(request.body);
    if (visits && message.at("Type") == "SubscriptionConfirmation") client_.get(message.at("SubscribeURL"));
    const std::lock_guard lock(mutex_);
    received_.push_back(request);
    int status = 200;
    if (!statuses.empty()) {
      status = statuses.front();
      statuses.erase(statuses.begin());
    }
    return {status, {}, ""};
  }

  mutable std::mutex mutex_;
  std::vector<HttpRequest> received_;
  HttpClient client_{seconds(30)};
  HttpServer server_;
};

class SesSimulatorTest : public testing::Test {
 protected:
  SesSimulatorTest() {
    amazon_.addTopic({.arn = kArn, .callback_url = host_.url(), .address = "help@acme.example", .confirmed = true});
  }

  static Options options() {
    Options options;
    options.retry_delays = {std::chrono::milliseconds(10)};
    return options;
  }

  /// A request signed by the host's own code.
  HttpAnswer ask(const std::string& method, const std::string& path, const std::string& body,
                 const std::string& service = "ses", const std::string& secret = "simulator-secret-access-key") {
    delivery::PreparedRequest request;
    request.method = method;
    request.url = *delivery::parseUrl(amazon_.url() + path);
    if (!body.empty()) {
      request.headers.push_back({"Content-Type", "application/json", false});
      request.body.present = true;
      delivery::Body::Piece piece;
      piece.size = body.size();
      piece.bytes = std::make_shared<const std::string>(body);
      request.body.pieces.push_back(piece);
    }
    EXPECT_FALSE(delivery::signSigV4({service, "eu-west-1", "AKIDSIMULATOREXAMPLE", secret, {}}, now(), request));
    HttpClient::Headers headers;
    for (const auto& header : request.headers) headers.emplace_back(header.name, header.value);
    return client_.request(method, amazon_.url() + path, headers, body);
  }
  HttpAnswer send(const Json& more = Json::object(), const std::string& raw = kRaw) {
    Json body{{"Destination", {{"ToAddresses", Json::array({"ana@example.org"})}}},
              {"Content", {{"Raw", {{"Data", crypto::base64Encode(raw)}}}}},
              {"ConfigurationSetName", "acme"},
              {"EmailTags", Json::array({{{"Name", "pb_ref"}, {"Value", "r-1"}}})}};
    body.update(more);
    return ask("POST", "/v2/email/outbound-emails", dumpJson(body));
  }
  std::string typeOf(const HttpAnswer& answer) {
    return std::to_string(answer.status) + " " + answer.header("x-amzn-errortype");
  }

  Callback host_;
  SesSimulator amazon_{options()};
  HttpClient client_{seconds(30), Connections::kFresh};
};

TEST_F(SesSimulatorTest, AnAcceptedMailLeavesWithTheMessageIdOfSesAndIsFollowedByItsEvents) {
  const auto answer = send();
  ASSERT_EQ(answer.status, 200) << answer.body;
  const std::string id = parseJson(answer.body).at("MessageId");
  const auto sent = amazon_.sent().at(0);
  EXPECT_EQ(sent.raw, kRaw);
  EXPECT_EQ(headerOf(sent.wire, "Message-ID"), "<" + id + "@eu-west-1.amazonses.com>");
  EXPECT_EQ(sent.to, std::vector<std::string>{"ana@example.org"});
  ASSERT_TRUE(amazon_.waitForEvent(id, "Delivery", seconds(30)));
  const Json notice = parseJson(parseJson(host_.received().back().body).at("Message").get<std::string>());
  EXPECT_EQ(notice.at("eventType"), "Delivery");
  EXPECT_EQ(notice.at("mail").at("messageId"), id);
  EXPECT_EQ(notice.at("mail").at("tags").at("pb_ref"), Json::array({"r-1"}));
}

TEST_F(SesSimulatorTest, WithoutAConfigurationSetNothingIsTold) {
  ASSERT_EQ(send({{"ConfigurationSetName", ""}}).status, 200);
  EXPECT_FALSE(amazon_.waitForEvent(amazon_.sent().at(0).id, "Send", std::chrono::milliseconds(200)));
}

TEST_F(SesSimulatorTest, RequestsMustBeSigned) {
  const std::string path = "/v2/email/account";
  EXPECT_EQ(ask("GET", path, "").status, 200);
  EXPECT_EQ(typeOf(ask("GET", path, "", "ses", "other")), "403 InvalidSignatureException");
  EXPECT_EQ(typeOf(ask("GET", path, "", "email")), "403 InvalidSignatureException");
  EXPECT_EQ(typeOf(client_.get(amazon_.url() + path)), "403 MissingAuthenticationTokenException");
}

TEST_F(SesSimulatorTest, RefusesWhatSesRefuses) {
  EXPECT_EQ(typeOf(send({{"Content", Json::object()}})), "400 BadRequestException");
  EXPECT_EQ(typeOf(send({{"Destination", {{"ToAddresses", Json::array({"ana"})}}}})), "400 BadRequestException");
  EXPECT_EQ(typeOf(send(Json::object(), "From: a@b\n\nbare line feeds\n")), "400 BadRequestException");
  EXPECT_EQ(typeOf(send(Json::object(), "From: a@b\r\n\r\n" + std::string(1200, 'a') + "\r\n")),
            "400 BadRequestException");
  EXPECT_EQ(typeOf(send(Json::object(), "From: a@b\r\n\r\n\xE4\r\n")), "400 BadRequestException");
  EXPECT_EQ(typeOf(send(Json::object(), "From: a@b\r\nSubject: a\r\nSubject: b\r\n\r\n")), "400 BadRequestException");
  EXPECT_EQ(typeOf(send({{"EmailTags", Json::array({{{"Name", "a b"}, {"Value", "c"}}})}})), "400 BadRequestException");
  EXPECT_TRUE(amazon_.sent().empty());
}

TEST_F(SesSimulatorTest, PlaysFailures) {
  amazon_.failNext(Failure::fromText("what=error,type=MessageRejected"));
  EXPECT_EQ(typeOf(send()), "400 MessageRejected");
  amazon_.failNext(Failure::fromText("what=error,type=TooManyRequestsException,to=ana@example.org"));
  EXPECT_EQ(typeOf(send()), "429 TooManyRequestsException");
  EXPECT_TRUE(amazon_.sent().empty());
  amazon_.failNext(Failure::fromText("what=close_after_request"));
  EXPECT_EQ(send().status, 0);
  EXPECT_EQ(amazon_.sent().size(), 1u) << "it left all the same";
  amazon_.failNext(Failure::fromText("what=503,on=certificate"));
  EXPECT_EQ(client_.get(amazon_.certificateUrl()).status, 503);
  EXPECT_EQ(client_.get(amazon_.certificateUrl()).status, 200);
}

TEST_F(SesSimulatorTest, WhatItPostsIsSignedWithTheCertificateThatItServes) {
  for (const char* version : {"1", "2"}) {
    amazon_.publish(kArn, "text \u00e9\n", {{"SignatureVersion", version}});
    const auto request = host_.received().back();
    EXPECT_EQ(request.header("x-amz-sns-message-type"), "Notification");
    EXPECT_EQ(request.header("content-type"), "text/plain; charset=UTF-8");
    const auto message = connectors::parseSnsMessage(request.body);
    ASSERT_TRUE(message.ok()) << message.error().message;
    const auto pem = client_.get(message->certificate_url);
    const auto certificate = connectors::SigningCertificate::fromPem(pem.body).value();
    const auto hash = message->version == 1 ? crypto::Hash::kSha1 : crypto::Hash::kSha256;
    EXPECT_TRUE(certificate->validAt(now()));
    EXPECT_TRUE(certificate->verifies(hash, connectors::stringToSign(*message), message->signature));
  }
  amazon_.publish(kArn, "text", Json::object(), "wrong");
  const auto message = *connectors::parseSnsMessage(host_.received().back().body);
  const auto certificate = connectors::SigningCertificate::fromPem(client_.get(message.certificate_url).body).value();
  EXPECT_FALSE(certificate->verifies(crypto::Hash::kSha1, connectors::stringToSign(message), message.signature));
}

TEST_F(SesSimulatorTest, ASubscriptionIsConfirmedByVisitingItsUrl) {
  amazon_.addTopic({.arn = kArn, .callback_url = host_.url(), .address = "help@acme.example"});
  EXPECT_THROW(amazon_.publish(kArn, "x"), BadInput);
  host_.visits = false;
  EXPECT_EQ(amazon_.subscribe(kArn), "the confirmation was taken, and its URL not visited");
  host_.visits = true;
  EXPECT_EQ(amazon_.subscribe(kArn), "");
  EXPECT_EQ(amazon_.publish(kArn, "x").status, 200);
  const auto message = *connectors::parseSnsMessage(host_.received().front().body);
  EXPECT_EQ(client_.get(amazon_.url() + "/?Action=ConfirmSubscription&TopicArn=other&Token=" + message.token).status,
            400);
}

TEST_F(SesSimulatorTest, MailInTheBucketIsReadWithASignature) {
  Receipt bucket;
  bucket.s3 = true;
  Written mail;
  mail.text = "J\u00fcrgen";
  amazon_.receive(kArn, mail, bucket);
  const Json notice = parseJson(parseJson(host_.received().back().body).at("Message").get<std::string>());
  const Json action = notice.at("receipt").at("action");
  EXPECT_FALSE(notice.contains("content"));
  const auto path = "/" + action.at("bucketName").get<std::string>() + "/" + action.at("objectKey").get<std::string>();
  EXPECT_EQ(client_.get(amazon_.url() + path).status, 403);
  EXPECT_EQ(ask("GET", path, "", "ses").status, 403) << "another service";
  const auto object = ask("GET", path, "", "s3");
  EXPECT_EQ(object.status, 200);
  EXPECT_NE(object.body.find("J=C3=BCrgen"), std::string::npos) << object.body;
  EXPECT_EQ(ask("GET", path + "x", "", "s3").status, 404);
}

TEST_F(SesSimulatorTest, AMessageThatWasNotTakenComesAgain) {
  host_.statuses = {503};
  Written mail;
  const auto first = amazon_.receive(kArn, mail);
  EXPECT_EQ(first.status, 503);
  EXPECT_TRUE(amazon_.waitForEvent(first.message_id, "Received", seconds(30)));
  const auto received = host_.received();
  ASSERT_EQ(received.size(), 2u);
  EXPECT_EQ(received[0].body, received[1].body) << "byte for byte";
}

TEST_F(SesSimulatorTest, TheControlApiNamesWhatIsWrong) {
  const auto post = [&](const std::string& path, const Json& body) {
    return client_.post(amazon_.url() + "/_simulator" + path, {{"Content-Type", "application/json"}}, dumpJson(body));
  };
  EXPECT_EQ(post("/deliver", {{"type", "fax"}}).status, 400);
  EXPECT_EQ(post("/deliver", {{"type", "mail"}, {"txt", "x"}}).status, 400);
  EXPECT_EQ(post("/deliver", {{"type", "event"}, {"message_id", "none"}, {"event", "Send"}}).status, 400);
  EXPECT_EQ(post("/deliver", {{"type", "mail"}, {"text", "x"}}).status, 200);
  const auto demo = post("/demo/customers", Json::object());
  EXPECT_EQ(demo.status, 200);
  const Json first = Json::parse(demo.body).at("steps").at(0);
  EXPECT_EQ(first.at("customer"), Json({{"name", "Märta Öberg"}, {"email", "marta.oberg@example.org"}}));
  EXPECT_EQ(first.at("to"), "help@acme.example");
}

}  // namespace
}  // namespace patchbay::simulators::ses
