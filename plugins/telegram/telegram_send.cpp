#include "telegram_send.hpp"

#include <patchbay/lenient.hpp>
#include <patchbay/split_text.hpp>
#include <utility>

#include "telegram_plan.hpp"

namespace patchbay::telegram {
namespace {

/// Where an operation stands. As JSON it is the carry of every step.
struct Progress {
  std::size_t part = 0;
  std::vector<std::string> ids;          ///< of the messages that left
  std::optional<std::int64_t> moved_to;  ///< the group is a supergroup now, with another id
  bool without_reply = false;            ///< what should be quoted is gone
  unsigned throttled = 0;                ///< times in a row that Telegram said: too fast

  std::string toCarry() const {
    Json json = {{"part", part}, {"ids", ids}};
    if (moved_to) json["moved_to"] = *moved_to;
    if (without_reply) json["without_reply"] = true;
    if (throttled != 0) json["throttled"] = throttled;
    return json.dump();
  }
  static Progress fromCarry(const Carry& carry) {
    Progress progress;
    if (carry.empty()) return progress;
    const Json json = carry.json();
    progress.part = json.at("part").get<std::size_t>();
    progress.ids = json.at("ids").get<std::vector<std::string>>();
    progress.moved_to = wholeOf(json, "moved_to");
    progress.without_reply = json.value("without_reply", false);
    progress.throttled = json.value("throttled", 0U);
    return progress;
  }
};

/// Numbers of messages count within one chat: in the supergroup that a group has become it is another message's, or
/// nobody's.
bool quotesTheOldGroup(const Operation& operation, const Progress& progress) {
  const auto quoted = readMessageName(operation.replyTo());
  return progress.moved_to && quoted && quoted->chat != std::to_string(*progress.moved_to);
}

Step messageStep(const Account& account, const Operation& operation, const Progress& progress) {
  std::vector<Part> plan = planOf(account, operation);
  Part& part = plan.at(progress.part);
  Json target = targetOf(operation);
  if (progress.moved_to) target["chat_id"] = *progress.moved_to;
  if (progress.without_reply || quotesTheOldGroup(operation, progress)) part.parameters.erase("reply_parameters");
  HttpRequest request = requestOf(account, part, std::move(target));
  if (progress.part + 1 == plan.size()) request.completes();
  return {std::move(request), progress.toCarry()};
}

MessageName concerned(const Operation& operation) {
  const auto name = readMessageName(operation.messageId());
  if (!name) throw Refused{"'" + operation.messageId() + "' names no message of Telegram's: <chat>:<message>"};
  return *name;
}

Json parametersFor(const MessageName& name) {
  return {{"chat_id", *chatId(name.chat)}, {"message_id", name.message}};
}

/// It is shown for five seconds, or until the next message.
HttpRequest typingCall(const Account& account, const Operation& operation, const Progress& progress) {
  Json target =
      operation.json().contains("to") ? targetOf(operation) : Json{{"chat_id", *chatId(concerned(operation).chat)}};
  if (progress.moved_to) target["chat_id"] = *progress.moved_to;
  target["action"] = "typing";
  return callOf(account, "sendChatAction", std::move(target));
}

HttpRequest reactionCall(const Account& account, const Operation& operation) {
  Json parameters = parametersFor(concerned(operation));
  const std::string emoji = textOf(operation.json(), "emoji");
  parameters["reaction"] = Json::array();
  if (!emoji.empty()) parameters["reaction"].push_back({{"type", "emoji"}, {"emoji", emoji}});
  return callOf(account, "setMessageReaction", std::move(parameters));
}

HttpRequest editCall(const Account& account, const Operation& operation) {
  Json parameters = parametersFor(concerned(operation));
  const std::string text = operation.body();
  const std::string type = operation.type();
  const bool caption = !type.empty() && type != "text";
  const std::size_t most = caption ? kMaxCaption : kMaxText;
  if (textLength(text, TextUnit::kUtf16) > most)
    throw Refused{"a message can be changed into one of " + std::to_string(most) + " characters at most"};
  if (text.empty() && !caption) throw Refused{"a text must not be empty"};
  parameters[caption ? "caption" : "text"] = text;
  return callOf(account, caption ? "editMessageCaption" : "editMessageText", std::move(parameters));
}

/// Operations that set a state: making them twice is making them once.
Step stateStep(const Account& account, const Operation& operation, const Progress& progress) {
  const std::string kind = operation.kind();
  HttpRequest request = kind == "typing"     ? typingCall(account, operation, progress)
                        : kind == "reaction" ? reactionCall(account, operation)
                        : kind == "edit"     ? editCall(account, operation)
                                             : callOf(account, "deleteMessage", parametersFor(concerned(operation)));
  return {request.safe(), progress.toCarry()};
}

/// Ends the operation. The carry goes along, so that the host can have the step made again.
Step refused(const Failure& failure, Progress progress, const Call& call) {
  if (failure.error_class == ErrorClass::kRateLimited) ++progress.throttled;
  Step step(progress.ids.empty() ? Result::failed(failure) : Result::partial(progress.ids, failure));
  step.carry = progress.toCarry();
  heed(failure, call.now(), step.throttles);
  return step;
}

/// About one message a second to a person, 20 a minute to a group or channel: waiting costs less than being refused,
/// after which waits grow. Parts of one message leave in a row, as the burst that is tolerated; what follows waits.
Throttle paceAfter(std::int64_t chat, std::size_t messages, Time now) {
  const std::chrono::seconds each{chat < 0 ? 3 : 1};
  return {Scope::kRecipient, now + each * static_cast<std::int64_t>(messages)};
}

/// The next part, or the end.
Step accepted(const Account& account, const Operation& operation, Progress progress, const Json& message,
              const Call& call) {
  const auto number = wholeOf(message, "message_id");
  const auto chat = wholeOf(memberOf(message, "chat"), "id");
  if (!number || !chat)
    return refused({ErrorClass::kUnknown, "", "accepted, and the answer does not name the message"}, progress, call);
  progress.ids.push_back(messageName(*chat, *number));
  progress.throttled = 0;
  if (++progress.part < planOf(account, operation).size()) return messageStep(account, operation, progress);
  Step step = Result::sent(progress.ids);
  step.throttles.push_back(paceAfter(*chat, progress.ids.size(), call.now()));
  return step;
}

/// A group that has become a supergroup is followed, once. @return whether it has
bool follows(const ApiAnswer& answer, Progress& progress) {
  if (answer.code != 400 || !answer.migrate_to || progress.moved_to) return false;
  progress.moved_to = answer.migrate_to;
  return true;
}

/// A refusal that another form of the same message gets around, once. @return whether there is one
bool finds(const ApiAnswer& answer, const Operation& operation, Progress& progress) {
  if (answer.code != 400) return false;
  if (follows(answer, progress)) return true;
  const bool quoting = !operation.replyTo().empty() && progress.part == 0 && !progress.without_reply;
  if (!quoting || !answer.says("message to be replied not found")) return false;
  return progress.without_reply = true;
}

Step proceedMessage(const Account& account, const Operation& operation, Progress progress, const Response& response,
                    const Call& call) {
  const auto answer = readAnswer(response);
  if (response.ok() && answer && answer->ok) return accepted(account, operation, progress, answer->result, call);
  const bool followed = progress.moved_to.has_value();
  if (answer && !answer->ok && finds(*answer, operation, progress)) {
    Step step = messageStep(account, operation, progress);
    const Json group = targetOf(operation).at("chat_id");
    if (progress.moved_to && !followed && group.is_number_integer())
      step.events.push_back(groupMoved(group.get<std::int64_t>(), *progress.moved_to, call.now()));
    return step;
  }
  Step step = refused(failureOf(response, Risk::kUnsafe, progress.throttled), progress, call);
  if (answer && answer->code == 403 && answer->says("blocked by the user"))
    step.events.push_back(Event::optOut(operation.to(), call.now()));
  return step;
}

}  // namespace

bool isSend(std::string_view kind) {
  return kind == "message" || kind == "typing" || kind == "reaction" || kind == "edit" || kind == "delete";
}

Step sendStep(const Account& account, const Operation& operation, const Carry& carry) {
  const Progress progress = Progress::fromCarry(carry);
  return operation.kind() == "message" ? messageStep(account, operation, progress)
                                       : stateStep(account, operation, progress);
}

Step proceedSend(const Account& account, const Operation& operation, const Carry& carry, const Response& response,
                 const Call& call) {
  Progress progress = Progress::fromCarry(carry);
  if (operation.kind() == "message") return proceedMessage(account, operation, progress, response, call);
  const auto answer = readAnswer(response);
  if (response.ok() && answer && answer->ok) return Result::sent();
  if (operation.kind() == "edit" && answer && answer->says("message is not modified")) return Result::sent();
  // What names a message is not made in the supergroup: its number is another message's there.
  if (operation.kind() == "typing" && answer && !answer->ok && follows(*answer, progress))
    return stateStep(account, operation, progress);
  return refused(failureOf(response, Risk::kSafe, progress.throttled), progress, call);
}

}  // namespace patchbay::telegram
