#include "app/commands/outbox_print.hpp"

#include <algorithm>
#include <ostream>

#include "base/log.hpp"
#include "base/or_null.hpp"
#include "base/text.hpp"

namespace patchbay::app {
namespace {

constexpr std::size_t kShortText = 60;
constexpr std::size_t kLongText = 200;

std::size_t width(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

/// The last column is not padded.
void printTable(std::ostream& out, const std::vector<std::vector<std::string>>& rows, std::string_view indent = "") {
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (widths.size() <= i) widths.push_back(0);
      widths[i] = std::max(widths[i], width(row[i]));
    }
  for (const auto& row : rows) {
    out << indent;
    for (std::size_t i = 0; i < row.size(); ++i) {
      out << row[i];
      if (i + 1 < row.size()) out << std::string(widths[i] - width(row[i]) + 2, ' ');
    }
    out << "\n";
  }
}

/// "recipient 131026: Message undeliverable"
std::string errorText(const std::string& json, std::size_t most) {
  if (json.empty()) return "";
  const Json error = parseJson(json);
  std::string text = error.value("class", "");
  if (const auto code = error.value("code", ""); !code.empty()) text += " " + code;
  if (const auto words = error.value("text", ""); !words.empty()) text += ": " + words;
  return oneLine(log::scrub(text), most);
}

Json toJson(const OutboxLine& line) {
  const auto& entry = line.entry;
  return {{"tenant", line.tenant},
          {"message_id", entry.message_id},
          {"state", entry.state},
          {"channel", entry.channel},
          {"recipient", entry.recipient},
          {"type", entry.type},
          {"text", std::string(firstCodePoints(entry.text, kLongText))},
          {"attempts", entry.attempts},
          {"possible_duplicate", entry.possible_duplicate},
          {"error", entry.error.empty() ? Json() : parseJson(log::scrub(entry.error))},
          {"created_at", formatRfc3339(entry.created_at)},
          {"expires_at", formatRfc3339(entry.expires_at)},
          {"next_at", orNull(entry.next_at)},
          {"settled_at", orNull(entry.settled_at)}};
}

std::string took(const inbox::Attempt& attempt) {
  if (!attempt.finished_at) return "";
  const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(*attempt.finished_at - attempt.started_at);
  return std::to_string(time.count()) + " ms";
}

std::string answer(const inbox::Attempt& attempt) {
  std::string text = attempt.http_status > 0 ? std::to_string(attempt.http_status) : attempt.phase;
  if (!attempt.code.empty()) text += " " + attempt.code;
  if (!attempt.text.empty()) text += " " + attempt.text;
  return oneLine(log::scrub(text.empty() ? "under way" : text), kLongText);
}

}  // namespace

std::string ageOf(Timestamp then, Timestamp now) {
  const auto seconds = std::max<std::int64_t>(0, std::chrono::floor<std::chrono::seconds>(now - then).count());
  if (seconds < 60) return std::to_string(seconds) + "s";
  if (seconds < 3600) return std::to_string(seconds / 60) + "m";
  if (seconds < 48 * 3600) return std::to_string(seconds / 3600) + "h";
  return std::to_string(seconds / 86400) + "d";
}

std::string oneLine(std::string_view text, std::size_t most) {
  const std::string line = onOneLine(text);
  if (width(line) <= most) return line;
  return std::string(firstCodePoints(line, most - 1)) + "…";
}

void printOutbox(std::ostream& out, const std::vector<OutboxLine>& lines, bool json, Timestamp now) {
  if (json) {
    Json list = Json::array();
    for (const auto& line : lines) list.push_back(toJson(line));
    out << list.dump(2) << "\n";
    return;
  }
  if (lines.empty()) {
    out << "nothing\n";
    return;
  }
  std::vector<std::vector<std::string>> rows{
      {"TENANT", "MESSAGE", "STATE", "CHANNEL", "RECIPIENT", "TRIES", "AGE", "WHY"}};
  for (const auto& [tenant, entry] : lines)
    rows.push_back({tenant, std::to_string(entry.message_id), entry.state, entry.channel, oneLine(entry.recipient, 40),
                    std::to_string(entry.attempts), ageOf(entry.created_at, now), errorText(entry.error, kShortText)});
  printTable(out, rows);
}

void printOutboxEntry(std::ostream& out, const OutboxLine& line, const std::vector<inbox::Attempt>& attempts, bool json,
                      Timestamp now) {
  const auto& entry = line.entry;
  if (json) {
    Json document = toJson(line);
    document["tries"] = Json::array();
    for (const auto& one : attempts)
      document["tries"].push_back({{"attempt", one.attempt},
                                   {"step", one.step},
                                   {"started_at", formatRfc3339(one.started_at)},
                                   {"finished_at", orNull(one.finished_at)},
                                   {"phase", one.phase.empty() ? Json() : Json(one.phase)},
                                   {"http_status", one.http_status == 0 ? Json() : Json(one.http_status)},
                                   {"code", one.code},
                                   {"text", log::scrub(one.text)}});
    out << document.dump(2) << "\n";
    return;
  }
  const auto time = [&](Timestamp at) { return formatRfc3339(at) + " (" + ageOf(at, now) + " ago)"; };
  out << "message " << entry.message_id << " of tenant " << line.tenant << ": " << entry.state << "\n";
  std::vector<std::vector<std::string>> rows{{"channel", entry.channel},
                                             {"recipient", oneLine(entry.recipient, kLongText)},
                                             {"type", entry.type},
                                             {"text", oneLine(entry.text, kShortText)},
                                             {"queued", time(entry.created_at)}};
  if (entry.settled_at) rows.push_back({entry.state, time(*entry.settled_at)});
  if (entry.next_at) rows.push_back({"next try", formatRfc3339(*entry.next_at)});
  if (!entry.settled_at) rows.push_back({"expires", formatRfc3339(entry.expires_at)});
  if (!entry.error.empty()) rows.push_back({"error", errorText(entry.error, kLongText)});
  rows.push_back({"may be sent twice", entry.possible_duplicate ? "yes" : "no"});
  printTable(out, rows, "  ");
  if (attempts.empty()) {
    out << "  no request made yet\n";
    return;
  }
  std::vector<std::vector<std::string>> tries{{"TRY", "STEP", "STARTED", "TOOK", "ANSWER"}};
  for (const auto& one : attempts)
    tries.push_back(
        {std::to_string(one.attempt), std::to_string(one.step), formatRfc3339(one.started_at), took(one), answer(one)});
  out << "\n";
  printTable(out, tries, "  ");
}

}  // namespace patchbay::app
