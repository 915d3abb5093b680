/// Messages of the outbox as text for a terminal or as JSON. Pure.
#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "inbox/dead_letters.hpp"

namespace patchbay::app {

struct OutboxLine {
  std::string tenant;
  inbox::OutboxEntry entry;
};

/// A table with aligned columns, or a JSON array. @param now  for ages
void printOutbox(std::ostream& out, const std::vector<OutboxLine>& lines, bool json, Timestamp now);

/// One message with its tries.
void printOutboxEntry(std::ostream& out, const OutboxLine& line, const std::vector<inbox::Attempt>& attempts, bool json,
                      Timestamp now);

/// "45s", "12m", "5h", "3d": rounded down.
std::string ageOf(Timestamp then, Timestamp now);

/// At most `most` code points on one line; what could command a terminal becomes a space.
std::string oneLine(std::string_view text, std::size_t most);

}  // namespace patchbay::app
