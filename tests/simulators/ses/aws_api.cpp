/// What Amazon answers: SendEmail and GetAccount of the SES API, an object of S3, a confirmation and the certificate of
/// SNS, and the failures that were ordered.
#include <algorithm>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "simulators/common/spoil.hpp"
#include "simulators/ses/simulator_impl.hpp"

namespace patchbay::simulators::ses {
namespace {

constexpr const char* kSend = "/v2/email/outbound-emails";
constexpr const char* kAccount = "/v2/email/account";
constexpr std::size_t kMaxMail = 40U << 20U;
constexpr std::size_t kMaxLine = 998;

HttpReply json(int status, const Json& body) {
  return {status, {{"Content-Type", "application/json"}}, dumpJson(body)};
}

HttpReply xml(int status, const std::string& body) {
  return {status, {{"Content-Type", "text/xml"}}, body};
}

HttpReply error(int status, const std::string& type, const std::string& message) {
  auto reply = json(status, {{"message", message}});
  reply.headers.emplace_back("x-amzn-ErrorType", type);
  return reply;
}

HttpReply bad(const std::string& message) {
  return error(400, "BadRequestException", message);
}

int statusOf(const std::string& type) {
  if (type == "TooManyRequestsException") return 429;
  if (type == "NotFoundException") return 404;
  if (type == "InternalServiceErrorException") return 500;
  const bool credentials = type == "InvalidSignatureException" || type == "UnrecognizedClientException" ||
                           type == "AccessDeniedException" || type == "ExpiredTokenException" ||
                           type == "MissingAuthenticationTokenException" || type == "SignatureDoesNotMatch";
  return credentials ? 403 : 400;
}

bool isTag(const std::string& text) {
  return !text.empty() && text.size() <= 256 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") ==
             std::string::npos;
}

/// What SES would refuse, or mail servers behind it: empty when the mail is fit to be sent.
std::string problemOf(const std::string& raw) {
  if (raw.size() > kMaxMail) return "Message length is more than 41943040 bytes long.";
  std::size_t line = 0;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '\n' && (i == 0 || raw[i - 1] != '\r')) return "a line of the message ends with LF alone";
    if (raw[i] == '\r' && (i + 1 == raw.size() || raw[i + 1] != '\n')) return "the message has a CR alone";
    line = raw[i] == '\n' ? 0 : line + 1;
    if (line > kMaxLine + 1) return "a line of the message is longer than 998 characters";
    if (static_cast<unsigned char>(raw[i]) > 0x7F) return "the message has 8 bit characters";
  }
  for (const char* name : {"From", "To", "Subject", "Message-ID", "In-Reply-To", "References", "Date", "Reply-To"}) {
    std::size_t count = 0;
    const auto head = std::string_view(raw).substr(0, raw.find("\r\n\r\n"));
    for (const auto text : split(head, '\n')) {
      const auto colon = text.find(':');
      if (colon != std::string_view::npos && equalsIgnoreCase(text.substr(0, colon), name)) ++count;
    }
    if (count > 1) return std::string("Duplicate header '") + name + "'.";
  }
  return headerOf(raw, "From").empty() ? "Missing required header 'From'." : "";
}

/// SES puts its own Message-ID and Date in the place of those that were handed in.
std::string onTheWire(const std::string& raw, const std::string& message_id) {
  const auto end = raw.find("\r\n\r\n");
  std::string out;
  bool skipping = false;
  for (const auto line : split(std::string_view(raw).substr(0, end), '\n')) {
    const auto text = line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
    const bool continued = text.starts_with(' ') || text.starts_with('\t');
    if (!continued) {
      const auto name = text.substr(0, text.find(':'));
      skipping = equalsIgnoreCase(name, "Message-ID") || equalsIgnoreCase(name, "Date");
    }
    if (!skipping) out += std::string(text) + "\r\n";
  }
  return out + "Message-ID: <" + message_id + ">\r\n" + (end == std::string::npos ? "" : raw.substr(end + 2));
}

Json withoutBytes(Json body) {
  for (const char* pointer : {"/Content/Raw/Data", "/Content/Simple/Attachments"})
    if (const Json::json_pointer at(pointer); body.contains(at)) body[at] = "(left out)";
  return body;
}

}  // namespace

std::string SesSimulator::Impl::callKind(const HttpRequest& request) const {
  if (request.path == kSend) return "messages";
  if (request.path == kAccount) return "number";
  if (request.path == signer.path()) return "certificate";
  if (request.path == "/") return "subscription";
  return "download";
}

bool SesSimulator::Impl::closeBeforeBody(const HttpRequest& request) {
  return !request.path.starts_with("/_simulator/") && failures.takeBeforeBody(callKind(request)).has_value();
}

HttpReply SesSimulator::Impl::serve(HttpRequest& request) {
  if (request.path.starts_with("/_simulator/")) return control(request);
  Call call{request.method, request.target, request.body, now(), {}, 0, {}};
  HttpReply reply = route(request, call);
  call.status = reply.manner == Manner::kNeverAnswer || reply.manner == Manner::kClose ? 0 : reply.status;
  if (call.body.size() > 100'000) call.body.resize(100'000);
  journal.add(std::move(call));
  return reply;
}

HttpReply SesSimulator::Impl::route(const HttpRequest& request, Call& call) {
  const auto kind = callKind(request);
  if (kind == "messages") return sendEmail(request, call);
  if (kind == "download") return object(request, call);
  const auto failure = failures.take(kind, {});
  HttpReply reply;
  if (kind == "certificate") {
    reply = {200, {{"Content-Type", "application/x-pem-file"}}, signer.certificate()};
  } else if (kind == "subscription") {
    reply = failure ? HttpReply{} : confirm(request);
  } else {
    const auto problem = checkSignature(request, options.credentials, "ses", now());
    call.problem = problem.message;
    reply =
        !problem.type.empty()
            ? error(403, problem.type, problem.message)
            : json(200, {{"ProductionAccessEnabled", true},
                         {"SendingEnabled", true},
                         {"EnforcementStatus", "HEALTHY"},
                         {"SendQuota", {{"Max24HourSend", 50000.0}, {"MaxSendRate", 14.0}, {"SentLast24Hours", 7.0}}}});
  }
  return failure ? spoil(*failure, std::move(reply), call) : reply;
}

HttpReply SesSimulator::Impl::sendEmail(const HttpRequest& request, Call& call) {
  if (request.method != "POST") return error(404, "UnknownOperationException", "no such operation");
  const auto problem = checkSignature(request, options.credentials, "ses", now());
  call.problem = problem.message;
  if (!problem.type.empty()) return error(403, problem.type, problem.message);
  Json body;
  try {
    body = parseJson(request.body, {.max_bytes = 64U << 20U, .max_depth = 32});
  } catch (const JsonError& wrong) {
    return error(400, "SerializationException", wrong.what());
  }
  std::string to;
  if (const Json::json_pointer at("/Destination/ToAddresses/0"); body.contains(at) && body[at].is_string())
    to = bareAddress(body[at].get<std::string>());
  const auto failure = failures.take("messages", to);
  if (isRefusal(failure) || (failure && !failure->counts)) return spoil(*failure, json(200, {{"MessageId", ""}}), call);
  auto reply = accept(body, request);
  return failure ? spoil(*failure, std::move(reply), call) : reply;
}

HttpReply SesSimulator::Impl::accept(const Json& body, const HttpRequest& request) {
  SentMail mail;
  const auto listed = [&](const char* pointer) {
    std::vector<std::string> addresses;
    if (const Json::json_pointer at(pointer); body.contains(at) && body[at].is_array())
      for (const auto& one : body[at])
        if (one.is_string()) addresses.push_back(bareAddress(one.get<std::string>()));
    return addresses;
  };
  for (const char* pointer : {"/Destination/ToAddresses", "/Destination/CcAddresses", "/Destination/BccAddresses"})
    for (auto& address : listed(pointer)) mail.to.push_back(std::move(address));
  if (mail.to.size() > 50) return bad("Recipient count exceeds 50.");
  for (const auto& address : mail.to) {
    if (address.find('@') == std::string::npos || address.ends_with('@')) return bad("Missing final '@domain'");
    if (std::any_of(address.begin(), address.end(), [](char c) { return static_cast<unsigned char>(c) > 0x7F; }))
      return bad("Local address contains control or whitespace");
  }
  const auto content = body.find("Content");
  if (content == body.end() || !content->is_object() || content->size() != 1)
    return bad("Content: exactly one of Simple, Raw and Template is required");
  if (const Json::json_pointer at("/Raw/Data"); content->contains(at) && (*content)[at].is_string()) {
    auto raw = crypto::base64Decode((*content)[at].get<std::string>());
    if (!raw) return error(400, "SerializationException", "Content.Raw.Data is not base64");
    mail.raw = std::move(*raw);
    if (const auto wrong = problemOf(mail.raw); !wrong.empty()) return bad(wrong);
  } else if (content->contains("Simple")) {
    mail.raw =
        "From: " + body.value("FromEmailAddress", "") + "\r\nTo: " + (mail.to.empty() ? "" : mail.to[0]) + "\r\n\r\n";
    if (bareAddress(headerOf(mail.raw, "From")).empty()) return bad("FromEmailAddress is required");
  } else {
    return bad("Content: only Simple and Raw are played here");
  }
  if (mail.to.empty()) mail.to = {bareAddress(headerOf(mail.raw, "To"))};
  mail.configuration_set = body.value("ConfigurationSetName", "");
  for (const auto& tag : body.value("EmailTags", Json::array())) {
    const auto name = tag.value("Name", ""), value = tag.value("Value", "");
    if (!isTag(name) || !isTag(value)) return bad("Invalid tag '" + name + "'");
    mail.tags[name] = value;
  }
  const auto hex = lowerAscii(crypto::hexEncode(crypto::digest(crypto::Hash::kSha256, ids.word(24))));
  mail.id = "0102" + hex.substr(0, 12) + "-" + hex.substr(12, 8) + "-" + hex.substr(20, 4) + "-" + hex.substr(24, 4) +
            "-" + hex.substr(28, 4) + "-" + hex.substr(32, 12) + "-000000";
  const auto& region = options.credentials.region;
  mail.wire = onTheWire(mail.raw, mail.id + "@" + (region == "us-east-1" ? "email" : region) + ".amazonses.com");
  mail.body = withoutBytes(body);
  mail.time = now();
  mail.topic = topicOf(bareAddress(headerOf(mail.raw, "From")));
  mail.count = journal.count(request.body);
  journal.add(mail);
  EventPlan how;
  {
    const std::lock_guard lock(mutex);
    how = plan;
  }
  say("SES sends to " + mail.to[0] + ": \"" + headerOf(mail.raw, "Subject") + "\"" +
      (mail.count > 1 ? " (the same mail for the " + std::to_string(mail.count) + ". time)" : ""));
  // Without a configuration set there is no event destination.
  if (!mail.configuration_set.empty()) followUp(mail, how, 0);
  return json(200, {{"MessageId", mail.id}});
}

std::string SesSimulator::Impl::topicOf(const std::string& sender) const {
  const std::lock_guard lock(mutex);
  for (const auto& topic : topics)
    if (equalsIgnoreCase(bareAddress(topic.address), sender)) return topic.arn;
  return topics.empty() ? "" : topics[0].arn;
}

HttpReply SesSimulator::Impl::confirm(const HttpRequest& request) {
  const auto refuse = [](const std::string& code) {
    return xml(400, "<ErrorResponse><Error><Type>Sender</Type><Code>" + code + "</Code></Error></ErrorResponse>");
  };
  if (request.method != "GET" || request.parameter("Action") != "ConfirmSubscription") return refuse("InvalidAction");
  const std::lock_guard lock(mutex);
  const auto token = tokens.find(request.parameter("Token"));
  if (token == tokens.end() || token->second != request.parameter("TopicArn")) return refuse("InvalidParameter");
  for (auto& topic : topics)
    if (topic.arn == token->second) topic.confirmed = true;
  return xml(200,
             "<ConfirmSubscriptionResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\">"
             "<ConfirmSubscriptionResult><SubscriptionArn>" +
                 token->second +
                 ":7f1f7b0e</SubscriptionArn></ConfirmSubscriptionResult></ConfirmSubscriptionResponse>");
}

HttpReply SesSimulator::Impl::object(const HttpRequest& request, Call& call) {
  const auto failure = failures.take("download", {});
  if (failure) return spoil(*failure, {}, call);
  const auto refuse = [](int status, const std::string& code) {
    return xml(status, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" + code + "</Code></Error>");
  };
  const auto problem = checkSignature(request, options.credentials, "s3", now());
  call.problem = problem.message;
  if (!problem.type.empty()) return refuse(403, "SignatureDoesNotMatch");
  const auto bucket = "/" + options.bucket + "/";
  if (!request.path.starts_with(bucket)) return refuse(404, "NoSuchBucket");
  std::string key;
  if (request.method != "GET" || !percentDecode(request.path.substr(bucket.size()), false, key))
    return refuse(405, "MethodNotAllowed");
  const std::lock_guard lock(mutex);
  const auto found = objects.find(key);
  if (found == objects.end()) return refuse(404, "NoSuchKey");
  return {200, {{"Content-Type", "binary/octet-stream"}}, found->second};
}

HttpReply SesSimulator::Impl::spoil(const Failure& failure, HttpReply reply, Call& call) {
  using What = Failure::What;
  call.failure = dumpJson(failure.toJson());
  say("Amazon plays a failure: " + call.failure);
  switch (failure.what) {
    case What::kError:
      reply = error(failure.status != 0 ? failure.status : statusOf(failure.type), failure.type, "ordered by a test");
      break;
    case What::kGarbage:
      reply = {200, {{"Content-Type", "application/json"}}, "<!-- \x01 upstream connect error {\"MessageId\""};
      break;
    case What::kNoId:
    case What::kUsage:
      reply = json(200, Json::object());
      break;
    default:
      spoilConnection(failure, reply);
      break;
  }
  if (failure.retry_after) reply.headers.emplace_back("Retry-After", std::to_string(*failure.retry_after));
  return reply;
}

}  // namespace patchbay::simulators::ses
