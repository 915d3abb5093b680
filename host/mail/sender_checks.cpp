#include "mail/sender_checks.hpp"

#include "base/text.hpp"

namespace patchbay::mail {
namespace {

using connectors::SenderChecks;

/// Of the signatures by the domain in From the best one: mailing lists break the others.
std::string dkimOf(const SenderChecks& checks, std::string_view from) {
  if (checks.signatures.empty()) return checks.dkim;
  if (from.empty()) return "unknown";
  std::string best = "none";
  for (const auto& one : checks.signatures) {
    if (!aligned(one.domain, from)) continue;
    if (one.result == "pass") return "pass";
    if (best == "none" || one.result == "fail") best = one.result;
  }
  return best;
}

std::string dmarcOf(const SenderChecks& checks, std::string_view from, std::string_view envelope) {
  if (!checks.dmarc.empty() || (checks.spf.empty() && checks.signatures.empty())) return checks.dmarc;
  const bool signed_by_from = !checks.signatures.empty() && dkimOf(checks, from) == "pass";
  return signed_by_from || (checks.spf == "pass" && aligned(envelope, from)) ? "pass" : "unknown";
}

bool isBelow(std::string_view domain, std::string_view parent) {
  return parent.find('.') != std::string_view::npos && domain.size() > parent.size() + 1 && domain.ends_with(parent) &&
         domain[domain.size() - parent.size() - 1] == '.';
}

}  // namespace

bool aligned(std::string_view domain, std::string_view other) {
  const auto a = lowerAscii(domain);
  const auto b = lowerAscii(other);
  return !a.empty() && (a == b || isBelow(a, b) || isBelow(b, a));
}

Json shownChecks(const SenderChecks& checks, std::string_view from, std::string_view envelope) {
  Json shown = Json::object();
  const auto add = [&shown](const char* name, const std::string& result) {
    if (!result.empty()) shown[name] = result;
  };
  add("spf", checks.spf);
  add("dkim", dkimOf(checks, from));
  add("dmarc", dmarcOf(checks, from, envelope));
  add("spam", checks.spam);
  return shown;
}

}  // namespace patchbay::mail
