#include "mail/compose.hpp"

#include <algorithm>
#include <patchbay/utf8.hpp>

#include "base/ascii.hpp"
#include "base/crypto.hpp"
#include "base/text.hpp"
#include "mail/gmime.hpp"

namespace patchbay::mail {
namespace {

constexpr std::size_t kMaxReferences = 900;  // bytes

/// What would end the line, and with it the header.
bool forges(std::string_view value) {
  return value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos;
}

std::string bracketed(std::string_view id) {
  return "<" + std::string(id) + ">";
}

Ref<GMimeObject> textPart(const std::string& subtype, std::string text) {
  std::erase(text, '\r');
  if (!text.ends_with('\n')) text += '\n';
  const Ref<GMimeTextPart> part(g_mime_text_part_new_with_subtype(subtype.c_str()));
  g_mime_text_part_set_charset(part.get(), "utf-8");
  const Ref<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(text.data(), text.size()));
  const Ref<GMimeDataWrapper> content(
      g_mime_data_wrapper_new_with_stream(stream.get(), GMIME_CONTENT_ENCODING_DEFAULT));
  g_mime_part_set_content(GMIME_PART(part.get()), content.get());
  g_mime_object_set_content_type_parameter(GMIME_OBJECT(part.get()), "charset", "utf-8");
  const auto eight_bit = static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }));
  g_mime_part_set_content_encoding(GMIME_PART(part.get()), eight_bit > text.size() / 3
                                                               ? GMIME_CONTENT_ENCODING_BASE64
                                                               : GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
  g_object_ref(part.get());
  return Ref<GMimeObject>(GMIME_OBJECT(part.get()));
}

/// Of "text/csv; charset=utf-8"; empty where there is none that can be told.
std::string charsetIn(std::string_view mime_type) {
  const auto lower = lowerAscii(mime_type);
  const auto at = lower.find("charset=");
  if (!lower.starts_with("text/") || at == std::string::npos) return {};
  auto value = std::string_view(lower).substr(at + 8, 40);
  if (value.starts_with('"')) value.remove_prefix(1);
  return std::string(value.substr(0, value.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_.:")));
}

/// GMime writes what it is given, also a line end that would begin another header.
std::string oneLine(std::string_view name) {
  std::string line = cleanText(name);
  std::replace_if(line.begin(), line.end(), isControl, '_');
  return line;
}

/// RFC 2047. GMime leaves what is ASCII as it is, also what looks like an encoded word: whoever reads it would decode
/// what somebody wrote, with line ends if they liked.
std::string encodedWords(std::string_view text) {
  constexpr std::size_t kBytes = 45;  // of one word, whose base64 is then within 75 characters
  std::string words;
  while (!text.empty()) {
    const auto piece = utf8Prefix(text, kBytes);
    words += (words.empty() ? "=?utf-8?B?" : " =?utf-8?B?") + crypto::base64Encode(piece) + "?=";
    text.remove_prefix(piece.size());
  }
  return words;
}

Ref<GMimeObject> filePart(const File& file) {
  const auto slash = file.mime_type.find('/');
  const auto end = file.mime_type.find(';');
  const bool named = slash != std::string::npos && !forges(file.mime_type);
  const auto type = named ? file.mime_type.substr(0, slash) : std::string("application");
  auto subtype =
      named ? std::string(trim(file.mime_type.substr(slash + 1, end == std::string::npos ? end : end - slash - 1)))
            : std::string("octet-stream");
  const bool structured = type == "message" || type == "multipart";  // base64 is not for them
  const Ref<GMimePart> part(structured ? g_mime_part_new_with_type("application", "octet-stream")
                                       : g_mime_part_new_with_type(type.c_str(), subtype.c_str()));
  if (const auto charset = charsetIn(file.mime_type); named && !charset.empty())
    g_mime_object_set_content_type_parameter(GMIME_OBJECT(part.get()), "charset", charset.c_str());
  const Ref<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(file.bytes.data(), file.bytes.size()));
  const Ref<GMimeDataWrapper> content(
      g_mime_data_wrapper_new_with_stream(stream.get(), GMIME_CONTENT_ENCODING_DEFAULT));
  g_mime_part_set_content(part.get(), content.get());
  g_mime_part_set_content_encoding(part.get(), GMIME_CONTENT_ENCODING_BASE64);
  g_mime_object_set_disposition(GMIME_OBJECT(part.get()), file.content_id.empty() ? "attachment" : "inline");
  if (!file.filename.empty()) g_mime_part_set_filename(part.get(), oneLine(file.filename).c_str());
  if (!file.content_id.empty()) g_mime_object_set_content_id(GMIME_OBJECT(part.get()), file.content_id.c_str());
  g_object_ref(part.get());
  return Ref<GMimeObject>(GMIME_OBJECT(part.get()));
}

Ref<GMimeObject> multipart(const char* subtype, const std::string& boundary, const std::vector<GMimeObject*>& parts) {
  const Ref<GMimeMultipart> whole(g_mime_multipart_new_with_subtype(subtype));
  g_mime_multipart_set_boundary(whole.get(), boundary.c_str());
  for (GMimeObject* part : parts) g_mime_multipart_add(whole.get(), part);
  g_object_ref(whole.get());
  return Ref<GMimeObject>(GMIME_OBJECT(whole.get()));
}

Ref<GMimeObject> bodyOf(const Draft& draft) {
  const auto boundary = "=_" + crypto::hexEncode(crypto::digest(crypto::Hash::kSha256, draft.message_id)).substr(0, 24);
  auto body = textPart("plain", draft.text);
  if (!draft.html.empty()) {
    const auto html = textPart("html", draft.html);
    body = multipart("alternative", boundary + "-a", {body.get(), html.get()});
  }
  if (draft.files.empty()) return body;
  std::vector<Ref<GMimeObject>> files;
  std::vector<GMimeObject*> parts{body.get()};
  for (const auto& file : draft.files) {
    files.push_back(filePart(file));
    parts.push_back(files.back().get());
  }
  return multipart("mixed", boundary + "-m", parts);
}

Error forged(std::string_view name) {
  return {ErrorKind::kInvalid, "bad_header", "the header " + std::string(name) + " would hold a line end or NUL"};
}

}  // namespace

Result<std::string> composeMessage(const Draft& draft) {
  startGMime();
  for (const auto& [name, value] :
       std::initializer_list<std::pair<std::string_view, std::string_view>>{{"From", draft.from.address},
                                                                            {"From", draft.from.name},
                                                                            {"To", draft.to},
                                                                            {"Reply-To", draft.reply_to},
                                                                            {"Subject", draft.subject},
                                                                            {"Message-ID", draft.message_id},
                                                                            {"In-Reply-To", draft.in_reply_to}})
    if (forges(value)) return forged(name);
  for (const auto& id : draft.references)
    if (forges(id)) return forged("References");
  for (const auto& [name, value] : draft.headers)
    if (forges(name) || forges(value) || name.find_first_of(": ") != std::string::npos) return forged(name);

  const Ref<GMimeMessage> message(g_mime_message_new(FALSE));
  g_mime_message_add_mailbox(message.get(), GMIME_ADDRESS_TYPE_FROM,
                             draft.from.name.empty() ? nullptr : draft.from.name.c_str(), draft.from.address.c_str());
  g_mime_message_add_mailbox(message.get(), GMIME_ADDRESS_TYPE_TO, nullptr, draft.to.c_str());
  if (!draft.reply_to.empty())
    g_mime_message_add_mailbox(message.get(), GMIME_ADDRESS_TYPE_REPLY_TO, nullptr, draft.reply_to.c_str());
  if (draft.subject.find("=?") == std::string::npos)
    g_mime_message_set_subject(message.get(), draft.subject.c_str(), "utf-8");
  else
    g_mime_object_set_header(GMIME_OBJECT(message.get()), "Subject", encodedWords(draft.subject).c_str(), nullptr);
  GDateTime* date = g_date_time_new_from_unix_utc(
      std::chrono::duration_cast<std::chrono::seconds>(draft.date.time_since_epoch()).count());
  g_mime_message_set_date(message.get(), date);
  g_date_time_unref(date);
  g_mime_message_set_message_id(message.get(), draft.message_id.c_str());
  GMimeObject* object = GMIME_OBJECT(message.get());
  if (!draft.in_reply_to.empty())
    g_mime_object_set_header(object, "In-Reply-To", bracketed(draft.in_reply_to).c_str(), nullptr);
  if (!draft.references.empty()) {
    std::string references;
    for (const auto& id : draft.references) references += (references.empty() ? "" : " ") + bracketed(id);
    g_mime_object_set_header(object, "References", references.c_str(), nullptr);
  }
  for (const auto& [name, value] : draft.headers)
    g_mime_object_append_header(object, name.c_str(), value.c_str(), "utf-8");
  const auto body = bodyOf(draft);
  g_mime_message_set_mime_part(message.get(), body.get());

  GMimeFormatOptions* options = g_mime_format_options_new();
  g_mime_format_options_set_newline_format(options, GMIME_NEWLINE_FORMAT_DOS);
  const Ref<GMimeStream> out(g_mime_stream_mem_new());
  g_mime_object_write_to_stream(object, options, out.get());
  g_mime_format_options_free(options);
  const GByteArray* bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(out.get()));
  return std::string(reinterpret_cast<const char*>(bytes->data), bytes->len);
}

std::vector<std::string> referencesOf(const std::vector<std::string>& parents,
                                      const std::vector<std::string>& in_reply_to, const std::string& message_id) {
  auto all = parents;
  if (all.empty() && in_reply_to.size() == 1) all = in_reply_to;
  if (!message_id.empty()) {
    std::erase(all, message_id);
    all.push_back(message_id);
  }
  std::size_t bytes = 0;
  for (const auto& id : all) bytes += id.size() + 3;
  while (bytes > kMaxReferences && all.size() > 2) {
    bytes -= all[1].size() + 3;
    all.erase(all.begin() + 1);
  }
  return all;
}

}  // namespace patchbay::mail
