/// One tenant's batch of inbound and echoed messages: internal to host/inbox.
///
/// Three round trips at most and two as a rule:
///   0. only when mail is among them: the threads it belongs to
///   1. look up what is known: provider ids, contacts, open conversations, changes that came first; draw message ids
///   2. only when somebody is new to a channel: their other conversations there, ids for new contacts and conversations
///   3. write everything (sent together with the stream's events and COMMIT); changes that
///      came first take trips of their own
/// The tenant's lock is held, so nothing that was looked up can change before it is written.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "inbox/ingest_job.hpp"
#include "inbox/mail_threads.hpp"

namespace patchbay::inbox {

class MessageBatch {
 public:
  MessageBatch(db::TenantWrite& write, const std::vector<Arrival>& arrivals) : write_(write), arrivals_(arrivals) {}
  void run();

 private:
  /// A person in this batch: known to the database (id from there), or new (id drawn in round trip 2).
  struct Person {
    std::int64_t id = 0;
    bool is_new = false;
    std::string name;
    bool renamed = false;
  };

  struct Thread {
    std::int64_t id = 0;
    bool is_new = false;
    Person* person = nullptr;
    const Arrival* first = nullptr;
    std::string key;
    int messages = 0;
    int unread = 0;
    bool echoed = false;                             // one of the messages is an echo,
    bool ends_with_echo = false;                     // the last one is
    std::optional<Timestamp> inbound_at;             // the contact's newest message
    const connectors::Address* answer_to = nullptr;  // where it came from; none in a thread of several people
    std::string preview;
  };

  struct Fresh {  // a message that is not known yet
    const Arrival* arrival;
    Person* person = nullptr;
    Thread* thread = nullptr;
    std::int64_t id = 0;
  };

  // ingest_messages.cpp
  void assignPeople();
  void assignThreads();
  Person* knownPerson(const connectors::Sender& sender) const;
  void remember(const connectors::Address& address, Person* person);
  Person* newPerson(Person person);

  // message_batch_lookup.cpp: round trips 1 and 2
  void lookUp();
  void findThreads();

  // message_batch_write.cpp: round trip 3
  void writeContacts();
  void writeConversations();
  void touchConversations();
  void writeMessages();
  void scheduleMedia(const Fresh& message);
  static std::string receivedJson(const Fresh& message, std::string_view direction);
  static std::string senderJson(const Fresh& message);
  static db::Actor actor(const Person& person);

  /// (channel name or address kind, anything) as one key. The first part holds no control character.
  static std::string joined(std::string_view a, std::string_view b);
  /// The key of the event's own thread as it is stored; empty: its thread is the contact's. A provider's key never
  /// looks like a contact's, or a stranger could write into their conversation.
  /// The same, for mail too: its thread has been found before.
  std::string threadOf(const connectors::Event& event) const;
  static std::string preview(const connectors::Event& event);

  db::TenantWrite& write_;
  const std::vector<Arrival>& arrivals_;
  std::map<const connectors::Event*, MailPlace> mails_;
  std::vector<Fresh> fresh_;
  std::unordered_map<std::string, std::int64_t> known_parts_;  // (channel, provider id) -> message
  std::vector<std::pair<std::string, std::string>> parked_;    // (channel, provider id) with changes that came first
  std::vector<std::unique_ptr<Person>> people_;
  std::unordered_map<std::int64_t, Person*> people_by_id_;
  std::unordered_map<std::string, Person*> people_by_address_;
  std::vector<Person*> new_people_;
  std::vector<std::string> address_kinds_, address_values_;  // addresses to be stored, with whose they are
  std::vector<Person*> address_people_;
  std::map<std::string, Thread> threads_;  // (channel, thread key); a map, since pointers into it are kept
  std::vector<Thread*> new_threads_, touched_;
};

}  // namespace patchbay::inbox
