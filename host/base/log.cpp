#include "base/log.hpp"

#include <Poco/AutoPtr.h>
#include <Poco/Channel.h>
#include <Poco/Logger.h>
#include <Poco/Message.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <bitset>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>
#include <vector>

#include "base/text.hpp"
#include "base/time.hpp"

namespace patchbay::log {
namespace {

constexpr std::size_t kShortestSecret = 6;

/// Known secrets, found in one pass over the text however many there are.
class Secrets {
 public:
  void add(std::string secret) {
    if (secret.size() < kShortestSecret) return;
    const std::unique_lock lock(mutex_);
    const std::uint64_t key = keyAt(secret.data());
    maybe_.set(slot(key));
    auto& same_start = by_start_[key];
    if (std::find(same_start.begin(), same_start.end(), secret) != same_start.end()) return;
    same_start.push_back(std::move(secret));
    // The longest first: a secret that begins with another one must not leave its tail behind.
    std::sort(same_start.begin(), same_start.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
  }

  std::string scrub(std::string_view text) const {
    std::string out;
    std::size_t copied = 0;
    const std::shared_lock lock(mutex_);
    if (by_start_.empty()) return std::string(text);
    for (std::size_t i = 0; i + kShortestSecret <= text.size();) {
      const std::size_t length = matchAt(text, i);
      if (length == 0) {
        ++i;
        continue;
      }
      out.append(text, copied, i - copied).append("[secret]");
      i += length;
      copied = i;
    }
    return out.append(text, copied);
  }

 private:
  static std::uint64_t keyAt(const char* at) {
    std::uint64_t key = 0;
    std::memcpy(&key, at, kShortestSecret);
    return key;
  }
  static std::size_t slot(std::uint64_t key) { return key * 0x9E3779B97F4A7C15ULL >> 50; }

  std::size_t matchAt(std::string_view text, std::size_t at) const {
    const std::uint64_t key = keyAt(text.data() + at);
    if (!maybe_.test(slot(key))) return 0;
    const auto found = by_start_.find(key);
    if (found == by_start_.end()) return 0;
    for (const auto& secret : found->second) {
      if (text.substr(at).starts_with(secret)) return secret.size();
    }
    return 0;
  }

  mutable std::shared_mutex mutex_;
  std::unordered_map<std::uint64_t, std::vector<std::string>> by_start_;  // by the first six bytes
  std::bitset<1 << 14> maybe_;                                            // by their hash: nearly always says no
};

/// Never destroyed: other objects may log while the process ends.
Secrets& secrets() {
  static auto& instance = *new Secrets;
  return instance;
}

/// One write(2) per line, so lines of several processes on one terminal do not mix.
class StderrChannel final : public Poco::Channel {
 public:
  void log(const Poco::Message& message) override {
    const std::string& line = message.getText();
    const std::lock_guard lock(mutex_);
    for (std::size_t done = 0; done < line.size();) {
      const ssize_t wrote = ::write(STDERR_FILENO, line.data() + done, line.size() - done);
      if (wrote < 0 && errno != EINTR) return;  // nobody left to tell
      if (wrote > 0) done += static_cast<std::size_t>(wrote);
    }
  }

 private:
  std::mutex mutex_;
};

/// The logger "patchbay" of Poco's tree; an operator's Poco configuration may give it another channel.
Poco::Logger& logger() {
  static Poco::Logger& instance = *[] {
    Poco::Logger& created = Poco::Logger::get("patchbay");
    created
        .duplicate();  // one reference of our own, never released: Poco drops its tree before the last line is written
    created.setLevel(Poco::Message::PRIO_TRACE);  // our own level decides, without boxing arguments first
    created.setChannel(Poco::AutoPtr<Poco::Channel>(new StderrChannel));
    return &created;
  }();
  return instance;
}

std::atomic<Level> threshold{Level::kInfo};

struct Record {
  Timestamp time;
  Level level;
  std::string_view component;
  std::string_view message;
  Fields fields;
};

/// Appends printable text: control characters, and what terminals and editors take for a line break, as escapes.
void putEscaped(std::string& out, std::string_view text, bool quoted) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const auto next = [&](std::size_t n) { return i + n < text.size() ? static_cast<unsigned char>(text[i + n]) : 0; };
    if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\r') {
      out += "\\r";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      out.append("\\x").append(1, kDigits[byte >> 4]).append(1, kDigits[byte & 15]);
    } else if (quoted && (byte == '"' || byte == '\\')) {
      out.append(1, '\\').append(1, text[i]);
    } else if (byte == 0xC2 && next(1) >= 0x80 && next(1) <= 0x9F) {  // C1 controls
      out.append("\\u00").append(1, kDigits[next(1) >> 4]).append(1, kDigits[next(1) & 15]);
      ++i;
    } else if (byte == 0xE2 && next(1) == 0x80 && (next(2) == 0xA8 || next(2) == 0xA9)) {  // line, paragraph separator
      out += next(2) == 0xA8 ? "\\u2028" : "\\u2029";
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
}

bool needsQuotes(std::string_view value) {
  return value.empty() || std::any_of(value.begin(), value.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte <= 0x20 || byte >= 0x7F || c == '"' || c == '\\' || c == '=';
         });
}

std::string printable(std::string_view text) {
  return cleanText(secrets().scrub(text));
}

std::string formatHuman(const Record& record) {
  constexpr std::string_view kLevels[] = {" debug ", " info  ", " warn  ", " error "};
  std::string line = formatRfc3339(record.time);
  line.append(kLevels[static_cast<std::size_t>(record.level)]);
  putEscaped(line, printable(record.component), false);
  line.append(": ");
  putEscaped(line, printable(record.message), false);
  for (const Field& field : record.fields) {
    line.append(1, ' ').append(field.key).append(1, '=');
    const std::string value = printable(field.value);
    const bool quoted = needsQuotes(value);
    if (quoted) line.push_back('"');
    putEscaped(line, value, quoted);
    if (quoted) line.push_back('"');
  }
  line.push_back('\n');
  return line;
}

Poco::Message::Priority priority(Level level) {
  switch (level) {
    case Level::kDebug:
      return Poco::Message::PRIO_DEBUG;
    case Level::kInfo:
      return Poco::Message::PRIO_INFORMATION;
    case Level::kWarn:
      return Poco::Message::PRIO_WARNING;
    case Level::kError:
      break;
  }
  return Poco::Message::PRIO_ERROR;
}

}  // namespace

void write(Level level, std::string_view component, std::string_view message, Fields fields) {
  if (level < threshold.load(std::memory_order_relaxed)) return;
  const std::string line = formatHuman({patchbay::now(), level, component, message, fields});
  logger().log(Poco::Message(std::string(component), line, priority(level)));
}

void setLevel(Level level) {
  threshold.store(level, std::memory_order_relaxed);
}

void addSecret(std::string secret) {
  std::string in_url = percentEncode(secret);  // as it stands in a query
  if (in_url != secret) secrets().add(std::move(in_url));
  secrets().add(std::move(secret));
}

std::string scrub(std::string_view text) {
  return secrets().scrub(text);
}

}  // namespace patchbay::log
