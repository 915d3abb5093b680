/// The inside of TelegramSimulator, split over telegram_simulator.cpp (delivery), bot_api.cpp (calls), send_rules.cpp,
/// updates.cpp (what users do), control_api.cpp and demo.cpp.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>

#include "simulators/common/failures.hpp"
#include "simulators/common/http_client.hpp"
#include "simulators/common/http_server.hpp"
#include "simulators/common/ids.hpp"
#include "simulators/common/multipart.hpp"
#include "simulators/common/scheduler.hpp"
#include "simulators/telegram/telegram_simulator.hpp"

namespace patchbay::simulators::telegram {

/// A call that the Bot API refuses: its error body. Thrown.
struct ApiError {
  int code;
  std::string description;
  Json parameters = Json::object();
};

/// The arguments of one call, however they were sent: text stays text, other JSON values are what they are.
struct Arguments {
  Json values = Json::object();
  std::vector<FormPart> files;

  std::string text(const char* name) const;                    ///< empty when absent
  std::optional<std::int64_t> number(const char* name) const;  ///< @throws ApiError  present and not a whole number
  std::optional<double> real(const char* name) const;
  Json json(const char* name) const;  ///< an object or a list, also when it came as text
  const FormPart* file(const char* name) const;
};

/// @throws ApiError
Arguments argumentsOf(const HttpRequest& request);

/// One call, as /_simulator/requests lists it. The token is left out.
struct ApiCall {
  std::string method;
  Json arguments;
  int status = 0;  ///< 0: no answer was given
  std::string failure;
};

/// One attempt to deliver an update by webhook.
struct Delivered {
  std::int64_t update_id = 0;
  int status = 0;
  std::string answer, error;
  long long milliseconds = 0;
  int attempt = 1;
};

HttpReply okReply(const Json& result);
HttpReply errorReply(const ApiError& error);

struct TelegramSimulator::Impl {
  explicit Impl(Options given);
  ~Impl();

  // ---- telegram_simulator.cpp
  void registerBot(Bot bot);
  /// @throws BadInput  unknown. The lock is held.
  Bot& botFor(const std::string& name);
  Bot* botByToken(const std::string& token);
  Json deliver(const std::string& name, const Json& event);
  Delivered post(const Bot& bot, const PendingUpdate& update, const std::string& secret, int attempt);
  void repeatLater(const std::string& token, std::int64_t update_id, const std::string& secret, int attempt);
  void drain(const std::string& token);  ///< what waited for getUpdates leaves by the webhook that was set
  void settle(const std::string& token, const Delivered& delivered);
  void tell(const std::string& line) const;
  Json waitForSent(std::size_t count, std::chrono::milliseconds timeout) const;
  void reset();

  // ---- updates.cpp
  /// The update that an event makes, without its number. The lock is held. @throws BadInput
  Json updateOf(Bot& bot, const Json& event);

  // ---- bot_api.cpp
  HttpReply serve(HttpRequest& request);
  HttpReply call(const std::string& token, const std::string& method, const HttpRequest& request, ApiCall& record);
  HttpReply download(const std::string& token, const std::string& path);
  HttpReply answer(const std::string& token, const std::string& method, const Arguments& arguments);
  HttpReply getUpdates(const std::string& token, const Arguments& arguments);
  Json setWebhook(Bot& bot, const Arguments& arguments);
  Json webhookInfo(const Bot& bot) const;
  Json send(Bot& bot, const std::string& method, const Arguments& arguments);
  Json change(Bot& bot, const std::string& method, const Arguments& arguments);
  Json getFile(const Bot& bot, const Arguments& arguments) const;
  HttpReply spoil(const Failure& failure, HttpReply reply, ApiCall& record);

  // ---- control_api.cpp
  HttpReply control(const HttpRequest& request);

  // ---- demo.cpp
  Json playCustomers();

  Options options;
  Ids ids;
  Failures failures;
  HttpClient client;

  mutable std::mutex mutex;                 // guards everything down to the scheduler
  mutable std::condition_variable changed;  // something was recorded, an update waits, or we stop
  std::deque<Bot> bots;                     // in the order of registration
  Json sent = Json::array();  // accepted messages: {"bot", "method", "chat_id", "message_id", "arguments"}
  std::deque<ApiCall> calls;
  std::deque<Delivered> webhooks;
  bool stopping = false;

  Scheduler scheduler;               // below what its jobs use
  std::optional<HttpServer> server;  // ended first
};

inline constexpr std::size_t kMaxRecords = 20'000;

Json toJson(const ApiCall& call);
Json toJson(const Delivered& delivered);

/// Which order of failures a method answers to: messages, upload (of a file), updates, media, ...
std::string failureKind(const std::string& method, const Arguments& arguments);

/// Refuses what Telegram refuses. @throws ApiError
void checkSend(const std::string& method, const Arguments& arguments);
/// The content fields of the message that a send makes: {"text": ...}, {"photo": [...]}, ...
Json contentOf(const std::string& method, const Arguments& arguments, const std::string& file_id,
               const std::string& unique_id);
/// The parameter of a method that holds a file; empty when it has none.
std::string fileField(const std::string& method);

}  // namespace patchbay::simulators::telegram
