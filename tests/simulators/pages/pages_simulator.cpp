#include "simulators/pages/pages_simulator.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "simulators/common/bad_input.hpp"
#include "simulators/common/webhook.hpp"
#include "simulators/pages/simulator_impl.hpp"

namespace patchbay::simulators::pages {
namespace {

const std::vector<std::chrono::milliseconds> kRetryDelays{std::chrono::milliseconds(500), std::chrono::seconds(1),
                                                          std::chrono::seconds(2), std::chrono::seconds(4)};

long long milliseconds(Timestamp at) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()).count();
}

std::string summary(const Json& event) {
  const std::string type = event.value("type", "");
  if (type == "batch") return "a batch of " + std::to_string(event["events"].size());
  const std::string text = event.contains("text") && event["text"].is_string() ? event["text"].get<std::string>() : "";
  return "(" + type + ")" + (text.empty() ? "" : " \"" + std::string(firstCodePoints(text, 60)) + "\"");
}

}  // namespace

meta::Callback callbackOf(const Account& account) {
  return {"account", account.id, account.callback_url, account.app_secret, account.verify_token, account.label};
}

PagesSimulator::Impl::Impl(Options given)
    : options(std::move(given)),
      ids(options.seed),
      sender(
          options.webhook_timeout, kRetryDelays, scheduler,
          [this](const DeliveredWebhook& webhook) { journal.add(webhook); },
          [this](const std::string& line) { tell(line); }),
      plan(options.receipts),
      scheduler(std::max(1U, options.delivery_threads)) {
  if (!options.served_by.empty()) return;
  server.emplace(
      options.host, options.port,
      [this](HttpRequest& request) {
        auto reply = serve(request);
        return reply ? *std::move(reply) : error({100, 33}, "Object of " + request.path + " does not exist");
      },
      [this](const HttpRequest& request) { return closeBeforeBody(request).value_or(false); });
  server->start();
}

PagesSimulator::Impl::~Impl() {
  journal.stop();
  scheduler.clear();
  server.reset();
}

std::string PagesSimulator::Impl::url() const {
  return server ? server->url() : options.served_by;
}

void PagesSimulator::Impl::tell(const std::string& line) const {
  if (options.story) options.story(line);
}

void PagesSimulator::Impl::registerAccount(Account account) {
  if (account.id.empty()) throw BadInput("account: the id is missing");
  checkCallback("account " + account.id, account.callback_url);
  if (account.app_secret.empty()) account.app_secret = options.app_secret;
  if (account.token.empty()) account.token = options.token;
  if (account.verify_token.empty()) account.verify_token = options.verify_token;
  if (account.label.empty()) account.label = labelOf(account.callback_url);
  const std::lock_guard lock(mutex);
  put(accounts, std::move(account), &Account::id);
}

std::optional<Account> PagesSimulator::Impl::findAccount(const std::string& id) const {
  const std::lock_guard lock(mutex);
  for (const Account& account : accounts)
    if (account.id == id) return account;
  return std::nullopt;
}

Account PagesSimulator::Impl::accountById(const std::string& id) const {
  auto account = findAccount(id);
  if (!account) throw BadInput("there is no account with id '" + id + "'");
  return *std::move(account);
}

std::string PagesSimulator::Impl::verify(const std::string& account_id) {
  return sender.verify(callbackOf(accountById(account_id)), ids.digits(10));
}

std::string PagesSimulator::Impl::keepFile(std::string bytes, std::string mime_type) {
  const std::string name = ids.word(40);
  const std::lock_guard lock(mutex);
  files[name] = {std::move(bytes), std::move(mime_type)};
  return url() + "/_cdn/" + name;
}

std::string PagesSimulator::Impl::describe(const std::string& customer_id) const {
  const std::lock_guard lock(mutex);
  const auto known = customers.find(customer_id);
  return known == customers.end() || known->second.name.empty() ? customer_id
                                                                : known->second.name + " (" + customer_id + ")";
}

void PagesSimulator::Impl::rememberCustomer(const std::string& account_id, const Json& event) {
  if (event.contains("events") && event["events"].is_array())
    for (const Json& inner : event["events"]) rememberCustomer(account_id, inner);
  const auto from = event.find("from");
  if (from == event.end() || !from->is_object()) return;
  const Customer customer{textOr(*from, "id", ""), textOr(*from, "name", "")};
  const std::lock_guard lock(mutex);
  Customer& known = customers[customer.id];
  known.id = customer.id;
  if (!customer.name.empty()) known.name = customer.name;
  const std::string type = event.value("type", "");
  if (type != "read" && type != "delivery") windows[account_id + " " + customer.id] = now();
}

std::vector<DeliveredWebhook> PagesSimulator::Impl::deliver(const std::string& account_id, const Json& event,
                                                            const Delivery& how) {
  const Account account = accountById(account_id);
  EventBuilder builder(
      ids, [this](std::string bytes, std::string type) { return keepFile(std::move(bytes), std::move(type)); });
  const Webhook webhook = builder.build(account, event, milliseconds(now()));
  rememberCustomer(account.id, event);
  const auto from = event.find("from");
  const std::string who = from != event.end() && from->is_object() ? describe(from->value("id", "")) : "Meta";
  return sender.deliver(callbackOf(account), webhook, how, who + " -> " + account.label + ": " + summary(event));
}

/// Messenger's receipts are watermarks; Instagram names the message that was seen.
Json PagesSimulator::Impl::receiptOf(const Account& account, const SentMessage& message,
                                     const std::string& status) const {
  const Json person{{"id", message.to}};
  if (status == "echo") {
    Json event{{"type", "echo"},
               {"to", person},
               {"id", message.mid},
               {"timestamp", milliseconds(message.time)},
               {"app_id", std::stoll(options.app_id)}};
    const Json& content = message.body["message"];
    for (const char* name : {"text", "metadata"})
      if (content.contains(name)) event[name] = content[name];
    if (content.contains("attachment")) event["attachments"] = Json::array({content["attachment"]});
    if (content.contains("attachments")) event["attachments"] = content["attachments"];
    return event;
  }
  Json event{{"type", status == "read" ? "read" : "delivery"}, {"from", person}};
  if (account.product == Product::kInstagram) {
    event["mid"] = message.mid;
    return event;
  }
  event["watermark"] = milliseconds(message.time);
  if (status == "delivered") event["mids"] = Json::array({message.mid});
  return event;
}

void PagesSimulator::Impl::deliverReceipts(const Account& account, const SentMessage& message, ReceiptPlan how) {
  if (account.product == Product::kInstagram) std::erase(how.statuses, "delivered");
  meta::follow(scheduler, how, [=, this](const std::string& status) {
    EventBuilder builder(ids, [](const std::string&, const std::string&) { return std::string(); });
    Webhook webhook = builder.build(account, receiptOf(account, message, status), milliseconds(now()));
    webhook.kind = "status:" + status;
    webhook.ids = {message.mid};
    sender.deliver(callbackOf(account), std::move(webhook), {.retry = true},
                   "Meta -> " + account.label + ": " + status + " (" + describe(message.to) + ")");
  });
}

void PagesSimulator::Impl::reset() {
  scheduler.clear();
  failures.clear();
  if (server) server->release();
  journal.clear();
  const std::lock_guard lock(mutex);
  windows.clear();
}

PagesSimulator::PagesSimulator(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
PagesSimulator::~PagesSimulator() = default;

std::string PagesSimulator::url() const {
  return impl_->url();
}
void PagesSimulator::registerAccount(Account account) {
  impl_->registerAccount(std::move(account));
}
std::vector<Account> PagesSimulator::accounts() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->accounts;
}
std::string PagesSimulator::verify(const std::string& account_id) {
  return impl_->verify(account_id);
}
std::vector<DeliveredWebhook> PagesSimulator::deliver(const std::string& account_id, const Json& event,
                                                      const Delivery& how) {
  return impl_->deliver(account_id, event, how);
}
DeliveredWebhook PagesSimulator::deliver(const std::string& account_id, const Json& event) {
  return impl_->deliver(account_id, event, {}).front();
}
void PagesSimulator::setReceipts(ReceiptPlan plan) {
  const std::lock_guard lock(impl_->mutex);
  impl_->plan = std::move(plan);
}
void PagesSimulator::failNext(Failure failure) {
  impl_->failures.add(std::move(failure));
}
void PagesSimulator::enforceWindow(bool on) {
  const std::lock_guard lock(impl_->mutex);
  impl_->window = on;
}
std::vector<SentMessage> PagesSimulator::sent() const {
  return impl_->journal.sent();
}
std::vector<DeliveredWebhook> PagesSimulator::webhooks() const {
  return impl_->journal.webhooks();
}
std::vector<SentMessage> PagesSimulator::waitForSent(std::size_t count, std::chrono::milliseconds timeout) const {
  return impl_->journal.waitForSent(count, timeout);
}
bool PagesSimulator::waitForStatus(const std::string& mid, const std::string& status,
                                   std::chrono::milliseconds timeout) const {
  return impl_->journal.waitForWebhook(timeout, [&](const DeliveredWebhook& webhook) {
    return webhook.kind == "status:" + status && !webhook.ids.empty() && webhook.ids[0] == mid;
  });
}
Json PagesSimulator::playDemoCustomers(std::optional<Product> product) {
  return impl_->playCustomers(product);
}
Json PagesSimulator::demoState() const {
  return impl_->demoState();
}
void PagesSimulator::reset() {
  impl_->reset();
}
std::optional<HttpReply> PagesSimulator::serve(HttpRequest& request) {
  return impl_->serve(request);
}
std::optional<bool> PagesSimulator::closeBeforeBody(const HttpRequest& request) {
  return impl_->closeBeforeBody(request);
}

}  // namespace patchbay::simulators::pages
