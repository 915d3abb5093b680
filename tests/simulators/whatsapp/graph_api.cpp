/// The Graph API: routes, bearer tokens, sends, media, and the failures that were ordered.
#include <algorithm>
#include <cctype>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "simulators/common/multipart.hpp"
#include "simulators/meta/errors.hpp"
#include "simulators/meta/spoil.hpp"
#include "simulators/meta/wire.hpp"
#include "simulators/whatsapp/message_rules.hpp"
#include "simulators/whatsapp/simulator_impl.hpp"

namespace patchbay::simulators::whatsapp {

using meta::graphJson;

namespace {

bool isDownload(const HttpRequest& request) {
  return request.path.starts_with("/whatsapp_business/attachments");
}

std::string recipientOf(const Json& body) {
  for (const char* name : {"to", "recipient"})
    if (body.is_object() && body.contains(name) && body[name].is_string()) return body[name].get<std::string>();
  return {};
}

}  // namespace

/// Which kind of call a failure order can be meant for; empty for everything else. What is a read receipt and what a
/// message is in the body; before it is read, both are "messages".
std::string WhatsAppSimulator::Impl::callKind(const HttpRequest& request) const {
  if (isDownload(request)) return "download";
  const auto parts = meta::graphRoute(request.path);
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
  if (isRefusal(failure) || !failure->counts) return spoil(*failure, graphJson(200, Json::object()), call);
  return spoil(*failure, make(), call);
}

HttpReply WhatsAppSimulator::Impl::subscription(const HttpRequest& request, const std::string& waba_id) {
  const std::lock_guard lock(mutex);
  if (request.method == "POST") unsubscribed.erase(waba_id);
  if (request.method == "DELETE") unsubscribed.insert(waba_id);
  if (request.method != "GET") return graphJson(200, {{"success", true}});
  Json data = Json::array();
  if (!unsubscribed.contains(waba_id))
    data.push_back({{"whatsapp_business_api_data",
                     {{"id", "670843887433847"}, {"name", "Patchbay"}, {"link", "https://example.test/"}}}});
  return graphJson(200, {{"data", std::move(data)}});
}

HttpReply WhatsAppSimulator::Impl::error(int code, const std::string& details, int subcode) {
  const meta::GraphError made = meta::graphError(code, details, ids.word(24), subcode);
  return graphJson(made.status, made.body);
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
  journal.add(std::move(call));
  return true;
}

HttpReply WhatsAppSimulator::Impl::serve(HttpRequest& request) {
  if (options.beside)
    if (auto reply = options.beside(request)) return *std::move(reply);
  if (request.path.starts_with("/_simulator/")) return control(request);
  GraphCall call{request.method, request.target, request.header("Content-Type"), request.body, now(), false, 0, {}};
  HttpReply reply = graph(request, call);
  call.status = reply.manner == Manner::kNeverAnswer || reply.manner == Manner::kClose ? 0 : reply.status;
  journal.add(std::move(call));
  return reply;
}

HttpReply WhatsAppSimulator::Impl::graph(const HttpRequest& request, GraphCall& call) {
  if (isDownload(request)) return download(request, call);
  const auto parts = meta::graphRoute(request.path);
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
  if (const auto problem = meta::readBody(request, body); !problem.empty()) return error(100, problem);
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
    const HttpReply done = graphJson(200, {{"success", true}});
    return failure ? spoil(*failure, done, call) : done;
  }
  std::string digits = recipientOf(body);
  std::erase_if(digits, [](unsigned char c) { return std::isdigit(c) == 0; });
  if (body.contains("to") && digits == number.display_phone_number)
    return error(131021, "Sender and recipient phone number is the same.");
  if (const int code = refusedByLimits(number, body)) return error(code, "Enforced by the simulator.");
  if (const auto problem = templateProblem(number, body)) return error(problem->code, problem->details);
  if (failure && !failure->counts) return spoil(*failure, graphJson(200, Json::object()), call);
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
  message.count = journal.count(number.phone_number_id + " " + dumpJson(body));
  StatusPlan how;
  {
    const std::lock_guard lock(mutex);
    const auto own = plans.find(message.to);
    how = own == plans.end() ? plan : own->second;
  }
  const std::string type = body.value("type", "");
  tell(number.label + " -> " + describe(to) + ": " +
       (type == "text" ? "\"" + body["text"].value("body", "") + "\"" : "(" + type + ")") +
       (message.count > 1 ? " | DUPLICATE, " + std::to_string(message.count) + " times now" : " | accepted"));
  journal.add(message);
  deliverStatuses(number, message, how);
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
  return graphJson(
      200,
      {{"messaging_product", "whatsapp"}, {"contacts", Json::array({contact})}, {"messages", Json::array({accepted})}});
}

HttpReply WhatsAppSimulator::Impl::spoil(const Failure& failure, HttpReply reply, GraphCall& call) {
  call.failure = failure.toJson()["what"].get<std::string>();
  if (failure.what == Failure::What::kError) {
    reply = error(failure.code, "Played by the simulator.");
    if (failure.status != 0) reply.status = failure.status;
  }
  tell("Meta plays a failure: " + dumpJson(failure.toJson()));
  return meta::spoil(failure, std::move(reply),
                     {.garbage = R"({"messages":[{"id")",
                      .without_id = {{"messaging_product", "whatsapp"}},
                      .product = "whatsapp",
                      .business = "301200000000100"});
}

HttpReply WhatsAppSimulator::Impl::upload(const HttpRequest& request, GraphCall& call) {
  const auto failure = failures.take("upload", {});
  if (isRefusal(failure) || (failure && !failure->counts)) return spoil(*failure, graphJson(200, Json::object()), call);
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
  const HttpReply reply = graphJson(200, {{"id", stored.id}});
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
    reply = graphJson(200, {{"success", true}});
  } else {
    reply = graphJson(200, {{"messaging_product", "whatsapp"},
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
  return graphJson(200, {{"id", number.phone_number_id},
                         {"verified_name", number.label},
                         {"display_phone_number", "+" + number.display_phone_number},
                         {"quality_rating", "GREEN"}});
}

}  // namespace patchbay::simulators::whatsapp
