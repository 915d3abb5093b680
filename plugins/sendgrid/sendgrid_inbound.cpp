#include "sendgrid_inbound.hpp"

#include <algorithm>
#include <map>
#include <patchbay/lenient.hpp>
#include <patchbay/sha256.hpp>
#include <string>
#include <utility>

#include "mail_headers.hpp"
#include "sender_checks.hpp"

namespace patchbay::sendgrid {
namespace {

/// A form field that should hold JSON; null when it does not.
Json parsed(std::string_view text) {
  try {
    return parseJsonLoosely(text, {.max_bytes = 1U << 20U, .max_depth = 8});
  } catch (const JsonError&) {
    return nullptr;
  }
}

constexpr std::size_t kMaxAddress = 320;  // event.schema.json
constexpr std::size_t kMaxRecipients = 1000;
constexpr std::size_t kMaxAttachments = 100;

/// The fields of one POST by name; the first of each.
class Form {
 public:
  explicit Form(const Request& request) : fields_(request.fields()) {
    for (const FormField& field : fields_) by_name_.emplace(field.name, &field);
  }

  bool has(std::string_view name) const { return by_name_.contains(name); }
  const FormField* field(std::string_view name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  }
  /// Bytes in the charset that `charsets` names, not UTF-8.
  std::string_view value(std::string_view name) const {
    const FormField* found = field(name);
    return found ? found->value : std::string_view();
  }
  const std::vector<FormField>& all() const { return fields_; }

 private:
  std::vector<FormField> fields_;
  std::map<std::string_view, const FormField*> by_name_;
};

// ---- The envelope ----

bool isAddress(const Json& value) {
  return value.is_string() && !value.get_ref<const std::string&>().empty() &&
         value.get_ref<const std::string&>().size() <= kMaxAddress;
}

/// {"to": ["help@in.example"], "from": "ana@example.org"}: where the mail was delivered, whatever its headers say.
std::optional<Envelope> readEnvelope(const Form& form) {
  const Json document = parsed(form.value("envelope"));
  if (!document.is_object()) return std::nullopt;
  Envelope envelope;
  if (const Json& from = memberOf(document, "from"); isAddress(from)) envelope.from = from;
  const Json& to = memberOf(document, "to");
  for (const Json& address : to.is_array() ? to : Json::array({to}))
    if (isAddress(address) && envelope.to.size() < kMaxRecipients) envelope.to.push_back(address);
  return envelope;
}

// ---- The id ----

/// SendGrid gives none, and delivers again when an answer was lost. Broken senders use one Message-ID for several
/// mails, so what else is in every mail counts too.
std::string idOf(const std::optional<Envelope>& envelope, std::string_view block, std::string_view rest) {
  Sha256 hash;
  std::vector<std::string> to = envelope ? envelope->to : std::vector<std::string>{};
  std::sort(to.begin(), to.end());
  for (const std::string& address : to) hash.update(address).update("\n");
  const std::vector<MailHeader> headers = readHeaders(block);
  if (valueOf(headers, "Message-ID").empty())
    hash.update(block).update(rest);
  else
    for (const char* name : {"Message-ID", "Date", "From", "Subject"}) hash.update("\n").update(valueOf(headers, name));
  return hash.hex();
}

// ---- Parsed mode ----

/// For a header: a word, or UTF-8 when it is none.
std::string charsetOf(const Json& charsets, const char* field) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._:+-";
  std::string name = textOf(charsets, field);
  const bool plain = !name.empty() && name.size() <= 40 && name.find_first_not_of(kAllowed) == std::string::npos;
  return plain ? name : "utf-8";
}

/// The headers that say how the body is written would be wrong: it is written anew.
bool describesBody(std::string_view name) {
  for (const char* known : {"Content-Type", "Content-Transfer-Encoding", "MIME-Version", "Content-Disposition"})
    if (sameName(name, known)) return true;
  return false;
}

std::string_view oneLine(std::string_view value) {
  return value.substr(0, std::min(value.find_first_of("\r\n"), value.size()));
}

std::string headersOf(const Form& form) {
  std::string headers;
  for (const MailHeader& header : readHeaders(form.value("headers"))) {
    if (describesBody(header.name)) continue;
    headers += header.lines;
    if (!headers.ends_with('\n')) headers += '\n';
  }
  if (!headers.empty()) return headers;
  for (const auto& [field, name] : {std::pair{"from", "From"}, {"to", "To"}, {"cc", "Cc"}, {"subject", "Subject"}})
    if (const std::string_view value = oneLine(form.value(field)); !value.empty())
      headers.append(name).append(": ").append(value).append("\n");
  return headers;
}

std::string part(const Json& charsets, const char* field, const char* type, std::string_view value) {
  std::string part = "Content-Type: ";
  part.append(type).append("; charset=\"").append(charsetOf(charsets, field)).append("\"\n");
  part.append("Content-Transfer-Encoding: binary\n\n").append(value);
  return part;
}

/// A boundary that no sender can have foreseen.
std::string boundaryOf(const Call& call) {
  std::string boundary = "pb-";
  for (std::size_t i = 0; i < 16; ++i) {
    boundary += "0123456789abcdef"[call.random()[i] >> 4U];
    boundary += "0123456789abcdef"[call.random()[i] & 0xFU];
  }
  return boundary;
}

std::string mailOf(const Form& form, const Call& call) {
  const Json charsets = parsed(form.value("charsets"));
  std::string mail = headersOf(form) + "MIME-Version: 1.0\n";
  if (!form.has("html")) return mail + part(charsets, "text", "text/plain", form.value("text"));
  if (!form.has("text")) return mail + part(charsets, "html", "text/html", form.value("html"));
  const std::string boundary = boundaryOf(call);
  mail += "Content-Type: multipart/alternative; boundary=\"" + boundary + "\"\n";
  mail += "\n--" + boundary + "\n" + part(charsets, "text", "text/plain", form.value("text"));
  mail += "\n--" + boundary + "\n" + part(charsets, "html", "text/html", form.value("html"));
  return mail + "\n--" + boundary + "--\n";
}

/// The Content-ID of a picture that the HTML shows: `content-ids` is {"img1": "attachment1"}, and `attachment-info`
/// says it, too.
std::string contentIdOf(const Json& ids, const Json& about, std::string_view attachment) {
  std::string id = textOf(about, "content-id");
  if (id.empty() && ids.is_object())
    for (const auto& [name, file] : ids.items())
      if (file.is_string() && file.get_ref<const std::string&>() == attachment) id = name;
  if (id.starts_with('<') && id.ends_with('>')) id = id.substr(1, id.size() - 2);
  return id;
}

/// attachment1, attachment2, ... are files; `attachment-info` knows more about each than the form does.
std::vector<Media> attachmentsOf(const Form& form) {
  const Json info = parsed(form.value("attachment-info"));
  const Json ids = parsed(form.value("content-ids"));
  std::vector<Media> files;
  for (const FormField& field : form.all()) {
    if (!field.blob || files.size() == kMaxAttachments) continue;
    const Json& about = memberOf(info, std::string(field.name).c_str());
    Media file{.blob = field.blob.id};
    file.mime_type = textOf(about, "type");
    if (file.mime_type.empty()) file.mime_type = field.content_type;
    file.filename = textOf(about, "filename");
    if (file.filename.empty()) file.filename = textOf(about, "name");
    if (file.filename.empty()) file.filename = field.filename;
    file.content_id = contentIdOf(ids, about, field.name);
    files.push_back(std::move(file));
  }
  return files;
}

// ---- What is no mail ----

Event unreadable(const Request& request, const Form& form, const Call& call) {
  constexpr const char* kWhy = "neither a field 'email' nor 'headers', 'text' or 'html'";
  if (form.all().empty()) return Event::unparsed(request.body(), kWhy, call.now());
  Json fields = Json::object();
  for (const FormField& field : form.all())
    if (fields.size() < 100) fields[std::string(utf8Prefix(field.name, 100))] = utf8Prefix(field.value, 4000);
  return Event::unparsed(dumpJson(fields), kWhy, call.now());
}

/// The mail of the form, in either mode; nothing when it has none.
std::optional<Event> mailIn(const Form& form, const std::optional<Envelope>& envelope, const Call& call) {
  if (const FormField* raw = form.field("email"); raw && raw->blob)  // sent as a file: its bytes are the host's
    return Event::mail(raw->blob.id, envelope);
  if (const std::string_view raw = form.value("email"); !raw.empty()) {
    const std::string_view block = headerBlock(raw);
    Event event = Event::mail(call.blob(raw).id, envelope);
    event.id = idOf(envelope, block, raw.substr(block.size()));
    return event;
  }
  if (!form.has("headers") && !form.has("text") && !form.has("html")) return std::nullopt;
  Event event = Event::mail(call.blob(mailOf(form, call)).id, envelope);
  event.media = attachmentsOf(form);
  event.id = idOf(envelope, form.value("headers"), std::string(form.value("text")).append(form.value("html")));
  return event;
}

}  // namespace

std::vector<Event> readInbound(const Request& request, const Call& call) {
  const Form form(request);
  if (form.all().empty() && request.body().empty()) return {};  // somebody looks whether there is anything
  const std::optional<Envelope> envelope = readEnvelope(form);
  std::optional<Event> event = mailIn(form, envelope, call);
  if (!event) return {unreadable(request, form, call)};
  event->sender_checks = readSenderChecks(form.value("SPF"), form.value("dkim"));
  return {*std::move(event)};
}

}  // namespace patchbay::sendgrid
