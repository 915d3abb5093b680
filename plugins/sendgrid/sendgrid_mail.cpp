#include "sendgrid_mail.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "ascii_filename.hpp"
#include "mail_headers.hpp"

namespace patchbay::sendgrid {
namespace {

/// Of the whole mail after encoding, its attachments in base64.
constexpr std::uint64_t kMaxMail = 30'000'000;

/// What SendGrid writes itself and refuses to be given.
constexpr std::array<std::string_view, 12> kReserved{
    "x-sg-id", "x-sg-eid", "received", "dkim-signature", "Content-Type", "Content-Transfer-Encoding",
    "To",      "From",     "Subject",  "Reply-To",       "CC",           "BCC"};

bool isControl(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

/// Names and subjects: a line break in one of them must not become a header.
std::string onOneLine(std::string text) {
  std::replace_if(text.begin(), text.end(), isControl, ' ');
  return text;
}

std::string bracketed(const std::string& id) {
  return id.starts_with('<') ? id : "<" + id + ">";
}

Json addressOf(const std::string& email, const std::string& name) {
  Json address = {{"email", email}};
  if (!name.empty()) address["name"] = onOneLine(name);
  return address;
}

// ---- Headers ----

void put(Json& headers, const std::string& name, const std::string& value) {
  if (std::any_of(value.begin(), value.end(), isControl))
    throw Refused{"header " + name + " holds a line break or another control character"};
  headers[name] = value;
}

Json headersOf(const OutgoingMail& mail) {
  Json headers = Json::object();
  for (const auto& [name, value] : mail.headers) {
    const auto is = [&name = name](std::string_view reserved) { return sameName(name, reserved); };
    if (std::none_of(kReserved.begin(), kReserved.end(), is)) put(headers, name, value);
  }
  // Ours, and before the first attempt: SendGrid's own would never be told to us, and answers could not be matched.
  put(headers, "Message-ID", bracketed(mail.message_id));
  if (!mail.in_reply_to.empty()) put(headers, "In-Reply-To", bracketed(mail.in_reply_to));
  std::string references;
  for (const std::string& id : mail.references) references += (references.empty() ? "" : " ") + bracketed(id);
  if (!references.empty()) put(headers, "References", references);
  return headers;
}

// ---- Texts and files ----

std::string plainTextOf(const Operation& operation) {
  std::string text = operation.body();
  for (const Media& file : operation.media())
    if (!file.caption.empty()) text += (text.empty() ? "" : "\n\n") + file.caption;
  return text;
}

/// In this order; no value may be empty, not even where the mail is nothing but its attachments.
Json contentOf(const std::string& text, const std::string& html) {
  Json content = Json::array();
  if (!text.empty() || html.empty()) content.push_back({{"type", "text/plain"}, {"value", text.empty() ? " " : text}});
  if (!html.empty()) content.push_back({{"type", "text/html"}, {"value", html}});
  return content;
}

/// Text without a charset arrives garbled.
std::string typeOf(const Media& file) {
  if (file.mime_type.empty()) return "application/octet-stream";
  const bool bare = file.mime_type.starts_with("text/") && file.mime_type.find(';') == std::string::npos;
  return bare ? file.mime_type + "; charset=utf-8" : file.mime_type;
}

Json attachmentsOf(const Operation& operation) {
  Json attachments = Json::array();
  for (const Media& file : operation.media()) {
    if (file.blob == 0) throw Refused{"SendGrid needs the bytes of a file, not its address"};
    attachments.push_back({{"content", Blob{file.blob}.asBase64()},
                           {"type", typeOf(file)},
                           {"filename", asciiFilename(file.filename)},
                           {"disposition", "attachment"}});
  }
  return attachments;
}

void checkSize(const Operation& operation, std::uint64_t texts) {
  std::uint64_t total = texts;
  const Json files = operation.json().value("media", Json::array());
  for (const Json& file : files) {
    const auto size = file.value("size", std::uint64_t{0});
    total += std::min(size, kMaxMail) / 3 * 4;
  }
  if (total > kMaxMail)
    throw Refused{"the mail would have " + std::to_string(total / 1'000'000) +
                  " MB with its files encoded, and SendGrid takes 30 MB: files of 22 MB together"};
}

Json personalizationOf(const Account& account, const Operation& operation) {
  Json arguments = Json::object();
  if (const std::string ref = operation.ref(); !ref.empty()) arguments[kRefArgument] = ref;
  arguments[kSenderArgument] = account.from_email;
  return {{"to", Json::array({Json{{"email", operation.to().address}}})}, {"custom_args", std::move(arguments)}};
}

/// Outside of a host for mail (an older one) the channel's own settings have to do.
OutgoingMail outgoing(const Account& account, const Operation& operation) {
  if (operation.json().contains("mail")) return operation.mail();
  OutgoingMail mail;
  mail.from = account.from_email;
  mail.name = account.from_name;
  mail.reply_to = account.reply_to;
  mail.message_id = operation.ref() + account.from_email.substr(account.from_email.rfind('@'));
  return mail;
}

}  // namespace

Json mailBody(const Account& account, const Operation& operation) {
  const OutgoingMail mail = outgoing(account, operation);
  const std::string text = plainTextOf(operation);
  const std::string html = operation.html();
  checkSize(operation, text.size() + html.size());
  std::string subject = onOneLine(operation.subject());
  if (subject.find_first_not_of(' ') == std::string::npos) subject = "(no subject)";  // an empty one is refused

  Json body = {{"personalizations", Json::array({personalizationOf(account, operation)})},
               {"from", addressOf(mail.from, mail.name)},
               {"subject", std::move(subject)},
               {"content", contentOf(text, html)},
               {"headers", headersOf(mail)},
               {"tracking_settings",
                {{"click_tracking", {{"enable", account.click_tracking}}},
                 {"open_tracking", {{"enable", account.open_tracking}}}}}};
  if (!mail.reply_to.empty()) body["reply_to"] = {{"email", mail.reply_to}};
  if (Json attachments = attachmentsOf(operation); !attachments.empty()) body["attachments"] = std::move(attachments);
  if (!account.categories.empty()) body["categories"] = account.categories;
  if (account.asm_group_id != 0) body["asm"] = {{"group_id", account.asm_group_id}};
  if (account.sandbox_mode) body["mail_settings"] = {{"sandbox_mode", {{"enable", true}}}};
  return body;
}

}  // namespace patchbay::sendgrid
