/// Rows as JSON, rendered by PostgreSQL: the members and their order are contract.md section 3, here and nowhere else.
#pragma once

#include <string>

#include "db/connection.hpp"

namespace patchbay::inbox {

// Functions, since statements of other files are built from them before main() in no certain order.

/// SQL expression over a row of inbox_conversations called `v`.
const std::string& conversationJson();
/// SQL expression over a row of inbox_messages called `m`.
const std::string& messageJson();

/// One JSON array of column 0 of all rows, which hold JSON text.
std::string joinRows(const db::Rows& rows);

}  // namespace patchbay::inbox
