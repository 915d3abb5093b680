/// The inside of SendGridSimulator, split over sendgrid_simulator.cpp (delivery), mail_api.cpp, control_api.cpp and
/// demo.cpp.
#pragma once

#include <map>
#include <mutex>
#include <optional>

#include "simulators/common/http_client.hpp"
#include "simulators/common/http_server.hpp"
#include "simulators/common/ids.hpp"
#include "simulators/common/journal.hpp"
#include "simulators/common/scheduler.hpp"
#include "simulators/sendgrid/customer_mail.hpp"
#include "simulators/sendgrid/sendgrid_simulator.hpp"

namespace patchbay::simulators::sendgrid {

/// A webhook ready to be posted.
struct Post {
  std::string url;
  std::string content_type;
  std::string body;
  std::string timestamp;  ///< empty: not signed
  std::string signature;
  std::string kind;
  std::vector<std::string> ids;
};

struct SendGridSimulator::Impl {
  explicit Impl(Options given);
  ~Impl();

  // ---- sendgrid_simulator.cpp
  void addMailbox(Mailbox mailbox);
  Mailbox mailboxFor(const Json& event) const;  ///< "mailbox", else the only one; @throws BadInput
  std::vector<DeliveredWebhook> deliver(const Json& event);
  Post inboundPost(const Mailbox& mailbox, const CustomerMail& mail, bool raw);
  Post eventsPost(const Mailbox& mailbox, const Json& events) const;
  Json answerTo(const Json& event) const;  ///< a "reply" as the mail that it is; @throws BadInput
  void sign(Post& post, const std::string& how) const;
  DeliveredWebhook post(const Mailbox& mailbox, const Post& what, int attempt);
  void repeatLater(const Mailbox& mailbox, const Post& what, int attempt);
  void deliverEvents(const Mailbox& mailbox, const SentMail& mail, const EventPlan& plan, std::size_t index);
  Json eventAbout(const SentMail& mail, const std::string& word);
  void tell(const std::string& line) const;
  void reset();

  // ---- mail_api.cpp
  HttpReply serve(HttpRequest& request);
  bool closeBeforeBody(const HttpRequest& request);
  HttpReply api(const HttpRequest& request, ApiCall& call);
  HttpReply send(const HttpRequest& request, ApiCall& call);
  SentMail accept(const Mailbox& mailbox, const Json& body);
  HttpReply spoil(const Failure& failure, HttpReply reply, ApiCall& call) const;
  std::optional<Mailbox> senderOf(const Json& body, const std::string& key) const;

  // ---- control_api.cpp
  HttpReply control(const HttpRequest& request);
  HttpReply controlRecords(const HttpRequest& request, const std::string& what);
  HttpReply controlEvents(const HttpRequest& request, const Json& body);

  // ---- demo.cpp
  Json playCustomers();
  Json demoState() const;

  Options options;
  Ids ids;
  Failures failures;
  HttpClient client;
  Journal<SentMail, DeliveredWebhook, ApiCall> journal;

  mutable std::mutex mutex;        // guards everything down to the scheduler
  std::vector<Mailbox> mailboxes;  // in the order of registration
  EventPlan plan;
  std::map<std::string, EventPlan> plans;         // by recipient
  std::map<std::string, std::string> suppressed;  // by recipient: why mail to it is dropped

  Scheduler scheduler;               // below what its jobs use, so that it stops before that is gone
  std::optional<HttpServer> server;  // ended first, by the destructor
};

HttpReply jsonReply(int status, const Json& body);
/// SendGrid's error body. `field` empty: null.
HttpReply errorReply(int status, const std::string& message, const std::string& field = {});

Json toJson(const SentMail& mail);
Json toJson(const DeliveredWebhook& webhook);
Json toJson(const ApiCall& call);

}  // namespace patchbay::simulators::sendgrid
