#include "mail/automatic.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace patchbay::mail {
namespace {

constexpr std::array<std::string_view, 6> kRobots = {"mailer-daemon@", "postmaster@", "noreply@",
                                                     "no-reply@",      "no_reply@",   "donotreply@"};
constexpr std::array<std::string_view, 4> kAnswers = {"X-Autoreply", "X-Autorespond", "X-Auto-Reply-From",
                                                      "X-Mail-Autoreply"};
constexpr std::array<std::string_view, 3> kLists = {"List-Id", "List-Unsubscribe", "List-Post"};
// Weak evidence, so only where a subject begins with it.
constexpr std::array<std::string_view, 10> kSubjects = {
    "out of office", "automatic reply",     "auto reply",        "auto-reply",           "automatische antwort",
    "abwesenheit",   "réponse automatique", "absence du bureau", "respuesta automática", "risposta automatica"};

std::string firstToken(std::string_view value) {
  return lowerAscii(trim(value.substr(0, value.find_first_of("; \t("))));
}

std::string brief(std::string_view name, std::string_view value) {
  return std::string(name) + ": " + std::string(firstCodePoints(cleanText(value.substr(0, 400)), 100));
}

/// By the name before the @: nobody reads what such an address gets.
bool isRobot(std::string_view address) {
  const auto lower = lowerAscii(address);
  return std::any_of(kRobots.begin(), kRobots.end(), [&](std::string_view robot) { return lower.starts_with(robot); });
}

}  // namespace

Automatic judgeAutomatic(const HeaderLines& lines, const Headers& headers, const std::string* envelope_from) {
  Automatic verdict;
  const auto found = [&](std::string why) {
    if (!verdict.automatic) verdict.why = std::move(why);
    verdict.automatic = true;
  };
  if (const auto value = trim(find(lines, "Auto-Submitted")); !value.empty() && firstToken(value) != "no")
    found(brief("Auto-Submitted", value));
  if (envelope_from != nullptr && (envelope_from->empty() || *envelope_from == "<>")) found("empty envelope sender");
  if (trim(find(lines, "Return-Path")) == "<>") found("Return-Path: <>");
  if (lowerAscii(find(lines, "Content-Type")).find("multipart/report") != std::string::npos)
    found("Content-Type: multipart/report");
  if (const auto value = firstToken(find(lines, "Precedence"));
      value == "bulk" || value == "junk" || value == "list" || value == "auto_reply")
    found("Precedence: " + value);
  for (const auto name : kAnswers)
    if (const auto value = find(lines, name); !value.empty() && firstToken(value) != "no") found(brief(name, value));
  if (const auto value = find(lines, "X-Failed-Recipients"); !value.empty()) found(brief("X-Failed-Recipients", value));
  if (!find(lines, "X-Patchbay-Loop").empty()) found("X-Patchbay-Loop");
  for (const auto name : kLists)
    if (!find(lines, name).empty()) {
      verdict.bulk = true;
      found(std::string(name));
    }
  if (!headers.from.empty() && isRobot(headers.from[0].address)) found("From: " + lowerAscii(headers.from[0].address));
  if (envelope_from != nullptr)
    for (const auto& sender : readMailboxes(*envelope_from))
      if (isRobot(sender.address)) found("envelope sender: " + lowerAscii(sender.address));
  const auto subject = lowerAscii(headers.subject);
  for (const auto words : kSubjects)
    if (subject.starts_with(words)) found("Subject: " + std::string(words));
  return verdict;
}

}  // namespace patchbay::mail
