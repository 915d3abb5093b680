/// Events of mail connectors made complete: from the raw message, or from the parsed members that came in its place.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "connectors/event.hpp"
#include "mail/facts.hpp"

namespace patchbay::mail {

/// Bytes by blob id: of the turn, and (written) of the files that mails contain.
using BlobBytes = std::map<std::uint64_t, std::string>;

/// Ids of blobs that takeApart() adds start here, above those of any turn.
inline constexpr std::uint64_t kFirstFileBlob = 1ULL << 40U;

/// Completes every message event that is a mail: id, sender, time, type, subject, text without quotes, files, thread,
/// and `event.mail`. A delivery report becomes a status of the mail it is about, a complaint an opt-out that names that
/// mail instead of the contact; one that tells nothing new (delayed) is left out; what cannot be read becomes
/// "unparsed". Other events stay as they are. What an event says itself goes before what the mail says. Milliseconds
/// per megabyte; no I/O.
/// @param own  the channel's addresses (own.hpp): mail from them is automatic, and none of them is where answers go
std::vector<connectors::Event> takeApart(std::vector<connectors::Event> events, BlobBytes& blobs, Timestamp now,
                                         const std::vector<std::string>& own = {});

/// Raw messages of up to 64 KiB go with their events from `blobs` into the database. A file each, made and synced with
/// its folder, costs several times what everything else of a mail costs.
void takeSmallSources(std::vector<connectors::Event>& events, BlobBytes& blobs);

/// The token in "help+token@domain": 16 characters of a-z and 2-7; empty: there is none.
std::string tokenIn(std::string_view address);
/// The address with the token; empty when its local part would be longer than 64 bytes, or it is no address.
std::string withToken(std::string_view address, std::string_view token);
/// 80 random bits as a token.
std::string newToken();

}  // namespace patchbay::mail
