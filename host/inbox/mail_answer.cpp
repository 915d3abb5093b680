#include "inbox/mail_answer.hpp"

#include <algorithm>

#include "base/text.hpp"
#include "connectors/manifest.hpp"
#include "mail/compose.hpp"
#include "mail/take_apart.hpp"

namespace patchbay::inbox {
namespace {

using db::Params;
using db::Statement;

constexpr std::size_t kSubjectFromText = 60;  // characters, where nobody gave a subject

// The contact's newest mail; one of a stranger or a program only where the agent chose it or there is no other.
constexpr Statement kParent{"mail.parent", R"sql(
  SELECT mail, subject FROM {tenant}.inbox_messages
  WHERE conversation_id = $1 AND mail IS NOT NULL AND NOT is_note
  ORDER BY (id = $2) IS TRUE DESC,
           CASE WHEN direction = 'out' THEN 1 WHEN '{"stranger": true}' <@ mail OR '{"automatic": true}' <@ mail THEN 2
                ELSE 0 END,
           id DESC LIMIT 1)sql"};
constexpr Statement kToken{"mail.token", R"sql(
  UPDATE {tenant}.inbox_conversations SET mail_token = coalesce(mail_token, $2) WHERE id = $1 RETURNING mail_token)sql"};

std::string configured(const connectors::Channel& channel, const std::string& key) {
  if (key.empty()) return {};
  const auto& config = channel.settings().config;
  const auto found = config.find(key);
  return found == config.end() || !found->is_string() ? std::string() : found->get<std::string>();
}

std::vector<std::string> idsIn(const Json& mail, const char* name) {
  std::vector<std::string> ids;
  if (const auto list = mail.find(name); list != mail.end() && list->is_array())
    for (const auto& id : *list)
      if (id.is_string()) ids.push_back(id.get<std::string>());
  return ids;
}

std::string subjectFor(const Draft& draft, std::string_view parent, bool has_parent) {
  const auto oneLine = [](std::string_view text) {
    auto line = std::string(trim(text));
    for (char& c : line)
      if (static_cast<unsigned char>(c) < ' ') c = ' ';
    return line;
  };
  if (!trim(draft.subject).empty()) return oneLine(draft.subject);
  const auto bare = mail::bareSubject(parent);
  if (has_parent && !bare.empty()) return "Re: " + oneLine(bare);
  const auto first =
      oneLine(firstCodePoints(std::string_view(draft.content).substr(0, draft.content.find('\n')), kSubjectFromText));
  return first.empty() ? "(no subject)" : first;
}

}  // namespace

MailAnswer prepareMail(db::TenantWrite& write, const connectors::Channel& channel, std::int64_t conversation_id,
                       const std::string& to, const Draft& draft, const std::string& ref) {
  const auto& rule = *channel.manifest().mail;
  const auto from = configured(channel, rule.from);
  const auto name = configured(channel, rule.name);
  const auto mailbox = configured(channel, rule.reply_to).empty() ? from : configured(channel, rule.reply_to);
  write.queue(kParent, Params().int8(conversation_id).optionalInt8(draft.reply_to_id));
  write.queue(kToken, Params().int8(conversation_id).text(mail::newToken()));
  const auto rows = write.flush();
  const auto& parents = rows[rows.size() - 2];
  const auto token = rows.back().text(0, 0);

  MailAnswer answer;
  const bool answers = !parents.empty();
  const Json parent = answers ? parseJson(parents.text(0, 0)) : Json::object();
  answer.subject =
      subjectFor(draft, answers && !parents.isNull(0, 1) ? parents.text(0, 1) : std::string_view(), answers);
  const auto at = from.rfind('@');
  answer.message_id = ref + "@" + (at == std::string::npos ? "localhost.invalid" : from.substr(at + 1));
  answer.thread = {{"message_id", answer.message_id}};
  answer.shown = {{"message_id", answer.message_id}, {"in_reply_to", Json::array()}, {"references", Json::array()}};
  if (const auto parent_id = parent.value("message_id", ""); !parent_id.empty()) {
    const auto references = mail::referencesOf(idsIn(parent, "references"), idsIn(parent, "in_reply_to"), parent_id);
    answer.thread["in_reply_to"] = parent_id;
    answer.thread["references"] = references;
    answer.shown["in_reply_to"] = {parent_id};
    answer.shown["references"] = references;
  }
  answer.mail = {{"from", {{"address", from}}}, {"message_id", answer.message_id}};
  if (!name.empty()) answer.mail["from"]["name"] = name;
  answer.shown["from"] = Json::array({Json{{"address", from}, {"name", name.empty() ? Json() : Json(name)}}});
  answer.shown["to"] = Json::array({Json{{"address", to}, {"name", Json()}}});
  if (const auto reply_to = mail::withToken(mailbox, token); !reply_to.empty())
    answer.mail["reply_to"] = answer.shown["reply_to"] = reply_to;
  else if (mailbox != from)
    answer.mail["reply_to"] = answer.shown["reply_to"] = mailbox;
  return answer;
}

}  // namespace patchbay::inbox
