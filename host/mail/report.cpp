#include "mail/report.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "mail/charset.hpp"

namespace patchbay::mail {
namespace {

constexpr std::size_t kMaxReportLines = 1000;
constexpr std::size_t kMaxLine = 64U << 10U;
constexpr std::size_t kMaxRecipients = 100;
constexpr std::size_t kMaxGroups = 200;          // of fields, one that names no recipient too
constexpr std::size_t kMaxReport = 256U << 10U;  // bytes of the part that are read

/// "rfc822; ana@example.org" -> "ana@example.org"
std::string behindType(std::string_view value) {
  const auto semicolon = value.find(';');
  return std::string(trim(semicolon == std::string_view::npos ? value : value.substr(semicolon + 1)));
}

std::string shortText(std::string_view value) {
  return std::string(firstCodePoints(cleanText(value), 500));
}

/// Lines up to the first empty one; removes them, with it, from `block`.
HeaderLines takeLines(std::string_view& block) {
  HeaderLines lines;
  while (!block.empty()) {
    const auto end = std::min(block.find('\n'), block.size());
    auto line = block.substr(0, end);
    block.remove_prefix(std::min(end + 1, block.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) break;
    if ((line[0] == ' ' || line[0] == '\t') && !lines.empty()) {
      auto& value = lines.back().second;
      if (value.size() + line.size() <= kMaxLine) value += " " + toUtf8(trim(line), "");
      continue;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0 || colon > 200 || lines.size() >= kMaxReportLines) continue;
    lines.emplace_back(cleanText(trim(line.substr(0, colon))), toUtf8(trim(line.substr(colon + 1, kMaxLine)), ""));
  }
  return lines;
}

}  // namespace

HeaderLines readLines(std::string_view block) {
  block = block.substr(0, kMaxReport);
  return takeLines(block);
}

void readReportFields(std::string_view body, Report& report) {
  body = body.substr(0, kMaxReport);
  for (std::size_t groups = 0; !body.empty() && groups < kMaxGroups && report.recipients.size() < kMaxRecipients;) {
    const auto group = takeLines(body);
    if (group.empty()) continue;
    ++groups;
    for (const char* name : {"Original-Envelope-Id", "Original-Message-ID"})
      for (auto& id : readIds(find(group, name), 5)) report.original_ids.push_back(std::move(id));
    if (const auto disposition = find(group, "Disposition"); !disposition.empty()) {
      report.disposition = lowerAscii(behindType(disposition));
      report.disposition = std::string(trim(report.disposition.substr(0, report.disposition.find('/'))));
    }
    Report::Recipient one;
    one.address = shortText(behindType(find(group, "Original-Recipient")));
    if (one.address.empty()) one.address = shortText(behindType(find(group, "Final-Recipient")));
    one.action = lowerAscii(shortText(trim(find(group, "Action"))));
    one.status = shortText(find(group, "Status").substr(0, find(group, "Status").find_first_of(" (")));
    one.diagnostic = shortText(behindType(find(group, "Diagnostic-Code")));
    if (!one.action.empty() || (!one.address.empty() && !one.status.empty()))
      report.recipients.push_back(std::move(one));
  }
}

}  // namespace patchbay::mail
