#include "simulators/ses/notices.hpp"

#include <algorithm>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "simulators/common/bad_input.hpp"

namespace patchbay::simulators::ses {
namespace {

struct EventKind {
  const char* name;
  const char* member;    // of its own object
  const char* identity;  // whether identity notifications tell it too
};

constexpr EventKind kKinds[] = {{"Send", "send", nullptr},      {"Delivery", "delivery", "Delivery"},
                                {"Bounce", "bounce", "Bounce"}, {"Complaint", "complaint", "Complaint"},
                                {"Reject", "reject", nullptr},  {"DeliveryDelay", "deliveryDelay", nullptr},
                                {"Open", "open", nullptr},      {"Click", "click", nullptr}};

const EventKind& kindOf(const std::string& type) {
  for (const auto& kind : kKinds)
    if (type == kind.name) return kind;
  throw BadInput(
      "event: 'type' must be Send, Delivery, Bounce, Complaint, Reject, DeliveryDelay, Open or Click, got '" + type +
      "'");
}

Json mailObject(const SentMail& mail) {
  Json headers = Json::array();
  for (const char* name : {"From", "To", "Subject", "Message-ID", "In-Reply-To", "References"})
    if (const auto value = headerOf(mail.raw, name); !value.empty())
      headers.push_back({{"name", name}, {"value", value}});
  return {{"timestamp", formatRfc3339(mail.time)},
          {"source", bareAddress(headerOf(mail.raw, "From"))},
          {"sendingAccountId", "111122223333"},
          {"messageId", mail.id},
          {"destination", mail.to},
          {"headersTruncated", false},
          {"headers", headers},
          {"commonHeaders", {{"subject", headerOf(mail.raw, "Subject")}, {"messageId", mail.id}}}};
}

Json ownObject(const SentMail& mail, const std::string& type, const Json& more) {
  const auto time = formatRfc3339(now());
  Json own = Json::object();
  const auto recipients = [&](const Json& each) {
    Json list = Json::array();
    for (const auto& address : mail.to) {
      Json one = each;
      one["emailAddress"] = address;
      list.push_back(one);
    }
    return list;
  };
  if (type == "Delivery")
    own = {{"timestamp", time},
           {"processingTimeMillis", 640},
           {"recipients", mail.to},
           {"smtpResponse", "250 2.6.0 Message received"},
           {"reportingMTA", "a6-26.smtp-out.amazonses.com"}};
  if (type == "Bounce")
    own = {
        {"timestamp", time},
        {"bounceType", "Permanent"},
        {"bounceSubType", "General"},
        {"feedbackId", mail.id + "-b"},
        {"bouncedRecipients",
         recipients({{"action", "failed"}, {"status", "5.1.1"}, {"diagnosticCode", "smtp; 550 5.1.1 user unknown"}})}};
  if (type == "Complaint")
    own = {{"timestamp", time},
           {"feedbackId", mail.id + "-c"},
           {"complaintFeedbackType", "abuse"},
           {"complainedRecipients", recipients(Json::object())}};
  if (type == "Reject") own = {{"reason", "Bad content"}};
  if (type == "DeliveryDelay")
    own = {{"timestamp", time},
           {"delayType", "TransientCommunicationFailure"},
           {"delayedRecipients", recipients({{"status", "4.4.1"}, {"diagnosticCode", "smtp; 421 4.4.1"}})}};
  if (type == "Open" || type == "Click")
    own = {{"timestamp", time}, {"ipAddress", "192.0.2.1"}, {"userAgent", "Mozilla/5.0"}};
  own.update(more);
  return own;
}

std::string quotedPrintable(const std::string& text) {
  std::string out;
  std::size_t column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (text[i] == '\n') {
      out += "\r\n";
      column = 0;
      continue;
    }
    const bool at_end = i + 1 == text.size() || text[i + 1] == '\n';
    const bool plain = byte > 0x20 && byte < 0x7F && byte != '=';
    const auto piece = plain || (byte == ' ' && !at_end) ? std::string(1, text[i]) : "=" + [&] {
      auto hex = crypto::hexEncode(std::string_view(&text[i], 1));
      for (char& c : hex) c = c >= 'a' ? static_cast<char>(c - 32) : c;
      return hex;
    }();
    if (column + piece.size() > 75) {
      out += "=\r\n";
      column = 0;
    }
    out += piece;
    column += piece.size();
  }
  return out;
}

std::string encodedHeader(const std::string& text) {
  const bool ascii = std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7F; });
  return ascii ? text : "=?UTF-8?B?" + crypto::base64Encode(text) + "?=";
}

/// "Ana Ünal <a@example.org>": the name alone is encoded.
std::string encodedAddress(const std::string& text) {
  const auto open = text.rfind(" <");
  return open == std::string::npos ? text : encodedHeader(text.substr(0, open)) + text.substr(open);
}

std::string mailDate(Timestamp time) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto text = formatRfc3339(time);
  const auto weekday = std::chrono::weekday{std::chrono::floor<std::chrono::days>(time)};
  return std::string(kDays[weekday.c_encoding()]) + ", " + text.substr(8, 2) + " " +
         kMonths[std::stoi(text.substr(5, 2)) - 1] + " " + text.substr(0, 4) + " " + text.substr(11, 8) + " +0000";
}

}  // namespace

Json eventOf(const SentMail& mail, const std::string& type, const Json& more) {
  const auto& kind = kindOf(type);
  Json event{{"eventType", kind.name}, {"mail", mailObject(mail)}, {kind.member, ownObject(mail, type, more)}};
  Json& tags = event["mail"]["tags"] = Json::object();
  for (const auto& [name, value] : mail.tags.items()) tags[name] = Json::array({value});
  if (!mail.configuration_set.empty()) tags["ses:configuration-set"] = Json::array({mail.configuration_set});
  return event;
}

Json identityNotificationOf(const SentMail& mail, const std::string& type, const Json& more) {
  const auto& kind = kindOf(type);
  if (kind.identity == nullptr) throw BadInput("event: there is no identity notification of type " + type);
  return {{"notificationType", kind.identity}, {"mail", mailObject(mail)}, {kind.member, ownObject(mail, type, more)}};
}

std::string bareAddress(const std::string& text) {
  const auto open = text.rfind('<');
  const auto close = text.rfind('>');
  if (open == std::string::npos || close == std::string::npos || close < open) return std::string(trim(text));
  return text.substr(open + 1, close - open - 1);
}

std::string headerOf(const std::string& mail, const std::string& name) {
  const auto end = mail.find("\r\n\r\n");
  std::string value;
  bool inside = false;
  for (const auto line : split(std::string_view(mail).substr(0, end), '\n')) {
    const auto text = line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
    if (inside && (text.starts_with(' ') || text.starts_with('\t'))) {
      value += text;
      continue;
    }
    if (inside) break;
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || !equalsIgnoreCase(text.substr(0, colon), name)) continue;
    inside = true;
    value = trim(text.substr(colon + 1));
  }
  return value;
}

std::string mailOf(const Written& written, Timestamp time) {
  if (!written.raw.empty()) return written.raw;
  std::string mail = "From: " + encodedAddress(written.from) + "\r\nTo: " + encodedAddress(written.to) +
                     "\r\nSubject: " + encodedHeader(written.subject) + "\r\nDate: " + mailDate(time) +
                     "\r\nMessage-ID: <" + written.message_id + ">\r\n";
  if (!written.in_reply_to.empty()) mail += "In-Reply-To: <" + written.in_reply_to + ">\r\n";
  if (!written.references.empty()) {
    mail += "References:";
    for (const auto& id : written.references) mail += " <" + id + ">";
    mail += "\r\n";
  }
  for (const auto& [name, value] : written.more) mail += name + ": " + value + "\r\n";
  return mail +
         "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n"
         "Content-Transfer-Encoding: quoted-printable\r\n\r\n" +
         quotedPrintable(written.text) + "\r\n";
}

Json receivedNotice(const std::string& id, const std::string& mail, const std::string& envelope_from,
                    const std::vector<std::string>& recipients, const Json& action, const Json& verdicts,
                    Timestamp time) {
  const auto verdict = [&](const char* name) { return Json{{"status", textOr(verdicts, name, "PASS")}}; };
  const auto stamp = formatRfc3339(time);
  return {{"notificationType", "Received"},
          {"mail",
           {{"timestamp", stamp},
            {"source", envelope_from},
            {"messageId", id},
            {"destination", Json::array({bareAddress(headerOf(mail, "To"))})},
            {"headersTruncated", false},
            {"commonHeaders",
             {{"from", Json::array({headerOf(mail, "From")})},
              {"to", Json::array({headerOf(mail, "To")})},
              {"messageId", headerOf(mail, "Message-ID")},
              {"subject", headerOf(mail, "Subject")}}}}},
          {"receipt",
           {{"timestamp", stamp},
            {"processingTimeMillis", 412},
            {"recipients", recipients},
            {"spamVerdict", verdict("spam")},
            {"virusVerdict", verdict("virus")},
            {"spfVerdict", verdict("spf")},
            {"dkimVerdict", verdict("dkim")},
            {"dmarcVerdict", verdict("dmarc")},
            {"action", action}}}};
}

}  // namespace patchbay::simulators::ses
