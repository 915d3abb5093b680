/// The header of a mail that an agent writes: whom it comes from, what it answers, where answers to it go.
#pragma once

#include "db/lane.hpp"
#include "inbox/outbound.hpp"

namespace patchbay::inbox {

/// Mail to `to`: subject, Message-ID, In-Reply-To, References and the address for answers, whose token the conversation
/// gets here if it has none yet. Answers `draft.reply_to_id`, else the newest mail of the other side, else our own
/// newest.
MailAnswer prepareMail(db::TenantWrite& write, const connectors::Channel& channel, std::int64_t conversation_id,
                       const std::string& to, const Draft& draft, const std::string& ref);

}  // namespace patchbay::inbox
