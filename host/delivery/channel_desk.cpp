#include "delivery/channel_desk.hpp"

#include <utility>

#include "base/crypto.hpp"
#include "base/log.hpp"
#include "connectors/manifest.hpp"
#include "inbox/reactions.hpp"
#include "inbox/write.hpp"

namespace patchbay::delivery {
namespace {

std::string keyOf(const connectors::Channel& channel) {
  return channel.settings().tenant + "/" + channel.settings().name;
}

Json addressJson(const connectors::Address& address) {
  return {{"kind", address.kind}, {"address", address.address}};
}

bool isOver(const inbox::ProviderThread& thread) {
  return thread.window_closes_at && *thread.window_closes_at <= now();
}

}  // namespace

bool canDo(const connectors::Channel& channel, const std::string& address_kind, const char* capability) {
  const Json& capabilities = channel.manifest().capabilities;
  const auto found = capabilities.find(address_kind);
  return found != capabilities.end() && found->is_object() && found->value(capability, false);
}

ChannelDesk::ChannelDesk(Options options, Parts parts)
    : options_(options),
      parts_(std::move(parts)),
      operations_(options.operations, *parts_.http, parts_.heed),
      templates_(operations_) {}

ChannelDesk::~ChannelDesk() {
  stop();  // before what its callbacks use is gone
}

std::shared_ptr<connectors::Channel> ChannelDesk::channelOf(const std::string& tenant,
                                                            const inbox::ProviderThread& thread) const {
  if (thread.channel_name.empty()) return nullptr;
  auto channel = parts_.find_channel(tenant, thread.channel_name);
  return channel && channel->settings().enabled ? channel : nullptr;
}

bool ChannelDesk::isNews(const std::string& sign, const std::string& message_id, std::chrono::seconds again) {
  const auto at = now();
  const std::lock_guard lock(mutex_);
  const auto found = told_.find(sign);
  if (found != told_.end() && found->second.message_id == message_id && at - found->second.at < again) return false;
  if (told_.size() >= options_.remembered) told_.clear();  // a sign given twice harms nobody
  told_[sign] = {message_id, at};
  return true;
}

void ChannelDesk::signal(const std::string& kind, const std::string& tenant, std::int64_t conversation_id,
                         const inbox::ProviderThread& thread, const std::string& message_id) {
  const auto channel = channelOf(tenant, thread);
  if (!channel || message_id.empty() || pausedUntil(*channel)) return;
  if (!canDo(*channel, thread.contact.kind, kind.c_str())) return;
  // What was read stays read; that somebody types is said again while it lasts.
  const std::chrono::seconds again = kind == "typing" ? options_.typing_again : std::chrono::hours(24 * 365);
  if (!isNews(kind + " " + tenant + " " + std::to_string(conversation_id), message_id, again)) return;
  Json operation{{"kind", kind}, {"message_id", message_id}};
  if (!thread.group) operation["to"] = addressJson(thread.contact);
  operations_.run(channel, std::move(operation), options_.signal_deadline,
                  [channel, kind](const DirectOutcome& outcome) {
                    if (!outcome.ok)
                      log::debug("delivery", "a sign did not reach the provider",
                                 {{"channel", channel->settings().name}, {"kind", kind}, {"why", outcome.error.text}});
                  });
}

Result<Done> ChannelDesk::typing(const std::string& tenant, std::int64_t conversation_id, bool is_typing) {
  const auto thread = inbox::findProviderThread(*parts_.reads, tenant, conversation_id);
  if (!thread.ok()) return thread.error();
  // No operation says that it has ended: providers stop showing it by themselves.
  if (is_typing) signal("typing", tenant, conversation_id, *thread, thread->last_inbound);
  return Done{};
}

void ChannelDesk::read(const std::string& tenant, std::int64_t conversation_id) {
  operations_.post([this, tenant, conversation_id] {
    const auto thread = inbox::findProviderThread(*parts_.reads, tenant, conversation_id);
    // Not the last message of now: it may have come since, and nobody has seen it.
    if (thread.ok())
      signal("read", tenant, conversation_id, *thread, inbox::findLastRead(*parts_.reads, tenant, conversation_id));
  });
}

std::optional<Error> ChannelDesk::cannotReact(const connectors::Channel* channel,
                                              const inbox::ProviderMessage& message) const {
  if (channel == nullptr)
    return inbox::invalid("channel_not_connected", "", "the channel of this conversation is not connected");
  if (message.thread.group && !canDo(*channel, message.thread.contact.kind, "groups"))
    return inbox::invalid("group_not_supported", "", "reactions can only go to one person, and this is a group");
  if (!canDo(*channel, message.thread.contact.kind, "reactions"))
    return inbox::invalid("reactions_not_supported", "",
                          "channel '" + channel->settings().name + "' cannot carry reactions");
  if (message.provider_ids.empty())
    return inbox::invalid("message_not_at_provider", "", "the provider does not know this message");
  if (isOver(message.thread))
    return inbox::invalid("reply_window_closed", "", "the reply window is closed; a reaction is an answer too");
  return std::nullopt;
}

void ChannelDesk::react(const inbox::WriteContext& context, std::int64_t message_id, const std::string& emoji,
                        Changed done) {
  const auto message = inbox::findProviderMessage(*parts_.reads, context.tenant, message_id);
  if (!message.ok()) return done(message.error());
  const auto channel = channelOf(context.tenant, message->thread);
  if (const auto refusal = cannotReact(channel.get(), *message)) return done(*refusal);
  // Of a text that was split, the first part stands for all.
  Json operation{{"kind", "reaction"},
                 {"ref", crypto::uuid4()},
                 {"to", addressJson(message->thread.contact)},
                 {"message_id", message->provider_ids.front()},
                 {"emoji", emoji.empty() ? Json() : Json(emoji)}};
  operations_.run(channel, std::move(operation), options_.answer_deadline,
                  [this, context, message_id, emoji, done = std::move(done)](DirectOutcome outcome) {
                    if (!outcome.ok) return done(std::move(outcome));
                    inbox::noteReaction(*parts_.lanes, context, message_id, emoji,
                                        [done](Result<inbox::Document> document) {
                                          if (document.ok()) return done(std::move(*document));
                                          done(document.error());
                                        });
                  });
}

void ChannelDesk::ask(const std::shared_ptr<connectors::Channel>& channel, const std::string& kind,
                      DirectOperations::Done done) {
  operations_.run(channel, {{"kind", kind}}, options_.answer_deadline,
                  [this, channel, kind, done = std::move(done)](DirectOutcome outcome) {
                    if (kind == "test") {
                      const std::lock_guard lock(mutex_);
                      tested_[keyOf(*channel)] = {channel, now(), outcome};
                    }
                    done(std::move(outcome));
                  });
}

void ChannelDesk::templates(const std::shared_ptr<connectors::Channel>& channel, bool refresh,
                            TemplateList::Done done) {
  templates_.list(channel, refresh ? std::chrono::seconds{0} : options_.templates_kept, options_.answer_deadline,
                  std::move(done));
}

void ChannelDesk::nameTemplates(const std::string& tenant, std::int64_t conversation_id, Error error,
                                std::function<void(Error)> done) {
  const auto name = [error](const Json& templates) {
    Error named = error;
    const auto names = sendable(templates, 50);
    named.message += names.empty() ? " None is approved." : " Approved:";
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (i < 10) named.message += (i == 0 ? " " : ", ") + names[i];
      named.fields.push_back({"/template", "may be sent: " + names[i]});
    }
    return named;
  };
  const bool asked = operations_.post([this, tenant, conversation_id, error, done, name] {
    std::shared_ptr<connectors::Channel> channel;
    try {
      const auto thread = inbox::findProviderThread(*parts_.reads, tenant, conversation_id);
      if (thread.ok()) channel = channelOf(tenant, *thread);
      if (channel && !canDo(*channel, thread->contact.kind, "templates")) channel = nullptr;
    } catch (const std::exception& failure) {
      log::warn("delivery", "the templates of a channel were not looked up", {{"why", failure.what()}});
    }
    if (!channel) return done(error);
    templates_.list(channel, options_.templates_kept, options_.hint_deadline,
                    [error, done, name](const TemplateList::Listing& listing) {
                      done(listing.outcome.ok ? name(listing.templates) : error);
                    });
  });
  if (!asked) done(error);
}

std::optional<ChannelDesk::Tested> ChannelDesk::lastTest(const connectors::Channel& channel) const {
  const std::lock_guard lock(mutex_);
  const auto found = tested_.find(keyOf(channel));
  if (found == tested_.end() || found->second.of.lock().get() != &channel) return std::nullopt;
  return found->second;
}

std::optional<Timestamp> ChannelDesk::pausedUntil(const connectors::Channel& channel) const {
  return parts_.paused_until ? parts_.paused_until(channel) : std::nullopt;
}

}  // namespace patchbay::delivery
