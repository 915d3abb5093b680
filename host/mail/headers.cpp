#include "mail/headers.hpp"

#include <algorithm>
#include <array>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "mail/charset.hpp"
#include "mail/gmime.hpp"

namespace patchbay::mail {
namespace {

constexpr std::size_t kMaxMailboxes = 100;
constexpr std::size_t kMaxAddress = 320;
constexpr std::size_t kMaxId = 500;
constexpr std::size_t kMaxSubject = 4000;
constexpr std::size_t kMaxField = 64U << 10U;  // bytes of one field that are read

/// Outlook, Gmail, Apple Mail, Notes, GroupWise and their translations. In lower case, without the colon.
constexpr std::array<std::string_view, 30> kReply = {
    "re", "aw",   "antw", "sv",  "vs",  "ref", "rif",  "res",  "odp",  "ynt",  "bls",  "r",   "vá",  "Vá",  "ΑΠ",
    "απ", "ΣΧΕΤ", "σχετ", "Отв", "отв", "НА",  "回复", "答复", "回覆", "返信", "답장", "re ", "aw ", "tr ", "antwort"};
constexpr std::array<std::string_view, 19> kForward = {"fw",  "fwd",  "wg",   "vb",   "rv",  "tr",         "i",
                                                       "enc", "pd",   "i̇lt",  "ilt",  "İLT", "Továbbítás", "továbbítás",
                                                       "Пер", "转发", "轉寄", "転送", "전달"};

struct Prefix {
  std::size_t size = 0;  // with colon and blanks; 0: none
  bool forward = false;
};

/// "Re[2]: ", "AW (3): ", "回复：" at the beginning of `text`.
Prefix prefixOf(std::string_view text) {
  std::size_t colon = std::string_view::npos, colon_size = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(text.size(), 40); ++i) {
    if (text[i] == ':') colon = i, colon_size = 1;
    if (text.substr(i).starts_with("：")) colon = i, colon_size = 3;
    if (colon_size > 0) break;
  }
  if (colon_size == 0) return {};
  auto word = trim(text.substr(0, colon));
  if (const auto counter = word.find_first_of("[(^"); counter != std::string_view::npos && counter > 0) {
    const auto inside = word.substr(counter + 1);
    const auto digit = [](char c) { return isDigit(c) || c == ']' || c == ')'; };
    if (inside.empty() || !std::all_of(inside.begin(), inside.end(), digit)) return {};
    word = trim(word.substr(0, counter));
  }
  const auto lower = lowerAscii(word);
  const auto among = [&](const auto& list) {
    return std::any_of(list.begin(), list.end(),
                       [&](std::string_view known) { return known == lower || known == word; });
  };
  const bool forward = among(kForward);
  if (!forward && !among(kReply)) return {};
  auto size = colon + colon_size;
  while (size < text.size() && text[size] == ' ') ++size;
  return {size, forward};
}

std::string lowerDomain(std::string address) {
  if (const auto at = address.rfind('@'); at != std::string::npos) {
    const auto domain = lowerAscii(std::string_view(address).substr(at + 1));
    address.resize(at + 1);
    address += domain;
  }
  return address;
}

void collect(InternetAddressList* list, std::vector<Mailbox>& found, int depth) {
  const int size = internet_address_list_length(list);
  for (int i = 0; i < size && found.size() < kMaxMailboxes; ++i) {
    InternetAddress* one = internet_address_list_get_address(list, i);
    if (INTERNET_ADDRESS_IS_GROUP(one)) {
      if (depth < 5) collect(internet_address_group_get_members(INTERNET_ADDRESS_GROUP(one)), found, depth + 1);
      continue;
    }
    const char* address = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(one));
    const char* name = internet_address_get_name(one);
    if (address == nullptr) continue;
    auto clean = lowerDomain(std::string(trim(cleanText(address))));
    const bool plain =
        std::none_of(clean.begin(), clean.end(), [](char c) { return static_cast<unsigned char>(c) <= ' '; });
    if (clean.empty() || clean.size() > kMaxAddress || !plain || clean.find('@') == std::string::npos) continue;
    found.push_back({std::move(clean), name == nullptr ? std::string() : decodeWords(name)});
  }
}

/// Encoded words in base64 without their padding get it: GMime drops the last bytes of those.
std::string padded(const std::string& text) {
  if (text.find("=?") == std::string::npos) return text;
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const auto begin = text.find("=?", at);
    const auto charset = begin == std::string::npos ? begin : text.find('?', begin + 2);
    const auto end = charset == std::string::npos ? charset : text.find("?=", charset + 3);
    if (end == std::string::npos) break;
    out.append(text, at, end - at);
    const bool base64 = (text[charset + 1] == 'B' || text[charset + 1] == 'b') && text[charset + 2] == '?';
    for (auto size = end - charset - 3; base64 && size % 4 != 0; ++size) out += '=';
    out += "?=";
    at = end + 2;
  }
  return out + text.substr(at);
}

std::optional<Timestamp> readDate(std::string_view value) {
  GDateTime* date = g_mime_utils_header_decode_date(std::string(value.substr(0, 200)).c_str());
  if (date == nullptr) return std::nullopt;
  const auto seconds = g_date_time_to_unix(date);
  g_date_time_unref(date);
  if (seconds < 0 || seconds > 4'000'000'000) return std::nullopt;
  return Timestamp{std::chrono::seconds{seconds}};
}

}  // namespace

std::string decodeWords(std::string_view value) {
  startGMime();
  const auto text = padded(toUtf8(value.substr(0, kMaxField), ""));
  auto decoded = cleanText(take(g_mime_utils_header_decode_text(nullptr, text.c_str())));
  for (char& c : decoded)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f) c = ' ';
  return decoded;
}

std::vector<Mailbox> readMailboxes(std::string_view value) {
  startGMime();
  std::vector<Mailbox> found;
  const auto text = toUtf8(value.substr(0, kMaxField), "");
  if (const Ref<InternetAddressList> list{internet_address_list_parse(nullptr, text.c_str())})
    collect(list.get(), found, 0);
  return found;
}

std::vector<std::string> readIds(std::string_view value, std::size_t most) {
  std::vector<std::string> ids;
  const auto add = [&](std::string_view raw) {
    std::string id;
    for (const char c : raw.substr(0, 2 * kMaxId))
      if (static_cast<unsigned char>(c) > ' ') id.push_back(c);
    id = cleanText(id);
    if (id.empty() || id.size() > kMaxId || ids.size() >= most) return;
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(std::move(id));
  };
  value = value.substr(0, kMaxField);
  for (auto open = value.find('<'); open != std::string_view::npos; open = value.find('<', open + 1)) {
    const auto close = value.find('>', open);
    if (close == std::string_view::npos) break;
    add(value.substr(value.rfind('<', close) + 1, close - value.rfind('<', close) - 1));
    open = close;
  }
  if (!ids.empty()) return ids;
  while (!value.empty()) {  // without brackets: whatever looks like an id
    const auto end = std::min(value.find_first_of(" \t\r\n,;()"), value.size());
    if (const auto word = value.substr(0, end); word.find('@') != std::string_view::npos) add(word);
    value.remove_prefix(std::min(end + 1, value.size()));
  }
  return ids;
}

std::string_view find(const HeaderLines& lines, std::string_view name) {
  for (const auto& [key, value] : lines)
    if (equalsIgnoreCase(key, name)) return value;
  return {};
}

Headers readHeaders(const HeaderLines& lines) {
  Headers headers;
  headers.from = readMailboxes(find(lines, "From"));
  if (headers.from.empty()) headers.from = readMailboxes(find(lines, "Sender"));
  headers.reply_to = readMailboxes(find(lines, "Reply-To"));
  headers.to = readMailboxes(find(lines, "To"));
  headers.cc = readMailboxes(find(lines, "Cc"));
  headers.subject = std::string(trim(decodeWords(find(lines, "Subject"))));
  if (headers.subject.size() > kMaxSubject)
    headers.subject.resize(firstCodePoints(headers.subject, kMaxSubject / 4).size());
  if (auto ids = readIds(find(lines, "Message-ID"), 1); !ids.empty()) headers.message_id = std::move(ids[0]);
  headers.in_reply_to = readIds(find(lines, "In-Reply-To"), 20);
  headers.references = readIds(find(lines, "References"), 100);
  headers.date = readDate(find(lines, "Date"));
  return headers;
}

std::string_view bareSubject(std::string_view subject) {
  subject = trim(subject);
  for (int i = 0; i < 20; ++i) {
    const auto prefix = prefixOf(subject);
    if (prefix.size == 0) break;
    subject = trim(subject.substr(prefix.size));
  }
  return subject;
}

bool isForward(std::string_view subject) {
  const auto prefix = prefixOf(trim(subject));
  return prefix.size > 0 && prefix.forward;
}

}  // namespace patchbay::mail
