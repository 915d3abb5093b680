#include "mail/bounce.hpp"

#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "mail/report.hpp"

namespace patchbay::mail {
namespace {

constexpr std::size_t kMaxLook = 64U << 10U;
constexpr std::size_t kMaxOriginals = 20;
constexpr int kMaxAttached = 3;
// Fields of the copy. Reports for people name the latter ones of the mail as well, before they say why.
constexpr std::array<std::string_view, 3> kCopyBegins = {"message-id:", "received:", "return-path:"};
constexpr std::array<std::string_view, 4> kNoReasons = {"subject:", "from:", "to:", "date:"};

/// Without the marks of a quote in front of it.
std::string_view bareLine(std::string_view line) {
  return trim(line.substr(std::min(line.find_first_not_of("> |\t"), line.size())));
}

template <std::size_t kSize>
bool isField(std::string_view line, const std::array<std::string_view, kSize>& fields) {
  return std::any_of(fields.begin(), fields.end(),
                     [&](std::string_view field) { return equalsIgnoreCase(line.substr(0, field.size()), field); });
}

/// Where a reply of SMTP that is final (550, 5.1.1) stands as a word of its own; empty: nowhere.
std::string_view finalCode(std::string_view line) {
  const auto letter = [](char c) { return isAlnum(c) || c == '.'; };
  for (std::size_t at = line.find('5'); at != std::string_view::npos; at = line.find('5', at + 1)) {
    if (at > 0 && letter(line[at - 1])) continue;
    auto end = at;
    while (end < line.size() && (isDigit(line[end]) || line[end] == '.')) ++end;
    auto word = line.substr(at, end - at);
    while (word.ends_with('.')) word.remove_suffix(1);
    if (end < line.size() && letter(line[end])) continue;
    const auto dots = std::count(word.begin(), word.end(), '.');
    if ((dots == 0 && word.size() == 3 && word[1] <= '5') || (dots == 2 && word.size() <= 9 && word[1] == '.'))
      return word;
  }
  return {};
}

/// The lines of a text until the copy of the mail begins, then the ids of that copy.
class Look {
 public:
  Look(std::string_view text, Report& report) : report_(report) {
    text = text.substr(0, kMaxLook);
    while (!text.empty()) {
      const auto end = std::min(text.find('\n'), text.size());
      read(bareLine(text.substr(0, end)));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
  }

  std::string_view code() const { return code_; }
  std::string_view reason() const { return reason_; }
  bool namesAddress() const { return address_; }

 private:
  void read(std::string_view line) {
    readId(line);
    copy_ |= isField(line, kCopyBegins);
    if (copy_ || isField(line, kNoReasons)) return;
    address_ |= line.find('@') != std::string_view::npos;
    if (!code_.empty()) return;
    code_ = finalCode(line);
    if (!code_.empty()) reason_ = line;
  }

  void readId(std::string_view line) {
    const auto field = kCopyBegins[0];
    const bool id = equalsIgnoreCase(line.substr(0, field.size()), field);
    if (id) line.remove_prefix(field.size());
    if ((id || folded_) && report_.original_ids.size() < kMaxOriginals)
      for (auto& one : readIds(line, 1)) report_.original_ids.push_back(std::move(one));
    folded_ = id && trim(line).empty();
  }

  Report& report_;
  std::string_view code_, reason_;
  bool address_ = false, copy_ = false, folded_ = false;
};

void readAttached(const Message& message, Report& report) {
  int looked = 0;
  for (const auto& file : message.files) {
    const bool mail = file.mime_type == "message/rfc822" || file.mime_type.starts_with("text/rfc822-headers");
    if (!mail || ++looked > kMaxAttached) continue;
    for (auto& id : readIds(find(readLines(std::string_view(file.bytes).substr(0, kMaxLook)), "Message-ID"), 1))
      report.original_ids.push_back(std::move(id));
  }
}

}  // namespace

bool isPlainBounce(const HeaderLines& lines, const Headers& headers, const std::string* envelope_from) {
  if (!trim(find(lines, "X-Failed-Recipients")).empty()) return true;
  const bool daemon = !headers.from.empty() && lowerAscii(headers.from[0].address).starts_with("mailer-daemon@");
  const auto sender = envelope_from != nullptr ? trim(*envelope_from) : trim(find(lines, "Return-Path"));
  return daemon && (sender == "<>" || (envelope_from != nullptr && sender.empty()));
}

Report readPlainBounce(const Message& message, std::string_view text) {
  Report report;
  readAttached(message, report);
  const Look look(text, report);
  const auto failed = trim(find(message.lines, "X-Failed-Recipients"));
  if (failed.empty() && (look.code().empty() || !look.namesAddress())) return report;
  report.recipients.push_back({std::string(firstCodePoints(cleanText(failed), 500)), "failed", std::string(look.code()),
                               std::string(firstCodePoints(cleanText(look.reason()), 500))});
  return report;
}

}  // namespace patchbay::mail
