#include "mail_headers.hpp"

#include <algorithm>
#include <utility>

namespace patchbay::sendgrid {
namespace {

constexpr std::size_t kMaxHeaders = 2000;  // a list server's longest way leaves some fifty

bool isBlank(char c) {
  return c == ' ' || c == '\t';
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::size_t lineEnd(std::string_view text, std::size_t at) {
  const auto feed = text.find('\n', at);
  return feed == std::string_view::npos ? text.size() : feed + 1;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

std::string unfolded(std::string_view text) {
  std::string value;
  for (const char c : trimmed(text))
    if (c != '\r' && c != '\n') value += c;
  return value;
}

}  // namespace

bool sameName(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view headerBlock(std::string_view mail) {
  for (std::size_t at = 0; at < mail.size();) {
    const std::size_t end = lineEnd(mail, at);
    if (trimmed(mail.substr(at, end - at)).empty()) return mail.substr(0, at);
    at = end;
  }
  return mail;
}

std::vector<MailHeader> readHeaders(std::string_view block) {
  std::vector<MailHeader> headers;
  for (std::size_t at = 0; at < block.size() && headers.size() < kMaxHeaders;) {
    std::size_t end = lineEnd(block, at);
    while (end < block.size() && isBlank(block[end])) end = lineEnd(block, end);
    const std::string_view lines = block.substr(at, end - at);
    at = end;
    const auto colon = lines.find(':');
    const std::string_view name = trimmed(lines.substr(0, std::min(colon, lines.size())));
    if (colon == std::string_view::npos || name.empty() || name.find_first_of(" \t\r\n") != std::string_view::npos)
      continue;
    headers.push_back({name, lines, unfolded(lines.substr(colon + 1))});
  }
  return headers;
}

std::string_view valueOf(const std::vector<MailHeader>& headers, std::string_view name) {
  for (const MailHeader& header : headers)
    if (sameName(header.name, name)) return header.value;
  return {};
}

}  // namespace patchbay::sendgrid
