#include "base/log.hpp"

#include <Poco/AutoPtr.h>
#include <Poco/Channel.h>
#include <Poco/Logger.h>
#include <Poco/Message.h>

#include <algorithm>
#include <atomic>
#include <span>

#include "base/log_output.hpp"
#include "base/log_secrets.hpp"
#include "base/text.hpp"
#include "base/time.hpp"

namespace patchbay::log {
namespace {

constexpr std::size_t kMaxMessage = 4096;  // bytes
constexpr std::size_t kMaxValue = 2048;    // bytes

/// Never destroyed: other objects may log while the process ends.
Secrets& secrets() {
  static auto& instance = *new Secrets;
  return instance;
}

Output& output() {
  static auto& instance = *new Output;
  return instance;
}

class OutputChannel final : public Poco::Channel {
 public:
  void log(const Poco::Message& message) override { output().put(levelOf(message), message.getText()); }

 private:
  static Level levelOf(const Poco::Message& message) {
    switch (message.getPriority()) {
      case Poco::Message::PRIO_DEBUG:
        return Level::kDebug;
      case Poco::Message::PRIO_INFORMATION:
        return Level::kInfo;
      case Poco::Message::PRIO_WARNING:
        return Level::kWarn;
      default:
        return Level::kError;
    }
  }
};

/// The logger "patchbay" of Poco's tree; an operator's Poco configuration may give it another channel.
Poco::Logger& logger() {
  static Poco::Logger& instance = *[] {
    Poco::Logger& created = Poco::Logger::get("patchbay");
    created
        .duplicate();  // one reference of our own, never released: Poco drops its tree before the last line is written
    created.setLevel(Poco::Message::PRIO_TRACE);  // our own level decides, without boxing arguments first
    created.setChannel(Poco::AutoPtr<Poco::Channel>(new OutputChannel));
    return &created;
  }();
  return instance;
}

std::atomic<Level> threshold{Level::kInfo};
std::atomic<Format> chosen_format{Format::kText};
thread_local Ids current_ids;

struct Record {
  Timestamp time;
  Level level;
  std::string_view component;
  std::string_view message;
  std::span<const Field> fields;
  Ids ids;
};

constexpr std::string_view kLevelNames[] = {"debug", "info", "warn", "error"};

/// Bytes of the character at `i` when it must not be printed as it is: control characters, and what terminals and
/// editors take for a line break or a change of direction. 0: it may. Valid UTF-8.
std::size_t mustEscape(std::string_view text, std::size_t i, unsigned& code) {
  const auto byte = [&](std::size_t n) {
    return i + n < text.size() ? static_cast<unsigned>(static_cast<unsigned char>(text[i + n])) : 0U;
  };
  code = byte(0);
  if (code < 0x20 || code == 0x7F) return 1;
  if (code == 0xC2 && byte(1) < 0xA0) {  // C1 controls
    code = byte(1);
    return 2;
  }
  if (code != 0xE2 || byte(1) < 0x80 || byte(1) > 0x81) return 0;
  code = 0x2000 | (byte(1) & 1U) << 6U | (byte(2) & 0x3FU);
  return (code >= 0x2028 && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069) ? 3 : 0;
}

void putHex(std::string& out, std::string_view lead, unsigned code, unsigned digits) {
  out.append(lead);
  for (unsigned i = digits; i-- > 0;) out.push_back("0123456789abcdef"[code >> 4U * i & 15U]);
}

/// Appends printable text. @param quoted  between quotes: those and backslashes are escaped too
void putEscaped(std::string& out, std::string_view text, bool quoted, Format format) {
  for (std::size_t i = 0; i < text.size();) {
    unsigned code = 0;
    const std::size_t length = mustEscape(text, i, code);
    if (length == 0) {
      if (quoted && (text[i] == '"' || text[i] == '\\')) out.push_back('\\');
      out.push_back(text[i++]);
      continue;
    }
    if (code == '\n') {
      out += "\\n";
    } else if (code == '\r') {
      out += "\\r";
    } else if (code == '\t') {
      out += "\\t";
    } else if (code < 0x80 && format == Format::kText) {
      putHex(out, "\\x", code, 2);
    } else {
      putHex(out, "\\u", code, 4);
    }
    i += length;
  }
}

bool needsQuotes(std::string_view value) {
  return value.empty() || std::any_of(value.begin(), value.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte <= 0x20 || byte >= 0x7F || c == '"' || c == '\\' || c == '=';
         });
}

/// Without secrets, valid UTF-8, at most `limit` bytes and a note.
std::string printable(std::string_view text, std::size_t limit) {
  // Scrubbed before it is cut, and not all of a text of megabytes: so far that no secret is cut in half.
  const std::size_t size = text.size();
  std::string out = secrets().scrub(text.substr(0, limit + secrets().longest()));
  if (out.size() > limit) {
    std::size_t end = limit;
    while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xC0U) == 0x80) --end;
    out.resize(end);
  }
  out = cleanText(out);
  if (size > limit) out.append("... (").append(std::to_string(size)).append(" bytes)");
  return out;
}

/// Calls `put(key, value, literal)` for the ids that are known and are not among the fields.
template <class Put>
void forIds(const Record& record, Put put) {
  const auto text = [&](std::string_view key, std::string_view value, bool literal) {
    const bool said =
        std::any_of(record.fields.begin(), record.fields.end(), [&](const Field& field) { return field.key == key; });
    if (!value.empty() && !said) put(key, value, literal);
  };
  text("request_id", record.ids.request_id, false);
  text("trace_id", record.ids.trace_id, false);
  text("tenant", record.ids.tenant, false);
  text("channel", record.ids.channel, false);
  if (record.ids.message_id != 0) text("message_id", std::to_string(record.ids.message_id), true);
}

std::string formatText(const Record& record) {
  std::string line = formatRfc3339(record.time);
  const auto level = kLevelNames[static_cast<std::size_t>(record.level)];
  line.append(" ").append(level).append(6 - level.size(), ' ');
  putEscaped(line, printable(record.component, kMaxValue), false, Format::kText);
  line.append(": ");
  putEscaped(line, printable(record.message, kMaxMessage), false, Format::kText);
  const auto put = [&line](std::string_view key, std::string_view text, bool) {
    line.append(1, ' ').append(key).append(1, '=');
    const std::string value = printable(text, kMaxValue);
    const bool quoted = needsQuotes(value);
    if (quoted) line.push_back('"');
    putEscaped(line, value, quoted, Format::kText);
    if (quoted) line.push_back('"');
  };
  for (const Field& field : record.fields) put(field.key, field.value, field.literal);
  forIds(record, put);
  line.push_back('\n');
  return line;
}

std::string formatJson(const Record& record) {
  std::string line = "{\"time\":\"" + formatRfc3339(record.time) + "\",\"level\":\"";
  line.append(kLevelNames[static_cast<std::size_t>(record.level)]).append("\"");
  const auto text = [&line](std::string_view key, std::string_view value, std::size_t limit) {
    line.append(",\"").append(key).append("\":\"");
    putEscaped(line, printable(value, limit), true, Format::kJson);
    line.push_back('"');
  };
  const auto put = [&](std::string_view key, std::string_view value, bool literal) {
    if (!literal) return text(key, value, kMaxValue);
    line.append(",\"").append(key).append("\":").append(value);
  };
  text("component", record.component, kMaxValue);
  text("message", record.message, kMaxMessage);
  forIds(record, put);
  for (const Field& field : record.fields) put(field.key, field.value, field.literal);
  line.append("}\n");
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

std::string_view over(std::string_view inner, std::string_view outer) {
  return inner.empty() ? outer : inner;
}

}  // namespace

void write(Level level, std::string_view component, std::string_view message, Fields fields) {
  if (!enabled(level)) return;
  const Record record{patchbay::now(), level, component, message, {fields.begin(), fields.size()}, current_ids};
  const bool json = chosen_format.load(std::memory_order_relaxed) == Format::kJson;
  logger().log(Poco::Message(std::string(component), json ? formatJson(record) : formatText(record), priority(level)));
}

Scope::Scope(const Ids& ids) : outer_(current_ids) {
  current_ids = {over(ids.request_id, outer_.request_id), over(ids.trace_id, outer_.trace_id),
                 over(ids.tenant, outer_.tenant), over(ids.channel, outer_.channel),
                 ids.message_id != 0 ? ids.message_id : outer_.message_id};
}

Scope::~Scope() {
  current_ids = outer_;
}

void setLevel(Level level) {
  threshold.store(level, std::memory_order_relaxed);
}

bool enabled(Level level) {
  return level >= threshold.load(std::memory_order_relaxed);
}

void setFormat(Format format) {
  chosen_format.store(format, std::memory_order_relaxed);
}

Background::Background() {
  output().start();
}

Background::~Background() {
  output().stop();
}

Stats stats() {
  return output().stats();
}

void addSecret(std::string secret) {
  secrets().add(std::move(secret));
}

std::string scrub(std::string_view text) {
  return secrets().scrub(text);
}

}  // namespace patchbay::log
