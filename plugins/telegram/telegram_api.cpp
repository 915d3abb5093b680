#include "telegram_api.hpp"

#include <algorithm>
#include <charconv>
#include <patchbay/lenient.hpp>

namespace patchbay::telegram {
namespace {

using enum ErrorClass;

std::optional<std::int64_t> wholeNumber(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

Failure badRequest(const ApiAnswer& answer) {
  if (answer.says("chat not found")) return {.error_class = kRecipient};
  return {.error_class = kRequest};
}

Failure classify(const ApiAnswer& answer, Risk risk, unsigned throttled) {
  switch (answer.code) {
    case 400:
      return badRequest(answer);
    case 401:
    case 404:  // a malformed token: the methods that we call exist
      return {.error_class = kAuth, .scope = Scope::kChannel};
    case 403:  // blocked, deactivated, kicked, never written to
      return {.error_class = kRecipient};
    case 409:
      return {.error_class = kTransient, .scope = Scope::kChannel};
    case 429: {
      const std::chrono::seconds wait(std::clamp<std::int64_t>(answer.retry_after.value_or(5), 1, 604800));
      return {.error_class = kRateLimited,
              .retry_after = wait,
              .scope = throttled == 0 ? Scope::kRecipient : Scope::kChannel};
    }
    default:
      break;
  }
  if (answer.code >= 500)
    return {.error_class = risk == Risk::kUnsafe ? kUnknown : kTransient, .scope = Scope::kChannel};
  return {.error_class = kRequest};  // 413 among them
}

}  // namespace

std::string urlOf(const Account& account, const std::string& method) {
  return account.base_url + "/bot" + account.token + "/" + method;
}

HttpRequest callOf(const Account& account, const std::string& method, Json parameters) {
  return HttpRequest::post(urlOf(account, method)).json(std::move(parameters));
}

bool ApiAnswer::says(std::string_view words) const {
  return lower(description).find(words) != std::string::npos;
}

std::optional<ApiAnswer> readAnswer(const Response& response) {
  if (!response.answered()) return std::nullopt;
  Json body;
  try {
    body = parseJsonLoosely(response.body());  // one broken name must not cost a batch
  } catch (const JsonError&) {
    return std::nullopt;
  }
  const Json& ok = memberOf(body, "ok");
  if (!ok.is_boolean()) return std::nullopt;
  ApiAnswer answer;
  answer.ok = ok.get<bool>();
  if (answer.ok) {
    if (body.contains("result")) answer.result = std::move(body["result"]);
    return answer;
  }
  const auto code = wholeOf(body, "error_code").value_or(0);
  answer.code = code >= 400 && code <= 599 ? static_cast<int>(code) : response.status();
  answer.description = textOf(body, "description");
  answer.retry_after = wholeOf(memberOf(body, "parameters"), "retry_after");
  answer.migrate_to = wholeOf(memberOf(body, "parameters"), "migrate_to_chat_id");
  return answer;
}

Failure failureOf(const Response& response, Risk risk, unsigned throttled) {
  if (!response.answered()) {
    const bool sent = response.failure() != PB_NOT_SENT;
    return {.error_class = sent && risk == Risk::kUnsafe ? kUnknown : kTransient,
            .text = response.error().empty() ? "no answer" : std::string(response.error()),
            .scope = Scope::kChannel};
  }
  const auto answer = readAnswer(response);
  if (!answer || answer->ok)
    return {.error_class = risk == Risk::kUnsafe ? kUnknown : kTransient,
            .code = std::to_string(response.status()),
            .text = "HTTP " + std::to_string(response.status()) + " with no answer of the Bot API that can be read",
            .scope = Scope::kChannel};
  Failure failure = classify(*answer, risk, throttled);
  failure.code = std::to_string(answer->code);
  failure.text = answer->description.empty() ? "no reason given" : answer->description;
  return failure;
}

void heed(const Failure& failure, Time now, std::vector<Throttle>& throttles) {
  if (failure.error_class == kRateLimited && failure.retry_after)
    throttles.push_back({failure.scope, now + *failure.retry_after});
}

std::string messageName(std::int64_t chat, std::int64_t message) {
  return std::to_string(chat) + ":" + std::to_string(message);
}

std::optional<MessageName> readMessageName(std::string_view id) {
  const auto colon = id.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const auto message = wholeNumber(id.substr(colon + 1));
  if (!message || *message <= 0 || !wholeNumber(id.substr(0, colon))) return std::nullopt;
  return MessageName{std::string(id.substr(0, colon)), *message};
}

Event groupMoved(std::int64_t from, std::int64_t to, Time at) {
  return Event::threadMoved("group:" + std::to_string(from), "group:" + std::to_string(to), at);
}

std::optional<Json> chatId(std::string_view address) {
  if (const auto number = wholeNumber(address)) return Json(*number);
  const bool name = address.size() > 1 && address.size() <= 64 && address[0] == '@' &&
                    std::all_of(address.begin() + 1, address.end(), [](char c) {
                      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
                    });
  return name ? std::optional(Json(address)) : std::nullopt;
}

}  // namespace patchbay::telegram
