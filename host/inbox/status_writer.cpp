#include "inbox/status_writer.hpp"

#include "base/log.hpp"
#include "inbox/status.hpp"

namespace patchbay::inbox {
namespace {

using db::Params;
using db::Statement;

constexpr Statement kWritePart{
    "status.write_part",
    "INSERT INTO {tenant}.pb_message_parts (channel_name, provider_id, message_id, part, status) "
    "SELECT $1, $2, $3, count(*), $4 FROM {tenant}.pb_message_parts WHERE message_id = $3 "
    "ON CONFLICT (channel_name, provider_id) DO UPDATE SET status = excluded.status"};
constexpr Statement kWriteMessage{
    "status.write_message",
    "UPDATE {tenant}.inbox_messages SET status = $2, external_id = coalesce(external_id, $4), "
    "status_updated_at = CASE WHEN status = $2 THEN status_updated_at ELSE $3 END, "
    "error = CASE WHEN $5::jsonb IS NULL AND error ->> 'code' = 'perhaps_partial' THEN error ELSE $5 END "
    "WHERE id = $1"};

/// The provider goes on trying: news for people that move nothing.
bool isDelay(std::string_view status, const std::optional<connectors::EventError>& error) {
  return status == "sent" && error && error->error_class == "transient";
}

}  // namespace

std::string errorJson(const connectors::EventError& error) {
  return dumpJson(Json{{"class", error.error_class}, {"code", error.code}, {"text", log::scrub(error.text)}});
}

void StatusWriter::knowPart(std::string provider_id, std::string status) {
  parts_.insert_or_assign(std::move(provider_id), Part{std::move(status), false});
}

void StatusWriter::apply(std::string_view provider_id, std::string_view status,
                         const std::optional<connectors::EventError>& error) {
  auto found = parts_.find(provider_id);
  if (found == parts_.end()) found = parts_.emplace(std::string(provider_id), Part{"pending", true}).first;
  const bool bounced = error && error->error_class == "bounced";
  if (isDelay(status, error) && (found->second.status == "pending" || found->second.status == "sent")) delay_ = error;
  if (!statusMoves(found->second.status, status, bounced)) return;
  found->second = {std::string(status), true};
  if (status == "failed") error_ = error;
  bounced_ |= bounced;
}

void StatusWriter::remarkPerhapsPartial() {
  remarked_ = true;
  if (!error_)
    error_ = {"unknown", "perhaps_partial",
              "a part arrived although its answer was lost; if others were to follow it, they were not sent"};
}

void StatusWriter::remarkDelay() {
  if (!delay_ || error_ || status_ != "sent") return;
  const Json known = known_error_.empty() ? Json() : parseJson(known_error_);
  if (known.is_object() && known.value("code", Json()) == "perhaps_partial") return;  // weighs more
  if (known == parseJson(errorJson(*delay_))) return;                                 // events come twice
  error_ = delay_;
  remarked_ = true;
}

void StatusWriter::write(db::TenantWrite& write) {
  std::vector<std::string> all;
  for (const auto& [id, part] : parts_) all.push_back(part.status);
  const std::string lowest = all.empty() && complete_ ? "sent" : lowestStatus(all);
  if ((!unfinished_ || lowest == "failed") && statusMoves(status_, lowest, bounced_)) status_ = lowest;
  remarkDelay();
  for (const auto& [id, part] : parts_)
    if (part.changed)
      write.queue(kWritePart, Params().text(channel_name_).text(id).int8(message_id_).text(part.status));
  if (status_ == before_ && !remarked_) return;
  Params params;
  params.int8(message_id_).text(status_).timestamp(write.now());
  parts_.empty() ? params.null() : params.text(parts_.begin()->first);
  error_ ? params.jsonb(errorJson(*error_)) : params.null();
  write.queue(kWriteMessage, std::move(params));
  Json data{{"conversation_id", conversation_id_}, {"message_id", message_id_}, {"status", status_}};
  if (error_)
    data["error"] = {{"class", error_->error_class}, {"code", error_->code}, {"text", log::scrub(error_->text)}};
  write.event(status_ == before_ ? "message.updated" : "message." + status_, {"system", {}, {}}, dumpJson(data));
}

}  // namespace patchbay::inbox
