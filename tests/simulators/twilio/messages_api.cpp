// The Messages API of 2010-04-01, as far as a connector needs it, and the files of inbound messages.
#include "base/crypto.hpp"
#include "base/text.hpp"
#include "base/time.hpp"
#include "simulators/common/bad_input.hpp"
#include "simulators/common/control.hpp"
#include "simulators/twilio/twilio_simulator_impl.hpp"

namespace patchbay::simulators::twilio {
namespace {

constexpr std::size_t kMaxBody = 1600;

HttpReply error(int status, int code, const std::string& message) {
  return plain(status, {{"code", code},
                        {"message", message},
                        {"more_info", "https://www.twilio.com/docs/errors/" + std::to_string(code)},
                        {"status", status}});
}

bool isE164(std::string_view text) {
  return text.size() >= 8 && text.size() <= 16 && text[0] == '+' && text[1] != '0' &&
         text.find_first_not_of("0123456789", 1) == std::string_view::npos;
}

std::size_t utf16Length(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xC0U) != 0x80U) count += byte >= 0xF0U ? 2 : 1;
  }
  return count;
}

/// The rules of the create call, by the codes of Twilio's table; 0 when it is in order.
std::pair<int, std::string> wrongWith(const Fields& fields, const Options& options,
                                      const std::set<std::string>& opted_out) {
  const std::string to = valueOf(fields, "To"), from = valueOf(fields, "From"), body = valueOf(fields, "Body");
  const bool whatsapp = to.starts_with("whatsapp:");
  const std::string number = whatsapp ? to.substr(9) : to;
  if (to.empty()) return {21604, "A 'To' phone number is required."};
  if (!isE164(number) && !(whatsapp && number.find('.') != std::string::npos) && number.size() > 6)
    return {21211, "The 'To' number " + to + " is not a valid phone number."};
  if (from.empty() && valueOf(fields, "MessagingServiceSid").empty())
    return {21603, "A 'From' phone number is required."};
  if (!from.empty()) {
    if (from.starts_with("whatsapp:") != whatsapp)
      return {21910, "Invalid 'From' and 'To' pair: not the same channel."};
    if (from != (whatsapp ? "whatsapp:" + options.whatsapp_from : options.from))
      return whatsapp ? std::pair{63007, std::string("Twilio could not find a Channel with the specified From address")}
                      : std::pair{21606, "The 'From' phone number " + from + " is not a number of this account."};
  }
  if (opted_out.count(to) > 0) return {21610, "Attempt to send to unsubscribed recipient"};
  const auto media = valuesOf(fields, "MediaUrl");
  const std::string content = valueOf(fields, "ContentSid");
  if (body.empty() && media.empty() && content.empty()) return {21602, "Message body is required."};
  if (utf16Length(body) > kMaxBody) return {21617, "The concatenated message body exceeds the 1600 character limit."};
  if (media.size() > 10) return {21623, "Number of media files exceeds allowed limit."};
  for (const std::string& url : media)
    if (!url.starts_with("http://") && !url.starts_with("https://")) return {21620, "Invalid media URL"};
  if (!content.empty() && (content.size() != 34 || !content.starts_with("HX")))
    return {21655, "The ContentSid is Invalid"};
  if (const auto variables = valueOf(fields, "ContentVariables"); !variables.empty()) {
    try {
      if (!parseJson(variables).is_object()) return {21656, "The ContentVariables Parameter is invalid"};
    } catch (const JsonError&) {
      return {21656, "The ContentVariables Parameter is invalid"};
    }
  }
  return {0, {}};
}

std::optional<HttpReply> asOrdered(const Failure& order) {
  HttpReply reply;
  switch (order.what) {
    case Failure::What::kHttpStatus:
      reply = {order.status, {{"Content-Type", "text/html"}}, "<html><body>gateway</body></html>"};
      break;
    case Failure::What::kError:
      reply = error(order.status != 0     ? order.status
                    : order.code == 20429 ? 429
                    : order.code == 20003 ? 401
                                          : 400,
                    order.code, "as ordered");
      break;
    case Failure::What::kTimeout:
      reply.manner = Manner::kNeverAnswer;
      break;
    case Failure::What::kCloseAfterRequest:
    case Failure::What::kCloseBeforeRequest:
      reply.manner = Manner::kClose;
      break;
    case Failure::What::kGarbage:
      reply = {201, {{"Content-Type", "text/html"}}, "<html/>"};
      break;
    case Failure::What::kNoId:
      reply = plain(201, Json::object());
      break;
    default:
      return std::nullopt;
  }
  if (order.retry_after) reply.headers.emplace_back("Retry-After", std::to_string(*order.retry_after));
  return reply;
}

/// Whether the message exists although the caller cannot know.
bool tookEffect(const Failure& order) {
  return order.counts && (order.what == Failure::What::kTimeout || order.what == Failure::What::kCloseAfterRequest ||
                          order.what == Failure::What::kGarbage || order.what == Failure::What::kNoId);
}

}  // namespace

bool TwilioSimulator::Impl::authorised(const HttpRequest& request) const {
  const auto given = request.header("Authorization");
  return given == "Basic " + crypto::base64Encode(options.account_sid + ":" + options.auth_token) ||
         given == "Basic " + crypto::base64Encode(options.api_key_sid + ":" + options.api_key_secret);
}

HttpReply TwilioSimulator::Impl::messagesApi(const HttpRequest& request) {
  if (!authorised(request)) return error(401, 20003, "Authenticate");
  const std::string root = "/2010-04-01/Accounts/" + options.account_sid;
  if (request.path == root + ".json" && request.method == "GET")
    return plain(
        200, {{"sid", options.account_sid}, {"friendly_name", "Simulator"}, {"status", "active"}, {"type", "Full"}});
  if (request.path == root + "/Messages.json" && request.method == "POST") return createMessage(request);
  if (request.path == "/v3/Indicators/Typing.json" && request.method == "POST") {
    if (const auto order = failures.take("read", ""))
      if (auto reply = asOrdered(*order)) return *reply;
    return plain(200, {{"success", true}});
  }
  const std::string messages = root + "/Messages/";
  if (request.path.starts_with(messages) && request.method == "GET") {
    const std::string rest = request.path.substr(messages.size());
    if (const auto at = rest.find("/Media/"); at != std::string::npos) return readMedia(request, rest.substr(at + 7));
    const std::lock_guard lock(mutex);
    for (const Json& message : sent)
      if (rest == message.at("sid").get<std::string>() + ".json") return plain(200, message);
  }
  return error(404, 20404, "The requested resource " + request.path + " was not found");
}

/// 307 to where the bytes are, as Twilio does. There no credential is asked for; it is the same host here, so one may
/// come along.
HttpReply TwilioSimulator::Impl::readMedia(const HttpRequest&, const std::string& id) {
  if (const auto order = failures.take("download", ""))
    if (auto reply = asOrdered(*order)) return *reply;
  const std::lock_guard lock(mutex);
  if (media.count(id) == 0) return error(404, 20404, "no such media");
  return {307, {{"Location", server.url() + "/cdn/" + id}}, ""};
}

HttpReply TwilioSimulator::Impl::createMessage(const HttpRequest& request) {
  if (!request.header("Content-Type").starts_with("application/x-www-form-urlencoded"))
    return error(415, 20415, "Unsupported media type");
  const Fields fields = decodeForm(request.body);
  const std::string to = valueOf(fields, "To");
  const auto order = failures.take("messages", to);
  const auto ordered = order ? asOrdered(*order) : std::nullopt;
  if (ordered && !tookEffect(*order)) return *ordered;
  Json message;
  {
    const std::lock_guard lock(mutex);
    if (const auto [code, why] = wrongWith(fields, options, opted_out); code != 0) return error(400, code, why);
    const auto urls = valuesOf(fields, "MediaUrl");
    const std::string service = valueOf(fields, "MessagingServiceSid");
    message = {{"sid", sid(urls.empty() ? "SM" : "MM")},
               {"status", service.empty() ? "queued" : "accepted"},
               {"account_sid", options.account_sid},
               {"messaging_service_sid", service.empty() ? Json() : Json(service)},
               {"from", valueOf(fields, "From").empty() ? Json() : Json(valueOf(fields, "From"))},
               {"to", to},
               {"body", valueOf(fields, "Body")},
               {"num_segments", service.empty() ? "1" : "0"},
               {"num_media", std::to_string(urls.size())},
               {"direction", "outbound-api"},
               {"error_code", nullptr},
               {"error_message", nullptr},
               {"price", nullptr},
               {"date_created", "Thu, 24 Aug 2023 05:01:45 +0000"},
               {"uri", request.path},
               {"subresource_uris", Json::object()}};
    Json kept = message;
    kept["media"] = urls;
    kept["fields"] = Json::array();
    for (const auto& [name, value] : fields) kept["fields"].push_back({name, value});
    sent.push_back(std::move(kept));
  }
  changed.notify_all();
  tell("sent to " + to + ": " + message.at("body").get<std::string>());
  if (const auto callback = valueOf(fields, "StatusCallback"); !callback.empty()) scheduleStatuses(message, callback);
  return ordered ? *ordered : plain(201, message);
}

void TwilioSimulator::Impl::scheduleStatuses(const Json& message, const std::string& callback) {
  const std::lock_guard lock(mutex);
  scheduleNext(message, callback, std::make_shared<const std::vector<std::string>>(statuses), 0);
}

/// One after the other: two threads would report "delivered" before "sent", and the message would end as "sent".
void TwilioSimulator::Impl::scheduleNext(const Json& message, const std::string& callback, Plan plan, std::size_t at) {
  if (at == plan->size()) return;
  scheduler.after(std::chrono::milliseconds(options.status_delay_ms), [=, this] {
    reportStatus(message, callback, plan->at(at));
    scheduleNext(message, callback, plan, at + 1);
  });
}

void TwilioSimulator::Impl::reportStatus(const Json& message, const std::string& callback, const std::string& status) {
  // "undelivered:30003": a failure with its code.
  const auto colon = status.find(':');
  const std::string word = status.substr(0, colon), id = message.at("sid");
  Fields fields = {{"ApiVersion", "2010-04-01"},
                   {"MessageSid", id},
                   {"SmsSid", id},
                   {"MessageStatus", word},
                   {"SmsStatus", word},
                   {"AccountSid", options.account_sid},
                   {"To", message.at("to")},
                   {"From", message.at("from").is_string() ? message.at("from").get<std::string>() : options.from}};
  if (colon != std::string::npos) fields.emplace_back("ErrorCode", status.substr(colon + 1));
  const std::string url = callback.substr(0, callback.find('#'));
  const auto answer = client.post(url,
                                  {{"Content-Type", "application/x-www-form-urlencoded"},
                                   {"X-Twilio-Signature", signatureOf(options.auth_token, url, fields)}},
                                  encodeForm(fields));
  {
    const std::lock_guard lock(mutex);
    reported.push_back({{"message_id", id},
                        {"message_status", word},
                        {"url", url},
                        {"status", answer.status},
                        {"error", answer.error}});
    for (Json& one : sent)
      if (one.at("sid") == id) one["status"] = word;
  }
  changed.notify_all();
}

}  // namespace patchbay::simulators::twilio
