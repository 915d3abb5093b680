#include "simulators/ses/ses_simulator.hpp"

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "simulators/common/bad_input.hpp"
#include "simulators/common/webhook.hpp"
#include "simulators/ses/simulator_impl.hpp"

namespace patchbay::simulators::ses {

SesSimulator::Impl::Impl(Options given)
    : options(std::move(given)),
      ids(options.seed),
      client(options.webhook_timeout),
      plan(options.events),
      scheduler(4) {
  server.emplace(
      options.host, options.port, [this](HttpRequest& request) { return serve(request); },
      [this](const HttpRequest& request) { return closeBeforeBody(request); });
  server->start();
}

SesSimulator::Impl::~Impl() {
  journal.stop();
  scheduler.clear();
  server.reset();
}

void SesSimulator::Impl::say(const std::string& line) const {
  if (options.story) options.story(line);
}

std::string SesSimulator::Impl::certificateUrl() const {
  return (options.certificate_base.empty() ? server->url() : options.certificate_base) + signer.path();
}

std::string SesSimulator::Impl::confirmUrl(const Topic& topic, const std::string& token) const {
  return (options.certificate_base.empty() ? server->url() : options.certificate_base) +
         "/?Action=ConfirmSubscription&TopicArn=" + topic.arn + "&Token=" + token;
}

Topic SesSimulator::Impl::topicByArn(const std::string& arn) const {
  const std::lock_guard lock(mutex);
  for (const auto& topic : topics)
    if (arn.empty() || topic.arn == arn) return topic;
  throw BadInput(arn.empty() ? "no topic is registered" : "there is no topic '" + arn + "'");
}

Json SesSimulator::Impl::envelope(const Topic& topic, const std::string& type, const std::string& text) {
  const auto hex = [this](int count) {
    return crypto::hexEncode(crypto::digest(crypto::Hash::kSha256, ids.word(20)))
        .substr(0, static_cast<std::size_t>(count));
  };
  return {{"Type", type},
          {"MessageId", hex(8) + "-" + hex(4) + "-5000-8000-" + hex(12)},
          {"TopicArn", topic.arn},
          {"Timestamp", formatRfc3339(now())},
          {"Message", text},
          {"SignatureVersion", topic.signature_version},
          {"SigningCertURL", certificateUrl()}};
}

void SesSimulator::Impl::sign(Json& message, const std::string& signature) const {
  if (signature == "missing") return;
  signer.sign(message);
  if (signature == "wrong") message["Message"] = message.at("Message").get<std::string>() + " ";
}

Posted SesSimulator::Impl::post(const Topic& topic, const Json& message, const std::string& kind,
                                const std::string& message_id, int attempt) {
  const auto body = dumpJson(message);
  const HttpAnswer answer = client.post(topic.callback_url,
                                        {{"Content-Type", "text/plain; charset=UTF-8"},
                                         {"x-amz-sns-message-type", textOr(message, "Type", "")},
                                         {"x-amz-sns-message-id", textOr(message, "MessageId", "")},
                                         {"x-amz-sns-topic-arn", textOr(message, "TopicArn", "")},
                                         {"User-Agent", "Amazon Simple Notification Service Agent"}},
                                        body);
  Posted record{topic.arn, kind,          message_id,  body,         now(),
                attempt,   answer.status, answer.body, answer.error, static_cast<double>(answer.took.count()) / 1000.0};
  journal.add(record);
  return record;
}

void SesSimulator::Impl::repeatLater(const Topic& topic, const Json& message, const std::string& kind,
                                     const std::string& message_id, int attempt) {
  const auto index = static_cast<std::size_t>(attempt) - 1;
  if (index >= options.retry_delays.size()) return say("SNS gives up on " + topic.label + ": " + kind);
  scheduler.after(options.retry_delays[index], [=, this] {
    const auto again = post(topic, message, kind, message_id, attempt + 1);
    say("SNS repeats " + kind + " -> " + topic.label + ": " + resultOf(again));
    if (!again.ok()) repeatLater(topic, message, kind, message_id, attempt + 1);
  });
}

std::string SesSimulator::Impl::subscribe(const std::string& arn) {
  const auto topic = topicByArn(arn);
  const auto token = lowerAscii(ids.word(64));
  {
    const std::lock_guard lock(mutex);
    tokens[token] = topic.arn;
  }
  auto message = envelope(topic, "SubscriptionConfirmation",
                          "You have chosen to subscribe to the topic " + topic.arn +
                              ".\nTo confirm the subscription, visit the SubscribeURL included in this message.");
  message["Token"] = token;
  message["SubscribeURL"] = confirmUrl(topic, token);
  sign(message, "valid");
  const auto record = post(topic, message, "SubscriptionConfirmation", "", 1);
  std::string problem;
  if (record.status == 0)
    problem = "no answer: " + record.error;
  else if (!record.ok())
    problem = "answered " + std::to_string(record.status) + " " + record.answer;
  else if (!topicByArn(topic.arn).confirmed)
    problem = "the confirmation was taken, and its URL not visited";
  say("SNS subscribes " + topic.label + ": " + (problem.empty() ? "confirmed" : problem));
  return problem;
}

Posted SesSimulator::Impl::publish(const Topic& topic, const std::string& text, const std::string& kind,
                                   const std::string& message_id, const Json& overrides, const std::string& signature,
                                   bool retry) {
  if (!topic.confirmed)
    throw BadInput("the subscription of " + topic.arn + " is not confirmed: POST /_simulator/subscribe");
  auto message = envelope(topic, "Notification", text);
  message["Subject"] = "Amazon SES Email Event Notification";
  for (const auto& [name, value] : overrides.items()) message[name] = value;
  sign(message, signature);
  auto record = post(topic, message, kind, message_id, 1);
  if (retry && !record.ok()) repeatLater(topic, message, kind, message_id, 1);
  return record;
}

Posted SesSimulator::Impl::receive(const std::string& arn, Written mail, const Receipt& how) {
  const auto topic = topicByArn(arn);
  if (mail.to.empty()) mail.to = topic.address;
  if (mail.message_id.empty()) mail.message_id = ids.word(12) + "@mail.example.org";
  const auto raw = mailOf(mail, now());
  const auto id = how.id.empty() ? lowerAscii(ids.word(40)) : how.id;
  const auto key = "inbound/" + id;
  Json action{{"type", how.s3 ? "S3" : "SNS"}, {"topicArn", topic.arn}};
  if (how.s3)
    action.update({{"bucketName", options.bucket}, {"objectKeyPrefix", "inbound"}, {"objectKey", key}});
  else
    action["encoding"] = how.encoding;
  auto notice = receivedNotice(id, raw, bareAddress(mail.from), {bareAddress(mail.to)}, action, how.verdicts, now());
  if (!how.s3) notice["content"] = how.encoding == "BASE64" ? crypto::base64Encode(raw) : raw;
  if (how.s3 && !how.forget_object) {
    const std::lock_guard lock(mutex);
    objects[key] = raw;
  }
  auto record =
      publish(topic, dumpJson(notice), "Received", id, Json::object(), how.signature, how.signature == "valid");
  say("customer " + mail.from + " -> " + topic.label + ": \"" + mail.subject + "\" | " + resultOf(record));
  return record;
}

Posted SesSimulator::Impl::tell(const std::string& message_id, const std::string& type, const Json& more) {
  std::optional<SentMail> mail;
  for (const auto& one : journal.sent())
    if (one.id == message_id) mail = one;
  if (!mail) throw BadInput("no mail was sent as '" + message_id + "'");
  const auto topic = topicByArn(mail->topic);
  auto record = publish(topic, dumpJson(eventOf(*mail, type, more)), type, mail->id, Json::object(), "valid", true);
  say("SES -> " + topic.label + ": " + type + " (to " + (mail->to.empty() ? "" : mail->to[0]) + ") | " +
      resultOf(record));
  return record;
}

void SesSimulator::Impl::followUp(const SentMail& mail, const EventPlan& how, std::size_t index) {
  if (index >= how.types.size() || mail.topic.empty()) return;
  scheduler.after(how.delay, [=, this] {
    const auto& type = how.types[index];
    try {
      tell(mail.id, type, Json::object());
      if (how.identity && (type == "Delivery" || type == "Bounce" || type == "Complaint"))
        publish(topicByArn(mail.topic), dumpJson(identityNotificationOf(mail, type, Json::object())), type, mail.id,
                Json::object(), "valid", true);
    } catch (const BadInput& problem) {
      say(std::string("SES tells nobody: ") + problem.what());
    }
    followUp(mail, how, index + 1);
  });
}

void SesSimulator::Impl::reset() {
  scheduler.clear();
  failures.clear();
  server->release();
  journal.clear();
}

SesSimulator::SesSimulator(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
SesSimulator::~SesSimulator() = default;

std::string SesSimulator::url() const {
  return impl_->server->url();
}
std::string SesSimulator::certificateUrl() const {
  return impl_->certificateUrl();
}

void SesSimulator::addTopic(Topic topic) {
  if (split(topic.arn, ':').size() != 6) throw BadInput("topic: '" + topic.arn + "' is not an ARN");
  checkCallback("topic " + topic.arn, topic.callback_url);
  if (topic.signature_version != "1" && topic.signature_version != "2")
    throw BadInput("topic " + topic.arn + ": 'signature_version' must be 1 or 2");
  if (topic.label.empty()) topic.label = labelOf(topic.callback_url);
  const std::lock_guard lock(impl_->mutex);
  put(impl_->topics, std::move(topic), &Topic::arn);
}

std::vector<Topic> SesSimulator::topics() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->topics;
}

std::string SesSimulator::subscribe(const std::string& arn) {
  return impl_->subscribe(arn);
}
Posted SesSimulator::receive(const std::string& arn, Written mail, const Receipt& how) {
  return impl_->receive(arn, std::move(mail), how);
}
Posted SesSimulator::publish(const std::string& arn, const std::string& message, const Json& overrides,
                             const std::string& signature) {
  return impl_->publish(impl_->topicByArn(arn), message, "text", "", overrides, signature, false);
}
Posted SesSimulator::tell(const std::string& message_id, const std::string& type, const Json& more) {
  return impl_->tell(message_id, type, more);
}

void SesSimulator::setEvents(EventPlan plan) {
  const std::lock_guard lock(impl_->mutex);
  impl_->plan = std::move(plan);
}
void SesSimulator::failNext(Failure failure) {
  impl_->failures.add(std::move(failure));
}
void SesSimulator::putObject(const std::string& key, std::string bytes) {
  const std::lock_guard lock(impl_->mutex);
  impl_->objects[key] = std::move(bytes);
}

std::vector<SentMail> SesSimulator::sent() const {
  return impl_->journal.sent();
}
std::vector<Posted> SesSimulator::posted() const {
  return impl_->journal.webhooks();
}
std::vector<Call> SesSimulator::calls() const {
  return impl_->journal.calls();
}

std::vector<SentMail> SesSimulator::waitForSent(std::size_t count, std::chrono::milliseconds timeout) const {
  return impl_->journal.waitForSent(count, timeout);
}

bool SesSimulator::waitForEvent(const std::string& message_id, const std::string& type,
                                std::chrono::milliseconds timeout) const {
  return impl_->journal.waitForWebhook(
      timeout, [&](const Posted& one) { return one.message_id == message_id && one.kind == type; });
}

Json SesSimulator::playDemoCustomers() {
  return impl_->playCustomers();
}
Json SesSimulator::demoState() const {
  return impl_->demoState();
}
void SesSimulator::reset() {
  impl_->reset();
}

}  // namespace patchbay::simulators::ses
