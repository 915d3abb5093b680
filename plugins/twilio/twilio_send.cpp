#include "twilio_send.hpp"

#include <chrono>
#include <patchbay/lenient.hpp>

#include "twilio_address.hpp"
#include "twilio_errors.hpp"
#include "twilio_plan.hpp"

namespace patchbay::twilio {
namespace {

constexpr std::uint64_t kMaxFile = 64U << 20U;
constexpr unsigned kMediaPatience = 4;  // tries in which a file of a fresh message may still be missing

HttpRequest signedBy(HttpRequest request, const Account& account) {
  return account.api_key ? request.basic("api_key_sid", "api_key_secret") : request.basic("account_sid", "auth_token");
}

std::string accountUrl(const Account& account) {
  return account.base_url + "/2010-04-01/Accounts/" + account.sid;
}

/// The sender of this kind of address. @throws TurnError when none is configured
void addSender(HttpRequest& request, const Account& account, const Address& to) {
  const std::string& from = to.kind == kWhatsApp ? account.whatsapp_from : account.from;
  if (!account.messaging_service_sid.empty()) request.form("MessagingServiceSid", account.messaging_service_sid);
  if (!from.empty()) request.form("From", (to.kind == kWhatsApp ? "whatsapp:" : "") + from);
  if (from.empty() && account.messaging_service_sid.empty())
    throw TurnError(PB_REJECTED, "no_sender",
                    std::string("this channel has no sender for a ") + to.kind + " address: set " +
                        (to.kind == kWhatsApp ? "whatsapp_from" : "from") + " or messaging_service_sid");
}

std::vector<Part> partsOf(const Account& account, const Operation& operation) {
  if (account.unreachable && !operation.media().empty())
    throw TurnError(PB_REJECTED, "no_media_url",
                    "Twilio fetches files by their address, and this host has none: set public_url", "/media/0/url");
  return planOf(operation);
}

Step sendPart(const Account& account, const Operation& operation, const std::vector<Part>& parts, std::size_t index,
              const Json& ids) {
  const Address to = operation.to();
  HttpRequest request = HttpRequest::post(accountUrl(account) + "/Messages.json");
  request.form("To", wireOf(to));
  addSender(request, account, to);
  for (const auto& [name, value] : parts.at(index)) request.form(name, value);
  // The name sorts before any that Twilio adds, and the value needs no escape: both keep the signature simple.
  if (!account.status_callback.empty())
    request.form("StatusCallback",
                 account.status_callback + (operation.ref().empty() ? std::string() : "?ref=" + operation.ref()));
  if (index + 1 == parts.size()) request.completes();
  return {signedBy(std::move(request), account), dumpJson({{"part", index}, {"ids", ids}})};
}

Step failed(const Json& ids, const Failure& failure) {
  if (ids.empty()) return Result::failed(failure);
  return Result::partial(ids.get<std::vector<std::string>>(), failure);
}

Step ended(const Operation& operation, const std::string& opt_out_id, const Json& ids, const Failure& failure,
           const Call& call) {
  Step step = failed(ids, failure);
  if (failure.code != std::to_string(kOptedOut)) return step;
  step.events.push_back(Event::optOut(operation.to(), call.now()));
  step.events.back().id = opt_out_id + ":opt_out";
  return step;
}

Step afterMessage(const Account& account, const Operation& operation, const Carry& carry,
                  std::span<const Response> responses, const Call& call) {
  const auto parts = partsOf(account, operation);
  const Json state = carry.json();
  const auto index = state.at("part").get<std::size_t>();
  Json ids = state.at("ids");
  if (index >= parts.size()) throw TurnError(PB_BUG, "carry", "the carry names a part that the message does not have");
  if (responses.empty()) return sendPart(account, operation, parts, index, ids);
  const Response& response = responses.front();
  const std::string opt_out_id = operation.ref().empty() ? "send" : operation.ref();
  if (!response.ok()) return ended(operation, opt_out_id, ids, failureOf(response), call);
  const auto body = response.json();
  const Json sid = body && body->is_object() ? body->value("sid", Json()) : Json();
  if (!sid.is_string() || sid.get_ref<const std::string&>().empty() || sid.get_ref<const std::string&>().size() > 100)
    return failed(ids, {ErrorClass::kUnknown, std::to_string(response.status()),
                        "Twilio accepted the message and did not say as which"});
  const Json status = body->value("status", Json());
  if (status == "failed" || status == "undelivered") {
    const Json code = body->value("error_code", Json()), text = body->value("error_message", Json());
    return ended(operation, opt_out_id, ids,
                 classify(code.is_number_integer() ? code.get<int>() : 0,
                          text.is_string() ? text.get<std::string>() : std::string()),
                 call);
  }
  ids.push_back(sid);
  if (index + 1 < parts.size()) return sendPart(account, operation, parts, index + 1, ids);
  return Result::sent(ids.get<std::vector<std::string>>());
}

Step typing(const Account& account, const Operation& operation) {
  if (operation.to().kind != kWhatsApp || operation.messageId().empty())
    return Step::unsupported("typing is shown on WhatsApp, and to a message of the contact's");
  return signedBy(HttpRequest::post(account.messaging_base_url + "/v3/Indicators/Typing.json")
                      .json({{"channel", "WHATSAPP"}, {"messageId", operation.messageId()}})
                      .safe(),
                  account);
}

/// Files of ours go with our credentials, which stay behind at a redirect; a public address is left to the host, and
/// nothing else is fetched at all.
Step fetch(const Account& account, const Operation& operation) {
  const auto items = operation.media();
  if (items.size() == 1 && items[0].provider_id.empty() && !items[0].url.empty())
    return Step::unsupported("this file has an address that anybody may read");
  if (items.size() != 1 || !isOwnMedia(account.reading(), items[0].provider_id))
    return Result::failed(ErrorClass::kRequest, "media_url", "this is not an address of this account's files");
  return signedBy(HttpRequest::get(items[0].provider_id).follow(3).intoBlob(kMaxFile), account);
}

std::string filenameOf(std::string_view disposition) {
  const auto at = disposition.find("filename=\"");
  if (at == std::string_view::npos) return {};
  const auto name = disposition.substr(at + 10);
  return std::string(name.substr(0, name.find('"')));
}

Step afterFetch(const Operation& operation, const Response& response, const Call& call) {
  if (response.ok() && response.blob()) {
    const auto items = operation.media();
    std::string type(response.header("Content-Type"));
    if (type.empty() && !items.empty()) type = items[0].mime_type;
    return Result::fetched(response.blob(), type, {}, filenameOf(response.header("Content-Disposition")));
  }
  if (response.failure() == PB_TOO_LARGE)
    return Result::failed(ErrorClass::kRequest, "too_large", "the file is larger than 64 MiB");
  if (!response.answered()) return Result::failed(ErrorClass::kTransient, "", std::string(response.error()));
  const std::string code = std::to_string(response.status());
  // A file may be missing for some seconds after its webhook.
  if (response.status() == 404 && call.attempt() < kMediaPatience) {
    Failure failure{ErrorClass::kTransient, code, "the file is not there yet"};
    failure.retry_after = std::chrono::seconds(call.attempt() < 2 ? 1 : 3);
    return Result::failed(failure);
  }
  if (response.status() == 404 || response.status() == 410)
    return Result::failed(ErrorClass::kRequest, code, "the file is gone");
  if (response.status() >= 500) return Result::failed(ErrorClass::kTransient, code, "trouble at Twilio");
  // After the redirect it is the storage that refuses, in XML of its own: that concerns this file, not the account.
  if (response.status() == 403 && codeOf(response) == 0)
    return Result::failed(ErrorClass::kRequest, code, "the file's storage refuses it");
  return Result::failed(failureOf(response));
}

Step askStatus(const Account& account, const Operation& operation) {
  if (!isMessageSid(operation.messageId()))
    return Result::failed(ErrorClass::kRequest, "message_id", "this is not the SID of a message");
  return signedBy(HttpRequest::get(accountUrl(account) + "/Messages/" + operation.messageId() + ".json"), account);
}

Step afterStatus(const Operation& operation, const Response& response, const Call& call) {
  // Deleted, or of a sub-account: nothing is wrong with the channel.
  if (response.status() == 404)
    return Result::failed(ErrorClass::kRequest, "404", "Twilio does not know this message any more");
  if (!response.ok()) {
    Failure failure = failureOf(response);
    if (failure.error_class == ErrorClass::kUnknown) failure.error_class = ErrorClass::kTransient;  // nothing was sent
    return Result::failed(failure);
  }
  const auto body = response.json();
  if (!body || textOf(*body, "status").empty())
    return Result::failed(ErrorClass::kTransient, std::to_string(response.status()), "the answer has no status");
  Step step = Result::sent();
  step.events = readReport({operation.messageId(), textOf(*body, "status"), textOf(*body, "error_code"),
                            textOf(*body, "error_message"), textOf(*body, "to")},
                           call);
  return step;
}

/// typing and test.
Step afterQuestion(const Operation& operation, const Response& response) {
  if (!response.ok()) {
    Failure failure = failureOf(response);
    if (failure.error_class == ErrorClass::kUnknown) failure.error_class = ErrorClass::kTransient;  // nothing was sent
    return Result::failed(failure);
  }
  if (operation.kind() != "test") return Result::sent();
  const Json body = response.json().value_or(Json::object());
  Json found = Json::object();
  for (const char* member : {"friendly_name", "status", "type"})
    if (body.is_object() && body.contains(member)) found[member] = body.at(member);
  if (found.value("status", Json("active")) != "active")
    return Result::failed(
        {ErrorClass::kAccount, "", "the account is " + dumpJson(found.at("status")), {}, Scope::kAccount});
  return Result::sent().details(std::move(found));
}

Step begun(const Account& account, const Operation& operation) {
  const std::string kind = operation.kind();
  if (kind == "message") return sendPart(account, operation, partsOf(account, operation), 0, Json::array());
  if (kind == "typing") return typing(account, operation);
  if (kind == "media") return fetch(account, operation);
  if (kind == "status") return askStatus(account, operation);
  if (kind == "test") return signedBy(HttpRequest::get(accountUrl(account) + ".json"), account);
  return Step::unsupported("Twilio's API has no operation '" + kind + "'");
}

/// What cannot be sent is the end of this message, and no fault of the connector's.
template <class Turn>
Step guarded(Turn turn) {
  try {
    return turn();
  } catch (const TurnError& error) {
    if (error.status() != PB_REJECTED) throw;
    return Result::failed(ErrorClass::kRequest, error.code(), error.what());
  }
}

}  // namespace

Step begin(const Account& account, const Operation& operation, const Call&) {
  return guarded([&] { return begun(account, operation); });
}

Step proceed(const Account& account, const Operation& operation, const Carry& carry,
             std::span<const Response> responses, const Call& call) {
  return guarded([&]() -> Step {
    if (operation.kind() == "message") return afterMessage(account, operation, carry, responses, call);
    if (responses.empty()) return begun(account, operation);
    if (operation.kind() == "media") return afterFetch(operation, responses.front(), call);
    if (operation.kind() == "status") return afterStatus(operation, responses.front(), call);
    return afterQuestion(operation, responses.front());
  });
}

}  // namespace patchbay::twilio
