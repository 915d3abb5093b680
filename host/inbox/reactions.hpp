/// Reactions on a message: {emoji: [who, ...]}; one person has at most one.
#pragma once

#include <string>

#include "db/lane.hpp"
#include "inbox/service.hpp"

namespace patchbay::inbox {

/// Who reacts for us: the provider shows one reaction of the business, whichever agent it was.
inline constexpr const char* kBusiness = "business";

/// @param who    "contact:7", an address, or kBusiness
/// @param emoji  empty: takes it back
/// @param at     the provider's clock: what comes after a newer one of the same person changes nothing
/// @return false when it was so already
bool setReaction(db::TenantWrite& write, std::int64_t message_id, const std::string& who, const std::string& emoji,
                 Timestamp at);

/// Notes a reaction of ours that the provider has taken. Answers the message.
void noteReaction(db::Lanes& lanes, const WriteContext& context, std::int64_t message_id, std::string emoji,
                  Reply reply);

}  // namespace patchbay::inbox
