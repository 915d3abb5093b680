#include "simulators/common/failures.hpp"

#include <array>

#include <vector>

#include "base/text.hpp"
#include "simulators/common/bad_input.hpp"

namespace patchbay::simulators {
namespace {

using What = Failure::What;

constexpr std::array<std::pair<std::string_view, What>, 8> kWords{{{"error", What::kError},
                                                                   {"timeout", What::kTimeout},
                                                                   {"close_after_request", What::kCloseAfterRequest},
                                                                   {"close_before_request", What::kCloseBeforeRequest},
                                                                   {"garbage", What::kGarbage},
                                                                   {"no_id", What::kNoId},
                                                                   {"dribble", What::kDribble},
                                                                   {"usage", What::kUsage}}};

constexpr std::array<std::string_view, 13> kCalls{"messages",     "read",        "upload",       "media",   "download",
                                                  "number",       "templates",   "subscription", "updates", "callbacks",
                                                  "chat_actions", "certificate", "profile"};

void setWhat(Failure& failure, const std::string& word) {
  for (const auto& [name, what] : kWords)
    if (name == word) {
      failure.what = what;
      return;
    }
  if (word.size() == 3 && word.find_first_not_of("0123456789") == std::string::npos && word >= "200" && word < "600") {
    failure.what = What::kHttpStatus;
    failure.status = static_cast<int>(parseNumber("'what'", word, 200, 599));
    return;
  }
  throw BadInput(
      "failure: 'what' must be an HTTP status (200..599), error, timeout, close_after_request, "
      "close_before_request, garbage, no_id, dribble or usage, got '" +
      word + "'");
}

std::string wordOf(const Failure& failure) {
  for (const auto& [name, what] : kWords)
    if (what == failure.what) return std::string(name);
  return std::to_string(failure.status);
}

}  // namespace

Failure Failure::fromJson(const Json& json) {
  allowOnly(json, "failure",
            {"what", "status", "code", "subcode", "type", "retry_after", "on", "to", "times", "counts", "dribble_ms",
             "percent", "minutes"});
  Failure failure;
  const auto what = json.find("what");
  if (what == json.end()) throw BadInput("failure: 'what' is missing");
  setWhat(failure, what->is_number_integer() ? std::to_string(what->get<long long>()) : textOr(json, "what", ""));
  if (json.contains("status")) {
    if (failure.what != What::kError) throw BadInput("failure: 'status' goes with what=error only");
    failure.status = static_cast<int>(numberOr(json, "status", 0));
    if (failure.status < 200 || failure.status > 599)
      throw BadInput("failure: 'status' must be 200..599, got " + std::to_string(failure.status));
  }
  failure.code = static_cast<int>(numberOr(json, "code", 0));
  failure.type = textOr(json, "type", "");
  if (failure.what == What::kError && !json.contains("code") && failure.type.empty())
    throw BadInput("failure: what=error needs 'code', the provider's error code");
  failure.subcode = static_cast<int>(numberOr(json, "subcode", 0));
  if (json.contains("retry_after")) failure.retry_after = static_cast<int>(numberOr(json, "retry_after", 0));
  failure.on = textOr(json, "on", failure.on);
  if (std::find(kCalls.begin(), kCalls.end(), failure.on) == kCalls.end())
    throw BadInput(
        "failure: 'on' must be messages, read, upload, media, download, number, templates, subscription, updates, "
        "callbacks, chat_actions, certificate or profile, got '" +
        failure.on + "'");
  failure.to = textOr(json, "to", "");
  if (!failure.to.empty() && failure.what == What::kCloseBeforeRequest)
    throw BadInput("failure: close_before_request cannot be limited by 'to', since the body is not read");
  if (const auto times = json.find("times"); times != json.end()) {
    if (times->is_string() && *times == "always") {
      failure.times = kAlways;
    } else {
      failure.times = static_cast<int>(numberOr(json, "times", 1));
      if (failure.times < 1) throw BadInput("failure: 'times' must be 1 or more, or \"always\"");
    }
  }
  failure.counts = truthOr(json, "counts", true);
  failure.dribble_ms = static_cast<int>(numberOr(json, "dribble_ms", failure.dribble_ms));
  if (failure.dribble_ms < 0 || failure.dribble_ms > 60'000)
    throw BadInput("failure: 'dribble_ms' must be 0..60000, got " + std::to_string(failure.dribble_ms));
  failure.percent = static_cast<int>(numberOr(json, "percent", failure.percent));
  failure.minutes = static_cast<int>(numberOr(json, "minutes", failure.minutes));
  if (failure.percent < 0 || failure.minutes < 0)
    throw BadInput("failure: 'percent' and 'minutes' must not be negative");
  return failure;
}

Failure Failure::fromText(std::string_view text) {
  Json json = Json::object();
  for (const std::string_view part : split(text, ',')) {
    const auto equals = part.find('=');
    if (equals == std::string_view::npos)
      throw BadInput("failure '" + std::string(text) + "': '" + std::string(part) + "' is not NAME=VALUE");
    const std::string name(part.substr(0, equals));
    const std::string value(part.substr(equals + 1));
    if (name == "counts") {
      if (value != "true" && value != "false") throw BadInput("failure: 'counts' must be true or false");
      json[name] = value == "true";
    } else if (name == "what" || name == "on" || name == "to" || name == "type" ||
               (name == "times" && value == "always")) {
      json[name] = value;
    } else {
      json[name] = parseNumber("failure '" + std::string(text) + "': '" + name + "'", value, 0, 1'000'000'000);
    }
  }
  return fromJson(json);
}

Json Failure::toJson() const {
  Json json{{"what", wordOf(*this)}, {"on", on}, {"counts", counts}};
  if (times == kAlways)
    json["times"] = "always";
  else
    json["times"] = times;
  if (what == What::kError && type.empty()) json["code"] = code;
  if (what == What::kError && !type.empty()) json["type"] = type;
  if (what == What::kError && subcode != 0) json["subcode"] = subcode;
  if (what == What::kError && status != 0) json["status"] = status;
  if (retry_after) json["retry_after"] = *retry_after;
  if (!to.empty()) json["to"] = to;
  if (what == What::kDribble) json["dribble_ms"] = dribble_ms;
  if (what == What::kUsage) json.update({{"percent", percent}, {"minutes", minutes}});
  return json;
}

bool isRefusal(const std::optional<Failure>& failure) {
  return failure && (failure->what == Failure::What::kHttpStatus || failure->what == Failure::What::kError);
}

void Failures::add(Failure failure) {
  const std::lock_guard lock(mutex_);
  orders_.push_back(std::move(failure));
}

std::optional<Failure> Failures::takeBeforeBody(std::string_view on) {
  return takeWhere(on, {}, true);
}

std::optional<Failure> Failures::take(std::string_view on, std::string_view recipient) {
  return takeWhere(on, recipient, false);
}

std::optional<Failure> Failures::takeWhere(std::string_view on, std::string_view recipient, bool before_body) {
  const std::lock_guard lock(mutex_);
  for (auto order = orders_.begin(); order != orders_.end(); ++order) {
    if (order->on != on || (order->what == What::kCloseBeforeRequest) != before_body) continue;
    if (!order->to.empty() && order->to != recipient) continue;
    Failure failure = *order;
    if (order->times != Failure::kAlways && --order->times == 0) orders_.erase(order);
    return failure;
  }
  return std::nullopt;
}

void Failures::clear() {
  const std::lock_guard lock(mutex_);
  orders_.clear();
}

Json Failures::toJson() const {
  const std::lock_guard lock(mutex_);
  Json list = Json::array();
  for (const Failure& order : orders_) list.push_back(order.toJson());
  return list;
}

Json Failures::control(std::string_view method, const Json& body) {
  if (method == "DELETE") clear();
  if (method == "POST") {
    std::vector<Failure> read;
    for (const Json& order : body.is_array() ? body : Json::array({body})) read.push_back(Failure::fromJson(order));
    for (Failure& order : read) add(std::move(order));
  }
  return {{"failures", toJson()}};
}

}  // namespace patchbay::simulators
