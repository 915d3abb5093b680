#include "inbox/write.hpp"

#include "base/text.hpp"
#include "inbox/render.hpp"

namespace patchbay::inbox {
namespace {

using db::Params;
using db::Statement;

constexpr Statement kFindKey{"idempotency.find",
                             "SELECT fingerprint = $3, created, answer FROM {tenant}.pb_idempotency_keys "
                             "WHERE principal = $1 AND key = $2"};
constexpr Statement kStoreKey{
    "idempotency.store",
    "INSERT INTO {tenant}.pb_idempotency_keys (principal, key, fingerprint, created, answer, created_at) "
    "VALUES ($1, $2, $3, $4, $5, $6)"};
// Keys are promised for a day. Old ones go with the new ones, a few at a time, so that no job has to.
constexpr Statement kExpireKeys{
    "idempotency.expire",
    "DELETE FROM {tenant}.pb_idempotency_keys WHERE (principal, key) IN (SELECT principal, key "
    "FROM {tenant}.pb_idempotency_keys WHERE created_at < $1 ORDER BY created_at LIMIT 10)"};

const std::string kReadConversationSql =
    "SELECT " + conversationJson() + ", v.version FROM {tenant}.inbox_conversations v WHERE v.id = $1";
const std::string kReadMessageSql = "SELECT " + messageJson() + " FROM {tenant}.inbox_messages m WHERE m.id = $1";
const Statement kReadConversation{"conversation.read_back", kReadConversationSql};
const Statement kReadMessage{"message.read_back", kReadMessageSql};

Result<Document> once(db::TenantWrite& write, const std::string& principal, const IdempotencyKey& key,
                      const Work& work) {
  const auto stored = write.query(kFindKey, Params().text(principal).text(key.key).bytes(key.fingerprint));
  if (!stored.empty()) {
    if (!stored.boolean(0, 0))
      return Error{ErrorKind::kInvalid,
                   "idempotency_key_reused",
                   "Idempotency-Key '" + key.key + "' was used before for another request; take a new key.",
                   {{"header:Idempotency-Key", "belongs to another request"}}};
    return Document{std::string(stored.text(0, 2)), 0, stored.boolean(0, 1), true};
  }
  auto answer = work(write);
  if (!answer.ok()) return answer;  // a refusal wrote nothing, and trying again may succeed
  write.queue(kExpireKeys, Params().timestamp(write.now() - std::chrono::hours(24)));
  write.queue(kStoreKey, Params()
                             .text(principal)
                             .text(key.key)
                             .bytes(key.fingerprint)
                             .boolean(answer->created)
                             .text(answer->json)
                             .timestamp(write.now()));
  return answer;
}

}  // namespace

void submitWrite(db::Lanes& lanes, const WriteContext& context, Work work, Reply reply) {
  if (context.idempotency)
    work = [key = *context.idempotency, principal = context.actor.kind + ":" + context.actor.id,
            inner = std::move(work)](db::TenantWrite& write) { return once(write, principal, key, inner); };
  lanes.post<Document>(context.tenant, std::move(work), std::move(reply));
}

Error notFound(std::string_view what, std::int64_t id) {
  return {ErrorKind::kNotFound, std::string(what) + "_not_found",
          "There is no " + std::string(what) + " " + std::to_string(id) + "."};
}

Error invalid(std::string code, std::string pointer, std::string message) {
  return {ErrorKind::kInvalid, std::move(code), message, {{std::move(pointer), message}}};
}

Result<Document> readConversation(db::TenantWrite& write, std::int64_t id) {
  const auto rows = write.query(kReadConversation, Params().int8(id));
  if (rows.empty()) return notFound("conversation", id);
  return Document{std::string(rows.text(0, 0)), rows.int8(0, 1)};
}

Result<Document> readMessage(db::TenantWrite& write, std::int64_t id) {
  const auto rows = write.query(kReadMessage, Params().int8(id));
  if (rows.empty()) return notFound("message", id);
  return Document{std::string(rows.text(0, 0)), 0};
}

std::string stringOr(const Json& body, const char* key, std::string fallback) {
  const auto found = body.find(key);
  if (found == body.end() || !found->is_string()) return fallback;
  return cleanText(found->get_ref<const std::string&>());
}

std::string cleanJson(const Json& value) {
  std::string text = dumpJson(value);
  // Only an escaped NUL can be left: dump() writes it as \u0000. An even number of backslashes before it means that the
  // backslash itself was escaped and "u0000" is plain text.
  constexpr std::string_view kNul = "\\u0000";
  for (std::size_t at = 0; (at = text.find(kNul, at)) != std::string::npos;) {
    std::size_t slashes = 0;
    while (slashes < at && text[at - 1 - slashes] == '\\') ++slashes;
    if (slashes % 2 == 0) {
      text.replace(at, kNul.size(), "\\ufffd");
    }
    at += kNul.size();
  }
  return text;
}

std::optional<std::int64_t> integer(const Json& body, const char* key) {
  const auto found = body.find(key);
  if (found == body.end() || !found->is_number()) return std::nullopt;
  return found->get<std::int64_t>();
}

}  // namespace patchbay::inbox
