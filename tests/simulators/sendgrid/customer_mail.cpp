#include "simulators/sendgrid/customer_mail.hpp"

#include <algorithm>
#include <ctime>

#include <patchbay/utf8.hpp>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "simulators/common/bad_input.hpp"

namespace patchbay::simulators::sendgrid {
namespace {

constexpr std::size_t kLine = 76;
constexpr std::size_t kEncodedWord = 39;  // bytes; 64 characters with what stands around them, 73 behind "Subject: "
constexpr long long kMaxFile = 64LL << 20U;

bool isAscii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string lines(std::string_view base64) {
  std::string out;
  for (std::size_t at = 0; at < base64.size(); at += kLine) out.append(base64.substr(at, kLine)).append("\r\n");
  return out;
}

/// RFC 2047; words of whole characters, short enough for one line each.
std::string encodedWords(const std::string& text) {
  if (isAscii(text)) return text;
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto piece = utf8Prefix(std::string_view(text).substr(at), kEncodedWord);
    out += (out.empty() ? "" : "\r\n ") + ("=?UTF-8?B?" + crypto::base64Encode(piece) + "?=");
    at += piece.size();
  }
  return out;
}

std::string mailbox(const std::string& name, const std::string& address) {
  if (name.empty()) return address;
  return (isAscii(name) ? "\"" + name + "\"" : encodedWords(name)) + " <" + address + ">";
}

std::string joined(const std::vector<std::string>& list) {
  std::string out;
  for (const std::string& item : list) out += (out.empty() ? "" : ", ") + item;
  return out;
}

/// What is in `text`, in the charset of the mail; characters that it lacks become '?'.
std::string inCharset(const CustomerMail& mail, const std::string& text) {
  if (lowerAscii(mail.charset) != "iso-8859-1") return text;
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8Length(text, at);
    const char32_t c = utf8Decode(text, at, length);
    out += c < 0x100 ? static_cast<char>(c) : '?';
    at += length;
  }
  return out;
}

std::string date(Timestamp time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time));
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[64];
  std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S +0000", &parts);
  return text;
}

std::string boundaryOf(const CustomerMail& mail, const char* kind) {
  return "=_" +
         crypto::hexEncode(crypto::digest(crypto::Hash::kSha256, kind + mail.message_id + mail.subject)).substr(0, 24);
}

std::string textPart(const CustomerMail& mail, const char* type, const std::string& text) {
  return "Content-Type: " + std::string(type) + "; charset=" + mail.charset +
         "\r\nContent-Transfer-Encoding: base64\r\n\r\n" + lines(crypto::base64Encode(inCharset(mail, text)));
}

/// The part that holds the texts: its headers, an empty line, its body.
std::string textsOf(const CustomerMail& mail) {
  if (mail.html.empty()) return textPart(mail, "text/plain", mail.text);
  if (mail.text.empty()) return textPart(mail, "text/html", mail.html);
  const std::string boundary = boundaryOf(mail, "alternative");
  return "Content-Type: multipart/alternative; boundary=\"" + boundary + "\"\r\n\r\n--" + boundary + "\r\n" +
         textPart(mail, "text/plain", mail.text) + "--" + boundary + "\r\n" + textPart(mail, "text/html", mail.html) +
         "--" + boundary + "--\r\n";
}

std::string filePart(const MailFile& file) {
  std::string part = "Content-Type: " + file.type + "; name=\"" + encodedWords(file.filename) +
                     "\"\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: " +
                     (file.content_id.empty() ? "attachment" : "inline") + "; filename=\"" +
                     encodedWords(file.filename) + "\"\r\n";
  if (!file.content_id.empty()) part += "Content-ID: <" + file.content_id + ">\r\n";
  return part + "\r\n" + lines(crypto::base64Encode(file.bytes));
}

/// What the message consists of: headers about the body, an empty line, the body.
std::string content(const CustomerMail& mail) {
  if (mail.files.empty()) return textsOf(mail);
  const std::string boundary = boundaryOf(mail, "mixed");
  std::string body =
      "Content-Type: multipart/mixed; boundary=\"" + boundary + "\"\r\n\r\n--" + boundary + "\r\n" + textsOf(mail);
  for (const MailFile& file : mail.files) body += "--" + boundary + "\r\n" + filePart(file);
  return body + "--" + boundary + "--\r\n";
}

/// Without those about the body.
std::string headerLines(const CustomerMail& mail) {
  std::string block = "Received: by mx.simulator.example with SMTP id " +
                      crypto::hexEncode(crypto::digest(crypto::Hash::kSha1, mail.message_id)).substr(0, 12) + ";\r\n " +
                      date(mail.time) + "\r\n";
  const auto add = [&block](const char* name, const std::string& value) {
    if (!value.empty()) block.append(name).append(": ").append(value).append("\r\n");
  };
  add("Date", date(mail.time));
  add("From", mailbox(mail.name, mail.from.empty() ? "MAILER-DAEMON@mx.example" : mail.from));
  add("To", joined(mail.to));
  add("Cc", joined(mail.cc));
  add("Subject", encodedWords(mail.subject));
  add("Message-ID", mail.message_id);
  add("In-Reply-To", mail.in_reply_to);
  add("References", mail.references);
  for (const auto& [name, value] : mail.headers) add(name.c_str(), value);
  return block + "MIME-Version: 1.0\r\n";
}

std::string withoutReturns(std::string text) {
  std::erase(text, '\r');
  return text;
}

class FormBody {
 public:
  explicit FormBody(std::string boundary) : boundary_(std::move(boundary)) {}

  void field(const std::string& name, const std::string& value) { part("name=\"" + name + "\"", "", value); }
  void file(const std::string& name, const MailFile& file) {
    part("name=\"" + name + "\"; filename=\"" + file.filename + "\"", "Content-Type: " + file.type + "\r\n",
         file.bytes);
  }
  Form end() && { return {"multipart/form-data; boundary=" + boundary_, body_ + "--" + boundary_ + "--\r\n"}; }

 private:
  void part(const std::string& names, const std::string& type, const std::string& value) {
    body_.append("--").append(boundary_).append("\r\nContent-Disposition: form-data; ").append(names).append("\r\n");
    body_.append(type).append("\r\n").append(value).append("\r\n");
  }
  std::string boundary_;
  std::string body_;
};

std::string domainOf(const std::string& address) {
  const auto at = address.rfind('@');
  return at == std::string::npos ? std::string() : address.substr(at + 1);
}

void parsedFields(const CustomerMail& mail, FormBody& form) {
  form.field("headers", withoutReturns(headerBlock(mail)));
  if (!mail.text.empty()) form.field("text", inCharset(mail, mail.text));
  if (!mail.html.empty()) form.field("html", inCharset(mail, mail.html));
  form.field("attachments", std::to_string(mail.files.size()));
  Json info = Json::object();
  Json ids = Json::object();
  for (std::size_t i = 0; i < mail.files.size(); ++i) {
    const MailFile& file = mail.files[i];
    const std::string name = "attachment" + std::to_string(i + 1);
    form.file(name, file);
    info[name] = {{"filename", file.filename}, {"name", file.filename}, {"type", file.type}};
    if (file.content_id.empty()) continue;
    info[name]["content-id"] = file.content_id;
    ids[file.content_id] = name;
  }
  if (mail.files.empty()) return;
  form.field("attachment-info", dumpJson(info));
  if (!ids.empty()) form.field("content-ids", dumpJson(ids));
}

std::vector<std::string> addressesOf(const Json& json, const char* name) {
  std::vector<std::string> list;
  const auto found = json.find(name);
  if (found == json.end()) return list;
  for (const Json& item : found->is_array() ? *found : Json::array({*found})) {
    if (!item.is_string()) throw BadInput("mail: '" + std::string(name) + "' must be addresses");
    list.push_back(item);
  }
  return list;
}

MailFile fileFromJson(const Json& json) {
  allowOnly(json, "file", {"filename", "type", "content_id", "base64", "size"});
  MailFile file{textOr(json, "filename", "file.bin"),
                textOr(json, "type", "application/octet-stream"),
                textOr(json, "content_id", ""),
                {}};
  if (json.contains("size")) {
    const long long size = numberOr(json, "size", 0);
    if (size < 0 || size > kMaxFile) throw BadInput("file: 'size' must be 0.." + std::to_string(kMaxFile));
    file.bytes.resize(static_cast<std::size_t>(size));
    for (std::size_t i = 0; i < file.bytes.size(); ++i) file.bytes[i] = static_cast<char>(i * 131 + (i >> 8U));
    return file;
  }
  auto bytes = crypto::base64Decode(textOr(json, "base64", ""));
  if (!bytes) throw BadInput("file: 'base64' is not base64");
  file.bytes = *std::move(bytes);
  return file;
}

}  // namespace

CustomerMail mailFromJson(const Json& json, const std::string& to, Ids& ids, Timestamp now) {
  allowOnly(json, "mail",
            {"type",       "mailbox",     "signature", "copies", "retry",      "mode",    "from",       "to",
             "cc",         "envelope_to", "subject",   "text",   "html",       "charset", "message_id", "in_reply_to",
             "references", "headers",     "files",     "raw",    "raw_base64", "SPF",     "dkim"});
  CustomerMail mail;
  const Json from = json.value("from", Json::object());
  allowOnly(from, "from", {"name", "email"});
  mail.from = textOr(from, "email", "");
  mail.name = textOr(from, "name", "");
  mail.to = addressesOf(json, "to");
  if (mail.to.empty()) mail.to = {to};
  mail.cc = addressesOf(json, "cc");
  mail.envelope_to = addressesOf(json, "envelope_to");
  if (mail.envelope_to.empty()) mail.envelope_to = {to};
  mail.subject = textOr(json, "subject", "");
  mail.text = textOr(json, "text", "");
  mail.html = textOr(json, "html", "");
  mail.charset = textOr(json, "charset", "UTF-8");
  const std::string domain = domainOf(mail.from);
  mail.message_id =
      textOr(json, "message_id", "<" + ids.word(20) + "@" + (domain.empty() ? "mx.example" : domain) + ">");
  mail.in_reply_to = textOr(json, "in_reply_to", "");
  mail.references = textOr(json, "references", "");
  if (json.contains("headers"))
    for (const auto& header : json["headers"].items()) mail.headers.emplace_back(header.key(), header.value());
  if (json.contains("files"))
    for (const Json& file : json["files"]) mail.files.push_back(fileFromJson(file));
  mail.raw = textOr(json, "raw", "");
  if (json.contains("raw_base64")) mail.raw = crypto::base64Decode(textOr(json, "raw_base64", "")).value_or("");
  mail.spf = textOr(json, "SPF", "pass");
  mail.dkim = textOr(json, "dkim", domain.empty() ? "none" : "{@" + domain + " : pass}");
  mail.time = now;
  return mail;
}

std::string headerBlock(const CustomerMail& mail) {
  const std::string body = content(mail);
  return headerLines(mail) + body.substr(0, body.find("\r\n\r\n") + 2);
}

std::string rawMessage(const CustomerMail& mail) {
  return mail.raw.empty() ? headerLines(mail) + content(mail) : mail.raw;
}

Form inboundForm(const CustomerMail& mail, bool raw, Ids& ids) {
  FormBody form("xYzZY" + ids.word(12));
  form.field("dkim", mail.dkim);
  form.field("to", joined(mail.to));
  if (!mail.cc.empty()) form.field("cc", joined(mail.cc));
  if (raw)
    form.field("email", rawMessage(mail));
  else
    parsedFields(mail, form);
  form.field("from", mail.name.empty() ? mail.from : mail.name + " <" + mail.from + ">");
  form.field("sender_ip", "192.0.2.25");
  form.field("envelope", dumpJson({{"to", mail.envelope_to}, {"from", mail.from}}));
  form.field("subject", mail.subject);
  Json charsets{{"to", "UTF-8"}, {"from", "UTF-8"}, {"subject", "UTF-8"}};
  if (!raw) charsets.update({{"text", mail.charset}, {"html", mail.charset}});
  form.field("charsets", dumpJson(charsets));
  form.field("SPF", mail.spf);
  return std::move(form).end();
}

}  // namespace patchbay::simulators::sendgrid
