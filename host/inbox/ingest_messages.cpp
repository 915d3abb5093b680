#include <algorithm>

#include "base/text.hpp"
#include "inbox/message_batch.hpp"
#include "inbox/message_changes.hpp"
#include "mail/facts.hpp"

namespace patchbay::inbox {
namespace {

using connectors::Address;
using connectors::Event;

constexpr std::size_t kPreviewLimit = 100;  // of first_message and last_message, in code points

}  // namespace

std::string MessageBatch::joined(std::string_view a, std::string_view b) {
  std::string key(a);
  key.push_back('\x1f');
  key.append(b);
  return key;
}

std::string MessageBatch::threadOf(const Event& event) const {
  const auto mail = mails_.find(&event);
  return mail == mails_.end() ? storedThread(event.thread_key) : mail->second.thread_key;
}

std::string MessageBatch::preview(const Event& event) {
  if (!event.text.empty()) return std::string(firstCodePoints(event.text, kPreviewLimit));
  if (!event.subject.empty()) return std::string(firstCodePoints(event.subject, kPreviewLimit));
  return "[" + event.type + "]";
}

void MessageBatch::run() {
  mails_ = placeMails(write_, arrivals_);
  lookUp();
  if (fresh_.empty()) return;
  assignPeople();
  assignThreads();
  if (!new_threads_.empty() || !new_people_.empty()) findThreads();
  writeContacts();
  writeConversations();
  touchConversations();
  writeMessages();
  for (const auto& [channel, id] : parked_) applyParkedChanges(write_, channel, id);
}

void MessageBatch::assignPeople() {
  for (auto& message : fresh_) {
    const auto& sender = message.arrival->event->from;
    Person* person = knownPerson(sender);
    if (!person) {
      person = newPerson({0, true, {}, false});
      new_people_.push_back(person);
    }
    message.person = person;
    if (!sender.name.empty() && sender.name != person->name) {
      person->name = sender.name;
      person->renamed = !person->is_new;
    }
    remember(sender.address, person);
    for (const auto& alias : sender.aliases) remember(alias, person);
  }
}

/// By the address that was used, else by the first alias that is known. Two contacts that turn out to be one person
/// stay two here: merging is a job of its own.
MessageBatch::Person* MessageBatch::knownPerson(const connectors::Sender& sender) const {
  const auto find = [this](const Address& address) {
    const auto found = people_by_address_.find(joined(address.kind, address.address));
    return found == people_by_address_.end() ? nullptr : found->second;
  };
  if (Person* person = find(sender.address)) return person;
  for (const auto& alias : sender.aliases)
    if (Person* person = find(alias)) return person;
  return nullptr;
}

void MessageBatch::remember(const Address& address, Person* person) {
  if (!people_by_address_.emplace(joined(address.kind, address.address), person).second) return;
  address_kinds_.push_back(address.kind);
  address_values_.push_back(address.address);
  address_people_.push_back(person);
}

MessageBatch::Person* MessageBatch::newPerson(Person person) {
  people_.push_back(std::make_unique<Person>(std::move(person)));
  return people_.back().get();
}

void MessageBatch::assignThreads() {
  for (auto& message : fresh_) {
    const Event& event = *message.arrival->event;
    const auto& channel = message.arrival->channel->settings().name;
    const std::string own = threadOf(event);
    // A new contact has no number yet: until it has, the pointer tells its thread from others'.
    const std::string key = !own.empty() ? own
                            : message.person->is_new
                                ? joined("new", std::to_string(reinterpret_cast<std::uintptr_t>(message.person)))
                                : "contact:" + std::to_string(message.person->id);
    auto& thread = threads_[joined(channel, key)];
    if (thread.id == 0 && !thread.first) {
      thread.is_new = true;
      thread.key = own.empty() && message.person->is_new ? std::string() : key;
      new_threads_.push_back(&thread);
    }
    if (!thread.first) {
      thread.first = message.arrival;
      thread.person = message.person;
      touched_.push_back(&thread);
    }
    message.thread = &thread;
    ++thread.messages;
    thread.preview = preview(event);
    thread.ends_with_echo = event.echo;
    if (event.echo) {
      thread.echoed = true;
      continue;
    }
    ++thread.unread;
    // The reply window opens when the contact wrote, not when we heard of it; a clock that is ahead gains nothing.
    const Timestamp at = std::min(event.timestamp, write_.now());
    if (thread.inbound_at && at < *thread.inbound_at) continue;
    thread.inbound_at = at;
    if (own.empty()) thread.answer_to = &event.from.address;
    const auto mail = mails_.find(&event);
    // A program's address (a vacation notice, a mailing list) is none that answers go to from now on. A conversation
    // that it begins has its address anyhow.
    if (mail == mails_.end() || !mail->second.trusted || event.mail->automatic) continue;
    if (!event.mail->answer_to)
      thread.answer_to = &event.from.address;
    else if (mail->second.proven)
      thread.answer_to = &*event.mail->answer_to;
  }
}

void ingestMessages(db::TenantWrite& write, const std::vector<Arrival>& messages) {
  MessageBatch(write, messages).run();
}

}  // namespace patchbay::inbox
