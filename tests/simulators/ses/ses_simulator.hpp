/// Plays Amazon for mail: the SES API (version 2) with Signature Version 4, the topics of SNS with their signing
/// certificate and confirmations, and the bucket of S3 that holds received mail. All on one port.
///
///     SesSimulator amazon({});
///     amazon.addTopic({.arn = "arn:aws:sns:eu-west-1:111122223333:acme", .callback_url = host +
///     "/api/v1/webhooks/acme/mail",
///                      .address = "help@acme.example"});
///     amazon.subscribe("arn:...");
///     amazon.receive("arn:...", {.from = "Ana <ana@example.org>", .text = "Hello"});
///
/// Every accepted send is followed by its events (EventPlan). The same over HTTP under /_simulator/ (README.md).
/// Thread-safe; the destructor stops everything and joins.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <patchbay/json.hpp>

#include "simulators/common/failures.hpp"
#include "simulators/ses/notices.hpp"
#include "simulators/ses/sigv4.hpp"

namespace patchbay::simulators::ses {

/// What follows an accepted send: event types of SES.
struct EventPlan {
  std::vector<std::string> types{"Send", "Delivery"};
  std::chrono::milliseconds delay{20};  ///< before each
  bool identity = false;                ///< identity notifications as well, for the types that have them
};

/// A topic with the one subscription that matters here.
struct Topic {
  std::string arn;
  std::string callback_url;
  std::string address;     ///< the mailbox: mail is received for it, and its sends tell this topic
  std::string label = {};  ///< for people; default: made from the URL
  std::string signature_version = "1";
  bool confirmed = false;  ///< nothing but the confirmation is posted before
};

struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: the system chooses
  Credentials credentials{"AKIDSIMULATOREXAMPLE", "simulator-secret-access-key", {}, "eu-west-1"};
  std::string bucket = "simulator-mail";
  std::string
      certificate_base;    ///< "https://sns.eu-west-1.amazonaws.com" for checks with other clients; empty: our URL
  std::uint64_t seed = 0;  ///< 0: ids differ at each start
  std::chrono::milliseconds webhook_timeout = std::chrono::seconds(15);
  /// Before the repeats of a message that was not answered with 2xx (SNS: 3 times, 20 s apart).
  std::vector<std::chrono::milliseconds> retry_delays{std::chrono::seconds(1), std::chrono::seconds(2),
                                                      std::chrono::seconds(4)};
  EventPlan events;
  std::function<void(std::string_view)> story;  ///< one readable line per step; from any thread
};

/// One message of a topic and what the host said to it.
struct Posted {
  std::string topic;
  std::string kind;        ///< SubscriptionConfirmation, Received, Send, Delivery, ..., "text"
  std::string message_id;  ///< of SES: the mail's
  std::string body;
  Timestamp time;
  int attempt = 1;
  int status = 0;  ///< 0: no whole answer
  std::string answer;
  std::string error;
  double milliseconds = 0;

  bool ok() const { return status >= 200 && status < 300; }
};

/// One call of the API, of S3 or of SNS.
struct Call {
  std::string method;
  std::string target;
  std::string body;
  Timestamp time;
  std::string problem;  ///< with the signature; empty: none
  int status = 0;       ///< of the answer; 0 when there was none
  std::string failure;  ///< that was played, or empty
};

/// How a received mail reaches the host.
struct Receipt {
  bool s3 = false;  ///< in the bucket; else inside the notification
  std::string encoding = "BASE64";
  Json verdicts = Json::object();   ///< {"virus": "FAIL"}
  std::string signature = "valid";  ///< valid, wrong, missing
  bool forget_object = false;       ///< the object is not there yet: put it with putObject()
  std::string id;                   ///< of a mail that is delivered again; empty: a new one
};

class SesSimulator {
 public:
  /// @throws std::runtime_error  the address cannot be bound.
  explicit SesSimulator(Options options = {});
  ~SesSimulator();

  std::string url() const;
  std::string certificateUrl() const;

  /// Adds or replaces a topic. @throws BadInput
  void addTopic(Topic topic);
  std::vector<Topic> topics() const;
  /// Posts a SubscriptionConfirmation and sees whether the host visited its URL. @return empty, or what was wrong
  std::string subscribe(const std::string& arn);

  /// A customer's mail. @return the post; message_id is that of SES. @throws BadInput  unknown or unconfirmed topic
  Posted receive(const std::string& arn, Written mail, const Receipt& how = {});
  /// Any Message: text or JSON. @param overrides  members of the SNS message
  Posted publish(const std::string& arn, const std::string& message, const Json& overrides = Json::object(),
                 const std::string& signature = "valid");
  /// An event about a sent mail. @throws BadInput  unknown id
  Posted tell(const std::string& message_id, const std::string& type, const Json& more = Json::object());

  void setEvents(EventPlan plan);
  void failNext(Failure failure);
  void putObject(const std::string& key, std::string bytes);

  std::vector<SentMail> sent() const;
  std::vector<Posted> posted() const;
  std::vector<Call> calls() const;
  std::vector<SentMail> waitForSent(std::size_t count, std::chrono::milliseconds timeout) const;
  /// Waits until the host has taken this event about this mail.
  bool waitForEvent(const std::string& message_id, const std::string& type, std::chrono::milliseconds timeout) const;

  /// The demo: customers write to every topic. @return {"ok", "messages", "steps"}
  Json playDemoCustomers();
  /// {"customers", "sent": [... with "statuses"], "total", "read"}
  Json demoState() const;
  void reset();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

Json toJson(const SentMail& mail);
Json toJson(const Posted& posted);
Json toJson(const Call& call);

}  // namespace patchbay::simulators::ses
