/// The inside of WhatsAppSimulator, split over whatsapp_simulator.cpp (delivery), graph_api.cpp, control_api.cpp and
/// demo.cpp.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "simulators/common/http_server.hpp"
#include "simulators/common/ids.hpp"
#include "simulators/common/journal.hpp"
#include "simulators/common/scheduler.hpp"
#include "simulators/whatsapp/limits.hpp"
#include "simulators/whatsapp/media_store.hpp"
#include "simulators/whatsapp/templates.hpp"
#include "simulators/whatsapp/whatsapp_simulator.hpp"

namespace patchbay::simulators::whatsapp {

/// What the reviewers say to a new template, and when.
struct TemplateReview {
  std::string status = "APPROVED";  ///< empty: it stays PENDING
  std::string reason;
  std::chrono::milliseconds delay{20};
};

struct WhatsAppSimulator::Impl {
  explicit Impl(Options given);
  ~Impl();

  // ---- whatsapp_simulator.cpp
  void registerNumber(Number number);
  Number numberById(const std::string& phone_number_id) const;  ///< @throws BadInput  unknown
  std::optional<Number> findNumber(const std::string& phone_number_id) const;
  std::string verify(const std::string& phone_number_id);
  std::vector<DeliveredWebhook> deliver(const std::string& phone_number_id, const Json& event, const Delivery& how);
  /// Delivers the statuses of an accepted send.
  void deliverStatuses(const Number& number, const SentMessage& message, StatusPlan plan);
  void rememberCustomer(const std::string& phone_number_id, const Json& event);
  Customer customerOf(const Json& body) const;  ///< the recipient of a send, with what we know of them
  std::string describe(const Customer& customer) const;
  std::string mediaUrl(const std::string& media_id);
  void tell(const std::string& line) const;
  bool waitForWebhook(const std::string& kind, const std::string& id, std::chrono::milliseconds timeout) const;
  void reset();

  // ---- graph_api.cpp
  HttpReply serve(HttpRequest& request);
  bool closeBeforeBody(const HttpRequest& request);
  HttpReply graph(const HttpRequest& request, GraphCall& call);
  HttpReply send(const HttpRequest& request, const Number& number, GraphCall& call);
  HttpReply upload(const HttpRequest& request, GraphCall& call);
  HttpReply mediaObject(const HttpRequest& request, const std::string& id, GraphCall& call);
  HttpReply download(const HttpRequest& request, GraphCall& call);
  HttpReply numberObject(const Number& number) const;
  HttpReply subscription(const HttpRequest& request, const std::string& waba_id);
  /// Plays an order for this kind of call, if there is one, in place of or upon what `make` answers.
  HttpReply withFailures(const std::string& kind, GraphCall& call, const std::function<HttpReply()>& make);
  std::string callKind(const HttpRequest& request) const;
  bool isAccount(const std::string& id) const;
  HttpReply error(int code, const std::string& details, int subcode = 0);
  /// The reply a failure calls for instead of `reply`.
  HttpReply spoil(const Failure& failure, HttpReply reply, GraphCall& call);
  /// The code of a limit that the test has set, or 0.
  int refusedByLimits(const Number& number, const Json& body);
  std::optional<TemplateProblem> templateProblem(const Number& number, const Json& body);
  SentMessage accept(const Number& number, const Json& body);
  HttpReply sendReply(const SentMessage& message) const;
  bool authorized(const HttpRequest& request, const Number* number) const;
  std::string proofProblem(const HttpRequest& request, const Number* number) const;

  // ---- template_api.cpp
  HttpReply templateApi(const HttpRequest& request, const std::string& waba_id);
  HttpReply listTemplates(const HttpRequest& request, const std::string& waba_id);
  HttpReply templateObject(const HttpRequest& request, const Template& found);
  /// Gives it a status and tells the account's webhook.
  void reviewTemplate(const std::string& id, const std::string& status, const std::string& reason);
  HttpReply controlTemplates(const std::string& method, const Json& body);

  // ---- control_api.cpp
  HttpReply control(const HttpRequest& request);
  HttpReply controlDeliver(Json event);
  HttpReply controlStatuses(const Json& body);
  HttpReply controlMedia(const Json& body);
  HttpReply controlSettings(const Json& body);

  // ---- demo.cpp
  Json playCustomers();
  Json demoState() const;

  Options options;
  Ids ids;
  MediaStore media;
  Templates templates;
  Limits limits;
  Failures failures;
  Journal<SentMessage, DeliveredWebhook, GraphCall> journal;
  meta::WebhookSender sender;

  mutable std::mutex mutex;                   // guards everything down to the scheduler
  std::vector<Number> numbers;                // in the order of registration
  std::map<std::string, Customer> customers;  // by phone and by bsuid
  StatusPlan plan;
  std::map<std::string, StatusPlan> plans;  // by recipient
  TemplateReview review;
  bool check_templates = false;        // sends of templates that are not on file, or not approved, are refused
  std::set<std::string> unsubscribed;  // business accounts that get no webhooks

  Scheduler scheduler;               // below what its jobs use, so that it stops before that is gone
  std::optional<HttpServer> server;  // ended first, by the destructor
};

meta::Callback callbackOf(const Number& number);
Json toJson(const Number& number);
Json toJson(const SentMessage& message);
Json toJson(const GraphCall& call);

}  // namespace patchbay::simulators::whatsapp
