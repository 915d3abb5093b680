/// The Graph API: routes, bearer tokens, sends, media, and the failures that were ordered.
#include <algorithm>
#include <cctype>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "simulators/common/multipart.hpp"
#include "simulators/common/spoil.hpp"
#include "simulators/meta/errors.hpp"
#include "simulators/meta/wire.hpp"
#include "simulators/whatsapp/message_rules.hpp"
#include "simulators/whatsapp/simulator_impl.hpp"

namespace patchbay::simulators::whatsapp {
namespace {

HttpReply json(int status, const Json& body) {
  return graphJson(status, body);
}

bool isDownload(const HttpRequest& request) {
  return request.path.starts_with("/whatsapp_business/attachments");
}

std::string recipientOf(const Json& body) {
  for (const char* name : {"to", "recipient"})
    if (body.is_object() && body.contains(name) && body[name].is_string()) return body[name].get<std::string>();
  return {};
}

const FormPart* partNamed(const std::vector<FormPart>& parts, std::string_view name) {
  const auto found = std::find_if(parts.begin(), parts.end(), [&](const FormPart& p) { return p.name == name; });
  return found == parts.end() ? nullptr : &*found;
}

/// What kind of page a gateway shows, or an error instead of an answer: the call had no effect.
bool isRefusal(const std::optional<Failure>& failure) {
  return failure && (failure->what == Failure::What::kHttpStatus || failure->what == Failure::What::kError);
}

}  // namespace

HttpReply graphJson(int status, const Json& body) {
  return {status, {{"Content-Type", "application/json; charset=UTF-8"}}, meta::asciiJson(body)};
}

std::vector<std::string> graphRoute(const std::string& path) {
  std::vector<std::string> parts;
  for (const std::string_view part : split(std::string_view(path).substr(1), '/')) parts.emplace_back(part);
  const bool versioned = parts.size() > 1 && parts[0].size() >= 4 && parts[0][0] == 'v' &&
                         parts[0].find('.') != std::string::npos &&
                         parts[0].find_first_not_of("0123456789.", 1) == std::string::npos;
  if (!versioned) return {};
  parts.erase(parts.begin());
  return parts;
}

/// Which kind of call a failure order can be meant for; empty for everything else. What is a read receipt and what a
/// message is in the body; before it is read, both are "messages".
std::string WhatsAppSimulator::Impl::callKind(const HttpRequest& request) const {
  if (isDownload(request)) return "download";
  const auto parts = graphRoute(request.path);
  if (parts.size() == 2 && parts[1] == "messages") return "messages";
  if (parts.size() == 2 && parts[1] == "media") return "upload";
  if (parts.size() == 2 && parts[1] == "message_templates") return "templates";
  if (parts.size() == 2 && parts[1] == "subscribed_apps") return "subscription";
  if (parts.size() != 1 || request.method != "GET") return {};
  return findNumber(parts[0]) ? "number" : "media";
}

bool WhatsAppSimulator::Impl::isAccount(const std::string& id) const {
  const std::lock_guard lock(mutex);
  return std::any_of(numbers.begin(), numbers.end(), [&](const Number& n) { return n.waba_id == id; });
}

HttpReply WhatsAppSimulator::Impl::withFailures(const std::string& kind, GraphCall& call,
                                                const std::function<HttpReply()>& make) {
  const auto failure = failures.take(kind, {});
  if (!failure) return make();
  if (isRefusal(failure) || !failure->counts) return spoil(*failure, json(200, Json::object()), call);
  return spoil(*failure, make(), call);
}

HttpReply WhatsAppSimulator::Impl::subscription(const HttpRequest& request, const std::string& waba_id) {
  const std::lock_guard lock(mutex);
  if (request.method == "POST") unsubscribed.erase(waba_id);
  if (request.method == "DELETE") unsubscribed.insert(waba_id);
  if (request.method != "GET") return json(200, {{"success", true}});
  Json data = Json::array();
  if (!unsubscribed.contains(waba_id))
    data.push_back({{"whatsapp_business_api_data",
                     {{"id", "670843887433847"}, {"name", "Patchbay"}, {"link", "https://example.test/"}}}});
  return json(200, {{"data", std::move(data)}});
}

HttpReply WhatsAppSimulator::Impl::error(int code, const std::string& details, int subcode) {
  const meta::GraphError made = meta::graphError(code, details, ids.word(24), subcode);
  return json(made.status, made.body);
}

bool WhatsAppSimulator::Impl::authorized(const HttpRequest& request, const Number* number) const {
  const std::string given = request.header("Authorization");
  const auto matches = [&](const Number& one) { return crypto::constantTimeEqual(given, "Bearer " + one.token); };
  if (number != nullptr) return matches(*number);
  const std::lock_guard lock(mutex);
  return std::any_of(numbers.begin(), numbers.end(), matches);
}

std::string WhatsAppSimulator::Impl::proofProblem(const HttpRequest& request, const Number* number) const {
  if (!request.query.contains("appsecret_proof")) return {};
  const std::string proof = request.parameter("appsecret_proof");
  const auto matches = [&](const Number& one) { return proof == meta::appsecretProof(one.app_secret, one.token); };
  const std::lock_guard lock(mutex);
  const bool good = number != nullptr ? matches(*number) : std::any_of(numbers.begin(), numbers.end(), matches);
  return good ? "" : "Invalid appsecret_proof provided in the API argument";
}

bool WhatsAppSimulator::Impl::closeBeforeBody(const HttpRequest& request) {
  if (options.close_beside)
    if (const auto close = options.close_beside(request)) return *close;
  if (request.path.starts_with("/_simulator/")) return false;
  const std::string kind = callKind(request);
  if (kind.empty() || !failures.takeBeforeBody(kind)) return false;
  GraphCall call{request.method,        request.target, request.header("Content-Type"), {}, now(), false, 0,
                 "close_before_request"};
  tell("Meta closes before the body of " + request.method + " " + request.path);
  {
    const std::lock_guard lock(mutex);
    calls.push_back(std::move(call));
  }
  changed.notify_all();
  return true;
}

HttpReply WhatsAppSimulator::Impl::serve(HttpRequest& request) {
  if (options.beside)
    if (auto reply = options.beside(request)) return *std::move(reply);
  if (request.path.starts_with("/_simulator/")) return control(request);
  GraphCall call{request.method, request.target, request.header("Content-Type"), request.body, now(), false, 0, {}};
  HttpReply reply = graph(request, call);
  call.status = reply.manner == Manner::kNeverAnswer || reply.manner == Manner::kClose ? 0 : reply.status;
  {
    const std::lock_guard lock(mutex);
    calls.push_back(std::move(call));
    if (calls.size() > kMaxRecords) calls.pop_front();
  }
  changed.notify_all();
  return reply;
}

HttpReply WhatsAppSimulator::Impl::graph(const HttpRequest& request, GraphCall& call) {
  if (isDownload(request)) return download(request, call);
  const auto parts = graphRoute(request.path);
  if (parts.empty() || parts.size() > 2 || parts[0].empty())
    return error(2500, "Unknown path components: " + request.path);
  const auto number = findNumber(parts[0]);
  const bool is_account = isAccount(parts[0]);
  call.authorized = authorized(request, number ? &*number : nullptr);
  if (!call.authorized) return error(190, "Invalid OAuth access token - Cannot parse access token");
  if (const auto problem = proofProblem(request, number ? &*number : nullptr); !problem.empty())
    return error(100, problem);
  if (parts.size() == 1 && number && request.method == "GET")
    return withFailures("number", call, [&] { return numberObject(*number); });
  if (parts.size() == 1 && !number) {
    if (const auto found = templates.byId(parts[0]))
      return withFailures("templates", call, [&] { return templateObject(request, *found); });
    return mediaObject(request, parts[0], call);
  }
  if (parts.size() == 2 && is_account && parts[1] == "subscribed_apps")
    return withFailures("subscription", call, [&] { return subscription(request, parts[0]); });
  if (parts.size() == 2 && is_account && parts[1] == "message_templates")
    return withFailures("templates", call, [&] { return templateApi(request, parts[0]); });
  if (!number)
    return error(100,
                 "Unsupported " + lowerAscii(request.method) + " request. Object with ID '" + parts[0] +
                     "' does not exist, cannot be loaded due to missing permissions, or does not support this "
                     "operation",
                 33);
  if (parts.size() == 2 && request.method == "POST" && parts[1] == "messages") return send(request, *number, call);
  if (parts.size() == 2 && request.method == "POST" && parts[1] == "media") return upload(request, call);
  return error(2500, "Unknown path components: " + request.path);
}

HttpReply WhatsAppSimulator::Impl::send(const HttpRequest& request, const Number& number, GraphCall& call) {
  Json body;
  try {
    if (!lowerAscii(request.header("Content-Type")).starts_with("application/json"))
      return error(100, "The Content-Type must be application/json");
    body = parseJson(request.body);
  } catch (const JsonError& problem) {
    return error(100, std::string("The body is not JSON: ") + problem.what());
  }
  const bool receipt = body.is_object() && body.contains("status");
  const auto failure = failures.take(receipt ? "read" : "messages", recipientOf(body));
  if (isRefusal(failure)) return spoil(*failure, {}, call);
  const auto rule = receipt ? checkReadReceipt(body) : checkMessage(body, [this](const std::string& id) {
    const auto file = media.find(id);
    return file ? std::optional(file->mime_type) : std::nullopt;
  });
  if (rule) {
    tell("Meta refuses a message of " + number.label + ": (#" + std::to_string(rule->code) + ") " + rule->details);
    return error(rule->code, rule->details);
  }
  if (receipt) {
    const HttpReply done = json(200, {{"success", true}});
    return failure ? spoil(*failure, done, call) : done;
  }
  std::string digits = recipientOf(body);
  std::erase_if(digits, [](unsigned char c) { return std::isdigit(c) == 0; });
  if (body.contains("to") && digits == number.display_phone_number)
    return error(131021, "Sender and recipient phone number is the same.");
  if (const int code = refusedByLimits(number, body)) return error(code, "Enforced by the simulator.");
  if (const auto problem = templateProblem(number, body)) return error(problem->code, problem->details);
  if (failure && !failure->counts) return spoil(*failure, json(200, Json::object()), call);
  const SentMessage message = accept(number, body);
  const HttpReply reply = sendReply(message);
  return failure ? spoil(*failure, reply, call) : reply;
}

int WhatsAppSimulator::Impl::refusedByLimits(const Number& number, const Json& body) {
  return limits.check(number.phone_number_id, recipientOf(body), body.value("type", "") == "template", now());
}

std::optional<TemplateProblem> WhatsAppSimulator::Impl::templateProblem(const Number& number, const Json& body) {
  if (body.value("type", "") != "template") return std::nullopt;
  {
    const std::lock_guard lock(mutex);
    if (!check_templates) return std::nullopt;
  }
  const Json& sent_template = body["template"];
  return checkTemplateSend(templates.find(number.waba_id, sent_template["name"], sent_template["language"]["code"]),
                           sent_template);
}

SentMessage WhatsAppSimulator::Impl::accept(const Number& number, const Json& body) {
  SentMessage message{number.phone_number_id, recipientOf(body), ids.wamid(), body, now(), 1};
  const Customer to = customerOf(body);
  StatusPlan how;
  {
    const std::lock_guard lock(mutex);
    message.count = ++sent_counts[number.phone_number_id + " " + dumpJson(body)];
    const auto own = plans.find(message.to);
    how = own == plans.end() ? plan : own->second;
  }
  const std::string type = body.value("type", "");
  tell(number.label + " -> " + describe(to) + ": " +
       (type == "text" ? "\"" + body["text"].value("body", "") + "\"" : "(" + type + ")") +
       (message.count > 1 ? " | DUPLICATE, " + std::to_string(message.count) + " times now" : " | accepted"));
  {
    const std::lock_guard lock(mutex);
    sent.push_back(message);
  }
  changed.notify_all();
  deliverStatuses(number, message, how, 0);
  return message;
}

HttpReply WhatsAppSimulator::Impl::sendReply(const SentMessage& message) const {
  Json contact{{"input", message.to}};
  if (message.body.contains("to")) {
    std::string digits = message.to;
    std::erase_if(digits, [](unsigned char c) { return std::isdigit(c) == 0; });
    contact["wa_id"] = digits;
  } else {
    contact["user_id"] = message.to;
  }
  Json accepted{{"id", message.wamid}};
  if (message.body.value("type", "") == "template") accepted["message_status"] = "accepted";
  return json(
      200,
      {{"messaging_product", "whatsapp"}, {"contacts", Json::array({contact})}, {"messages", Json::array({accepted})}});
}

HttpReply WhatsAppSimulator::Impl::spoil(const Failure& failure, HttpReply reply, GraphCall& call) {
  using What = Failure::What;
  call.failure = failure.toJson()["what"].get<std::string>();
  switch (failure.what) {
    case What::kError:
      reply = error(failure.code, "Played by the simulator.");
      if (failure.status != 0) reply.status = failure.status;
      break;
    case What::kGarbage:
      reply = {200, {{"Content-Type", "application/json"}}, "<!-- \x01 upstream connect error {\"messages\":[{\"id\""};
      break;
    case What::kNoId:
      reply = json(200, {{"messaging_product", "whatsapp"}});
      break;
    case What::kUsage: {
      const Json spent{{"call_count", failure.percent}, {"total_time", 25}, {"total_cputime", 20}};
      reply.headers.emplace_back("X-App-Usage", dumpJson(spent));
      Json account = spent;
      account["type"] = "whatsapp";
      account["estimated_time_to_regain_access"] = failure.minutes;
      reply.headers.emplace_back("X-Business-Use-Case-Usage",
                                 dumpJson(Json{{"301200000000100", Json::array({account})}}));
      break;
    }
    default:
      spoilConnection(failure, reply);
      break;
  }
  if (failure.retry_after) reply.headers.emplace_back("Retry-After", std::to_string(*failure.retry_after));
  tell("Meta plays a failure: " + dumpJson(failure.toJson()));
  return reply;
}

HttpReply WhatsAppSimulator::Impl::upload(const HttpRequest& request, GraphCall& call) {
  const auto failure = failures.take("upload", {});
  if (isRefusal(failure) || (failure && !failure->counts)) return spoil(*failure, json(200, Json::object()), call);
  const auto parts = parseMultipart(request.header("Content-Type"), request.body);
  if (!parts) return error(100, "The body must be multipart/form-data");
  const FormPart* product = partNamed(*parts, "messaging_product");
  const FormPart* file = partNamed(*parts, "file");
  const FormPart* type = partNamed(*parts, "type");
  if (product == nullptr || product->content != "whatsapp")
    return error(100, "The parameter messaging_product is required and must be whatsapp");
  if (file == nullptr) return error(100, "The parameter file is required");
  if (file->filename.empty()) return error(100, "The part file needs a filename");
  const std::string mime_type = type != nullptr ? type->content : file->content_type;
  const std::size_t limit = mediaLimit("", mime_type);
  if (limit == 0)
    return error(
        100, "Param file must be a file with one of the types Meta takes. Received file of type '" + mime_type + "'");
  if (type != nullptr && !file->content_type.empty() && file->content_type != type->content)
    return error(131053, "The part file is of type " + file->content_type + " but type says " + type->content);
  if (file->content.empty() || file->content.size() > limit)
    return error(131053, "The file must have 1.." + std::to_string(limit) + " bytes, got " +
                             std::to_string(file->content.size()));
  const MediaFile stored = media.add(file->content, mime_type);
  tell("Meta stores an upload: " + mime_type + ", " + std::to_string(stored.bytes.size()) + " bytes");
  const HttpReply reply = json(200, {{"id", stored.id}});
  return failure ? spoil(*failure, reply, call) : reply;
}

HttpReply WhatsAppSimulator::Impl::mediaObject(const HttpRequest& request, const std::string& id, GraphCall& call) {
  const auto failure = request.method == "GET" ? failures.take("media", {}) : std::nullopt;
  const auto file = media.find(id);
  HttpReply reply;
  if (!file || (request.method != "GET" && request.method != "DELETE")) {
    reply = error(100,
                  "Unsupported " + lowerAscii(request.method) + " request. Object with ID '" + id +
                      "' does not exist, cannot be loaded due to missing permissions, or does not support this "
                      "operation",
                  33);
  } else if (request.method == "DELETE") {
    media.remove(id);
    reply = json(200, {{"success", true}});
  } else {
    reply = json(200, {{"messaging_product", "whatsapp"},
                       {"url", mediaUrl(id)},
                       {"mime_type", file->mime_type},
                       {"sha256", crypto::hexEncode(file->sha256)},
                       {"file_size", file->bytes.size()},
                       {"id", id}});
  }
  return failure ? spoil(*failure, reply, call) : reply;
}

HttpReply WhatsAppSimulator::Impl::download(const HttpRequest& request, GraphCall& call) {
  const auto failure = failures.take("download", {});
  const bool after = failure && (failure->what == Failure::What::kDribble || failure->what == Failure::What::kUsage);
  if (failure && !after) return spoil(*failure, {}, call);
  call.authorized = authorized(request, nullptr);
  if (!call.authorized) return {401, {{"Content-Type", "text/plain"}}, "Unauthorized"};
  const auto file = media.open(request.parameter("mid"), request.parameter("hash"));
  if (!file || request.method != "GET") return {404, {{"Content-Type", "text/plain"}}, "Not Found"};
  HttpReply reply{200, {{"Content-Type", file->mime_type}}, file->bytes};
  return failure ? spoil(*failure, reply, call) : reply;
}

HttpReply WhatsAppSimulator::Impl::numberObject(const Number& number) const {
  return json(200, {{"id", number.phone_number_id},
                    {"verified_name", number.label},
                    {"display_phone_number", "+" + number.display_phone_number},
                    {"quality_rating", "GREEN"}});
}

}  // namespace patchbay::simulators::whatsapp
