#include "simulators/whatsapp/whatsapp_simulator.hpp"

#include "base/text.hpp"
#include "simulators/common/bad_input.hpp"
#include "simulators/common/webhook.hpp"
#include "simulators/whatsapp/simulator_impl.hpp"

namespace patchbay::simulators::whatsapp {
namespace {

/// What a customer wrote, for the story.
std::string summary(const Json& event) {
  const std::string type = event.value("type", "");
  if (type == "text") return "\"" + shortened(event.value("text", "")) + "\"";
  if (type == "batch") return "a batch of " + std::to_string(event["events"].size());
  if (event.contains("media")) {
    const std::string caption = event["media"].value("caption", "");
    return "(" + type + ")" + (caption.empty() ? "" : " \"" + shortened(caption) + "\"");
  }
  return "(" + type + ")";
}

}  // namespace

meta::Callback callbackOf(const Number& number) {
  return {"phone_number_id", number.phone_number_id, number.callback_url,
          number.app_secret, number.verify_token,    number.label};
}

WhatsAppSimulator::Impl::Impl(Options given)
    : options(std::move(given)),
      ids(options.seed),
      media(ids, options.media_url_lifetime),
      templates(ids),
      sender(
          options.webhook_timeout, options.retry_delays, scheduler,
          [this](const DeliveredWebhook& webhook) { journal.add(webhook); },
          [this](const std::string& line) { tell(line); }),
      plan(options.statuses),
      scheduler(std::max(1U, options.delivery_threads)) {
  server.emplace(
      options.host, options.port, [this](HttpRequest& request) { return serve(request); },
      [this](const HttpRequest& request) { return closeBeforeBody(request); });
  server->start();
}

WhatsAppSimulator::Impl::~Impl() {
  journal.stop();
  scheduler.clear();
  server.reset();
}

void WhatsAppSimulator::Impl::tell(const std::string& line) const {
  if (options.story) options.story(line);
}

void WhatsAppSimulator::Impl::registerNumber(Number number) {
  if (number.phone_number_id.empty()) throw BadInput("number: the phone number id is missing");
  checkCallback("number " + number.phone_number_id, number.callback_url);
  const std::lock_guard lock(mutex);
  const auto same = std::find_if(numbers.begin(), numbers.end(),
                                 [&](const Number& old) { return old.phone_number_id == number.phone_number_id; });
  const auto index = std::to_string(100 + (same - numbers.begin()));
  if (number.display_phone_number.empty()) number.display_phone_number = "15550100" + index;
  if (number.waba_id.empty()) number.waba_id = "301200000000" + index;
  if (number.app_secret.empty()) number.app_secret = options.app_secret;
  if (number.token.empty()) number.token = options.token;
  if (number.verify_token.empty()) number.verify_token = options.verify_token;
  if (number.label.empty()) number.label = labelOf(number.callback_url);
  put(numbers, std::move(number), &Number::phone_number_id);
}

std::optional<Number> WhatsAppSimulator::Impl::findNumber(const std::string& phone_number_id) const {
  const std::lock_guard lock(mutex);
  for (const Number& number : numbers)
    if (number.phone_number_id == phone_number_id) return number;
  return std::nullopt;
}

Number WhatsAppSimulator::Impl::numberById(const std::string& phone_number_id) const {
  auto number = findNumber(phone_number_id);
  if (!number) throw BadInput("there is no number with phone_number_id '" + phone_number_id + "'");
  return *std::move(number);
}

std::string WhatsAppSimulator::Impl::verify(const std::string& phone_number_id) {
  return sender.verify(callbackOf(numberById(phone_number_id)), ids.digits(10));
}

std::string WhatsAppSimulator::Impl::mediaUrl(const std::string& media_id) {
  return server->url() + media.newDownloadPath(media_id);
}

void WhatsAppSimulator::Impl::rememberCustomer(const std::string& phone_number_id, const Json& event) {
  if (event.contains("events") && event["events"].is_array())
    for (const Json& inner : event["events"])
      rememberCustomer(textOr(inner, "phone_number_id", phone_number_id), inner);
  if (!event.contains("from")) return;
  const Customer customer = customerFromJson(event["from"]);
  for (const std::string& address : {customer.phone, customer.bsuid})
    if (!address.empty()) limits.opened(phone_number_id, address, now());
  const std::lock_guard lock(mutex);
  if (!customer.phone.empty()) customers[customer.phone] = customer;
  if (!customer.bsuid.empty()) customers[customer.bsuid] = customer;
}

Customer WhatsAppSimulator::Impl::customerOf(const Json& body) const {
  const bool by_phone = body.contains("to");
  const std::string address = body.value(by_phone ? "to" : "recipient", "");
  const std::lock_guard lock(mutex);
  const auto known = customers.find(address);
  if (known != customers.end()) return known->second;
  Customer stranger;
  (by_phone ? stranger.phone : stranger.bsuid) = address;
  return stranger;
}

std::string WhatsAppSimulator::Impl::describe(const Customer& customer) const {
  const std::string address = customer.phone.empty() ? customer.bsuid : customer.phone;
  return customer.name.empty() ? address : customer.name + " (" + address + ")";
}

std::vector<DeliveredWebhook> WhatsAppSimulator::Impl::deliver(const std::string& phone_number_id, const Json& event,
                                                               const Delivery& how) {
  const Number number = numberById(phone_number_id);
  EventBuilder builder(
      ids, media, [this](const std::string& id) { return numberById(id); },
      [this](const std::string& id) { return mediaUrl(id); });
  Webhook webhook = builder.build(number, event);
  if (event.contains("message_id") && event["message_id"].is_string()) webhook.ids.push_back(event["message_id"]);
  rememberCustomer(number.phone_number_id, event);
  const std::string who = event.contains("from") ? "customer " + describe(customerFromJson(event["from"])) : "Meta";
  return sender.deliver(callbackOf(number), std::move(webhook), how,
                        who + " -> " + number.label + ": " + summary(event));
}

void WhatsAppSimulator::Impl::deliverStatuses(const Number& number, const SentMessage& message, StatusPlan how) {
  // What we send as a reaction is never reported as delivered or read.
  if (message.body.value("type", "") == "reaction")
    std::erase_if(how.statuses, [](const std::string& status) { return status != "sent"; });
  meta::follow(scheduler, how, [=, this, code = how.failed_code](const std::string& status) {
    const Customer to = customerOf(message.body);
    Json event = statusEvent(message.wamid, status, to);
    if (status == "failed") event["code"] = code;
    if (message.body.contains("biz_opaque_callback_data"))
      event["biz_opaque_callback_data"] = message.body["biz_opaque_callback_data"];
    EventBuilder builder(ids, media, {}, {});
    Webhook webhook = builder.build(number, event);
    webhook.ids = {message.wamid};
    sender.deliver(callbackOf(number), std::move(webhook), {.retry = true},
                   "Meta -> " + number.label + ": " + status + " (to " + describe(to) + ")");
  });
}

void WhatsAppSimulator::Impl::reset() {
  scheduler.clear();
  failures.clear();
  limits.reset();
  server->release();
  journal.clear();
}

WhatsAppSimulator::WhatsAppSimulator(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
WhatsAppSimulator::~WhatsAppSimulator() = default;

std::string WhatsAppSimulator::url() const {
  return impl_->server->url();
}
std::uint16_t WhatsAppSimulator::port() const {
  return impl_->server->port();
}

void WhatsAppSimulator::registerNumber(Number number) {
  impl_->registerNumber(std::move(number));
}

std::vector<Number> WhatsAppSimulator::numbers() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->numbers;
}

std::string WhatsAppSimulator::verify(const std::string& phone_number_id) {
  return impl_->verify(phone_number_id);
}

std::vector<DeliveredWebhook> WhatsAppSimulator::deliver(const std::string& phone_number_id, const Json& event,
                                                         const Delivery& how) {
  return impl_->deliver(phone_number_id, event, how);
}

DeliveredWebhook WhatsAppSimulator::deliver(const std::string& phone_number_id, const Json& event) {
  return impl_->deliver(phone_number_id, event, {}).front();
}

void WhatsAppSimulator::setStatuses(StatusPlan plan) {
  const std::lock_guard lock(impl_->mutex);
  impl_->plan = std::move(plan);
}

void WhatsAppSimulator::setStatusesFor(const std::string& to, StatusPlan plan) {
  const std::lock_guard lock(impl_->mutex);
  impl_->plans[to] = std::move(plan);
}

void WhatsAppSimulator::failNext(Failure failure) {
  impl_->failures.add(std::move(failure));
}
void WhatsAppSimulator::clearFailures() {
  impl_->failures.clear();
}

std::string WhatsAppSimulator::addMedia(std::string bytes, std::string mime_type) {
  return impl_->media.add(std::move(bytes), std::move(mime_type)).id;
}

void WhatsAppSimulator::setMediaUrlLifetime(std::chrono::milliseconds lifetime) {
  impl_->media.setUrlLifetime(lifetime);
}

std::vector<SentMessage> WhatsAppSimulator::sent() const {
  return impl_->journal.sent();
}

std::vector<DeliveredWebhook> WhatsAppSimulator::webhooks() const {
  return impl_->journal.webhooks();
}

std::vector<GraphCall> WhatsAppSimulator::calls() const {
  return impl_->journal.calls();
}

std::vector<SentMessage> WhatsAppSimulator::waitForSent(std::size_t count, std::chrono::milliseconds timeout) const {
  return impl_->journal.waitForSent(count, timeout);
}

bool WhatsAppSimulator::Impl::waitForWebhook(const std::string& kind, const std::string& id,
                                             std::chrono::milliseconds timeout) const {
  return journal.waitForWebhook(timeout, [&](const DeliveredWebhook& webhook) {
    return webhook.kind == kind && !webhook.ids.empty() && webhook.ids[0] == id;
  });
}

bool WhatsAppSimulator::waitForStatus(const std::string& wamid, const std::string& status,
                                      std::chrono::milliseconds timeout) const {
  return impl_->waitForWebhook("status:" + status, wamid, timeout);
}

bool WhatsAppSimulator::waitForTemplate(const std::string& template_id, const std::string& status,
                                        std::chrono::milliseconds timeout) const {
  return impl_->waitForWebhook("template:" + status, template_id, timeout);
}

bool WhatsAppSimulator::waitForCalls(std::size_t count, std::chrono::milliseconds timeout) const {
  return impl_->journal.waitForCalls(count, timeout);
}

Json WhatsAppSimulator::playDemoCustomers() {
  return impl_->playCustomers();
}
Json WhatsAppSimulator::demoState() const {
  return impl_->demoState();
}

void WhatsAppSimulator::reset() {
  impl_->reset();
}

}  // namespace patchbay::simulators::whatsapp
