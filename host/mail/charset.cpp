#include "mail/charset.hpp"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "base/ascii.hpp"
#include "base/text.hpp"

namespace patchbay::mail {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kGuess = {};

/// Declared -> the name that iconv knows for what is meant; kGuess: not to be believed.
constexpr std::array<std::pair<std::string_view, std::string_view>, 27> kMeant = {{
    {"us-ascii", kGuess},       {"ascii", kGuess},         {"ansi_x3.4-1968", kGuess}, {"iso-8859-1", kGuess},
    {"iso8859-1", kGuess},      {"latin1", kGuess},        {"cp1252", kGuess},         {"unknown-8bit", kGuess},
    {"x-unknown", kGuess},      {"default", kGuess},       {"utf-7", "UTF-7"},         {"unicode-1-1-utf-7", "UTF-7"},
    {"windows-1252", "CP1252"}, {"gb2312", "GB18030"},     {"gbk", "GB18030"},         {"x-gbk", "GB18030"},
    {"cp936", "GB18030"},       {"ks_c_5601-1987", "UHC"}, {"euc-kr", "UHC"},          {"shift_jis", "CP932"},
    {"x-sjis", "CP932"},        {"windows-31j", "CP932"},  {"big5", "BIG5-HKSCS"},     {"iso-8859-8-i", "ISO-8859-8"},
    {"iso-8859-9", "CP1254"},   {"iso-8859-11", "CP874"},  {"utf8", "UTF-8"},
}};

/// iconv takes "//IGNORE" and its like behind a name; senders do not get to say such things.
bool plainName(std::string_view name) {
  const auto plain = [](char c) { return isLower(c) || isDigit(c) || c == '-' || c == '_' || c == '.'; };
  return !name.empty() && name.size() <= 40 && std::all_of(name.begin(), name.end(), plain);
}

struct Closer {
  void operator()(void* converter) const { iconv_close(converter); }
};
using Converter = std::unique_ptr<void, Closer>;

Converter open(const std::string& from) {
  const iconv_t converter = iconv_open("UTF-8", from.c_str());
  // iconv says "no" with the pointer -1.
  return Converter(converter == reinterpret_cast<iconv_t>(-1) ? nullptr : converter);
}

std::string convert(void* converter, std::string_view bytes) {
  std::string out;
  std::array<char, 8192> buffer;
  char* in = const_cast<char*>(bytes.data());  // iconv's old signature; it does not write there
  std::size_t left = bytes.size();
  while (true) {
    char* to = buffer.data();
    std::size_t room = buffer.size();
    const auto done = iconv(converter, left == 0 ? nullptr : &in, left == 0 ? nullptr : &left, &to, &room);
    const int error = errno;
    out.append(buffer.data(), static_cast<std::size_t>(to - buffer.data()));
    if (done != static_cast<std::size_t>(-1)) {
      if (left == 0 && in == nullptr) break;
      if (left == 0) {
        in = nullptr;  // once more, for what the converter still holds
        continue;
      }
    } else if (error != E2BIG) {
      out.append(kReplacement);  // EILSEQ: a byte that means nothing; EINVAL: the text ends inside a character
      if (left == 0) break;
      ++in;
      --left;
    }
    if (left == 0) break;
  }
  return out;
}

std::string guess(std::string_view bytes) {
  if (isValidUtf8(bytes)) return std::string(bytes);
  static const thread_local Converter western = open("CP1252");
  if (!western) return cleanText(bytes);
  iconv(western.get(), nullptr, nullptr, nullptr, nullptr);
  return convert(western.get(), bytes);
}

}  // namespace

std::string toUtf8(std::string_view bytes, std::string_view charset) {
  auto name = lowerAscii(trim(charset));
  const auto meant = std::find_if(kMeant.begin(), kMeant.end(), [&](const auto& pair) { return pair.first == name; });
  if (meant != kMeant.end()) name = meant->second;
  // Said twice over: text that is valid UTF-8 beyond ASCII is practically never anything else.
  if (name == "CP1252" || name == "UTF-8" || name == "utf-8") name.clear();
  if (!name.empty() && (meant != kMeant.end() || plainName(name)))
    if (const Converter converter = open(name)) return cleanText(convert(converter.get(), bytes));
  return cleanText(guess(bytes));
}

std::string metaCharset(std::string_view html) {
  const auto head = lowerAscii(html.substr(0, 2048));
  for (auto at = head.find("<meta"); at != std::string::npos; at = head.find("<meta", at + 1)) {
    const auto end = head.find('>', at);
    const auto found = head.find("charset=", at);
    if (end == std::string::npos || found == std::string::npos || found > end) continue;
    auto from = found + 8;
    while (from < end && (head[from] == '"' || head[from] == '\'' || head[from] == ' ')) ++from;
    const auto to = head.find_first_of("\"'; />", from);
    return head.substr(from, std::min(to, end) - from);
  }
  return {};
}

}  // namespace patchbay::mail
