/// Plays Telegram for any number of bots: the Bot API on a port of its own, webhooks and getUpdates, and the users.
///
///     TelegramSimulator telegram({});
///     telegram.registerBot({.token = "110201543:AAHpatchbayExampleToken000000000000"});
///     auto told = telegram.deliver("", {{"from", {{"id", 5550001}, {"first_name", "Ana"}}}, {"text", "Olá"}});
///
/// Whether an update leaves by webhook or waits for getUpdates is what the bot has chosen by setWebhook. The same
/// things can be had over HTTP under /_simulator/ (README.md). Thread-safe; the destructor stops everything and joins.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <patchbay/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "simulators/common/failures.hpp"
#include "simulators/telegram/bot.hpp"

namespace patchbay::simulators::telegram {

struct Options {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: the system chooses
  std::uint64_t seed = 0;  ///< 0: ids differ at each start
  std::chrono::milliseconds webhook_timeout = std::chrono::seconds(10);
  /// Pauses before the repeats of a webhook that was not answered with 2xx; afterwards it is given up.
  std::vector<std::chrono::milliseconds> retry_delays{std::chrono::milliseconds(0), std::chrono::seconds(2),
                                                      std::chrono::seconds(4)};
  std::function<void(std::string_view)> story;  ///< one readable line per step; from any thread
};

class TelegramSimulator {
 public:
  /// Listens at once. @throws std::runtime_error  the address cannot be bound.
  explicit TelegramSimulator(Options options);
  ~TelegramSimulator();
  TelegramSimulator(const TelegramSimulator&) = delete;
  TelegramSimulator& operator=(const TelegramSimulator&) = delete;

  std::string url() const;  ///< base URL for connectors

  /// @throws BadInput  the token is not one, or is registered already.
  void registerBot(Bot bot);
  void failNext(Failure failure);

  /// A user does something: see /_simulator/deliver in README.md. @param bot  label, id or token; empty: the first
  /// @return {"update_id", "status", "answer", "ids", ...}; status 0: it waits for getUpdates. @throws BadInput
  Json deliver(const std::string& bot, const Json& event);

  /// Waits until the Bot API has accepted `count` messages in all; returns those that it has.
  Json waitForSent(std::size_t count, std::chrono::milliseconds timeout) const;

  Json playDemoCustomers();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patchbay::simulators::telegram
