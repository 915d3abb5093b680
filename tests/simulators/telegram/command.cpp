#include "simulators/telegram/command.hpp"

#include <array>

#include "base/text.hpp"
#include "simulators/common/bad_input.hpp"
#include "simulators/common/command_line.hpp"
#include "simulators/common/console.hpp"
#include "simulators/telegram/telegram_simulator.hpp"

namespace patchbay::simulators::telegram {
namespace {

constexpr std::array<OptionRule, 8> kOptions{{
    {"bot", "TOKEN",
     "a bot; repeat for more. More settings after commas:\n"
     "                                    TOKEN,username=acme_bot,label=acme,webhook=URL,secret=S\n"
     "                                    (webhook: as if setWebhook had been called)"},
    {"host", "ADDRESS", "listen address (127.0.0.1)"},
    {"port", "PORT", "0 lets the system choose (0)"},
    {"fail", "what=...,...",
     "a failure to play; repeat for more. what: an HTTP status, error (with code=), timeout,\n"
     "                                    close_after_request, garbage, no_id, dribble. More: times=N|always, "
     "to=CHAT,\n"
     "                                    "
     "on=messages|upload|media|download|updates|callbacks|chat_actions|subscription|"
     "number"},
    {"seed", "N", "repeatable ids; without it they differ at each start"},
    {"quiet", "", "print the listening line only"},
    {"with-parent", "", "end when the process that started this one ends"},
    {"help", "", "this text"},
}};

Bot botFromText(const std::string& text) {
  Bot bot;
  bool first = true;
  for (const std::string_view part : split(text, ',')) {
    if (first) {
      bot.token = std::string(part);
      first = false;
      continue;
    }
    const auto equals = part.find('=');
    const std::string_view name = part.substr(0, equals);
    const std::string value(equals == std::string_view::npos ? "" : part.substr(equals + 1));
    if (name == "username")
      bot.username = value;
    else if (name == "label")
      bot.label = value;
    else if (name == "webhook")
      bot.webhook.url = value;
    else if (name == "secret")
      bot.webhook.secret_token = value;
    else
      throw BadInput("--bot: unknown setting '" + std::string(name) + "'");
  }
  return bot;
}

}  // namespace

int run(const std::vector<std::string>& arguments, const sigset_t& stop) {
  const CommandLine line(kOptions, arguments);
  if (printed(line, kOptions,
              "patchbay-simulate telegram: plays the Telegram Bot API for tests and demos.\n\n"
              "  patchbay-simulate telegram --bot 110201543:AAHpatchbayExampleToken000000000000\n\n"
              "The first line it prints is \"listening on URL\": the base URL for the connector, and, under\n"
              "URL/_simulator/, a control API: users write, failures are ordered, sends are looked at."))
    return 0;
  Options options;
  readCommonOptions(line, options);
  std::vector<Bot> bots;
  for (const std::string& text : line.all("bot")) bots.push_back(botFromText(text));
  std::vector<Failure> failures = failuresOf(line);
  followParent(line);
  TelegramSimulator telegram(options);
  for (Bot& bot : bots) telegram.registerBot(std::move(bot));
  for (Failure& failure : failures) telegram.failNext(std::move(failure));
  announce(telegram.url());
  waitForStop(stop);
  return 0;
}

}  // namespace patchbay::simulators::telegram
