#include "mail/quotes.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "mail/headers.hpp"

namespace patchbay::mail {
namespace {

constexpr std::size_t kMaxLines = 1000;
constexpr std::size_t kMaxBytes = 100'000;
constexpr std::size_t kMaxIntroLines = 6;
constexpr std::size_t kMaxSignature = 20;  // lines

constexpr std::array<std::string_view, 14> kOriginal = {
    "original message",       "ursprüngliche nachricht", "urspruengliche nachricht", "message d'origine",
    "message d’origine",      "mensaje original",        "messaggio originale",      "mensagem original",
    "oorspronkelijk bericht", "oprindelig meddelelse",   "ursprungligt meddelande",  "wiadomość oryginalna",
    "исходное сообщение",     "original-nachricht"};
constexpr std::array<std::string_view, 6> kForwarded = {"forwarded message",   "weitergeleitete nachricht",
                                                        "message transféré",   "mensaje reenviado",
                                                        "messaggio inoltrato", "пересланное сообщение"};

struct Intro {
  std::string_view begin, end;  // of the joined lines; begin may be empty
};
constexpr std::array<Intro, 18> kIntros = {{{"On ", "wrote:"},
                                            {"Le ", "a écrit :"},
                                            {"Le ", "a écrit:"},
                                            {"Am ", "schrieb"},
                                            {"El ", "escribió:"},
                                            {"Il ", "ha scritto:"},
                                            {"Em ", "escreveu:"},
                                            {"Op ", "schreef"},
                                            {"Den ", "skrev"},
                                            {"W dniu ", "napisał(a):"},
                                            {"W dniu ", "napisał:"},
                                            {"W dniu ", "pisze:"},
                                            {"Vào ", "đã viết:"},
                                            {"", "пишет:"},
                                            {"", "написал:"},
                                            {"", "写道："},
                                            {"", "写道:"},
                                            {"", "のメール:"}}};

constexpr std::array<std::string_view, 30> kFields = {
    "from:",    "sent:",    "date:",    "to:",      "cc:",         "subject:",  "von:",    "gesendet:",
    "an:",      "betreff:", "datum:",   "de :",     "de:",         "envoyé :",  "envoyé:", "à :",
    "à:",       "objet :",  "objet:",   "enviado:", "enviado el:", "para:",     "asunto:", "da:",
    "inviato:", "a:",       "oggetto:", "van:",     "verzonden:",  "onderwerp:"};

constexpr std::array<std::string_view, 12> kDevices = {"sent from my ",     "get outlook for ", "sent from mail for ",
                                                       "sent from outlook", "von meinem ",      "gesendet von ",
                                                       "envoyé de mon ",    "envoyé depuis ",   "enviado desde mi ",
                                                       "inviato da ",       "verstuurd vanaf ", "enviado do meu "};

template <std::size_t N>
bool contains(const std::array<std::string_view, N>& list, std::string_view text) {
  return std::any_of(list.begin(), list.end(),
                     [&](std::string_view known) { return text.find(known) != std::string_view::npos; });
}
template <std::size_t N>
bool startsWith(const std::array<std::string_view, N>& list, std::string_view text) {
  return std::any_of(list.begin(), list.end(), [&](std::string_view known) { return text.starts_with(known); });
}

bool isQuoted(std::string_view line) {
  return trim(line).starts_with('>');
}
bool isBlank(std::string_view line) {
  return trim(line).empty();
}

bool isRuled(std::string_view line) {  // "-----Original Message-----", "---------- Forwarded message ---------"
  line = trim(line);
  return line.starts_with("--") && line.size() > 6;
}

bool isUnderscores(std::string_view line) {
  line = trim(line);
  return line.size() >= 10 && std::all_of(line.begin(), line.end(), [](char c) { return c == '_'; });
}

class Text {
 public:
  explicit Text(std::string_view text) {
    std::size_t at = 0;
    while (at <= text.size() && lines_.size() < kMaxLines && at < kMaxBytes) {
      const auto end = std::min(text.find('\n', at), text.size());
      auto line = text.substr(at, end - at);
      if (line.ends_with('\r')) line.remove_suffix(1);
      lines_.push_back(line);
      starts_.push_back(at);
      at = end + 1;
    }
    whole_ = at > text.size();
  }

  std::size_t size() const { return lines_.size(); }
  std::string_view operator[](std::size_t n) const { return lines_[n]; }
  std::size_t start(std::size_t n) const { return starts_[n]; }
  bool whole() const { return whole_; }

  /// The first line that is not blank, from `n` on; size() when there is none.
  std::size_t next(std::size_t n) const {
    while (n < size() && isBlank(lines_[n])) ++n;
    return n;
  }

  /// How many lines from `n` on introduce a quote: "On 2 Jan 2026, Ana wrote:"; 0: none.
  std::size_t intro(std::size_t n) const {
    const auto first = trim(lines_[n]);
    if (first.empty() || first.size() > 400 || isQuoted(first)) return 0;
    if (std::none_of(kIntros.begin(), kIntros.end(), [&](const Intro& i) { return first.starts_with(i.begin); }))
      return 0;
    std::string joined;
    for (std::size_t i = n; i < std::min(n + kMaxIntroLines, size()); ++i) {
      const auto line = trim(lines_[i]);
      if (line.empty() || isQuoted(line)) return 0;
      joined += (joined.empty() ? "" : " ") + std::string(line.substr(0, 400));
      for (const auto& known : kIntros)
        if (joined.starts_with(known.begin) && introduces(joined, known.end)) return i - n + 1;
    }
    return 0;
  }

  /// Whether the lines from `n` on are the copied header of a mail: three of its fields at least.
  bool header(std::size_t n) const {
    int fields = 0;
    for (std::size_t i = n; i < std::min(n + 8, size()); ++i) {
      auto line = trim(lines_[i]);
      while (line.starts_with('*')) line.remove_prefix(1);  // Outlook's bold names
      std::string lower = lowerAscii(line.substr(0, 40));
      std::erase(lower, '*');
      if (startsWith(kFields, lower))
        ++fields;
      else if (fields == 0 || line.empty())
        break;
      if (fields >= 3) return true;
    }
    return false;
  }

 private:
  /// A digit or an address has to be in it: "On Monday we wrote:" is something that people write themselves.
  static bool introduces(std::string_view joined, std::string_view end) {
    const bool dated = std::any_of(joined.begin(), joined.end(), [](char c) { return isDigit(c) || c == '@'; });
    if (!dated) return false;
    if (end == "schrieb" || end == "schreef" || end == "skrev")
      return joined.ends_with(':') && joined.find(" " + std::string(end)) != std::string_view::npos;
    return joined.ends_with(end);
  }

  std::vector<std::string_view> lines_;
  std::vector<std::size_t> starts_;
  bool whole_ = true;
};

/// Where what is not the sender's own text begins: a line number, size() when it is all their own.
std::size_t findQuote(const Text& text, bool& forwarded) {
  for (std::size_t n = 0; n < text.size(); ++n) {
    const auto line = text[n];
    if (isBlank(line)) continue;
    if (isRuled(line)) {
      const auto lower = lowerAscii(line);
      if (contains(kForwarded, lower)) {
        forwarded = true;
        return text.size();
      }
      if (contains(kOriginal, lower)) return n;
    }
    if (isUnderscores(line) && text.header(text.next(n + 1))) return n;
    if (text.header(n)) return n;
    if (const auto lines = text.intro(n); lines > 0) {
      auto below = text.next(n + lines);
      if (below >= text.size()) return n;
      if (!isQuoted(text[below])) return n;  // programs that quote without marks
      while (below < text.size() && (isQuoted(text[below]) || isBlank(text[below]))) ++below;
      if (below < text.size() && trim(text[below]) != "--") return text.size();  // an answer below or between
      return n;
    }
  }
  // Quoted lines at the end, without an introduction.
  std::size_t end = text.size();
  while (end > 0 && isBlank(text[end - 1])) --end;
  std::size_t from = end;
  while (from > 0 && (isQuoted(text[from - 1]) || isBlank(text[from - 1]))) --from;
  return from < end ? from : text.size();
}

/// The signature at the end of the first `end` lines; `end` when there is none.
std::size_t findSignature(const Text& text, std::size_t end) {
  std::size_t last = end;
  while (last > 0 && isBlank(text[last - 1])) --last;
  for (std::size_t n = last; n > 0 && last - n < kMaxSignature; --n)
    if (text[n - 1] == "-- " || text[n - 1] == "--") return n - 1;
  if (last > 0 && startsWith(kDevices, lowerAscii(trim(text[last - 1])))) return last - 1;
  return end;
}

}  // namespace

Stripped stripQuotes(std::string_view raw, std::string_view subject) {
  Stripped result{std::string(trim(raw)), false};
  if (isForward(subject)) return result;
  const Text text(raw);
  bool forwarded = false;
  auto end = findQuote(text, forwarded);
  if (forwarded) return result;
  if (end < text.size() || text.whole()) end = std::min(end, findSignature(text, end));
  if (end >= text.size()) return result;
  const auto own = trim(raw.substr(0, text.start(end)));
  if (own.empty()) return result;
  return {std::string(own), true};
}

}  // namespace patchbay::mail
