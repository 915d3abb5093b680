// What the desk does with messages that were sent: another text, and taking them back.
#include <utility>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "delivery/channel_desk.hpp"
#include "inbox/message_changes.hpp"
#include "inbox/write.hpp"

namespace patchbay::delivery {
namespace {

std::optional<Error> cannotChange(const connectors::Channel* channel, const inbox::ProviderMessage& message,
                                  const std::string& capability) {
  const std::string& kind = message.thread.contact.kind;
  if (channel == nullptr)
    return inbox::invalid("channel_not_connected", "", "the channel of this conversation is not connected");
  if (!canDo(*channel, kind, capability.c_str()))
    return inbox::invalid(capability + "_not_supported", "",
                          "channel '" + channel->settings().name + "' does not have the capability '" + capability +
                              "' for addresses of the kind '" + kind + "'");
  if (!message.ours || message.provider_ids.empty())
    return inbox::invalid("message_not_at_provider", "",
                          "only a message of ours that the provider has (sent, delivered or read) can be changed");
  return std::nullopt;
}

Json changeOf(const char* kind, const inbox::ProviderMessage& message, const std::string& provider_id) {
  const auto& contact = message.thread.contact;
  return {{"kind", kind},
          {"ref", crypto::uuid4()},
          {"to", {{"kind", contact.kind}, {"address", contact.address}}},
          {"message_id", provider_id}};
}

inbox::Reply answerWith(ChannelDesk::Changed done) {
  return [done = std::move(done)](Result<inbox::Document> document) {
    if (document.ok()) return done(std::move(*document));
    done(document.error());
  };
}

}  // namespace

void ChannelDesk::edit(const inbox::WriteContext& context, std::int64_t message_id, const std::string& content,
                       Changed done) {
  if (trim(content).empty()) return done(inbox::invalid("content_missing", "/content", "content must not be empty"));
  const auto message = inbox::findProviderMessage(*parts_.reads, context.tenant, message_id);
  if (!message.ok()) return done(message.error());
  const auto channel = channelOf(context.tenant, message->thread);
  if (const auto refusal = cannotChange(channel.get(), *message, "edit")) return done(*refusal);
  if (message->withdrawn)
    return done(inbox::invalid("message_withdrawn", "", "the message was taken back; it has no text any more"));
  if (message->provider_ids.size() > 1)
    return done(inbox::invalid("message_has_parts", "",
                               "the provider has it as " + std::to_string(message->provider_ids.size()) +
                                   " messages, and one text cannot replace them; withdraw it and send another"));
  Json operation = changeOf("edit", *message, message->provider_ids.front());
  operation["type"] = message->type;
  operation["text"] = content;
  operations_.run(channel, std::move(operation), options_.answer_deadline,
                  // Of two that overlap the later one counts, whichever is answered first.
                  [this, context, message_id, content, began = now(), done = std::move(done)](DirectOutcome outcome) {
                    if (!outcome.ok) return done(std::move(outcome));
                    inbox::noteEdit(*parts_.lanes, context, message_id, content, began, answerWith(done));
                  });
}

struct ChannelDesk::Withdrawal {
  inbox::WriteContext context;
  std::int64_t message_id;
  inbox::ProviderMessage message;
  std::shared_ptr<connectors::Channel> channel;
  std::chrono::steady_clock::time_point until;  ///< for all parts together: somebody waits
  Changed done;
  std::size_t gone = 0;  ///< parts that the provider has deleted
};

void ChannelDesk::withdraw(const inbox::WriteContext& context, std::int64_t message_id, Changed done) {
  auto message = inbox::findProviderMessage(*parts_.reads, context.tenant, message_id);
  if (!message.ok()) return done(message.error());
  auto channel = channelOf(context.tenant, message->thread);
  if (const auto refusal = cannotChange(channel.get(), *message, "delete")) return done(*refusal);
  if (message->withdrawn) return inbox::noteWithdrawal(*parts_.lanes, context, message_id, answerWith(std::move(done)));
  withdrawNext(
      std::make_shared<Withdrawal>(Withdrawal{.context = context,
                                              .message_id = message_id,
                                              .message = std::move(*message),
                                              .channel = std::move(channel),
                                              .until = std::chrono::steady_clock::now() + options_.answer_deadline,
                                              .done = std::move(done)}));
}

/// One part after the other, so that what was deleted is known when one is refused.
void ChannelDesk::withdrawNext(const std::shared_ptr<Withdrawal>& work) {
  const auto& ids = work->message.provider_ids;
  if (work->gone == ids.size())
    return inbox::noteWithdrawal(*parts_.lanes, work->context, work->message_id, answerWith(work->done));
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(work->until - std::chrono::steady_clock::now());
  operations_.run(work->channel, changeOf("delete", work->message, ids[work->gone]),
                  std::max(left, std::chrono::milliseconds{1}), [this, work](DirectOutcome outcome) {
                    const auto& all = work->message.provider_ids;
                    if (outcome.ok) {
                      ++work->gone;
                      return withdrawNext(work);
                    }
                    if (work->gone == 0) return work->done(std::move(outcome));
                    auto context = work->context;
                    context.idempotency.reset();  // the answer to the request is the refusal
                    inbox::noteWithdrawnParts(*parts_.lanes, context, work->message_id,
                                              {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(work->gone)},
                                              [work, outcome](const Result<inbox::Document>&) { work->done(outcome); });
                  });
}

}  // namespace patchbay::delivery
