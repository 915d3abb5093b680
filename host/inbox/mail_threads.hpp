/// Which conversation a mail belongs to: by the token of an address that we gave out, by the ids of the mails that it
/// answers; else it begins one. Internal to host/inbox.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "inbox/ingest_job.hpp"

namespace patchbay::inbox {

struct MailPlace {
  std::string thread_key;
  /// Answers go to this mail's sender from now on. Not for a stranger who only named an id, which anyone may have
  /// read in a forwarded mail.
  bool trusted = true;
  /// And also to another address, when the mail asks for that (Reply-To): it has the secret of the conversation, or its
  /// sender is proven. From alone can be forged.
  bool proven = true;
  std::optional<std::int64_t> reply_to;  ///< the message that it answers
};

/// Places of the mails among `messages`, in one look-up. An id counts within its own channel instance alone.
std::map<const connectors::Event*, MailPlace> placeMails(db::TenantWrite& write, const std::vector<Arrival>& messages);

/// Statuses that reports told of name a Message-ID; those that we know by another id get the message's ref and the
/// provider's id. `copies` holds the changed events.
std::vector<Arrival> resolveReports(db::TenantWrite& write, const std::vector<Arrival>& statuses,
                                    std::deque<connectors::Event>& copies);

/// Whom the mail of ours went to that a complaint is about; empty when it names none of ours.
std::string recipientOfComplaint(db::TenantWrite& write, const Arrival& complaint);

/// Remembers ids of a mail. Those that are known already stay with the mail that had them first.
void rememberMailIds(db::TenantWrite& write, const std::vector<std::string>& channels,
                     const std::vector<std::string>& ids, const std::vector<std::int64_t>& conversations,
                     const std::vector<std::int64_t>& messages);

}  // namespace patchbay::inbox
