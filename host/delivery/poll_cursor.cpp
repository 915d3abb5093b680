#include "delivery/poll_cursor.hpp"

#include "base/text.hpp"

namespace patchbay::delivery {
namespace {

constexpr db::Statement kAdvance{"polls.advance", R"sql(
    UPDATE patchbay.polls
      SET cursor = coalesce($4, cursor), due_at = $5, polled_at = $6, failures = 0, refusals = 0,
          lease_token = NULL, leased_until = NULL
      WHERE tenant = $1 AND channel_name = $2 AND lease_token = $3)sql"};

}  // namespace

bool advancePoll(db::TenantWrite& write, const PollAdvance& advance) {
  db::Params params;
  params.text(advance.tenant).text(advance.channel_name).uuid(advance.token).optionalText(advance.cursor);
  params.timestamp(advance.due_at).timestamp(write.now());
  return write.query(kAdvance, std::move(params)).affected() > 0;
}

}  // namespace patchbay::delivery
