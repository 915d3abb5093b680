#include "mail/message.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/text.hpp"
#include "mail/charset.hpp"
#include "mail/flowed.hpp"
#include "mail/gmime.hpp"
#include "mail/html_text.hpp"
#include "mail/report.hpp"
#include "mail/survey.hpp"

namespace patchbay::mail {
namespace {

std::string typeOf(GMimeObject* part) {
  GMimeContentType* type = g_mime_object_get_content_type(part);
  return type == nullptr ? "text/plain" : lowerAscii(cleanText(take(g_mime_content_type_get_mime_type(type))));
}

std::string parameter(GMimeObject* part, const char* name) {
  GMimeContentType* type = g_mime_object_get_content_type(part);
  const char* value = type == nullptr ? nullptr : g_mime_content_type_get_parameter(type, name);
  return value == nullptr ? std::string() : toUtf8(value, "");
}

/// With noise inside and without padding at the end: GMime's decoder drops the last bytes of the latter.
std::string decodeBase64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  int have = 0;
  for (const char c : text) {
    const int value = isUpper(c)   ? c - 'A'
                      : isLower(c) ? c - 'a' + 26
                      : isDigit(c) ? c - '0' + 52
                      : c == '+'   ? 62
                      : c == '/'   ? 63
                                   : -1;
    if (c == '=' && have > 0) have = 0, bits = 0;  // the end, or of one of several pieces
    if (value < 0) continue;
    bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    have += 6;
    if (have < 8) continue;
    have -= 8;
    out.push_back(static_cast<char>((bits >> static_cast<unsigned>(have)) & 0xFFU));
  }
  return out;
}

std::string bytesOf(GMimeStream* stream) {
  const GByteArray* bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
  return bytes->len == 0 ? std::string() : std::string(reinterpret_cast<const char*>(bytes->data), bytes->len);
}

/// The bytes behind a transfer encoding. They are never more than the message.
std::string contentOf(GMimeObject* object) {
  if (!GMIME_IS_PART(object)) return {};
  GMimeDataWrapper* content = g_mime_part_get_content(GMIME_PART(object));
  if (content == nullptr) return {};
  const Ref<GMimeStream> out(g_mime_stream_mem_new());
  if (g_mime_data_wrapper_get_encoding(content) != GMIME_CONTENT_ENCODING_BASE64) {
    g_mime_data_wrapper_write_to_stream(content, out.get());
    return bytesOf(out.get());
  }
  GMimeStream* encoded = g_mime_data_wrapper_get_stream(content);
  g_mime_stream_reset(encoded);
  g_mime_stream_write_to_stream(encoded, out.get());
  return decodeBase64(bytesOf(out.get()));
}

std::string rawOf(GMimeObject* object) {
  const Ref<GMimeStream> out(g_mime_stream_mem_new());
  g_mime_object_write_to_stream(object, nullptr, out.get());
  return bytesOf(out.get());
}

std::string filenameOf(GMimeObject* object) {
  const char* name = GMIME_IS_PART(object) ? g_mime_part_get_filename(GMIME_PART(object)) : nullptr;
  if (name == nullptr) return {};
  std::string decoded = toUtf8(name, "");
  return decoded.find("=?") == std::string::npos ? decoded : decodeWords(decoded);
}

std::string contentIdOf(GMimeObject* object) {
  const char* id = g_mime_object_get_content_id(object);
  if (id == nullptr) return {};
  auto clean = cleanText(trim(id));
  if (clean.starts_with('<')) clean.erase(0, 1);
  if (clean.ends_with('>')) clean.pop_back();
  return clean.size() <= 500 ? clean : std::string();
}

bool isAttachment(GMimeObject* object) {
  const char* disposition = g_mime_object_get_disposition(object) ? g_mime_object_get_disposition(object) : "";
  if (equalsIgnoreCase(disposition, "attachment")) return true;
  return !filenameOf(object).empty() && (*disposition != '\0' || typeOf(object) != "text/html");
}

HeaderLines linesOf(GMimeObject* object) {
  HeaderLines lines;
  GMimeHeaderList* list = g_mime_object_get_header_list(object);
  const int count = std::min(g_mime_header_list_get_count(list), 1000);
  for (int i = 0; i < count; ++i) {
    GMimeHeader* header = g_mime_header_list_get_header_at(list, i);
    const char* name = g_mime_header_get_name(header);
    const char* raw = g_mime_header_get_raw_value(header);
    if (name == nullptr || raw == nullptr || std::string_view(name).size() > 200) continue;
    std::string value;
    for (const char c : std::string_view(raw).substr(0, 64U << 10U))
      if (c != '\r' && c != '\n') value += c;
    lines.emplace_back(cleanText(name), toUtf8(trim(value), ""));
  }
  return lines;
}

/// One run of the body: text, HTML, or both as alternatives of each other.
struct Piece {
  std::string text, html;
};

class Walker {
 public:
  explicit Walker(Message& message) : message_(message) {}

  /// Depth is bounded, so this may recurse.
  void part(GMimeObject* object, int depth, Piece* alternative) {
    if (object == nullptr) return;
    if (++parts_ > kMaxParts || depth > kMaxDepth) {
      message_.incomplete = true;
      return;
    }
    if (GMIME_IS_MULTIPART(object)) return multipart(GMIME_MULTIPART(object), depth, alternative);
    if (GMIME_IS_MESSAGE_PART(object)) return enclosed(GMIME_MESSAGE_PART(object));
    leaf(object, alternative);
  }

  /// Puts the pieces together: HTML as a whole when one of them has any, and text when every piece has a text.
  void finish() {
    const bool html = std::any_of(pieces_.begin(), pieces_.end(), [](const Piece& p) { return !p.html.empty(); });
    for (const auto& piece : pieces_) {
      if (html) {
        message_.html += message_.html.empty() ? "" : "\n<hr>\n";
        message_.html += piece.html.empty() ? asHtml(piece.text) : piece.html;
      }
      auto text =
          piece.text.empty() && !piece.html.empty() && pieces_.size() > 1 ? htmlToText(piece.html).all : piece.text;
      if (trim(text).empty()) continue;
      message_.text += (message_.text.empty() || message_.text.ends_with('\n') ? "" : "\n") + text;
    }
  }

 private:
  void multipart(GMimeMultipart* parts, int depth, Piece* outer) {
    const auto type = typeOf(GMIME_OBJECT(parts));
    const int count = g_mime_multipart_get_count(parts);
    if (type == "multipart/encrypted") {
      for (int i = 0; i < count; ++i) keep(g_mime_multipart_get_part(parts, i));
      return;
    }
    if (type == "multipart/alternative") {
      Piece own;
      Piece& piece = outer == nullptr ? own : *outer;
      for (int i = 0; i < count; ++i) part(g_mime_multipart_get_part(parts, i), depth + 1, &piece);
      if (outer == nullptr && !(own.text.empty() && own.html.empty())) pieces_.push_back(std::move(own));
      return;
    }
    if (type == "multipart/report") {
      message_.report.emplace();
      const auto kind = lowerAscii(parameter(GMIME_OBJECT(parts), "report-type"));
      if (kind == "disposition-notification") message_.report->kind = Report::Kind::kRead;
      if (kind == "feedback-report") message_.report->kind = Report::Kind::kComplaint;
    }
    const bool mixed = type != "multipart/related" && type != "multipart/signed" && type != "multipart/report";
    if (outer != nullptr && mixed) return run(parts, depth, *outer);
    // The root of related parts may have alternatives; the others are files. Of signed parts the second is one.
    const bool first_only = type == "multipart/related" || type == "multipart/signed";
    for (int i = 0; i < count; ++i) {
      GMimeObject* child = g_mime_multipart_get_part(parts, i);
      if (first_only && i > 0 && !GMIME_IS_MULTIPART(child))
        keep(child);
      else
        part(child, depth + 1, outer != nullptr && (i == 0 || !first_only) ? outer : nullptr);
    }
  }

  /// Parts one after the other that are an alternative together (Apple Mail: HTML, a file, the rest of the HTML).
  void run(GMimeMultipart* parts, int depth, Piece& outer) {
    std::vector<Piece> pieces(static_cast<std::size_t>(std::max(g_mime_multipart_get_count(parts), 0)));
    for (std::size_t i = 0; i < pieces.size(); ++i)
      part(g_mime_multipart_get_part(parts, static_cast<int>(i)), depth + 1, &pieces[i]);
    std::string text, html;
    for (const auto& piece : pieces) {
      text += piece.text;
      html += piece.html;
    }
    if (html.empty()) {
      if (!text.empty()) outer.text = std::move(text);
      return;
    }
    outer.html.clear();
    for (const auto& piece : pieces)
      outer.html += piece.html.empty() && !trim(piece.text).empty() ? asHtml(piece.text) : piece.html;
  }

  void enclosed(GMimeMessagePart* enclosed) {
    GMimeMessage* inner = g_mime_message_part_get_message(enclosed);
    if (inner == nullptr) return keep(GMIME_OBJECT(enclosed));
    const auto lines = linesOf(GMIME_OBJECT(inner));
    if (message_.report)
      for (auto& id : readIds(find(lines, "Message-ID"), 1))
        message_.report->original_ids.insert(message_.report->original_ids.begin(), std::move(id));
    auto subject = decodeWords(find(lines, "Subject"));
    std::replace(subject.begin(), subject.end(), '/', '-');
    add({rawOf(GMIME_OBJECT(inner)), "message/rfc822", (trim(subject).empty() ? "message" : subject) + ".eml", {}});
  }

  void leaf(GMimeObject* object, Piece* alternative) {
    const auto type = typeOf(object);
    if (message_.report && machineReadable(object, type)) return;
    const bool text = type == "text/plain" || type == "text/html";
    if (!text || isAttachment(object)) return keep(object);
    const auto bytes = contentOf(object);
    auto charset = parameter(object, "charset");
    if (charset.empty() && type == "text/html") charset = metaCharset(bytes);
    auto decoded = toUtf8(bytes, charset);
    std::erase(decoded, '\r');
    if (type == "text/plain" && equalsIgnoreCase(parameter(object, "format"), "flowed"))
      decoded = unflow(decoded, equalsIgnoreCase(parameter(object, "delsp"), "yes"));
    auto& total = type == "text/html" ? html_bytes_ : text_bytes_;
    const auto limit = type == "text/html" ? 2 * kMaxText : kMaxText;
    total += decoded.size();
    if (total > limit) {
      message_.incomplete = true;
      return keep(object);
    }
    Piece own;
    Piece& piece = alternative == nullptr ? own : *alternative;
    // Of alternatives of one kind the last is the best.
    (type == "text/html" ? piece.html : piece.text) = std::move(decoded);
    if (alternative == nullptr) pieces_.push_back(std::move(own));
  }

  /// The parts of a report that are for machines; they are no files.
  bool machineReadable(GMimeObject* object, const std::string& type) {
    auto& report = *message_.report;
    if (type == "message/delivery-status" || type == "message/disposition-notification" ||
        type == "message/global-delivery-status") {
      readReportFields(contentOf(object), report);
      return true;
    }
    if (type == "message/feedback-report") {
      report.feedback = lowerAscii(trim(find(readLines(contentOf(object)), "Feedback-Type")));
      return true;
    }
    if (type != "text/rfc822-headers" && type != "message/rfc822-headers") return false;
    for (auto& id : readIds(find(readLines(contentOf(object)), "Message-ID"), 1))
      report.original_ids.insert(report.original_ids.begin(), std::move(id));
    return true;
  }

  void keep(GMimeObject* object) {
    if (GMIME_IS_MULTIPART(object) || GMIME_IS_MESSAGE_PART(object)) {
      const bool mail = GMIME_IS_MESSAGE_PART(object);
      return add({rawOf(object), mail ? "message/rfc822" : typeOf(object), mail ? "message.eml" : "", {}});
    }
    auto type = typeOf(object);
    if (type.starts_with("text/"))
      if (const auto charset = lowerAscii(parameter(object, "charset")); !charset.empty() && charset.size() <= 40)
        type += "; charset=" + charset;
    add({contentOf(object), type, filenameOf(object), contentIdOf(object)});
  }

  void add(File file) {
    if (message_.files.size() < kMaxFiles)
      message_.files.push_back(std::move(file));
    else
      message_.incomplete = true;
  }

  static std::string asHtml(std::string_view text) {
    std::string html = "<pre style=\"white-space: pre-wrap\">\n";
    for (const char c : text) {
      if (c == '&')
        html += "&amp;";
      else if (c == '<')
        html += "&lt;";
      else
        html += c;
    }
    return html + "</pre>";
  }

  Message& message_;
  std::vector<Piece> pieces_;
  std::size_t parts_ = 0;
  std::size_t text_bytes_ = 0, html_bytes_ = 0;
};

}  // namespace

Result<Message> parseMessage(std::string_view raw) {
  startGMime();
  Message message;
  std::string shortened;
  if (!fitsParser(raw)) {
    // Such a mail is an attack or none at all: its header says enough, and the rest of it is one file.
    message.files.push_back({std::string(raw), "message/rfc822", "message.eml", {}});
    message.incomplete = true;
    shortened = std::string(topHeader(raw)) + "\r\n\r\n";
    raw = shortened;
  }
  const Ref<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(raw.data(), raw.size()));
  const Ref<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
  const Ref<GMimeMessage> parsed(g_mime_parser_construct_message(parser.get(), nullptr));
  if (!parsed) return Error{ErrorKind::kInvalid, "bad_mail", "the bytes are no mail: they have no header"};
  message.lines = linesOf(GMIME_OBJECT(parsed.get()));
  GMimeObject* body = g_mime_message_get_mime_part(parsed.get());
  if (body != nullptr)
    for (auto& line : linesOf(body))
      if (find(message.lines, line.first).empty()) message.lines.push_back(std::move(line));
  if (message.lines.empty())
    return Error{ErrorKind::kInvalid, "bad_mail", "the bytes are no mail: they have no header"};
  message.headers = readHeaders(message.lines);
  if (message.incomplete) return message;
  Walker walker(message);
  walker.part(body, 0, nullptr);
  walker.finish();
  return message;
}

}  // namespace patchbay::mail
