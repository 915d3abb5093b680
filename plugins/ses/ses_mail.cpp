#include "ses_mail.hpp"

#include <patchbay/lenient.hpp>

#include "ses_errors.hpp"
#include "ses_reader.hpp"

namespace patchbay::ses {
namespace {

/// SES takes mail of up to 40 MB, and adds a few headers.
constexpr std::uint64_t kMaxMail = 45U << 20U;

std::string verdictOf(const Json& receipt, const char* name) {
  return textOf(memberOf(receipt, name), "status");
}

/// As the host's word; GRAY is "no policy" and "not sure". Empty without a verdict.
std::string checkOf(const Json& receipt, const char* name) {
  const auto verdict = verdictOf(receipt, name);
  if (verdict == "PASS") return "pass";
  if (verdict == "FAIL") return "fail";
  if (verdict == "GRAY" || verdict == "DISABLED") return "none";
  return verdict.empty() ? "" : "unknown";  // PROCESSING_FAILED, and what may come
}

/// What is known of a mail beside its content. As JSON it is the carry while the content is fetched.
struct Arrival {
  std::string id;
  Time time;
  std::string source;           // envelope sender; empty for bounces
  std::vector<std::string> to;  // envelope recipients that the receipt rule matched
  std::string bucket, key;      // of the object in S3; empty: the content is here
  SenderChecks checks;

  std::string toCarry() const {
    return dumpJson({{"id", id},
                     {"time", rfc3339(time)},
                     {"source", source},
                     {"to", to},
                     {"bucket", bucket},
                     {"key", key},
                     {"spf", checks.spf},
                     {"dkim", checks.dkim},
                     {"dmarc", checks.dmarc},
                     {"spam", checks.spam}});
  }
  static Arrival fromCarry(const Carry& carry) {
    const Json json = carry.json();
    return {json.at("id"),
            timeOf(textOf(json, "time")).value_or(Time{}),
            json.at("source"),
            textsOf(json, "to"),
            json.at("bucket"),
            json.at("key"),
            {textOf(json, "spf"), textOf(json, "dkim"), textOf(json, "dmarc"), textOf(json, "spam"), {}}};
  }

  /// The host takes the mail apart. The time is that of the receipt: a sender's Date may say anything.
  Event event(Blob mime) const {
    auto event = Event::mail(mime.id, Envelope{source, to});
    event.id = id;
    event.timestamp = time;
    event.sender_checks = checks;
    return event;
  }
};

/// A notice in the place of a mail whose content must not come in.
Event withVirus(const Arrival& arrival, const Json& mail) {
  const Json& headers = memberOf(mail, "commonHeaders");
  const auto senders = textsOf(headers, "from");
  auto sender = senders.empty() ? std::string() : addressIn(senders[0]);
  if (sender.empty()) sender = addressIn(arrival.source);
  if (sender.empty()) return Event::unparsed(dumpJson(mail), "a mail with a virus, without a sender", arrival.time);
  auto event = Event::message(arrival.id, {"email", sender}, "unsupported", arrival.time);
  event.raw_type = "virus";
  event.text = "SES found a virus in this mail. Its content was not taken over.";
  event.subject = utf8Prefix(textOf(headers, "subject"), 998);
  return event;
}

/// Segments that a URL would swallow, or nothing at all.
bool isUsableKey(std::string_view key) {
  if (key.empty() || key.size() > 1024) return false;
  for (std::size_t at = 0; at <= key.size();) {
    const auto end = std::min(key.find('/', at), key.size());
    const auto segment = key.substr(at, end - at);
    if (segment == "." || segment == ".." || (segment.empty() && at == 0)) return false;
    at = end + 1;
  }
  return true;
}

bool isBucket(std::string_view name) {
  return name.size() >= 3 && name.size() <= 63 && name.front() != '.' && name.back() != '.' &&
         name.find("..") == std::string_view::npos &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") == std::string_view::npos;
}

/// Why the object is not fetched; empty when it is.
std::string whyNotFetched(const Account& account, const Arrival& arrival) {
  if (!isBucket(arrival.bucket)) return "/receipt/action/bucketName: is not the name of a bucket";
  if (!account.bucket.empty() && arrival.bucket != account.bucket)
    return "/receipt/action/bucketName: " + arrival.bucket + " is not the channel's bucket " + account.bucket;
  if (!isUsableKey(arrival.key)) return "/receipt/action/objectKey: is not a key that can be fetched";
  return {};
}

HttpRequest objectRequest(const Account& account, const Arrival& arrival) {
  return signedFor(account, "s3",
                   HttpRequest::get(objectUrl(account, arrival.bucket, arrival.key))
                       .intoBlob(kMaxMail)
                       .timeout(std::chrono::minutes(2)));
}

}  // namespace

Received readMail(const Account& account, const Json& notice, const std::string& text, const Notified& notified,
                  const Call& call) {
  const Json& mail = memberOf(notice, "mail");
  const Json& receipt = memberOf(notice, "receipt");
  const Json& action = memberOf(receipt, "action");
  const auto unparsed = [&](const std::string& why) {
    return Received{.events = {Event::unparsed(text, why, notified.time)}};
  };
  Arrival arrival;
  arrival.id = textOf(mail, "messageId");
  if (arrival.id.empty()) return unparsed("/mail/messageId: is missing");
  arrival.time = timeOf(textOf(receipt, "timestamp")).value_or(notified.time);
  arrival.source = addressIn(textOf(mail, "source"));
  // Not mail.destination: that repeats the headers, and who got a blind copy stands here alone.
  arrival.to = textsOf(receipt, "recipients");
  if (verdictOf(receipt, "virusVerdict") == "FAIL") return {.events = {withVirus(arrival, mail)}};
  arrival.checks = {checkOf(receipt, "spfVerdict"),
                    checkOf(receipt, "dkimVerdict"),
                    checkOf(receipt, "dmarcVerdict"),
                    checkOf(receipt, "spamVerdict"),
                    {}};
  if (verdictOf(receipt, "spamVerdict") == "FAIL")
    call.diag(PB_INFO, "spam", "SES takes the mail " + arrival.id + " for spam", "/receipt/spamVerdict");

  const auto content = notice.find("content");
  if (content != notice.end() && content->is_string()) {
    const auto& body = content->get_ref<const std::string&>();
    if (textOf(action, "encoding") != "BASE64") return {.events = {arrival.event(call.blob(body))}};
    const auto bytes = fromBase64(body);
    if (!bytes) return unparsed("/content: is not base64");
    return {.events = {arrival.event(call.blob(*bytes))}};
  }
  if (textOf(action, "type") != "S3")
    return unparsed("the mail is not in the notification, and action " + textOf(action, "type") + " does not keep it");
  arrival.bucket = textOf(action, "bucketName");
  arrival.key = textOf(action, "objectKey");
  if (const auto why = whyNotFetched(account, arrival); !why.empty()) return unparsed(why);
  Received received;
  received.requests.push_back(objectRequest(account, arrival));
  received.carry = arrival.toCarry();
  return received;
}

Step takeObject(const Account& account, const Carry& carry, std::span<const Response> responses, const Call& call) {
  const auto arrival = Arrival::fromCarry(carry);
  if (responses.empty()) return {objectRequest(account, arrival), arrival.toCarry()};
  const Response& answer = responses[0];
  if (answer.ok() && answer.blob()) {
    Step step(Result::sent());
    step.events.push_back(arrival.event(answer.blob()));
    return step;
  }
  auto failure = failureOfObject(answer, arrival.bucket + "/" + arrival.key);
  if (answer.answered() && answer.status() == 403) call.diag(PB_WARNING, "s3_forbidden", failure.text);
  return Result::failed(std::move(failure));
}

}  // namespace patchbay::ses
