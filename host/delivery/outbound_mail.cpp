#include "delivery/outbound_mail.hpp"

#include "mail/compose.hpp"

namespace patchbay::delivery {
namespace {

std::vector<std::string> texts(const Json& list) {
  std::vector<std::string> out;
  for (const auto& one : list) out.push_back(one.get<std::string>());
  return out;
}

}  // namespace

std::optional<Error> composeMail(PreparedMedia& prepared, Timestamp date) {
  auto& operation = prepared.operation;
  const Json mail = operation.value("mail", Json::object());
  const Json thread = operation.value("thread", Json::object());
  mail::Draft draft;
  draft.from = {mail.at("from").at("address"), mail.at("from").value("name", "")};
  draft.to = operation.at("to").at("address");
  draft.reply_to = mail.value("reply_to", "");
  draft.subject = operation.value("subject", "");
  draft.message_id = mail.at("message_id");
  draft.in_reply_to = thread.value("in_reply_to", "");
  draft.references = texts(thread.value("references", Json::array()));
  for (const auto& line : mail.value("headers", Json::array())) draft.headers.emplace_back(line.at(0), line.at(1));
  draft.text = operation.value("text", "");
  draft.html = operation.value("html", "");
  draft.date = date;
  std::uint64_t total = 0;
  for (const auto& item : operation.value("media", Json::array())) {
    if (const auto caption = item.value("caption", ""); !caption.empty())
      draft.text += (draft.text.empty() ? "" : "\n\n") + caption;
    const auto found = prepared.blobs.find(item.value("blob", std::uint64_t{0}));
    if (found == prepared.blobs.end()) continue;
    total += found->second.size;
    if (total > kMaxMail)
      return Error{ErrorKind::kInvalid, "mail_too_large",
                   "the files of a mail have at most " + std::to_string(kMaxMail >> 20U) + " MiB together"};
    auto bytes = found->second.read(kMaxMail);
    if (!bytes.ok()) return bytes.error();
    draft.files.push_back({std::move(*bytes), item.value("mime_type", ""), item.value("filename", ""), {}});
  }
  auto composed = mail::composeMessage(draft);
  if (!composed.ok()) return composed.error();
  operation["mime"] = kMailBlob;
  prepared.blobs[kMailBlob] = Blob::ofBytes(std::move(*composed));
  prepared.blobs[kMailBlob].mime_type = "message/rfc822";
  return std::nullopt;
}

}  // namespace patchbay::delivery
