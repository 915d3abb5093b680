// Delivery of webhooks: the customers' mail and the events about what was sent.
#include "simulators/sendgrid/sendgrid_simulator.hpp"
#include "simulators/common/webhook.hpp"

#include <algorithm>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "simulators/common/bad_input.hpp"
#include "simulators/sendgrid/signature.hpp"
#include "simulators/sendgrid/simulator_impl.hpp"

namespace patchbay::simulators::sendgrid {
namespace {

constexpr std::size_t kKeptBody = 1U << 20U;

std::string secondsNow() {
  return std::to_string(std::chrono::floor<std::chrono::seconds>(now()).time_since_epoch().count());
}

/// "http://user:password@host/path" -> the URL without them, and the header.
std::pair<std::string, std::string> withoutCredentials(const std::string& url) {
  const auto begin = url.find("://");
  if (begin == std::string::npos) return {url, {}};
  const auto end = url.find('/', begin + 3);
  const auto at = url.find('@', begin + 3);
  if (at == std::string::npos || (end != std::string::npos && at > end)) return {url, {}};
  return {url.substr(0, begin + 3) + url.substr(at + 1),
          "Basic " + crypto::base64Encode(url.substr(begin + 3, at - begin - 3))};
}

std::string textIn(const Json& object, const char* name) {
  return object.is_object() && object.contains(name) && object[name].is_string() ? object[name].get<std::string>() : "";
}

}  // namespace

SendGridSimulator::Impl::Impl(Options given)
    : options(std::move(given)),
      ids(options.seed),
      client(options.webhook_timeout),
      plan(options.events),
      scheduler(std::max(1U, options.delivery_threads)) {
  server.emplace(
      options.host, options.port, [this](HttpRequest& request) { return serve(request); },
      [this](const HttpRequest& request) { return closeBeforeBody(request); });
  server->start();
}

SendGridSimulator::Impl::~Impl() {
  journal.stop();
  scheduler.clear();
  server.reset();
}

void SendGridSimulator::Impl::tell(const std::string& line) const {
  if (options.story) options.story(line);
}

void SendGridSimulator::Impl::addMailbox(Mailbox mailbox) {
  if (mailbox.address.find('@') == std::string::npos)
    throw BadInput("mailbox: '" + mailbox.address + "' is not a mail address");
  checkCallback("mailbox " + mailbox.address, mailbox.callback_url);
  if (mailbox.inbound.empty()) mailbox.inbound = mailbox.address;
  if (mailbox.inbound_url.empty()) mailbox.inbound_url = mailbox.callback_url + "/inbound";
  if (mailbox.api_key.empty()) mailbox.api_key = options.api_key;
  if (mailbox.label.empty()) mailbox.label = mailbox.address;
  const std::lock_guard lock(mutex);
  put(mailboxes, std::move(mailbox), &Mailbox::address);
}

Mailbox SendGridSimulator::Impl::mailboxFor(const Json& event) const {
  const std::string address = textOr(event, "mailbox", "");
  const std::lock_guard lock(mutex);
  if (address.empty() && !mailboxes.empty()) return mailboxes.front();
  for (const Mailbox& mailbox : mailboxes)
    if (mailbox.address == address) return mailbox;
  throw BadInput("there is no mailbox '" + address + "'");
}

void SendGridSimulator::Impl::sign(Post& post, const std::string& how) const {
  if (how == "missing") return;
  post.timestamp = secondsNow();
  if (how == "valid")
    post.signature = signature(options.private_key, post.timestamp, post.body);
  else if (how == "wrong")
    post.signature = signature(options.private_key, post.timestamp, post.body + " ");
  else
    post.signature = how;
}

Post SendGridSimulator::Impl::inboundPost(const Mailbox& mailbox, const CustomerMail& mail, bool raw) {
  Form form = inboundForm(mail, raw, ids);
  return {mailbox.inbound_url, form.content_type, std::move(form.body), {}, {}, "inbound", {mail.message_id}};
}

/// SendGrid ends every element, and the document, with CR LF.
Post SendGridSimulator::Impl::eventsPost(const Mailbox& mailbox, const Json& events) const {
  Post post{mailbox.callback_url + "/events", "application/json", {}, {}, {}, "events", {}};
  if (!events.is_array()) {
    post.body = events.is_string() ? events.get<std::string>() : dumpJson(events);
    return post;
  }
  for (const Json& event : events) {
    post.body += (post.body.empty() ? "[" : ",\r\n") + dumpJson(event);
    const std::string id = textIn(event, "sg_message_id");
    post.ids.push_back(id.substr(0, id.find('.')));
  }
  post.body += post.body.empty() ? "[]\r\n" : "]\r\n";
  if (events.size() == 1) post.kind = "event:" + textIn(events[0], "event");
  return post;
}

Json SendGridSimulator::Impl::answerTo(const Json& event) const {
  const std::string wanted = textOr(event, "answers", "");
  std::optional<SentMail> mail;
  for (const SentMail& one : journal.sent())
    if (wanted.empty() || one.message_id == wanted) mail = one;
  if (!mail) throw BadInput("reply: no mail '" + wanted + "' was sent");
  Json reply = event;
  reply.erase("answers");
  reply["type"] = "mail";
  reply["mailbox"] = mail->mailbox;
  const Json headers = mail->body.value("headers", Json::object());
  const std::string id = textIn(headers, "Message-ID");
  const std::string earlier = textIn(headers, "References");
  if (!reply.contains("from")) reply["from"] = {{"email", mail->to}};
  std::string answered_at = textIn(mail->body.value("reply_to", Json()), "email");
  if (answered_at.empty()) answered_at = mailboxFor({{"mailbox", mail->mailbox}}).inbound;
  if (!reply.contains("to")) reply["to"] = answered_at;
  if (!reply.contains("envelope_to")) reply["envelope_to"] = answered_at;
  const std::string subject = textIn(mail->body, "subject");
  if (!reply.contains("subject")) reply["subject"] = subject.starts_with("Re: ") ? subject : "Re: " + subject;
  if (!reply.contains("in_reply_to")) reply["in_reply_to"] = id;
  if (!reply.contains("references")) reply["references"] = earlier.empty() ? id : earlier + " " + id;
  return reply;
}

DeliveredWebhook SendGridSimulator::Impl::post(const Mailbox& mailbox, const Post& what, int attempt) {
  HttpClient::Headers headers{{"Content-Type", what.content_type}, {"User-Agent", "SendGrid Simulator"}};
  if (!what.timestamp.empty()) {
    headers.emplace_back(kSignatureHeader, what.signature);
    headers.emplace_back(kTimestampHeader, what.timestamp);
  }
  const auto [url, authorization] = withoutCredentials(what.url);
  if (!authorization.empty()) headers.emplace_back("Authorization", authorization);
  const HttpAnswer answer = client.post(url, headers, what.body);
  DeliveredWebhook record{mailbox.address, what.kind,
                          what.ids,        what.body.substr(0, kKeptBody),
                          now(),           attempt,
                          answer.status,   answer.body,
                          answer.error,    static_cast<double>(answer.took.count()) / 1000.0};
  journal.add(record);
  return record;
}

void SendGridSimulator::Impl::repeatLater(const Mailbox& mailbox, const Post& what, int attempt) {
  const auto index = static_cast<std::size_t>(attempt) - 1;
  if (index >= options.retry_delays.size()) {
    tell("SendGrid gives up on " + mailbox.label + ": " + what.kind + " after " + std::to_string(attempt) +
         " attempts");
    return;
  }
  scheduler.after(options.retry_delays[index], [=, this] {
    const DeliveredWebhook again = post(mailbox, what, attempt + 1);
    tell("SendGrid repeats " + what.kind + " -> " + mailbox.label + ": " + resultOf(again));
    if (!again.ok()) repeatLater(mailbox, what, attempt + 1);
  });
}

std::vector<DeliveredWebhook> SendGridSimulator::Impl::deliver(const Json& given) {
  if (!given.is_object()) throw BadInput("deliver: must be an object");
  const std::string type = textOr(given, "type", "mail");
  const Json event = type == "reply" ? answerTo(given) : given;
  const Mailbox mailbox = mailboxFor(event);
  Post webhook;
  std::string who = "SendGrid";
  if (type == "events") {
    allowOnly(event, "events", {"type", "mailbox", "signature", "copies", "retry", "events"});
    webhook = eventsPost(mailbox, event.value("events", Json::array()));
  } else if (type == "mail" || type == "reply") {
    const CustomerMail mail = mailFromJson(event, mailbox.inbound, ids, now());
    const std::string mode = textOr(event, "mode", mailbox.raw ? "raw" : "parsed");
    if (mode != "raw" && mode != "parsed") throw BadInput("mail: 'mode' must be raw or parsed, got '" + mode + "'");
    webhook = inboundPost(mailbox, mail, mode == "raw");
    who = "customer " + (mail.name.empty() ? mail.from : mail.name) + " writes \"" + mail.subject + "\"";
  } else {
    throw BadInput("deliver: 'type' must be mail, reply or events, got '" + type + "'");
  }
  const bool signs = type == "events" || mailbox.sign_inbound;
  const std::string how = textOr(event, "signature", signs ? "valid" : "missing");
  sign(webhook, how);
  const auto records = postCopies(numberOr(event, "copies", 1), [&] { return post(mailbox, webhook, 1); });
  tell(who + " -> " + mailbox.label + ": " + webhook.kind + " | " + resultOf(records.back()));
  if (truthOr(event, "retry", false) && !records.back().ok()) repeatLater(mailbox, webhook, 1);
  return records;
}

Json SendGridSimulator::Impl::eventAbout(const SentMail& mail, const std::string& word) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now()).time_since_epoch().count();
  Json event{{"event", word},
             {"email", mail.to},
             {"timestamp", seconds},
             {"sg_event_id", ids.word(22)},
             {"sg_message_id", mail.message_id + ".recvd-" + ids.digits(6) + "-1-1.0"},
             {"smtp-id", "<" + mail.message_id + "@geopod-ismtpd-1>"}};
  if (mail.body.contains("categories")) event["category"] = mail.body["categories"];
  const Json arguments = mail.body["personalizations"][0].value("custom_args", Json::object());
  for (const auto& argument : arguments.items())
    if (!event.contains(argument.key())) event[argument.key()] = argument.value();
  if (word == "delivered") event.update({{"response", "250 OK"}, {"tls", 1}, {"ip", "192.0.2.9"}});
  if (word == "deferred") event.update({{"response", "451 try again later"}, {"attempt", "1"}});
  if (word == "bounce" || word == "blocked") {
    const bool hard = word == "bounce";
    event.update({{"event", "bounce"},
                  {"type", word},
                  {"status", hard ? "5.1.1" : "4.7.1"},
                  {"reason", hard ? "550 5.1.1 user unknown" : "421 4.7.1 refused for now"},
                  {"bounce_classification", hard ? "Invalid Address" : "Reputation"}});
  }
  if (word == "dropped") event["reason"] = "Bounced Address";
  if (word == "open") event.update({{"sg_machine_open", false}, {"useragent", "Mozilla/5.0"}, {"ip", "192.0.2.77"}});
  if (word == "click")
    event.update({{"url", "https://example.test/"}, {"url_offset", {{"index", 0}, {"type", "html"}}}});
  if (word.starts_with("group_")) event["asm_group_id"] = 7;
  return event;
}

void SendGridSimulator::Impl::deliverEvents(const Mailbox& mailbox, const SentMail& mail, const EventPlan& how,
                                            std::size_t index) {
  if (index >= how.events.size()) return;
  auto step = [=, this] {
    Json batch = Json::array();
    const std::size_t end = how.one_batch ? how.events.size() : index + 1;
    for (std::size_t i = index; i < end; ++i) batch.push_back(eventAbout(mail, how.events[i]));
    Post webhook = eventsPost(mailbox, batch);
    if (!how.one_batch) webhook.kind = "event:" + how.events[index];
    sign(webhook, "valid");
    const DeliveredWebhook record = post(mailbox, webhook, 1);
    tell("SendGrid -> " + mailbox.label + ": " + webhook.kind + " (to " + mail.to + ") | " + resultOf(record));
    if (!record.ok()) repeatLater(mailbox, webhook, 1);
    deliverEvents(mailbox, mail, how, end);
  };
  if (how.before_response)
    step();
  else
    scheduler.after(how.delay, std::move(step));
}

void SendGridSimulator::Impl::reset() {
  scheduler.clear();
  failures.clear();
  server->release();
  journal.clear();
  const std::lock_guard lock(mutex);
  suppressed.clear();
  plans.clear();
}

SendGridSimulator::SendGridSimulator(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
SendGridSimulator::~SendGridSimulator() = default;

std::string SendGridSimulator::url() const {
  return impl_->server->url();
}
std::uint16_t SendGridSimulator::port() const {
  return impl_->server->port();
}

void SendGridSimulator::addMailbox(Mailbox mailbox) {
  impl_->addMailbox(std::move(mailbox));
}

std::vector<Mailbox> SendGridSimulator::mailboxes() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->mailboxes;
}

std::vector<DeliveredWebhook> SendGridSimulator::deliver(const Json& event) {
  return impl_->deliver(event);
}

void SendGridSimulator::setEvents(EventPlan plan) {
  const std::lock_guard lock(impl_->mutex);
  impl_->plan = std::move(plan);
}

void SendGridSimulator::setEventsFor(const std::string& to, EventPlan plan) {
  const std::lock_guard lock(impl_->mutex);
  impl_->plans[to] = std::move(plan);
}

void SendGridSimulator::failNext(Failure failure) {
  impl_->failures.add(std::move(failure));
}

std::vector<SentMail> SendGridSimulator::sent() const {
  return impl_->journal.sent();
}

std::vector<DeliveredWebhook> SendGridSimulator::webhooks() const {
  return impl_->journal.webhooks();
}

std::vector<ApiCall> SendGridSimulator::calls() const {
  return impl_->journal.calls();
}

std::vector<SentMail> SendGridSimulator::waitForSent(std::size_t count, std::chrono::milliseconds timeout) const {
  return impl_->journal.waitForSent(count, timeout);
}

bool SendGridSimulator::waitForCalls(std::size_t count, std::chrono::milliseconds timeout) const {
  return impl_->journal.waitForCalls(count, timeout);
}

bool SendGridSimulator::waitForEvent(const std::string& message_id, const std::string& event,
                                     std::chrono::milliseconds timeout) const {
  return impl_->journal.waitForWebhook(timeout, [&](const DeliveredWebhook& webhook) {
    return webhook.kind == "event:" + event && !webhook.ids.empty() && webhook.ids[0] == message_id;
  });
}

Json SendGridSimulator::playDemoCustomers() {
  return impl_->playCustomers();
}
Json SendGridSimulator::demoState() const {
  return impl_->demoState();
}

void SendGridSimulator::reset() {
  impl_->reset();
}

}  // namespace patchbay::simulators::sendgrid
