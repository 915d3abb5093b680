/// The lane job behind Ingest: internal to host/inbox.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "connectors/channel.hpp"
#include "connectors/event.hpp"
#include "db/lane.hpp"
#include "inbox/ingest.hpp"

namespace patchbay::inbox {

/// An event with the channel instance it came in by. Borrowed from the jobs of a batch.
struct Arrival {
  const connectors::Channel* channel;
  const connectors::Event* event;
};

/// Inbound and echoed messages of one tenant's batch, each provider message once, in a handful of set-based statements.
void ingestMessages(db::TenantWrite& write, const std::vector<Arrival>& messages);

/// Echoes that carry a ref: as good as a status "sent" for the message that is ours.
/// @return those that no message of ours matches: somebody else's ref, so they are messages
std::vector<Arrival> ingestEchoes(db::TenantWrite& write, const std::vector<Arrival>& echoes);

/// Statuses, in order of arrival: forward only; what matches no message yet is parked.
void ingestStatuses(db::TenantWrite& write, const std::vector<Arrival>& statuses);

/// Everything else, one by one: these are rare. A second delivery changes nothing.
void ingestChange(db::TenantWrite& write, const Arrival& change);

/// A thread's key in the database. Those of the connectors cannot be mistaken for that of a contact's own thread.
std::string storedThread(const std::string& key);

/// A thread has another key: its conversations go on under that one.
void ingestThread(db::TenantWrite& write, const Arrival& change);

/// A profile or an address changed, or the person agreed to messages or refused them.
void ingestContact(db::TenantWrite& write, const Arrival& change);
void ingestConsent(db::TenantWrite& write, const Arrival& change);

/// Remembers the event; asked in the transaction that applies it.
/// @return false when it was there before: a second delivery
bool isNews(db::TenantWrite& write, const Arrival& change);
bool isNews(db::TenantWrite& write, const std::string& channel_name, const connectors::Event& event);

/// What makes the event itself. The time is part of it only where the provider gives no id: without a time of the
/// provider's either it is that of the turn, and no second delivery is like the first. The raw text needs neither.
std::string eventKey(const connectors::Event& event);

/// The person behind `addresses` (the first is the one that was used, the others are aliases); 0 when none is known.
std::int64_t findContact(db::TenantWrite& write, const std::vector<connectors::Address>& addresses);

}  // namespace patchbay::inbox
