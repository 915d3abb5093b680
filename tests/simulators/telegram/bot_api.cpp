/// The Bot API: /bot<token>/<method> and /file/bot<token>/<path>.
#include <algorithm>

#include "base/text.hpp"
#include "base/time.hpp"
#include "simulators/common/bad_input.hpp"
#include "simulators/common/spoil.hpp"
#include "simulators/telegram/simulator_impl.hpp"

namespace patchbay::simulators::telegram {
namespace {

using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr std::size_t kMaxDownload = 20U << 20U;
constexpr std::string_view kAskedFor[] = {"chat_member", "message_reaction", "message_reaction_count"};

std::string unescaped(std::string path) {
  // A colon may come as %3A: the token has one.
  for (std::size_t at = 0; (at = path.find("%3A")) != std::string::npos;) path.replace(at, 3, ":");
  return path;
}

HttpReply json(int status, const Json& body) {
  return {status, {{"Content-Type", "application/json"}}, dumpJson(body)};
}

/// What Telegram writes for a code that a test has ordered.
ApiError ordered(const Failure& failure) {
  const int retry_after = failure.retry_after.value_or(1);
  switch (failure.code) {
    case 401:
      return {401, "Unauthorized"};
    case 403:
      return {403, "Forbidden: bot was blocked by the user"};
    case 404:
      return {404, "Not Found"};
    case 409:
      return {409, "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"};
    case 413:
      return {413, "Request Entity Too Large"};
    case 429:
      return {429, "Too Many Requests: retry after " + std::to_string(retry_after), {{"retry_after", retry_after}}};
    default:
      return failure.code >= 500 ? ApiError{failure.code, "Internal Server Error: played by the simulator"}
                                 : ApiError{400, "Bad Request: chat not found"};
  }
}

bool wanted(const Bot& bot, const Json& update) {
  for (const auto& [kind, value] : update.items()) {
    if (kind == "update_id") continue;
    if (!bot.allowed_updates.empty())
      return std::find(bot.allowed_updates.begin(), bot.allowed_updates.end(), kind) != bot.allowed_updates.end();
    return std::find(std::begin(kAskedFor), std::end(kAskedFor), kind) == std::end(kAskedFor);
  }
  return true;
}

void setAllowed(Bot& bot, const Arguments& arguments) {
  const Json list = arguments.json("allowed_updates");
  if (list.is_null()) return;  // the previous list stays
  if (!list.is_array()) throw ApiError{400, "Bad Request: allowed_updates must be an Array of String"};
  bot.allowed_updates.clear();
  for (const Json& one : list) bot.allowed_updates.push_back(one.is_string() ? one.get<std::string>() : dumpJson(one));
}

Json chatOf(std::int64_t id) {
  return id > 0 ? Json{{"id", id}, {"type", "private"}} : Json{{"id", id}, {"type", "supergroup"}, {"title", "Group"}};
}

void checkChat(const Bot& bot, std::int64_t chat) {
  const auto found = bot.chats.find(chat);
  if (found == bot.chats.end()) return;
  const ChatState& state = found->second;
  if (state.migrated_to != 0)
    throw ApiError{
        400, "Bad Request: group chat was upgraded to a supergroup chat", {{"migrate_to_chat_id", state.migrated_to}}};
  if (state.state == "blocked") throw ApiError{403, "Forbidden: bot was blocked by the user"};
  if (state.state == "deactivated") throw ApiError{403, "Forbidden: user is deactivated"};
  if (state.state == "kicked") throw ApiError{403, "Forbidden: bot was kicked from the supergroup chat"};
  if (state.state == "never_written") throw ApiError{403, "Forbidden: bot can't initiate conversation with a user"};
  if (state.state == "unknown") throw ApiError{400, "Bad Request: chat not found"};
}

}  // namespace

HttpReply okReply(const Json& result) {
  return json(200, {{"ok", true}, {"result", result}});
}

HttpReply errorReply(const ApiError& error) {
  Json body{{"ok", false}, {"error_code", error.code}, {"description", error.description}};
  if (!error.parameters.empty()) body["parameters"] = error.parameters;
  return json(error.code, body);
}

HttpReply TelegramSimulator::Impl::serve(HttpRequest& request) {
  if (request.path.starts_with("/_simulator/")) return control(request);
  const std::string path = unescaped(request.path);
  const bool file = path.starts_with("/file/bot");
  const std::size_t begin = file ? 9 : 4;
  const auto slash = path.find('/', begin);
  if ((!file && !path.starts_with("/bot")) || slash == std::string::npos) return errorReply({404, "Not Found"});
  const std::string token = path.substr(begin, slash - begin);
  ApiCall record{file ? "download" : lowerAscii(path.substr(slash + 1)), Json::object(), 0, {}};
  HttpReply reply;
  try {
    reply = file ? download(token, path.substr(slash + 1)) : call(token, record.method, request, record);
    if (file)
      if (const auto failure = failures.take("download", {})) reply = spoil(*failure, std::move(reply), record);
  } catch (const ApiError& error) {
    reply = errorReply(error);
  }
  record.status = reply.manner == Manner::kNeverAnswer || reply.manner == Manner::kClose ? 0 : reply.status;
  {
    const std::lock_guard lock(mutex);
    calls.push_back(std::move(record));
    if (calls.size() > kMaxRecords) calls.pop_front();
  }
  changed.notify_all();
  return reply;
}

HttpReply TelegramSimulator::Impl::call(const std::string& token, const std::string& method, const HttpRequest& request,
                                        ApiCall& record) {
  {
    const std::lock_guard lock(mutex);
    if (botByToken(token) == nullptr) throw ApiError{401, "Unauthorized"};
  }
  const Arguments arguments = argumentsOf(request);
  record.arguments = arguments.values;
  for (const auto& part : arguments.files)
    record.arguments[part.name] = {
        {"filename", part.filename}, {"content_type", part.content_type}, {"bytes", part.content.size()}};
  const auto failure = failures.take(failureKind(method, arguments), arguments.text("chat_id"));
  if (isRefusal(failure) || (failure && !failure->counts)) return spoil(*failure, okReply(true), record);
  HttpReply reply = method == "getupdates" ? getUpdates(token, arguments) : answer(token, method, arguments);
  return failure ? spoil(*failure, std::move(reply), record) : reply;
}

HttpReply TelegramSimulator::Impl::answer(const std::string& token, const std::string& method,
                                          const Arguments& arguments) {
  Json result;
  {
    const std::lock_guard lock(mutex);
    Bot& bot = *botByToken(token);
    if (method == "getme")
      result = {{"id", bot.id},
                {"is_bot", true},
                {"first_name", bot.username},
                {"username", bot.username},
                {"can_join_groups", true},
                {"can_read_all_group_messages", false},
                {"supports_inline_queries", false}};
    else if (method == "setwebhook")
      result = setWebhook(bot, arguments);
    else if (method == "deletewebhook")
      result = setWebhook(bot, {});
    else if (method == "getwebhookinfo")
      result = webhookInfo(bot);
    else if (method == "getfile")
      result = getFile(bot, arguments);
    else if (method == "sendchataction" || method.starts_with("edit") || method.starts_with("delete") ||
             method == "setmessagereaction" || method == "answercallbackquery")
      result = change(bot, method, arguments);
    else
      result = send(bot, method, arguments);
  }
  changed.notify_all();
  if (method == "setwebhook") drain(token);
  return okReply(result);
}

/// One at a time: a newer call, or a webhook that is set, ends the one that waits.
HttpReply TelegramSimulator::Impl::getUpdates(const std::string& token, const Arguments& arguments) {
  std::unique_lock lock(mutex);
  Bot& bot = *botByToken(token);
  if (!bot.webhook.url.empty())
    throw ApiError{409,
                   "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the "
                   "webhook first"};
  setAllowed(bot, arguments);
  const std::uint64_t mine = ++bot.poll;
  bot.poll_ended_by = "getUpdates";
  changed.notify_all();
  const auto limit = std::clamp<std::int64_t>(arguments.number("limit").value_or(100), 1, 100);
  const auto patience = std::clamp<std::int64_t>(arguments.number("timeout").value_or(0), 0, 50);
  if (const auto offset = arguments.number("offset"))
    std::erase_if(bot.pending, [&](const PendingUpdate& one) { return one.id < *offset; });
  std::erase_if(bot.pending, [&](const PendingUpdate& one) { return !wanted(bot, one.body); });
  if (patience > 0)
    changed.wait_until(lock, steady_clock::now() + seconds(patience), [&] {
      return stopping || bot.poll != mine || std::any_of(bot.pending.begin(), bot.pending.end(), [&](const auto& one) {
               return wanted(bot, one.body);
             });
    });
  if (bot.poll != mine)
    throw ApiError{
        409, "Conflict: terminated by " +
                 (bot.poll_ended_by == "setWebhook"
                      ? std::string("setWebhook request")
                      : std::string("other getUpdates request; make sure that only one bot instance is running"))};
  Json list = Json::array();
  for (const PendingUpdate& one : bot.pending)
    if (wanted(bot, one.body) && static_cast<std::int64_t>(list.size()) < limit) list.push_back(one.body);
  return okReply(list);
}

Json TelegramSimulator::Impl::setWebhook(Bot& bot, const Arguments& arguments) {
  Webhook next;
  next.url = arguments.text("url");
  next.secret_token = arguments.text("secret_token");
  if (next.secret_token.size() > 256 ||
      !std::all_of(next.secret_token.begin(), next.secret_token.end(),
                   [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '-'; }))
    throw ApiError{400, "Bad Request: secret token contains unallowed characters"};
  next.max_connections = static_cast<int>(arguments.number("max_connections").value_or(40));
  if (next.max_connections < 1 || next.max_connections > 100)
    throw ApiError{400, "Bad Request: bad max_connections value specified"};
  // Telegram itself takes https only; here the host may stand beside the simulator.
  const bool loopback = next.url.starts_with("http://127.0.0.1:") || next.url.starts_with("http://localhost:");
  if (!next.url.empty() && !next.url.starts_with("https://") && !loopback)
    throw ApiError{400, "Bad Request: bad webhook: HTTPS url must be provided for webhook"};
  setAllowed(bot, arguments);
  if (arguments.text("drop_pending_updates") == "true") bot.pending.clear();
  bot.webhook = next;
  if (!next.url.empty()) {
    ++bot.poll;
    bot.poll_ended_by = "setWebhook";
  }
  return true;
}

Json TelegramSimulator::Impl::webhookInfo(const Bot& bot) const {
  Json info{{"url", bot.webhook.url}, {"has_custom_certificate", false}, {"pending_update_count", bot.pending.size()}};
  if (bot.webhook.url.empty()) return info;
  info.update({{"max_connections", bot.webhook.max_connections}, {"ip_address", "127.0.0.1"}});
  if (!bot.allowed_updates.empty()) info["allowed_updates"] = bot.allowed_updates;
  if (bot.webhook.last_error_date != 0)
    info.update(
        {{"last_error_date", bot.webhook.last_error_date}, {"last_error_message", bot.webhook.last_error_message}});
  return info;
}

Json TelegramSimulator::Impl::send(Bot& bot, const std::string& method, const Arguments& arguments) {
  checkSend(method, arguments);
  const auto chat = arguments.number("chat_id");
  if (!chat) throw ApiError{400, "Bad Request: chat_id is empty"};
  checkChat(bot, *chat);
  if (const Json reply = arguments.json("reply_parameters"); reply.is_object()) {
    const auto target = reply.value("message_id", std::int64_t{0});
    if (target > bot.last_message[*chat] && !reply.value("allow_sending_without_reply", false))
      throw ApiError{400, "Bad Request: message to be replied not found"};
  }
  std::string file_id = arguments.text(fileField(method).c_str()), unique_id = "AgAD" + ids.word(8);
  if (const FormPart* upload = arguments.file(fileField(method).c_str())) {
    file_id = "BQACAgQAAx" + ids.word(30);
    bot.files[file_id] = {"documents/file_" + std::to_string(bot.files.size()), upload->content, upload->content_type,
                          upload->filename, unique_id};
  }
  Json message{{"message_id", ++bot.last_message[*chat]},
               {"from", {{"id", bot.id}, {"is_bot", true}, {"first_name", bot.username}, {"username", bot.username}}},
               {"chat", chatOf(*chat)},
               {"date", std::chrono::duration_cast<seconds>(now().time_since_epoch()).count()}};
  message.update(contentOf(method, arguments, file_id, unique_id));
  Json seen = arguments.values;
  for (const auto& part : arguments.files)
    seen[part.name] = {{"filename", part.filename}, {"bytes", part.content.size()}};
  sent.push_back({{"bot", bot.label},
                  {"method", method},
                  {"chat_id", *chat},
                  {"message_id", message["message_id"]},
                  {"arguments", std::move(seen)},
                  {"message", message}});
  tell(bot.label + " sends to " + std::to_string(*chat) + ": " + arguments.text("text") + arguments.text("caption"));
  return message;
}

Json TelegramSimulator::Impl::change(Bot& bot, const std::string& method, const Arguments& arguments) {
  if (method == "answercallbackquery") {
    if (bot.open_queries.erase(arguments.text("callback_query_id")) == 0)
      throw ApiError{400, "Bad Request: query is too old and response timeout expired or query ID is invalid"};
    return true;
  }
  const auto chat = arguments.number("chat_id");
  if (!chat) throw ApiError{400, "Bad Request: chat_id is empty"};
  checkChat(bot, *chat);
  if (method == "sendchataction") return true;
  const auto number = arguments.number("message_id").value_or(0);
  if (number < 1 || number > bot.last_message[*chat])
    throw ApiError{400, "Bad Request: message identifier is not specified"};
  if (method == "setmessagereaction") return true;
  for (Json& one : sent) {
    if (one["chat_id"] != *chat || one["message_id"] != number) continue;
    if (method == "deletemessage") {
      one["deleted"] = true;
      return true;
    }
    const char* field = method == "editmessagecaption" ? "caption" : "text";
    if (one["message"].value(field, "") == arguments.text(field))
      throw ApiError{400, "Bad Request: message is not modified: specified new message content is the same"};
    one["message"][field] = arguments.text(field);
    return one["message"];
  }
  throw ApiError{400, "Bad Request: message can't be " + std::string(method == "deletemessage" ? "deleted" : "edited")};
}

Json TelegramSimulator::Impl::getFile(const Bot& bot, const Arguments& arguments) const {
  const std::string id = arguments.text("file_id");
  const auto found = bot.files.find(id);
  if (found == bot.files.end())
    throw ApiError{400, "Bad Request: wrong file_id or the file is temporarily unavailable"};
  if (found->second.bytes.size() > kMaxDownload) throw ApiError{400, "Bad Request: file is too big"};
  return {{"file_id", id},
          {"file_unique_id", found->second.unique_id},
          {"file_size", found->second.bytes.size()},
          {"file_path", found->second.path}};
}

HttpReply TelegramSimulator::Impl::download(const std::string& token, const std::string& path) {
  const std::lock_guard lock(mutex);
  const Bot* bot = botByToken(token);
  if (bot == nullptr) return errorReply({401, "Unauthorized"});
  for (const auto& [id, file] : bot->files)
    if (file.path == path) return {200, {{"Content-Type", "application/octet-stream"}}, file.bytes};
  return errorReply({404, "Not Found"});
}

HttpReply TelegramSimulator::Impl::spoil(const Failure& failure, HttpReply reply, ApiCall& record) {
  using What = Failure::What;
  record.failure = failure.toJson()["what"].get<std::string>();
  switch (failure.what) {
    case What::kError:
      reply = errorReply(ordered(failure));
      break;
    case What::kGarbage:
      reply = {200, {{"Content-Type", "application/json"}}, "{\"ok\":tru"};
      break;
    case What::kNoId:
      reply = okReply(true);
      break;
    case What::kUsage:
      break;  // Telegram has no such headers
    default:
      spoilConnection(failure, reply);
      break;
  }
  tell("Telegram plays a failure: " + dumpJson(failure.toJson()));
  return reply;
}

}  // namespace patchbay::simulators::telegram
