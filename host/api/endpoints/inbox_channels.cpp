#include "api/endpoints/endpoints.hpp"
#include "base/log.hpp"
#include "base/or_null.hpp"
#include "base/time.hpp"
#include "connectors/manifest.hpp"
#include "delivery/channel_desk.hpp"
#include "inbox/channel_activity.hpp"

namespace patchbay::api {
namespace {

Json errorJson(const connectors::EventError& error) {
  return {{"class", error.error_class}, {"code", error.code}, {"text", error.text}};
}

/// The calls of contract.md section 3, inbox channels.
class InboxChannels {
 public:
  explicit InboxChannels(const Dependencies& dependencies)
      : desk_(dependencies.desk),
        list_channels_(dependencies.list_channels),
        find_channel_(dependencies.find_channel),
        is_off_(dependencies.is_off),
        activity_(dependencies.channel_activity) {}

  http::Response list(const Call& call) const {
    Json all = Json::array();
    if (!list_channels_) return jsonResponse(200, all);
    const auto activity = activity_ ? activity_(call.tenant) : std::map<std::string, Json>{};
    for (const auto& entry : list_channels_(call.tenant)) {
      const auto found = activity.find(entry.name);
      all.push_back(describe(entry, found == activity.end() ? Json::object() : found->second));
    }
    return jsonResponse(200, all);
  }

  void ask(const std::string& kind, const Call& call, Answer answer) const {
    const auto channel = find(call, answer);
    if (!channel) return;
    const auto started = std::chrono::steady_clock::now();
    desk_->ask(channel, kind, [answer = std::move(answer), started](const delivery::DirectOutcome& outcome) {
      const auto took = std::chrono::steady_clock::now() - started;
      answer(jsonResponse(
          200, Json{{"ok", outcome.ok},
                    {"checked_at", formatRfc3339(now())},
                    {"duration_ms", std::chrono::duration_cast<std::chrono::milliseconds>(took).count()},
                    {"details", outcome.ok ? outcome.result.value("details", Json::object()) : Json::object()},
                    {"error", outcome.ok ? Json() : errorJson(outcome.error)}}));
    });
  }

  void templates(const Call& call, Answer answer) const {
    const auto channel = find(call, answer);
    if (!channel) return;
    http::Request outline;
    outline.path = call.request.path;
    outline.id = call.request.id;
    desk_->templates(channel, call.query.at("refresh"),
                     [answer = std::move(answer), outline](const delivery::TemplateList::Listing& listing) {
                       answer(listing.outcome.ok ? jsonResponse(200, listing.templates)
                                                 : problem(outline, providerProblem(listing.outcome)));
                     });
  }

 private:
  /// The channel that the path names; null when the answer has been given.
  std::shared_ptr<connectors::Channel> find(const Call& call, Answer& answer) const {
    const std::string name = call.path.at("name");
    auto channel = find_channel_(call.tenant, name);
    if (channel && desk_ != nullptr) return channel;
    if (!channel && is_off_ && is_off_(call.tenant, name))
      answer(problem(call.request, Error{ErrorKind::kConflict, "channel_off",
                                         "Channel '" + name + "' could not be started; the log says why."}));
    else if (!channel)
      answer(problem(call.request,
                     Error{ErrorKind::kNotFound, "channel_not_found", "There is no inbox channel '" + name + "'."}));
    else
      answer(problem(call.request, Problem{503, "providers_unavailable", "This host does not speak to providers."}));
    return nullptr;
  }

  Json describe(const ChannelEntry& entry, const Json& activity) const {
    const auto* channel = entry.channel.get();
    Json health{{"status", "off"},           {"paused_until", Json()},
                {"last_test", Json()},       {"token_expires_at", Json()},
                {"last_inbound_at", Json()}, {"last_outbound_at", Json()},
                {"last_error", Json()},      {"last_refused_webhook", Json()},
                {"last_notice", Json()}};
    health.update(activity);
    if (channel != nullptr) {
      const auto paused = desk_ != nullptr ? desk_->pausedUntil(*channel) : std::nullopt;
      const auto tested = desk_ != nullptr ? desk_->lastTest(*channel) : std::nullopt;
      health["status"] = !channel->settings().enabled    ? "disabled"
                         : paused                        ? "paused"
                         : tested && !tested->outcome.ok ? "failing"
                                                         : "ok";
      health["paused_until"] = orNull(paused);
      if (const auto refused = channel->stats().lastRefusal(); refused.at != Timestamp{})
        health["last_refused_webhook"] = {{"at", formatRfc3339(refused.at)}, {"text", refused.text}};
      if (tested) {
        const auto& outcome = tested->outcome;
        health["last_test"] = {{"at", formatRfc3339(tested->at)},
                               {"ok", outcome.ok},
                               {"error", outcome.ok ? Json() : errorJson(outcome.error)}};
        if (outcome.ok && outcome.result.contains("/details/token_expires_at"_json_pointer))
          health["token_expires_at"] = outcome.result.at("details").at("token_expires_at");
      }
    }
    return {{"name", entry.name},
            {"connector", entry.connector},
            {"platform", channel != nullptr ? Json(channel->manifest().platform) : Json()},
            {"enabled", channel != nullptr && channel->settings().enabled},
            {"off_because", entry.reason.empty() ? Json() : Json(log::scrub(entry.reason))},
            {"webhook_url", channel != nullptr ? Json(channel->settings().webhook_url) : Json()},
            {"capabilities", channel != nullptr ? channel->manifest().capabilities : Json::object()},
            {"health", std::move(health)}};
  }

  delivery::ChannelDesk* desk_;
  ListChannels list_channels_;
  inbox::FindChannel find_channel_;
  std::function<bool(std::string_view, std::string_view)> is_off_;
  std::function<std::map<std::string, Json>(const std::string&)> activity_;
};

}  // namespace

Problem providerProblem(const delivery::DirectOutcome& outcome) {
  const auto& error = outcome.error;
  Problem what{502, "provider_failed", "The provider said no: " + error.text};
  if (error.code == "busy") {
    what = {503, "providers_busy", "Too many requests wait for their providers; try again shortly."};
  } else if (error.code == "deadline" || error.error_class == "unknown") {
    what = {504, "provider_timeout", "The provider did not answer in time; it is safe to ask again."};
  } else if (error.error_class == "rate_limited") {
    what = {503, "provider_busy", "The provider takes no more for now: " + error.text};
    if (outcome.retry_after) what.headers.push_back({"Retry-After", std::to_string(outcome.retry_after->count())});
  } else if (error.error_class == "unsupported") {
    what = {422, "not_supported", "The channel cannot do that: " + error.text};
  } else if (error.error_class == "request" || error.error_class == "recipient" || error.error_class == "window") {
    what = {422, "provider_refused", "The provider refuses it: " + error.text};
  }
  if (!error.code.empty() && what.status != 504) what.detail += " (" + error.code + ")";
  return what;
}

void addInboxChannelEndpoints(Endpoints& table, const Dependencies& dependencies) {
  const InboxChannels channels(dependencies);
  table["listInboxChannels"] = {immediate([channels](const Call& call) { return channels.list(call); })};
  for (const auto& [operation, kind] : {std::pair{"testInboxChannel", "test"}, std::pair{"setUpInboxChannel", "setup"}})
    table[operation] = {[channels, kind = std::string(kind)](const Call& call, Answer answer) {
      channels.ask(kind, call, std::move(answer));
    }};
  table["listInboxChannelTemplates"] = {
      [channels](const Call& call, Answer answer) { channels.templates(call, std::move(answer)); }};
}

}  // namespace patchbay::api
