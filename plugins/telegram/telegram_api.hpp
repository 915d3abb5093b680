/// The Bot API: how a call is written, and what its answers mean in the classes of sdk/schema/result.schema.json.
#pragma once

#include <cstdint>
#include <optional>
#include <patchbay/connector.hpp>
#include <string>
#include <vector>

namespace patchbay::telegram {

/// A channel's settings, read once.
struct Account {
  std::string base_url;  ///< without a slash at the end
  std::string token;     ///< the secret's marker: it is part of every URL
  std::string secret;    ///< marker of webhook_secret; empty when there is none
  std::string webhook_url;
  bool polls = false;
  std::vector<std::string> allowed_updates;
  std::int64_t max_connections = 40;
  std::int64_t poll_timeout = 25;  ///< seconds
  bool link_preview = true;
};

/// "https://api.telegram.org/bot<token>/sendMessage"
std::string urlOf(const Account& account, const std::string& method);

/// A call with a JSON body.
HttpRequest callOf(const Account& account, const std::string& method, Json parameters);

/// {"ok": true, "result": ...}, or {"ok": false, "error_code": 400, "description": "...", "parameters": {...}}.
struct ApiAnswer {
  bool ok = false;
  Json result;
  int code = 0;             ///< of the error; the HTTP status where the body does not say
  std::string description;  ///< for people; compared by its beginning only, since the texts are no contract
  std::optional<std::int64_t> retry_after, migrate_to;

  /// Whether the description holds `words` (lower case), behind its "Bad Request: ".
  bool says(std::string_view words) const;
};

/// Nothing for what is no answer of the Bot API: a gateway's page, or none at all.
std::optional<ApiAnswer> readAnswer(const Response& response);

/// What a request was, for the errors that mean one thing for a message and another for a question.
enum class Risk {
  kSafe,    ///< made again without harm
  kUnsafe,  ///< it may have had its effect: a lost answer is unknown
};

/// Any answer that is not a success.
/// @param throttled  times in a row that this operation was told to slow down: a chat that has been waited for and is
///                   refused again means the whole bot
Failure failureOf(const Response& response, Risk risk, unsigned throttled = 0);

/// The throttle that belongs to a failure; none for others than 429.
void heed(const Failure& failure, Time now, std::vector<Throttle>& throttles);

/// Splits "<chat>:<message>", by which messages are known here: a message's number is unique in its chat alone.
struct MessageName {
  std::string chat;
  std::int64_t message = 0;
};
std::optional<MessageName> readMessageName(std::string_view id);
std::string messageName(std::int64_t chat, std::int64_t message);

/// A group has become a supergroup, with another id.
Event groupMoved(std::int64_t from, std::int64_t to, Time at);

/// A chat id as the API takes it: a number, or "@channel". Nothing for other texts.
std::optional<Json> chatId(std::string_view address);

}  // namespace patchbay::telegram
