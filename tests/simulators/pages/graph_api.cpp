/// The Graph API as pages and Instagram accounts see it, and the failures that were ordered.
#include <algorithm>
#include <array>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "simulators/common/bad_input.hpp"
#include "simulators/common/multipart.hpp"
#include "simulators/meta/spoil.hpp"
#include "simulators/meta/wire.hpp"
#include "simulators/pages/send_rules.hpp"
#include "simulators/pages/simulator_impl.hpp"

namespace patchbay::simulators::pages {

using meta::graphJson;

namespace {

constexpr std::size_t kMaxUpload = 25U << 20U;
constexpr std::string_view kFiles = "/_cdn/";
constexpr std::string_view kControl = "/_simulator/";

/// Most errors come with 400; those of the token and of permissions, and outages, do not.
int statusOf(int code) {
  switch (code) {
    case 190:
      return 401;
    case 10:
    case 200:
    case 230:
    case 368:
      return 403;
    case 2:
      return 503;
    default:
      return 400;
  }
}

std::string_view titleOf(int code) {
  struct Row {
    int code;
    std::string_view title;
  };
  constexpr std::array<Row, 12> kTitles{
      {{1, "An unknown error occurred"},
       {2, "Service temporarily unavailable"},
       {4, "Application request limit reached"},
       {10, "This message is sent outside of allowed window."},
       {32, "Page request limit reached"},
       {100, "Invalid parameter"},
       {190, "Invalid OAuth access token."},
       {200, "Permissions error"},
       {230, "Requires pages_messaging permission to manage the object"},
       {368, "The action attempted has been deemed abusive or is otherwise disallowed"},
       {551, "This person isn't available right now."},
       {613, "Calls to this API have exceeded the rate limit."}}};
  for (const Row& row : kTitles)
    if (row.code == code) return row.title;
  return "Error";
}

std::string recipientOf(const Json& body) {
  const auto recipient = body.is_object() ? body.find("recipient") : body.end();
  if (!body.is_object() || recipient == body.end() || !recipient->is_object() || recipient->empty()) return {};
  const Json& id = recipient->begin().value();
  return id.is_string() ? id.get<std::string>() : std::string();
}

}  // namespace

HttpReply PagesSimulator::Impl::error(MetaError which, const std::string& details, int status) {
  Json error{{"message", "(#" + std::to_string(which.code) + ") " +
                             (details.empty() ? std::string(titleOf(which.code)) : details)},
             {"type", which.code == 100 && which.subcode == 33 ? "GraphMethodException" : "OAuthException"},
             {"code", which.code},
             {"fbtrace_id", ids.word(24)}};
  if (which.subcode != 0) error["error_subcode"] = which.subcode;
  if (which.code == 2) error["is_transient"] = true;
  return graphJson(status != 0 ? status : statusOf(which.code), {{"error", std::move(error)}});
}

/// In the header, or (as Meta's own samples do) in the query.
std::string PagesSimulator::Impl::tokenOf(const HttpRequest& request) const {
  const std::string header = request.header("Authorization");
  return header.starts_with("Bearer ") ? header.substr(7) : request.parameter("access_token");
}

bool PagesSimulator::Impl::knowsCustomer(const std::string& id) const {
  const std::lock_guard lock(mutex);
  return customers.contains(id);
}

std::optional<Account> PagesSimulator::Impl::accountOfCall(const HttpRequest& request, const std::string& node) const {
  const std::string token = tokenOf(request);
  const bool by_token = node == "me" || knowsCustomer(node);
  const std::lock_guard lock(mutex);
  for (const Account& account : accounts)
    if (by_token ? crypto::constantTimeEqual(token, account.token) : account.isNode(node)) return account;
  // "me" with a token that nobody has is refused by the first account.
  return by_token && !accounts.empty() ? std::optional(accounts.front()) : std::nullopt;
}

std::optional<bool> PagesSimulator::Impl::closeBeforeBody(const HttpRequest& request) {
  const auto parts = meta::graphRoute(request.path);
  if (parts.size() != 2 || !accountOfCall(request, parts[0])) return std::nullopt;
  const std::string kind = parts[1] == "messages" ? "messages" : parts[1] == "message_attachments" ? "upload" : "";
  if (kind.empty()) return false;
  const bool close = failures.takeBeforeBody(kind).has_value();
  if (close) tell("Meta closes before the body of " + request.method + " " + request.path);
  return close;
}

std::optional<HttpReply> PagesSimulator::Impl::serve(HttpRequest& request) {
  for (const Product product : {Product::kMessenger, Product::kInstagram}) {
    const std::string prefix = std::string(kControl) + std::string(wordOf(product));
    if (request.path.starts_with(prefix + "/")) return control(request, request.path.substr(prefix.size()), product);
  }
  if (server && request.path.starts_with(kControl))
    return control(request, request.path.substr(kControl.size() - 1), std::nullopt);
  if (request.path.starts_with(kFiles)) {
    const std::lock_guard lock(mutex);
    const auto file = files.find(request.path.substr(kFiles.size()));
    if (file == files.end()) return HttpReply{404, {{"Content-Type", "text/plain"}}, "Not Found"};
    return HttpReply{200, {{"Content-Type", file->second.mime_type}}, file->second.bytes};
  }
  const auto parts = meta::graphRoute(request.path);
  if (parts.empty()) return std::nullopt;
  GraphCall call{request.method, request.path, request.header("Content-Type"), request.body, now(), 0, {}};
  auto reply = graph(request, parts, call);
  if (!reply) return std::nullopt;
  call.status = reply->manner == Manner::kNeverAnswer || reply->manner == Manner::kClose ? 0 : reply->status;
  journal.add(std::move(call));
  return reply;
}

std::optional<HttpReply> PagesSimulator::Impl::graph(const HttpRequest& request, const std::vector<std::string>& parts,
                                                     GraphCall& call) {
  const auto account = accountOfCall(request, parts[0]);
  if (!account) return std::nullopt;
  if (!crypto::constantTimeEqual(tokenOf(request), account->token)) return error({190, 0}, "");
  if (request.query.contains("appsecret_proof") &&
      request.parameter("appsecret_proof") != meta::appsecretProof(account->app_secret, account->token))
    return error({100, 0}, "Invalid appsecret_proof provided in the API argument");
  const std::string ask = request.method + " " + (parts.size() == 2 ? parts[1] : "");
  if (ask == "POST messages") return send(request, *account, call);
  if (ask == "POST message_attachments")
    return withFailures("upload", {}, call, [&] { return upload(request, *account, call); });
  if (parts.size() == 2 && parts[1] == "subscribed_apps")
    return withFailures("subscription", {}, call, [&] { return subscription(request, *account); });
  if (parts.size() != 1 || request.method != "GET") return error({100, 33}, "Unsupported request");
  if (!account->isNode(parts[0]) && parts[0] != "me")
    return withFailures("profile", parts[0], call, [&] { return profile(request, *account, parts[0]); });
  return withFailures("number", {}, call, [&] {
    const bool by_page = account->product == Product::kMessenger || account->behindPage();
    return graphJson(200, {{"id", by_page && !account->page_id.empty() ? account->page_id : account->id},
                           {"name", account->label},
                           {by_page ? "category" : "username", account->label}});
  });
}

HttpReply PagesSimulator::Impl::withFailures(const std::string& kind, const std::string& to, GraphCall& call,
                                             const std::function<HttpReply()>& make) {
  const auto failure = failures.take(kind, to);
  if (!failure) return make();
  if (isRefusal(failure) || !failure->counts) return spoil(*failure, graphJson(200, Json::object()), call);
  return spoil(*failure, make(), call);
}

HttpReply PagesSimulator::Impl::send(const HttpRequest& request, const Account& account, GraphCall& call) {
  Json body;
  if (const auto problem = meta::readBody(request, body); !problem.empty()) return error({100, 0}, problem);
  const bool action = body.is_object() && body.contains("sender_action");
  const auto failure = failures.take(action ? "read" : "messages", recipientOf(body));
  if (isRefusal(failure)) return spoil(*failure, {}, call);
  const auto refusal = checkSend(account, body, [this](const std::string& id) {
    const std::lock_guard lock(mutex);
    return uploads.contains(id);
  });
  if (refusal) {
    tell("Meta refuses a message of " + account.label + ": " + refusal->details);
    return error({refusal->code, refusal->subcode}, refusal->details);
  }
  if (const auto closed = refusedByWindow(account, body)) return error(*closed, "");
  if (failure && !failure->counts) return spoil(*failure, graphJson(200, Json::object()), call);
  HttpReply reply;
  if (action) {
    reply = act(account, body);
  } else {
    const SentMessage message = accept(account, body);
    Json accepted{{"message_id", message.mid}};
    if (body["recipient"].contains("id")) accepted["recipient_id"] = message.to;
    reply = graphJson(200, accepted);
  }
  return failure ? spoil(*failure, reply, call) : reply;
}

HttpReply PagesSimulator::Impl::act(const Account& account, const Json& body) {
  const std::string to = recipientOf(body);
  tell(account.label + " -> " + describe(to) + ": " + body["sender_action"].get<std::string>());
  return graphJson(200, {{"recipient_id", to}});
}

std::optional<MetaError> PagesSimulator::Impl::refusedByWindow(const Account& account, const Json& body) const {
  const std::lock_guard lock(mutex);
  if (!window || body.contains("sender_action")) return std::nullopt;
  const auto opened = windows.find(account.id + " " + recipientOf(body));
  const auto longest = std::chrono::hours(body.value("tag", "") == "HUMAN_AGENT" ? 168 : 24);
  if (opened != windows.end() && now() - opened->second < longest) return std::nullopt;
  return MetaError{10, account.product == Product::kMessenger ? 2018278 : 2534022};
}

SentMessage PagesSimulator::Impl::accept(const Account& account, const Json& body) {
  SentMessage message{account.id, recipientOf(body), newMid(ids, account.product), body, now(), 1};
  message.count = journal.count(account.id + " " + dumpJson(body));
  ReceiptPlan how;
  {
    const std::lock_guard lock(mutex);
    how = plan;
  }
  const Json& content = body["message"];
  tell(account.label + " -> " + describe(message.to) + ": " +
       (content.contains("text") ? "\"" + content["text"].get<std::string>() + "\"" : "(attachment)") +
       (message.count > 1 ? " | DUPLICATE, " + std::to_string(message.count) + " times now" : " | accepted"));
  journal.add(message);
  deliverReceipts(account, message, how);
  return message;
}

HttpReply PagesSimulator::Impl::upload(const HttpRequest& request, const Account& account, GraphCall&) {
  Json message;
  StoredFile file;
  const auto parts = parseMultipart(request.header("Content-Type"), request.body);
  try {
    if (parts) {
      const FormPart* described = partNamed(*parts, "message");
      const FormPart* data = partNamed(*parts, "filedata");
      if (described == nullptr || data == nullptr) return error({100, 0}, "message and filedata are required");
      if (account.behindPage()) {
        const FormPart* platform = partNamed(*parts, "platform");
        if (platform == nullptr || platform->content != "instagram")
          return error({100, 0}, "The parameter platform must be instagram");
      }
      if (data->content_type.find('/') == std::string::npos)
        return error({100, 2018047}, "Upload attachment failure: the part filedata has no MIME type");
      if (data->content.size() > kMaxUpload) return error({100, 2018109}, "Attachment size exceeds allowable limit");
      message = parseJson(described->content);
      file = {{}, data->content_type};
    } else {
      message = parseJson(request.body).at("message");
      if (!message.at("attachment").at("payload").contains("url")) return error({100, 0}, "payload[url] is required");
    }
    const std::string type = message.at("attachment").at("type");
    constexpr std::array<std::string_view, 4> kTypes{"image", "audio", "video", "file"};
    if (std::find(kTypes.begin(), kTypes.end(), type) == kTypes.end())
      return error({100, 0}, "message[attachment][type] cannot be " + type);
    if (parts && type != "file" && !file.mime_type.starts_with(type + "/"))
      return error({100, 2018047}, "Upload attachment failure: " + file.mime_type + " is no " + type);
  } catch (const std::exception& problem) {
    return error({100, 0}, std::string("The message is not what it should be: ") + problem.what());
  }
  const std::string id = ids.digits(16);
  const std::lock_guard lock(mutex);
  uploads[id] = std::move(file);
  return graphJson(200, {{"attachment_id", id}});
}

/// Of those who have written; of others there is none.
HttpReply PagesSimulator::Impl::profile(const HttpRequest& request, const Account& account,
                                        const std::string& person) const {
  Json all;
  {
    const std::lock_guard lock(mutex);
    const Customer& customer = customers.at(person);
    if (customer.name.empty()) return graphJson(200, Json::object());
    const auto space = customer.name.find(' ');
    all = {{"id", person},
           {"name", customer.name},
           {"first_name", customer.name.substr(0, space)},
           {"last_name", space == std::string::npos ? "" : customer.name.substr(space + 1)},
           {"profile_pic", url() + "/_cdn/picture"}};
    if (account.product == Product::kInstagram) all["username"] = "user_" + person.substr(0, 6);
  }
  Json found{{"id", person}};
  const std::string fields = request.parameter("fields");
  for (const std::string_view field : split(fields, ','))
    if (const auto value = all.find(std::string(field)); value != all.end()) found[std::string(field)] = *value;
  return graphJson(200, found);
}

HttpReply PagesSimulator::Impl::subscription(const HttpRequest& request, const Account& account) {
  if (request.method == "POST" && request.parameter("subscribed_fields").empty())
    return error({100, 0}, "The parameter subscribed_fields is required.");
  const std::lock_guard lock(mutex);
  if (request.method == "POST") unsubscribed.erase(account.id);
  if (request.method == "DELETE") unsubscribed.insert(account.id);
  if (request.method != "GET") return graphJson(200, {{"success", true}});
  Json data = Json::array();
  if (!unsubscribed.contains(account.id)) data.push_back({{"id", options.app_id}, {"name", "Patchbay"}});
  return graphJson(200, {{"data", std::move(data)}});
}

HttpReply PagesSimulator::Impl::spoil(const Failure& failure, HttpReply reply, GraphCall& call) {
  call.failure = failure.toJson()["what"].get<std::string>();
  if (failure.what == Failure::What::kError)
    reply = error({failure.code, failure.subcode}, "Played by the simulator.", failure.status);
  tell("Meta plays a failure: " + dumpJson(failure.toJson()));
  return meta::spoil(failure, std::move(reply),
                     {.garbage = R"({"message_id")",
                      .without_id = {{"recipient_id", "0"}},
                      .product = "messenger",
                      .business = "1001"});
}

}  // namespace patchbay::simulators::pages
