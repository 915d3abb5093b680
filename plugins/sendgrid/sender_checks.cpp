#include "sender_checks.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace patchbay::sendgrid {
namespace {

constexpr std::string_view kWord = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kDomain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";

/// RFC 8601's results. A softfail is a fail that the domain is not yet sure of.
std::string resultOf(std::string_view word) {
  std::string lower;
  for (const char c : word) lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (lower == "pass") return "pass";
  if (lower == "fail" || lower == "softfail") return "fail";
  if (lower == "none" || lower == "neutral") return "none";
  return lower.empty() ? "" : "unknown";
}

/// Removes the characters of `kind` from the front of `text`.
std::string_view taken(std::string_view& text, std::string_view kind) {
  const auto word = text.substr(0, std::min(text.find_first_not_of(kind), text.size()));
  text.remove_prefix(word.size());
  return word;
}

}  // namespace

SenderChecks readSenderChecks(std::string_view spf, std::string_view dkim) {
  SenderChecks checks;
  checks.spf = resultOf(taken(spf, kWord));
  if (dkim.find('@') == std::string_view::npos) checks.dkim = resultOf(taken(dkim, kWord));
  while (dkim.find('@') != std::string_view::npos) {
    dkim.remove_prefix(dkim.find('@') + 1);
    const auto domain = taken(dkim, kDomain);
    taken(dkim, " \t");
    if (domain.empty() || taken(dkim, ":").size() != 1) continue;
    taken(dkim, " \t");
    if (auto result = resultOf(taken(dkim, kWord)); !result.empty())
      checks.signatures.push_back({std::string(domain), std::move(result)});
  }
  return checks;
}

}  // namespace patchbay::sendgrid
