/// The control API: JSON under /_simulator/, on the same port as the Graph API. tests/simulators/README.md lists it.
///
/// Wrong input: 400 with {"error": "..."} that names the member and the rule.
#include "simulators/common/bad_input.hpp"
#include "simulators/common/control.hpp"
#include "simulators/pages/simulator_impl.hpp"

namespace patchbay::simulators::pages {
namespace {

Account accountFromJson(const Json& json, std::optional<Product> product) {
  allowOnly(json, "account",
            {"product", "id", "callback_url", "page_id", "app_secret", "token", "verify_token", "label"});
  const std::string word = textOr(json, "product", product ? std::string(wordOf(*product)) : "messenger");
  if (word != "messenger" && word != "instagram")
    throw BadInput("account: 'product' must be messenger or instagram, got '" + word + "'");
  return {.product = word == "messenger" ? Product::kMessenger : Product::kInstagram,
          .id = textOr(json, "id", ""),
          .callback_url = textOr(json, "callback_url", ""),
          .page_id = textOr(json, "page_id", ""),
          .app_secret = textOr(json, "app_secret", ""),
          .token = textOr(json, "token", ""),
          .verify_token = textOr(json, "verify_token", ""),
          .label = textOr(json, "label", "")};
}

ReceiptPlan planOf(const Json& body, ReceiptPlan plan) {
  allowOnly(body, "statuses", {"statuses", "delay_ms", "before_response"});
  if (body.contains("statuses")) {
    if (!body["statuses"].is_array()) throw BadInput("statuses: 'statuses' must be a list");
    plan.statuses.clear();
    for (const Json& status : body["statuses"]) {
      if (status != "echo" && status != "delivered" && status != "read")
        throw BadInput("statuses: must be echo, delivered or read, got " + dumpJson(status));
      plan.statuses.push_back(status.get<std::string>());
    }
  }
  const long long delay = numberOr(body, "delay_ms", plan.delay.count());
  if (delay < 0 || delay > 3'600'000) throw BadInput("statuses: 'delay_ms' must be 0..3600000");
  plan.delay = std::chrono::milliseconds(delay);
  plan.before_response = truthOr(body, "before_response", plan.before_response);
  return plan;
}

}  // namespace

Json toJson(const GraphCall& call) {
  const bool text = !call.content_type.starts_with("multipart/");
  Json json{{"method", call.method},
            {"path", call.path},
            {"body", text ? readable(call.body) : Json("(" + std::to_string(call.body.size()) + " bytes)")},
            {"time", formatRfc3339(call.time)},
            {"status", call.status}};
  if (!call.failure.empty()) json["failure"] = call.failure;
  return json;
}

Json toJson(const Account& account) {
  return {{"product", wordOf(account.product)},
          {"id", account.id},
          {"callback_url", account.callback_url},
          {"page_id", account.page_id},
          {"label", account.label}};
}

Json toJson(const SentMessage& message) {
  return {{"account", message.account},          {"to", message.to},      {"mid", message.mid}, {"body", message.body},
          {"time", formatRfc3339(message.time)}, {"count", message.count}};
}

HttpReply PagesSimulator::Impl::controlDeliver(Json event, std::optional<Product> product) {
  if (!event.is_object()) throw BadInput("event: must be a JSON object, got " + dumpJson(event));
  Delivery how;
  const std::string signature = textOr(event, "signature", "valid");
  if (signature != "valid" && signature != "wrong" && signature != "missing")
    throw BadInput("event: 'signature' must be valid, wrong or missing, got '" + signature + "'");
  if (signature == "wrong") how.signature = Delivery::Signature::kWrong;
  if (signature == "missing") how.signature = Delivery::Signature::kMissing;
  how.copies = static_cast<int>(numberOr(event, "copies", 1));
  std::string id = textOr(event, "account", "");
  for (const char* name : {"signature", "copies", "account"}) event.erase(name);
  if (id.empty()) {
    const std::lock_guard lock(mutex);
    for (const Account& account : accounts)
      if (id.empty() && (!product || account.product == *product)) id = account.id;
    if (id.empty()) throw BadInput("no account is registered");
  }
  return plain(200, meta::answerOf(deliver(id, event, how)));
}

HttpReply PagesSimulator::Impl::controlSettings(const Json& body) {
  allowOnly(body, "settings", {"window"});
  const std::lock_guard lock(mutex);
  window = truthOr(body, "window", window);
  return plain(200, {{"ok", true}});
}

HttpReply PagesSimulator::Impl::control(const HttpRequest& request, const std::string& what,
                                        std::optional<Product> product) try {
  const std::string ask = request.method + " " + what;
  const Json body = request.method == "POST" && !request.body.empty() ? parseJson(request.body) : Json::object();
  if (ask == "POST /deliver") return controlDeliver(body, product);
  if (ask == "GET /sent" || ask == "GET /requests" || ask == "GET /demo/state")
    return journal.answerRecords(request, what, [this] { return demoState(); });
  if (ask == "GET /statuses")
    return journal.answerWebhooks(request, [&](const auto& webhook) { return meta::isAskedFor(request, webhook); });
  if (ask == "POST /statuses") {
    const std::lock_guard lock(mutex);
    plan = planOf(body, plan);
    return plain(200, {{"ok", true}});
  }
  if (ask == "GET /fail" || ask == "POST /fail" || ask == "DELETE /fail")
    return plain(200, failures.control(request.method, body));
  if (ask == "POST /settings") return controlSettings(body);
  if (ask == "POST /accounts") registerAccount(accountFromJson(body, product));
  if (ask == "GET /accounts" || ask == "POST /accounts") {
    const std::lock_guard lock(mutex);
    return plain(200, {{"accounts", listOf(accounts)}});
  }
  if (ask == "POST /verify") {
    const std::string problem = verify(textOr(body, "account", ""));
    return plain(problem.empty() ? 200 : 502, {{"ok", problem.empty()}, {"problem", problem}});
  }
  if (ask == "POST /reset") {
    reset();
    return plain(200, {{"ok", true}});
  }
  if (ask == "POST /demo/customers") {
    const Json told = playCustomers(product);
    return plain(told.value("ok", false) ? 200 : 502, told);
  }
  return plain(404, {{"error", "there is no " + ask + " under /_simulator; see tests/simulators/README.md"}});
} catch (...) {
  return wrongInput();
}

}  // namespace patchbay::simulators::pages
