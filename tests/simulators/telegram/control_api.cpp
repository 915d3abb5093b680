/// The control API: JSON under /_simulator/, on the same port as the Bot API. tests/simulators/README.md lists it.
///
/// Wrong input: 400 with {"error": "..."} that names the member and the rule.
#include "simulators/common/bad_input.hpp"
#include "simulators/common/control.hpp"
#include "simulators/telegram/simulator_impl.hpp"

namespace patchbay::simulators::telegram {
namespace {

Json botJson(const Bot& bot) {
  Json waiting = Json::array();
  for (const auto& one : bot.pending) waiting.push_back(one.id);
  return {{"id", bot.id},
          {"username", bot.username},
          {"label", bot.label},
          {"webhook_url", bot.webhook.url},
          {"secret_token", bot.webhook.secret_token},
          {"allowed_updates", bot.allowed_updates},
          {"pending", std::move(waiting)},
          {"open_queries", bot.open_queries},
          {"files", bot.files.size()}};
}

Bot botFromJson(const Json& json) {
  allowOnly(json, "bot", {"token", "username", "label"});
  Bot bot;
  bot.token = textOr(json, "token", "");
  bot.username = textOr(json, "username", bot.username);
  bot.label = textOr(json, "label", "");
  return bot;
}

void setChat(Bot& bot, const Json& body) {
  allowOnly(body, "chat", {"bot", "chat_id", "state", "migrated_to"});
  if (!body.contains("chat_id")) throw BadInput("chat: 'chat_id' is missing");
  ChatState& chat = bot.chats[numberOr(body, "chat_id", 0)];
  chat.state = textOr(body, "state", "");
  for (const char* known : {"", "blocked", "deactivated", "kicked", "unknown", "never_written"})
    if (chat.state == known) {
      chat.migrated_to = numberOr(body, "migrated_to", 0);
      return;
    }
  throw BadInput("chat: 'state' must be blocked, deactivated, kicked, unknown, never_written or empty, got '" +
                 chat.state + "'");
}

}  // namespace

Json toJson(const ApiCall& call) {
  return {{"method", call.method}, {"arguments", call.arguments}, {"status", call.status}, {"failure", call.failure}};
}

Json toJson(const Delivered& delivered) {
  return {{"update_id", delivered.update_id}, {"status", delivered.status},   {"answer", delivered.answer},
          {"error", delivered.error},         {"attempt", delivered.attempt}, {"milliseconds", delivered.milliseconds}};
}

HttpReply TelegramSimulator::Impl::control(const HttpRequest& request) try {
  const std::string what = request.path.substr(std::string_view("/_simulator").size());
  const std::string ask = request.method + " " + what;
  const Json body = request.method == "POST" && !request.body.empty() ? parseJson(request.body) : Json::object();
  if (ask == "POST /deliver") return plain(200, deliver(textOr(body, "bot", ""), body));
  if (ask == "GET /sent") return plain(200, {{"sent", waitForSent(atLeast(request), waitOf(request))}});
  if (ask == "POST /bots") registerBot(botFromJson(body));
  if (ask == "POST /fail") failures.add(Failure::fromJson(body));
  if (ask == "DELETE /fail") failures.clear();
  if (what == "/fail" && (request.method == "GET" || request.method == "POST" || request.method == "DELETE"))
    return plain(200, {{"failures", failures.toJson()}});
  if (ask == "POST /reset") {
    reset();
    changed.notify_all();
    return plain(200, {{"ok", true}});
  }
  if (ask == "POST /demo/customers") {
    const Json told = playCustomers();
    return plain(told.value("ok", false) ? 200 : 502, told);
  }
  const std::lock_guard lock(mutex);
  if (ask == "GET /bots" || ask == "POST /bots") {
    Json list = Json::array();
    for (const Bot& bot : bots) list.push_back(botJson(bot));
    return plain(200, {{"bots", std::move(list)}});
  }
  if (ask == "GET /requests") return plain(200, {{"requests", listOf(calls)}});
  if (ask == "GET /webhooks") return plain(200, {{"webhooks", listOf(webhooks)}});
  if (ask == "POST /chats") {
    setChat(botFor(textOr(body, "bot", "")), body);
    return plain(200, {{"ok", true}});
  }
  return plain(404, {{"error", "there is no " + ask + " under /_simulator; see tests/simulators/README.md"}});
} catch (...) {
  return wrongInput();
}

}  // namespace patchbay::simulators::telegram
