#include "app/commands/status_text.hpp"

#include <algorithm>
#include <cstdio>
#include <vector>

#include "base/text.hpp"

namespace patchbay::app {
namespace {

/// A text from the host, which may have it from a provider, on one line of a terminal.
std::string plain(const Json& text) {
  return onOneLine(text.get<std::string>());
}

std::string count(std::int64_t n, const char* one, const char* many) {
  return std::to_string(n) + " " + (n == 1 ? one : many);
}

std::string queueText(const Json& queue, Timestamp now) {
  if (queue.is_null()) return "queue not known";
  std::string text;
  for (const char* state : {"pending", "unknown", "held"})
    if (const auto n = queue.value(state, std::int64_t{0}); n > 0)
      text += (text.empty() ? "" : ", ") + std::to_string(n) + " " + state;
  if (text.empty()) return "queue empty";
  if (const auto& oldest = queue.at("oldest_at"); !oldest.is_null()) text += " (oldest " + humanTime(oldest, now) + ")";
  return text;
}

/// Columns as wide as their widest entry.
std::string table(const std::vector<std::vector<std::string>>& rows, const std::string& indent) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i == widths.size()) widths.push_back(0);
      if (row.size() > 1) widths[i] = std::max(widths[i], row[i].size());
    }
  std::string out;
  for (const auto& row : rows) {
    out += indent;
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += row[i];
      if (i + 1 < row.size()) out.append(widths[i] - row[i].size() + 2, ' ');
    }
    out += "\n";
  }
  return out;
}

void addChannel(std::vector<std::vector<std::string>>& rows, const Json& channel, Timestamp now) {
  const auto state = channel.at("state").get<std::string>();
  if (state == "off") {
    rows.push_back({plain(channel.at("name")), plain(channel.at("connector")), "OFF"});
    rows.push_back({"    why: " + (channel.at("reason").is_null() ? "not known" : plain(channel.at("reason")))});
  } else {
    rows.push_back({plain(channel.at("name")), plain(channel.at("connector")), state,
                    "in " + humanTime(channel.at("last_inbound_at"), now),
                    "out " + humanTime(channel.at("last_outbound_at"), now), queueText(channel.at("queue"), now)});
  }
  if (const auto& until = channel.at("paused_until"); !until.is_null())
    rows.push_back({"    paused: sends again " + humanTime(until, now)});
  if (const Json poll = channel.value("poll", Json()); poll.is_object()) {
    std::string text = "    polls: last " + humanTime(poll.at("last_at"), now);
    if (const auto failures = poll.at("failures").get<std::int64_t>(); failures > 0)
      text += ", " + count(failures, "failure", "failures") + " in a row, again " + humanTime(poll.at("next_at"), now);
    rows.push_back({text});
  }
  if (channel.at("circuit") == "open")
    rows.push_back({"    its server fails: it is left alone, and tried now and then"});
  if (const auto& kept = channel.at("quarantined"); kept.is_number() && kept > 0)
    rows.push_back(
        {"    quarantine: " + count(kept.get<std::int64_t>(), "webhook", "webhooks") + " could not be read"});
  if (const auto& error = channel.at("last_error"); !error.is_null())
    rows.push_back({"    last error " + humanTime(error.at("at"), now) + ": " + plain(error.at("text"))});
  if (const Json refused = channel.value("last_refused_webhook", Json()); refused.is_object())
    rows.push_back({"    last webhook refused " + humanTime(refused.at("at"), now) + ": " + plain(refused.at("text"))});
}

}  // namespace

std::string humanDuration(std::chrono::seconds duration) {
  const auto s = duration.count();
  if (s < 120) return std::to_string(s) + " s";
  if (s < 120 * 60) return std::to_string(s / 60) + " min";
  if (s < 48 * 3600) return std::to_string(s / 3600) + " h";
  return std::to_string(s / 86400) + " days";
}

std::string humanTime(const Json& time, Timestamp now) {
  if (!time.is_string()) return "never";
  const auto at = parseRfc3339(time.get<std::string>());
  if (!at) return "never";
  if (*at > now) return "in " + humanDuration(std::chrono::ceil<std::chrono::seconds>(*at - now));
  return humanDuration(std::chrono::floor<std::chrono::seconds>(now - *at)) + " ago";
}

std::string humanSize(std::int64_t bytes) {
  constexpr const char* kUnits[] = {"bytes", "kB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1000 && unit + 1 < std::size(kUnits)) {
    value /= 1000;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 || value >= 100 ? "%.0f" : "%.1f", value);
  return std::string(text) + " " + kUnits[unit];
}

std::string statusText(const Json& status, Timestamp now) {
  std::string out = "patchbay " + plain(status.at("version")) + ", up " +
                    humanDuration(std::chrono::seconds{status.at("uptime_seconds").get<std::int64_t>()}) + ", " +
                    (status.at("ready").get<bool>() ? "ready" : "NOT READY") + "\n";
  for (const auto& why : status.at("reasons")) out += "  because " + plain(why) + "\n";
  std::vector<std::vector<std::string>> rows;
  for (const auto& listener : status.at("listeners")) {
    std::string where = plain(listener.at("address")) + ":" + std::to_string(listener.at("port").get<int>());
    if (listener.value("tls", false)) {
      where += ", TLS";
      const Json expires = listener.value("certificate_expires_at", Json());
      if (!expires.is_null()) {
        const auto at = parseRfc3339(expires.get<std::string>());
        where += ", certificate " + std::string(at && *at < now ? "EXPIRED " : "expires ") + humanTime(expires, now);
      }
    }
    rows.push_back({plain(listener.at("name")), where});
  }
  const auto& database = status.at("database");
  rows.push_back({"database", plain(database.at("kind")) + (database.at("up").get<bool>()
                                                                ? ", " + humanSize(database.at("size_bytes"))
                                                                : ", DOES NOT ANSWER")});
  const auto dropped = status.at("log").at("dropped").get<std::int64_t>();
  rows.push_back({"log", count(status.at("log").at("lines").get<std::int64_t>(), "line", "lines") +
                             (dropped > 0 ? ", " + std::to_string(dropped) + " DROPPED" : "")});
  out += table(rows, "  ");
  for (const auto& tenant : status.at("tenants")) {
    const auto slug = plain(tenant.at("slug")), name = plain(tenant.at("name"));
    out += "\n" + slug + (name.empty() || name == slug ? "" : " (" + name + ")") + "\n";
    std::vector<std::vector<std::string>> channels;
    for (const auto& channel : tenant.at("channels")) addChannel(channels, channel, now);
    out += channels.empty() ? "  no channels\n" : table(channels, "  ");
  }
  return out;
}

bool isHealthy(const Json& status) {
  if (!status.at("ready").get<bool>()) return false;
  for (const auto& tenant : status.at("tenants"))
    for (const auto& channel : tenant.at("channels"))
      if (channel.at("state") == "off") return false;
  return true;
}

}  // namespace patchbay::app
