#include "mail/sender_checks.hpp"

#include <libpsl.h>

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

/// The organizational domain of RFC 7489 3.2; a public suffix has none above it and stands for itself.
std::string organisationOf(std::string domain) {
  if (domain.find('\0') != std::string::npos) return domain;
  const char* registrable = psl_registrable_domain(psl_builtin(), domain.c_str());
  return registrable == nullptr ? domain : registrable;
}

}  // namespace

bool aligned(std::string_view domain, std::string_view other) {
  const auto a = lowerAscii(domain);
  const auto b = lowerAscii(other);
  return !a.empty() && organisationOf(a) == organisationOf(b);
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
