#include "mail/take_apart.hpp"

#include <algorithm>
#include <memory>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "base/uuid.hpp"
#include "mail/automatic.hpp"
#include "mail/bounce.hpp"
#include "mail/html_clean.hpp"
#include "mail/html_text.hpp"
#include "mail/html_tree.hpp"
#include "mail/message.hpp"
#include "mail/own.hpp"
#include "mail/quotes.hpp"
#include "mail/sender_checks.hpp"
#include "media/filename.hpp"
#include "media/repository.hpp"

namespace patchbay::mail {
namespace {

using connectors::Event;
using connectors::EventKind;
using connectors::MailFacts;

constexpr std::size_t kMaxSmallSource = 64U << 10U;
constexpr std::size_t kMaxRaw = 60'000;                   // bytes kept of what cannot be read
constexpr auto kClockTolerance = std::chrono::hours(24);  // of Date; beyond it the time of receipt counts

bool isMail(const Event& event) {
  return event.kind == EventKind::kMessage &&
         (event.mime != 0 || !event.headers.empty() || event.envelope || !event.html.empty());
}

std::string sha256(std::string_view bytes) {
  return crypto::hexEncode(crypto::digest(crypto::Hash::kSha256, bytes));
}

Event unparsed(Event event, std::string_view raw, std::string why, Timestamp now) {
  Event rest;
  rest.kind = EventKind::kUnparsed;
  rest.id = std::move(event.id);
  rest.timestamp = now;
  rest.account = std::move(event.account);
  rest.raw = cleanText(raw.substr(0, kMaxRaw));
  if (rest.raw.empty()) rest.raw = "(nothing)";
  rest.why = std::move(why);
  return rest;
}

Json mailboxes(const std::vector<Mailbox>& list) {
  Json out = Json::array();
  for (const auto& one : list)
    out.push_back({{"address", one.address}, {"name", one.name.empty() ? Json() : Json(one.name)}});
  return out;
}

/// What the connector said of the thread goes before the header lines.
void overrideThread(const Event& event, Headers& headers) {
  const auto thread = event.extra.is_object() ? event.extra.find("thread") : event.extra.end();
  if (!event.extra.is_object() || thread == event.extra.end()) return;
  const auto ids = [&](const char* name, std::size_t most) {
    std::string joined;
    if (const auto found = thread->find(name); found != thread->end()) {
      if (found->is_string()) joined = found->get<std::string>();
      if (found->is_array())
        for (const auto& id : *found)
          if (id.is_string()) joined += "<" + id.get<std::string>() + "> ";
    }
    if (!joined.empty() && joined.find('<') == std::string::npos) joined = "<" + joined + ">";
    return readIds(joined, most);
  };
  if (auto own = ids("message_id", 1); !own.empty()) headers.message_id = own[0];
  if (auto parents = ids("in_reply_to", 20); !parents.empty()) headers.in_reply_to = std::move(parents);
  if (auto all = ids("references", 100); !all.empty()) headers.references = std::move(all);
}

std::string_view domainOf(std::string_view address) {
  const auto at = address.rfind('@');
  return at == std::string_view::npos ? std::string_view() : address.substr(at + 1);
}

class Completion {
 public:
  Completion(Event event, BlobBytes& blobs, std::uint64_t& next_blob, Timestamp now,
             const std::vector<std::string>& own)
      : event_(std::move(event)), blobs_(blobs), next_blob_(next_blob), now_(now), own_(own) {}

  /// @return nothing for a report that changes nothing
  std::optional<Event> run() {
    if (event_.mime != 0) {
      const auto found = blobs_.find(event_.mime);
      if (found == blobs_.end()) return unparsed(std::move(event_), "", "the bytes of the mail are not there", now_);
      raw_ = found->second;
      auto parsed = parseMessage(raw_);
      if (!parsed.ok()) return unparsed(std::move(event_), raw_, parsed.error().message, now_);
      message_ = std::move(*parsed);
      facts_->source = sha256(raw_);
      facts_->source_size = static_cast<std::int64_t>(raw_.size());
    } else {
      message_.lines = event_.headers;
      message_.headers = readHeaders(message_.lines);
    }
    overrideThread(event_, message_.headers);
    if (!message_.report && isPlainBounce(message_.lines, message_.headers, envelopeFrom()))
      message_.report = readPlainBounce(message_, textForPeople());
    if (message_.report) return reported();
    if (!whoAndWhen()) return unparsed(std::move(event_), raw_, "the mail names no sender", now_);
    files();
    texts();
    threads();
    show();
    event_.mail = std::move(facts_);
    return std::move(event_);
  }

 private:
  const std::string* envelopeFrom() const { return event_.envelope ? &event_.envelope->from : nullptr; }

  /// Whatever of it is there: what is only HTML is read as text as far as kMaxText.
  std::string textForPeople() const {
    for (const auto* text : {&event_.text, &message_.text})
      if (!trim(*text).empty()) return *text;
    const auto& html = event_.html.empty() ? message_.html : event_.html;
    return html.empty() ? std::string() : htmlToText(std::string_view(html).substr(0, kMaxText)).all;
  }

  /// A report is about a mail of ours. It never opens a conversation.
  std::optional<Event> reported() {
    const auto& report = *message_.report;
    if (report.original_ids.empty())
      return unparsed(std::move(event_), raw_, "a report that does not name the mail it is about", now_);
    Event news;
    news.id = event_.id.empty() ? message_.headers.message_id : event_.id;
    news.timestamp = now_;
    news.account = event_.account;
    news.message_id = report.original_ids[0].substr(0, 512);
    facts_->report = true;
    facts_->answers = report.original_ids;
    return report.kind == Report::Kind::kComplaint ? complaint(std::move(news)) : status(std::move(news));
  }

  /// Whom the mail went to does not want more of them. The report need not say who that is, and what it says anybody
  /// can write; the inbox knows.
  std::optional<Event> complaint(Event opt_out) {
    const auto& type = message_.report->feedback;
    if (type.empty() || type == "not-spam") return std::nullopt;  // the latter: it was taken out of the spam folder
    opt_out.kind = EventKind::kOptOut;
    if (opt_out.id.empty()) opt_out.id = facts_->source;
    opt_out.mail = std::move(facts_);
    return opt_out;
  }

  std::optional<Event> status(Event status) {
    const auto& report = *message_.report;
    status.kind = EventKind::kStatus;
    // Our Message-IDs are <ref>@<domain>; of the mail itself, so that its answer need not be known.
    for (const auto& id : report.original_ids)
      if (const auto local = id.substr(0, id.find('@')); status.ref.empty() && isUuid(local)) status.ref = local;
    if (report.kind == Report::Kind::kRead) {
      if (report.disposition != "displayed") return std::nullopt;
      status.status = "read";
    } else {
      for (const auto& one : report.recipients) {
        if (one.action == "failed" && status.status != "failed") {
          status.status = "failed";
          status.error = {"bounced", one.status,
                          one.diagnostic.empty() ? "the mail could not be delivered" : one.diagnostic};
        } else if (one.action == "delivered" && status.status.empty()) {
          status.status = "delivered";
        }
      }
      if (status.status.empty()) return std::nullopt;  // delayed, relayed, expanded: no news of its fate
    }
    status.mail = std::move(facts_);
    return status;
  }

  bool whoAndWhen() {
    const auto& headers = message_.headers;
    if (event_.from.address.address.empty()) {
      if (!headers.from.empty())
        event_.from = {{"email", lowerAscii(headers.from[0].address)}, headers.from[0].name, {}};
      else if (event_.envelope && !readMailboxes(event_.envelope->from).empty())
        event_.from = {{"email", lowerAscii(readMailboxes(event_.envelope->from)[0].address)}, {}, {}};
      else
        return false;
    }
    auto& name = event_.from.name;
    if (countCodePoints(name) > 255) name = std::string(firstCodePoints(name, 255));
    if (event_.timestamp == Timestamp{}) {
      const bool believable = headers.date && std::chrono::abs(*headers.date - now_) <= kClockTolerance;
      event_.timestamp = believable ? *headers.date : now_;
    }
    if (event_.id.empty()) event_.id = headers.message_id;
    if (event_.id.empty())
      event_.id = (raw_.empty() ? sha256(dumpJson(Json(message_.lines))) : facts_->source) + "@synthetic.invalid";
    if (event_.type.empty()) event_.type = "text";
    if (event_.subject.empty()) event_.subject = headers.subject;
    facts_->message_id = headers.message_id.empty() ? event_.id : headers.message_id;
    return true;
  }

  void files() {
    const bool said = !event_.media.empty();
    for (auto& file : message_.files) {
      if (said) break;
      connectors::MediaItem item;
      item.blob = next_blob_++;
      item.mime_type = file.mime_type.substr(0, 200);
      item.filename = file.filename;
      item.size = static_cast<std::int64_t>(file.bytes.size());
      item.sha256 = sha256(file.bytes);
      if (!file.content_id.empty()) inline_[file.content_id] = media::urlOf(item.sha256);
      blobs_[item.blob] = std::move(file.bytes);
      event_.media.push_back(std::move(item));
    }
    if (said) knowInline();
    for (auto& item : event_.media)
      item.filename = std::string(firstCodePoints(media::shownFilename(item.filename), 255));
  }

  /// Pictures inside a mail that came parsed. Only bytes that are here have an address already.
  void knowInline() {
    for (const auto& item : event_.media) {
      const auto found = item.content_id.empty() || item.blob == 0 ? blobs_.end() : blobs_.find(item.blob);
      if (found != blobs_.end()) inline_[item.content_id] = media::urlOf(sha256(found->second));
    }
  }

  void texts() {
    auto html = event_.html.empty() ? message_.html : event_.html;
    auto full = event_.text.empty() ? message_.text : event_.text;
    std::erase(full, '\r');
    HtmlText from_html;
    if (!html.empty()) {
      const HtmlTree tree(html);
      from_html = htmlToText(tree, html);
      facts_->html = cleanText(cleanHtml(tree, [this](std::string_view id) { return findInline(id); }));
    }
    if (trim(full).empty()) full = from_html.all;
    full = std::string(trim(full));
    auto stripped = stripQuotes(full, event_.subject);
    if (from_html.quoted && !stripped.hidden && !isForward(event_.subject)) {
      stripped.own = stripQuotes(from_html.own, event_.subject).own;
      stripped.hidden = true;
    }
    event_.text = std::move(stripped.own);
    if (stripped.hidden) facts_->full_text = std::move(full);
    event_.html.clear();
  }

  /// The address of a file of this mail, by its Content-ID, or itself when it is one.
  std::string findInline(std::string_view id) const {
    if (const auto found = inline_.find(std::string(id)); found != inline_.end()) return found->second;
    for (const auto& [content_id, url] : inline_)
      if (url == id) return url;
    return {};
  }

  bool isOurs(std::string_view address) const {
    return std::find(own_.begin(), own_.end(), bareAddress(address)) != own_.end();
  }

  void threads() {
    const auto& headers = message_.headers;
    const auto add = [this](const std::string& id) {
      if (std::find(facts_->answers.begin(), facts_->answers.end(), id) == facts_->answers.end())
        facts_->answers.push_back(id);
    };
    for (const auto& id : headers.in_reply_to) add(id);
    for (auto id = headers.references.rbegin(); id != headers.references.rend(); ++id) add(*id);
    const auto token = [this](std::string_view address) {
      if (auto found = tokenIn(address); !found.empty()) facts_->tokens.push_back(std::move(found));
    };
    // The envelope says where a mail was delivered. Without one the header has to do: a token is a secret anyhow.
    if (event_.envelope)
      for (const auto& address : event_.envelope->to) token(address);
    else
      for (const auto* list : {&headers.to, &headers.cc})
        for (const auto& one : *list) token(one.address);
    if (!headers.reply_to.empty() && !equalsIgnoreCase(headers.reply_to[0].address, event_.from.address.address) &&
        !isOurs(headers.reply_to[0].address))
      facts_->answer_to = connectors::Address{"email", lowerAscii(headers.reply_to[0].address)};
  }

  /// Of the sender that people see. Empty where the mail names several, or another one than the event: no check is
  /// about just that one.
  std::string_view senderDomain() const {
    const auto& from = message_.headers.from;
    const auto lines = std::count_if(message_.lines.begin(), message_.lines.end(),
                                     [](const auto& line) { return equalsIgnoreCase(line.first, "From"); });
    const std::string_view sender = event_.from.address.address;
    if (lines > 1 || from.size() > 1 || (from.size() == 1 && !equalsIgnoreCase(from[0].address, sender))) return {};
    return domainOf(sender);
  }

  void show() {
    const auto& headers = message_.headers;
    auto verdict = judgeAutomatic(message_.lines, headers, envelopeFrom());
    if (!verdict.automatic && isOurs(event_.from.address.address)) {
      verdict.automatic = true;
      verdict.why = "From: an address of the channel itself";
    }
    facts_->automatic = verdict.automatic || message_.report.has_value();
    auto& shown = facts_->shown;
    shown = {{"message_id", facts_->message_id},     {"in_reply_to", headers.in_reply_to},
             {"references", headers.references},     {"from", mailboxes(headers.from)},
             {"to", mailboxes(headers.to)},          {"cc", mailboxes(headers.cc)},
             {"automatic", facts_->automatic},       {"bulk", verdict.bulk},
             {"quoted", !facts_->full_text.empty()}, {"incomplete", message_.incomplete}};
    if (!verdict.why.empty()) shown["automatic_because"] = verdict.why;
    if (facts_->answer_to) shown["reply_to"] = facts_->answer_to->address;
    if (event_.envelope) shown["delivered_to"] = event_.envelope->to;
    if (event_.sender_checks)
      shown["sender_checks"] = shownChecks(*event_.sender_checks, senderDomain(),
                                           event_.envelope ? domainOf(event_.envelope->from) : std::string_view());
    if (!facts_->source.empty()) shown["source"] = media::urlOf(facts_->source);
    Json& thread = event_.extra["thread"];
    thread["message_id"] = facts_->message_id;
    if (!headers.in_reply_to.empty()) thread["in_reply_to"] = headers.in_reply_to[0];
    if (!headers.references.empty()) thread["references"] = headers.references;
  }

  Event event_;
  BlobBytes& blobs_;
  std::uint64_t& next_blob_;
  const Timestamp now_;
  const std::vector<std::string>& own_;
  std::string_view raw_;  // in `blobs_`
  Message message_;
  std::map<std::string, std::string> inline_;  // Content-ID -> address of the file
  std::shared_ptr<MailFacts> facts_ = std::make_shared<MailFacts>();
};

}  // namespace

std::vector<Event> takeApart(std::vector<Event> events, BlobBytes& blobs, Timestamp now,
                             const std::vector<std::string>& own) {
  std::uint64_t next_blob = kFirstFileBlob;
  std::vector<Event> complete;
  for (auto& event : events) {
    if (!isMail(event)) {
      complete.push_back(std::move(event));
      continue;
    }
    if (auto done = Completion(std::move(event), blobs, next_blob, now, own).run())
      complete.push_back(std::move(*done));
  }
  return complete;
}

void takeSmallSources(std::vector<Event>& events, BlobBytes& blobs) {
  for (auto& event : events) {
    const auto raw = event.mail ? blobs.find(event.mime) : blobs.end();
    if (raw == blobs.end() || raw->second.size() > kMaxSmallSource) continue;
    auto facts = std::make_shared<MailFacts>(*event.mail);
    facts->source_bytes = std::make_shared<const std::string>(std::move(raw->second));
    event.mail = std::move(facts);
    blobs.erase(raw);
  }
}

}  // namespace patchbay::mail
