#include "simulators/telegram/telegram_simulator.hpp"

#include <algorithm>

#include "base/crypto.hpp"
#include "base/time.hpp"
#include "simulators/common/bad_input.hpp"
#include "simulators/telegram/simulator_impl.hpp"

namespace patchbay::simulators::telegram {
namespace {

constexpr std::size_t kMaxPending = 100'000;

bool isToken(const std::string& token) {
  const auto colon = token.find(':');
  return colon != std::string::npos && colon > 0 && colon <= 15 && colon + 1 < token.size() &&
         token.substr(0, colon).find_first_not_of("0123456789") == std::string::npos &&
         token.find_first_of("/?# ") == std::string::npos;
}

/// valid, wrong, missing, or the header's value itself.
std::string secretFor(const Bot& bot, const Json& event) {
  const std::string asked = textOr(event, "secret", "valid");
  if (asked == "valid") return bot.webhook.secret_token;
  return asked == "wrong" ? "not-" + bot.webhook.secret_token : asked == "missing" ? "" : asked;
}

Json nameOf(const Json& update) {
  for (const char* kind : {"message", "edited_message"})
    if (update.contains(kind) && update[kind].is_object() && update[kind].contains("chat"))
      return update[kind]["chat"]["id"].dump() + ":" + update[kind]["message_id"].dump();
  return update.contains("callback_query") ? Json("callback:" + update["callback_query"].value("id", "")) : Json();
}

}  // namespace

TelegramSimulator::Impl::Impl(Options given)
    : options(std::move(given)), ids(options.seed), client(options.webhook_timeout), scheduler(2) {
  server.emplace(
      options.host, options.port, [this](HttpRequest& request) { return serve(request); },
      [](const HttpRequest&) { return false; });
  server->start();
}

TelegramSimulator::Impl::~Impl() {
  {
    const std::lock_guard lock(mutex);
    stopping = true;
  }
  changed.notify_all();
  scheduler.clear();
  server.reset();
}

void TelegramSimulator::Impl::tell(const std::string& line) const {
  if (options.story) options.story(line);
}

void TelegramSimulator::Impl::registerBot(Bot bot) {
  if (!isToken(bot.token)) throw BadInput("bot: the token must look like 110201543:AAHsomething");
  bot.id = std::stoll(bot.token.substr(0, bot.token.find(':')));
  if (bot.label.empty()) bot.label = bot.username;
  const std::lock_guard lock(mutex);
  if (botByToken(bot.token) != nullptr) throw BadInput("bot: this token is registered already");
  bots.push_back(std::move(bot));
}

Bot& TelegramSimulator::Impl::botFor(const std::string& name) {
  for (Bot& bot : bots)
    if (name.empty() || bot.label == name || bot.token == name || std::to_string(bot.id) == name) return bot;
  throw BadInput(name.empty() ? "no bot is registered" : "no bot is called '" + name + "'");
}

Bot* TelegramSimulator::Impl::botByToken(const std::string& token) {
  for (Bot& bot : bots)
    if (crypto::constantTimeEqual(bot.token, token)) return &bot;
  return nullptr;
}

Json TelegramSimulator::Impl::deliver(const std::string& name, const Json& event) {
  if (!event.is_object()) throw BadInput("an event must be an object");
  allowOnly(event, "event",
            {"bot", "from", "chat", "text", "message", "file", "reply_to", "edit", "callback", "reaction", "membership",
             "update", "update_id", "secret", "copies", "retry"});
  const auto copies = numberOr(event, "copies", 1);
  if (copies < 1 || copies > 100) throw BadInput("'copies' must be 1..100");
  Bot bot;
  PendingUpdate update;
  std::string secret;
  {
    const std::lock_guard lock(mutex);
    Bot& found = botFor(name);
    if (found.pending.size() >= kMaxPending) throw BadInput("too many updates wait");
    update.body = updateOf(found, event);
    update.id = numberOr(event, "update_id", found.next_update);
    if (!event.contains("update_id")) ++found.next_update;
    update.body["update_id"] = update.id;
    secret = secretFor(found, event);
    found.pending.push_back(update);
    bot.token = found.token;
    bot.label = found.label;
    bot.webhook = found.webhook;
  }
  changed.notify_all();
  tell("to " + bot.label + ": " + dumpJson(update.body).substr(0, 200));
  Json told{{"update_id", update.id}, {"status", 0}, {"queued", bot.webhook.url.empty()}, {"channel", bot.label}};
  if (const Json id = nameOf(update.body); !id.is_null()) told["ids"] = Json::array({id});
  if (bot.webhook.url.empty()) return told;
  Delivered last;
  for (int i = 0; i < copies; ++i) last = post(bot, update, secret, i + 1);
  if ((last.status < 200 || last.status > 299) && truthOr(event, "retry", false))
    repeatLater(bot.token, update.id, secret, 1);
  told.update({{"status", last.status}, {"answer", last.answer}, {"milliseconds", last.milliseconds}});
  if (!last.error.empty()) told["error"] = last.error;
  return told;
}

Delivered TelegramSimulator::Impl::post(const Bot& bot, const PendingUpdate& update, const std::string& secret,
                                        int attempt) {
  HttpClient::Headers headers{{"Content-Type", "application/json"}};
  if (!secret.empty()) headers.emplace_back("X-Telegram-Bot-Api-Secret-Token", secret);
  const HttpAnswer answer = client.post(bot.webhook.url, headers, dumpJson(update.body));
  Delivered delivered{update.id,
                      answer.status,
                      answer.body,
                      answer.error,
                      std::chrono::duration_cast<std::chrono::milliseconds>(answer.took).count(),
                      attempt};
  settle(bot.token, delivered);
  return delivered;
}

void TelegramSimulator::Impl::settle(const std::string& token, const Delivered& delivered) {
  {
    const std::lock_guard lock(mutex);
    webhooks.push_back(delivered);
    if (webhooks.size() > kMaxRecords) webhooks.pop_front();
    if (Bot* bot = botByToken(token)) {
      if (delivered.status >= 200 && delivered.status <= 299) {
        std::erase_if(bot->pending, [&](const auto& one) { return one.id == delivered.update_id; });
      } else {
        bot->webhook.last_error_date =
            static_cast<int>(std::chrono::duration_cast<std::chrono::seconds>(now().time_since_epoch()).count());
        bot->webhook.last_error_message = delivered.status == 0
                                              ? "Connection timed out"
                                              : "Wrong response from the webhook: " + std::to_string(delivered.status);
      }
    }
  }
  changed.notify_all();
}

void TelegramSimulator::Impl::repeatLater(const std::string& token, std::int64_t update_id, const std::string& secret,
                                          int attempt) {
  const auto index = static_cast<std::size_t>(attempt - 1);
  if (index >= options.retry_delays.size()) return;
  scheduler.after(options.retry_delays[index], [this, token, update_id, secret, attempt] {
    Bot bot;
    PendingUpdate update;
    {
      const std::lock_guard lock(mutex);
      const Bot* found = botByToken(token);
      if (found == nullptr || found->webhook.url.empty()) return;
      const auto one = std::find_if(found->pending.begin(), found->pending.end(),
                                    [&](const auto& pending) { return pending.id == update_id; });
      if (one == found->pending.end()) return;
      update = *one;
      bot.token = token;
      bot.webhook = found->webhook;
    }
    const Delivered delivered = post(bot, update, secret, attempt + 1);
    if (delivered.status < 200 || delivered.status > 299) repeatLater(token, update_id, secret, attempt + 1);
  });
}

void TelegramSimulator::Impl::drain(const std::string& token) {
  std::vector<std::int64_t> waiting;
  std::string secret;
  {
    const std::lock_guard lock(mutex);
    const Bot* bot = botByToken(token);
    if (bot == nullptr || bot->webhook.url.empty()) return;
    secret = bot->webhook.secret_token;
    for (const auto& one : bot->pending) waiting.push_back(one.id);
  }
  for (const auto id : waiting) repeatLater(token, id, secret, 1);
}

Json TelegramSimulator::Impl::waitForSent(std::size_t count, std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex);
  changed.wait_for(lock, timeout, [&] { return stopping || sent.size() >= count; });
  return sent;
}

void TelegramSimulator::Impl::reset() {
  failures.clear();
  scheduler.clear();
  const std::lock_guard lock(mutex);
  for (Bot& bot : bots) {
    Bot fresh;
    fresh.token = bot.token;
    fresh.id = bot.id;
    fresh.username = bot.username;
    fresh.label = bot.label;
    fresh.next_update = bot.next_update;  // ids never come twice
    fresh.last_message = bot.last_message;
    fresh.poll = bot.poll + 1;
    fresh.poll_ended_by = "getUpdates";
    bot = std::move(fresh);
  }
  sent = Json::array();
  calls.clear();
  webhooks.clear();
}

TelegramSimulator::TelegramSimulator(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
TelegramSimulator::~TelegramSimulator() = default;

std::string TelegramSimulator::url() const {
  return impl_->server->url();
}
void TelegramSimulator::registerBot(Bot bot) {
  impl_->registerBot(std::move(bot));
}
void TelegramSimulator::failNext(Failure failure) {
  impl_->failures.add(std::move(failure));
}
Json TelegramSimulator::deliver(const std::string& bot, const Json& event) {
  return impl_->deliver(bot, event);
}
Json TelegramSimulator::waitForSent(std::size_t count, std::chrono::milliseconds timeout) const {
  return impl_->waitForSent(count, timeout);
}
Json TelegramSimulator::playDemoCustomers() {
  return impl_->playCustomers();
}

}  // namespace patchbay::simulators::telegram
