/// The inside of PagesSimulator, split over pages_simulator.cpp (delivery), graph_api.cpp, control_api.cpp and
/// demo.cpp.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "simulators/common/ids.hpp"
#include "simulators/common/journal.hpp"
#include "simulators/common/scheduler.hpp"
#include "simulators/pages/pages_simulator.hpp"

namespace patchbay::simulators::pages {

/// Meta's code and subcode, with the HTTP status that usually comes with the code.
struct MetaError {
  int code = 100;
  int subcode = 0;
};

/// One call of the API, for the record.
struct GraphCall {
  std::string method;
  std::string path;  ///< without the query: a token may stand in it
  std::string content_type;
  std::string body;
  Timestamp time;
  int status = 0;       ///< of the answer; 0 when there was none
  std::string failure;  ///< what= of the failure that was played, or empty
};

struct StoredFile {
  std::string bytes;
  std::string mime_type;
};

struct PagesSimulator::Impl {
  explicit Impl(Options given);
  ~Impl();

  // ---- pages_simulator.cpp
  std::string url() const;
  void registerAccount(Account account);
  std::optional<Account> findAccount(const std::string& id) const;
  Account accountById(const std::string& id) const;  ///< @throws BadInput  unknown
  std::string verify(const std::string& account_id);
  std::vector<DeliveredWebhook> deliver(const std::string& account_id, const Json& event, const Delivery& how);
  void deliverReceipts(const Account& account, const SentMessage& message, ReceiptPlan plan);
  Json receiptOf(const Account& account, const SentMessage& message, const std::string& status) const;
  void rememberCustomer(const std::string& account_id, const Json& event);
  std::string keepFile(std::string bytes, std::string mime_type);
  std::string describe(const std::string& customer_id) const;
  void tell(const std::string& line) const;
  void reset();

  // ---- graph_api.cpp
  std::optional<HttpReply> serve(HttpRequest& request);
  std::optional<bool> closeBeforeBody(const HttpRequest& request);
  std::optional<HttpReply> graph(const HttpRequest& request, const std::vector<std::string>& parts, GraphCall& call);
  HttpReply send(const HttpRequest& request, const Account& account, GraphCall& call);
  HttpReply act(const Account& account, const Json& body);
  HttpReply upload(const HttpRequest& request, const Account& account, GraphCall& call);
  HttpReply profile(const HttpRequest& request, const Account& account, const std::string& person) const;
  HttpReply subscription(const HttpRequest& request, const Account& account);
  HttpReply withFailures(const std::string& kind, const std::string& to, GraphCall& call,
                         const std::function<HttpReply()>& make);
  HttpReply spoil(const Failure& failure, HttpReply reply, GraphCall& call);
  HttpReply error(MetaError which, const std::string& details, int status = 0);
  std::optional<MetaError> refusedByWindow(const Account& account, const Json& body) const;
  SentMessage accept(const Account& account, const Json& body);
  /// The account that a call is about: by its node, "me" and customers by the token.
  std::optional<Account> accountOfCall(const HttpRequest& request, const std::string& node) const;
  std::string tokenOf(const HttpRequest& request) const;
  bool knowsCustomer(const std::string& id) const;

  // ---- control_api.cpp
  HttpReply control(const HttpRequest& request, const std::string& what, std::optional<Product> product);
  HttpReply controlDeliver(Json event, std::optional<Product> product);
  HttpReply controlSettings(const Json& body);

  // ---- demo.cpp
  Json playCustomers(std::optional<Product> product);
  Json demoState() const;

  Options options;
  Ids ids;
  Failures failures;
  Journal<SentMessage, DeliveredWebhook, GraphCall> journal;
  meta::WebhookSender sender;

  mutable std::mutex mutex;       // guards everything down to the scheduler
  std::vector<Account> accounts;  // in the order of registration
  std::map<std::string, Customer> customers;
  std::map<std::string, Timestamp> windows;   // by account and customer: the last message of the customer
  std::map<std::string, StoredFile> files;    // of customers, by the path's last part
  std::map<std::string, StoredFile> uploads;  // by attachment id; the bytes are not kept
  std::set<std::string> unsubscribed;
  ReceiptPlan plan;
  bool window = false;

  Scheduler scheduler;               // below what its jobs use, so that it stops before that is gone
  std::optional<HttpServer> server;  // ended first, by the destructor; none when others serve
};

meta::Callback callbackOf(const Account& account);
Json toJson(const Account& account);
Json toJson(const GraphCall& call);
Json toJson(const SentMessage& message);

}  // namespace patchbay::simulators::pages
