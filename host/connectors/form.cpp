#include "connectors/form.hpp"

#include <algorithm>

#include "base/ascii.hpp"
#include "base/text.hpp"

namespace patchbay::connectors {
namespace {

constexpr std::size_t kMaxBoundary = 70;  // RFC 2046, section 5.1.1

Error broken(std::string why) {
  return {ErrorKind::kInvalid, "bad_form", "the form cannot be read: " + std::move(why)};
}

/// `name=value` parameters of a header value, after the first ';'. Values as they stand or quoted.
class Parameters {
 public:
  explicit Parameters(std::string_view text) : rest_(text) {}

  /// @return false at the end and at the first thing that is no parameter; `ok()` tells which
  bool next(std::string& name, std::string& value) {
    skipBlanks();
    if (rest_.empty()) return false;
    if (rest_.front() != ';') return fail();
    rest_.remove_prefix(1);
    skipBlanks();
    if (rest_.empty()) return false;  // "form-data; name="a";" is common, and says nothing else
    const auto equals = rest_.find('=');
    if (equals == std::string_view::npos) return fail();
    name = lowerAscii(trim(rest_.substr(0, equals)));
    rest_.remove_prefix(equals + 1);
    skipBlanks();
    value.clear();
    return !rest_.empty() && rest_.front() == '"' ? quoted(value) : plain(value);
  }
  bool ok() const { return ok_; }

 private:
  bool fail() {
    ok_ = false;
    return false;
  }
  void skipBlanks() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t')) rest_.remove_prefix(1);
  }
  bool plain(std::string& value) {
    const auto end = std::min(rest_.find(';'), rest_.size());
    value = trim(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return value.empty() || value.find('"') != std::string::npos ? fail() : true;
  }
  /// Only \" and \\ are escapes: a backslash before anything else is part of a path that an old browser sent.
  bool quoted(std::string& value) {
    for (std::size_t at = 1; at < rest_.size(); ++at) {
      if (rest_[at] == '"') {
        rest_.remove_prefix(at + 1);
        return true;
      }
      if (rest_[at] == '\\' && at + 1 < rest_.size() && (rest_[at + 1] == '"' || rest_[at + 1] == '\\')) ++at;
      value += rest_[at];
    }
    return fail();
  }

  std::string_view rest_;
  bool ok_ = true;
};

/// The only Content-Type; nothing when there is none, or when there are two.
std::optional<std::string_view> contentType(const http::Headers& headers, bool& twice) {
  std::optional<std::string_view> found;
  for (const auto& header : headers) {
    if (!equalsIgnoreCase(header.name, "Content-Type")) continue;
    if (found) twice = true;
    found = header.value;
  }
  return twice ? std::nullopt : found;
}

std::string mediaType(std::string_view value) {
  return lowerAscii(trim(value.substr(0, value.find(';'))));
}

FormKind kindOf(std::string_view value) {
  const auto type = mediaType(value);
  return type == "application/x-www-form-urlencoded" ? FormKind::kUrlencoded
         : type == "multipart/form-data"             ? FormKind::kMultipart
                                                     : FormKind::kNone;
}

bool isBoundary(std::string_view text) {
  return !text.empty() && text.size() <= kMaxBoundary && text.back() != ' ' &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return isAlnum(c) || std::string_view{"'()+_,-./:=? "}.find(c) != std::string_view::npos;
         });
}

Result<std::string> boundaryOf(std::string_view content_type) {
  const auto semicolon = content_type.find(';');
  Parameters parameters(semicolon == std::string_view::npos ? std::string_view{} : content_type.substr(semicolon));
  std::string name, value, boundary;
  while (parameters.next(name, value)) {
    if (name != "boundary") continue;
    if (!boundary.empty()) return broken("its Content-Type names two boundaries");
    boundary = value;
  }
  if (!parameters.ok()) return broken("its Content-Type has a parameter that is not name=value");
  if (!isBoundary(boundary)) return broken("its Content-Type has no boundary of 1 to 70 permitted characters");
  return boundary;
}

/// What browsers escape in names (WHATWG HTML, "multipart/form-data encoding algorithm").
std::string unescaped(std::string text) {
  for (const auto& [escape, character] : {std::pair{"%22", "\""}, {"%0D", "\r"}, {"%0A", "\n"}})
    for (auto at = text.find(escape); at != std::string::npos; at = text.find(escape, at + 1))
      text.replace(at, 3, character);
  return text;
}

/// RFC 8187: filename*=UTF-8''na%C3%AFve.txt
bool extendedValue(std::string_view text, std::string& out) {
  return text.size() > 7 && equalsIgnoreCase(text.substr(0, 6), "UTF-8'") &&
         text.find('\'', 6) != std::string_view::npos && percentDecode(text.substr(text.find('\'', 6) + 1), false, out);
}

/// Reads a multipart body from front to back.
class Multipart {
 public:
  Multipart(std::string_view body, const std::string& boundary)
      : rest_(body), open_("--" + boundary), delimiter_("\r\n" + open_) {
    form_.kind = FormKind::kMultipart;
  }

  Result<Form> read() {
    if (rest_.starts_with("\r\n")) rest_.remove_prefix(2);
    if (!rest_.starts_with(open_)) return broken("it does not begin with its boundary");
    rest_.remove_prefix(open_.size());
    for (;;) {
      if (rest_.starts_with("--")) return end(rest_.substr(2));
      // RFC 2046 lets blanks stand behind a boundary.
      rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size()));
      if (!rest_.starts_with("\r\n")) return broken("a boundary is followed by something else");
      rest_.remove_prefix(2);
      if (auto error = part()) return std::move(*error);
    }
  }

 private:
  Result<Form> end(std::string_view epilogue) {
    if (epilogue.find_first_not_of(" \t\r\n") != std::string_view::npos)
      return broken("something follows its last boundary");
    return std::move(form_);
  }

  std::optional<Error> part() {
    if (form_.fields.size() == kMaxFormFields) return broken("over " + std::to_string(kMaxFormFields) + " fields");
    FormField field;
    bool file = false;
    if (auto error = header(field, file)) return error;
    // An empty part has the line break of its boundary, too. Without it, some readers see a part that ends here.
    if (rest_.starts_with(open_)) return broken("a boundary stands where a part should begin");
    const auto stop = rest_.find(delimiter_);
    if (stop == std::string_view::npos) return broken("its last part is not closed by its boundary");
    const auto content = rest_.substr(0, stop);
    rest_.remove_prefix(stop + delimiter_.size());
    if (file) {
      if (form_.files.size() == kMaxFormFiles) return broken("over " + std::to_string(kMaxFormFiles) + " files");
      form_.files.push_back(content);
      field.blob = form_.files.size();
    } else {
      field.value = content;
    }
    form_.fields.push_back(std::move(field));
    return std::nullopt;
  }

  /// The header of a part, with the empty line that ends it.
  std::optional<Error> header(FormField& field, bool& file) {
    bool named = false;
    for (std::size_t bytes = 0;;) {
      const auto stop = rest_.substr(0, kMaxPartHeader + 2).find("\r\n");
      if (stop == std::string_view::npos || (bytes += stop + 2) > kMaxPartHeader)
        return broken("a part has a header of over " + std::to_string(kMaxPartHeader) + " bytes or without end");
      const auto line = rest_.substr(0, stop);
      rest_.remove_prefix(stop + 2);
      if (line.empty()) break;
      const auto colon = line.find(':');
      if (colon == std::string_view::npos || colon == 0 || line.front() == ' ' || line.front() == '\t')
        return broken("a part has a header line that is not name: value");
      const auto name = lowerAscii(line.substr(0, colon));
      const auto value = trim(line.substr(colon + 1));
      if (name == "content-disposition") {
        if (named) return broken("a part has two Content-Disposition");
        named = true;
        if (auto error = disposition(value, field, file)) return error;
      } else if (name == "content-type") {
        if (!field.content_type.empty()) return broken("a part has two Content-Type");
        field.content_type = value;
      } else if (name == "content-transfer-encoding" && !equalsIgnoreCase(value, "binary") &&
                 !equalsIgnoreCase(value, "8bit") && !equalsIgnoreCase(value, "7bit")) {
        return broken("a part has an encoding of its own, which RFC 7578 does not allow");
      }
    }
    if (!named) return broken("a part has no Content-Disposition");
    return std::nullopt;
  }

  static std::optional<Error> disposition(std::string_view value, FormField& field, bool& file) {
    if (mediaType(value) != "form-data") return broken("a part is not form-data");
    const auto semicolon = value.find(';');
    Parameters parameters(semicolon == std::string_view::npos ? std::string_view{} : value.substr(semicolon));
    std::string name, text, extended;
    std::optional<std::string> own_name, filename;
    bool has_extended = false;
    while (parameters.next(name, text)) {
      if (name == "name" || name == "filename") {
        auto& target = name == "name" ? own_name : filename;
        if (target) return broken("a part has two parameters '" + name + "'");
        target = unescaped(std::move(text));
      } else if (name == "filename*") {
        if (has_extended || !extendedValue(text, extended)) return broken("a part has a 'filename*' that is broken");
        has_extended = true;
      }
    }
    if (!parameters.ok()) return broken("a part has a Content-Disposition with a parameter that is not name=value");
    if (!own_name) return broken("a part has no name");
    if (has_extended) filename = std::move(extended);
    if (own_name->size() > kMaxFormName || (filename && filename->size() > kMaxFormName))
      return broken("a name of over " + std::to_string(kMaxFormName) + " bytes");
    field.name = std::move(*own_name);
    file = filename.has_value();
    if (file) field.filename = std::move(*filename);
    return std::nullopt;
  }

  std::string_view rest_;
  const std::string open_;
  const std::string delimiter_;
  Form form_;
};

}  // namespace

Result<std::vector<FormField>> decodeUrlencoded(std::string_view text) {
  const auto count = static_cast<std::size_t>(std::count(text.begin(), text.end(), '&')) + 1;
  if (count > kMaxFormFields) return broken("over " + std::to_string(kMaxFormFields) + " fields");
  std::vector<FormField> fields;
  fields.reserve(count);
  for (const auto pair : split(text, '&')) {
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    FormField field;
    if (!percentDecode(pair.substr(0, equals), true, field.name) ||
        (equals != std::string_view::npos && !percentDecode(pair.substr(equals + 1), true, field.value)))
      return broken("a percent sign without two hex digits");
    if (field.name.size() > kMaxFormName) return broken("a name of over " + std::to_string(kMaxFormName) + " bytes");
    fields.push_back(std::move(field));
  }
  return fields;
}

Result<Form> decodeForm(const http::Headers& headers, std::string_view body) {
  bool twice = false;
  const auto type = contentType(headers, twice);
  if (twice) return broken("the request has two Content-Type");
  Form form;
  if (type) form.kind = kindOf(*type);
  if (form.kind == FormKind::kNone) return form;
  if (form.kind == FormKind::kUrlencoded) {
    auto fields = decodeUrlencoded(body);
    if (!fields) return fields.error();
    form.fields = std::move(*fields);
    return form;
  }
  const auto boundary = boundaryOf(*type);
  if (!boundary) return boundary.error();
  return Multipart(body, *boundary).read();
}

}  // namespace patchbay::connectors
