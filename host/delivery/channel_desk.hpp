/// What agents and admins ask of a channel's provider while they wait: that somebody types, that something was read, a
/// reaction, an edit, a withdrawal, whether the account works, which templates there are.
///
/// None of it goes through the outbox. Typing and reading are signs that are worth nothing a minute later; a reaction,
/// an edit or a withdrawal is a state, so whoever got no answer may ask again and harms nobody.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <patchbay/json.hpp>
#include <string>
#include <unordered_map>
#include <variant>

#include "db/lane.hpp"
#include "delivery/direct_operation.hpp"
#include "delivery/template_list.hpp"
#include "inbox/provider_thread.hpp"
#include "inbox/service.hpp"

namespace patchbay::delivery {

/// Thread-safe. Functions that look into the database block: worker threads only.
class ChannelDesk {
 public:
  struct Options {
    DirectOperations::Options operations = {};
    std::chrono::milliseconds signal_deadline{5000};   ///< typing, read
    std::chrono::milliseconds answer_deadline{15000};  ///< reaction, edit, withdrawal, test, setup, templates
    std::chrono::milliseconds hint_deadline{3000};     ///< templates for a refusal that waits for them
    std::chrono::seconds templates_kept{600};
    std::chrono::seconds typing_again{5};  ///< typing in one conversation is not told more often
    std::size_t remembered = 10000;        ///< conversations of which the last sign is known
  };
  struct Parts {
    db::Lanes* lanes = nullptr;
    db::Pool* reads = nullptr;
    HttpClient* http = nullptr;
    inbox::FindChannel find_channel;
    /// Until when a channel must be left alone; signs are then dropped. May be empty.
    std::function<std::optional<Timestamp>(const connectors::Channel&)> paused_until;
    DirectOperations::Heed heed;
  };

  ChannelDesk(Options options, Parts parts);
  ~ChannelDesk();  ///< stop()

  /// "Somebody is typing": shown to the contact where the channel can. Blocks for the look-up, not for the provider.
  /// @return kNotFound when there is no such conversation; done also when nothing can be shown
  Result<Done> typing(const std::string& tenant, std::int64_t conversation_id, bool is_typing);

  /// "It was read", where the channel can, and once for each last message. Returns at once; nobody hears of failures.
  void read(const std::string& tenant, std::int64_t conversation_id);

  /// The message as it is now, or our rule that was broken, or what the provider said.
  using Changed = std::function<void(std::variant<inbox::Document, Error, DirectOutcome>)>;
  /// @param emoji  empty: takes it back
  void react(const inbox::WriteContext& context, std::int64_t message_id, const std::string& emoji, Changed done);
  /// Another text for a message of ours that the provider has, where the channel can.
  void edit(const inbox::WriteContext& context, std::int64_t message_id, const std::string& content, Changed done);
  /// Takes a message of ours back, every part of it, where the channel can. One that was taken back already is done.
  void withdraw(const inbox::WriteContext& context, std::int64_t message_id, Changed done);

  /// @param kind  test or setup
  void ask(const std::shared_ptr<connectors::Channel>& channel, const std::string& kind, DirectOperations::Done done);

  void templates(const std::shared_ptr<connectors::Channel>& channel, bool refresh, TemplateList::Done done);

  /// Adds to a refusal (`reply_window_closed`) the templates that may be sent instead. Returns at once; `done` gets the
  /// error as it was when they cannot be had soon.
  void nameTemplates(const std::string& tenant, std::int64_t conversation_id, Error error,
                     std::function<void(Error)> done);

  struct Tested {
    std::weak_ptr<connectors::Channel> of;  ///< the instance; after a reload it may be another
    Timestamp at;
    DirectOutcome outcome;
  };
  std::optional<Tested> lastTest(const connectors::Channel& channel) const;
  std::optional<Timestamp> pausedUntil(const connectors::Channel& channel) const;

  DirectOperations::Stats stats() const { return operations_.stats(); }
  void stop() { operations_.stop(); }

 private:
  struct Told {
    std::string message_id;
    Timestamp at;
  };
  /// Should this sign be given, and if so, it counts as given.
  bool isNews(const std::string& sign, const std::string& message_id, std::chrono::seconds again);
  void signal(const std::string& kind, const std::string& tenant, std::int64_t conversation_id,
              const inbox::ProviderThread& thread, const std::string& message_id);
  std::shared_ptr<connectors::Channel> channelOf(const std::string& tenant, const inbox::ProviderThread& thread) const;
  std::optional<Error> cannotReact(const connectors::Channel* channel, const inbox::ProviderMessage& message) const;
  struct Withdrawal;
  void withdrawNext(const std::shared_ptr<Withdrawal>& work);

  const Options options_;
  const Parts parts_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Told> told_;  // guarded by mutex_; by sign, tenant and conversation
  std::map<std::string, Tested> tested_;        // guarded by mutex_; by "tenant/channel"
  DirectOperations operations_;
  TemplateList templates_;
};

/// Does the manifest say that the channel can do this with contacts of that kind of address?
bool canDo(const connectors::Channel& channel, const std::string& address_kind, const char* capability);

}  // namespace patchbay::delivery
