#include "simulators/common/multipart.hpp"

#include "base/text.hpp"

namespace patchbay::simulators {
namespace {

/// The value of `name` in `form-data; name="file"; filename="a.png"`, quoted or not.
std::string attribute(std::string_view header, std::string_view name) {
  std::size_t at = header.find(';');
  while (at != std::string_view::npos) {
    std::string_view rest = trim(header.substr(at + 1));
    const auto equals = rest.find('=');
    if (equals == std::string_view::npos) return {};
    const bool wanted = equalsIgnoreCase(trim(rest.substr(0, equals)), name);
    rest = trim(rest.substr(equals + 1));
    std::string value;
    std::size_t end = 0;
    if (!rest.empty() && rest[0] == '"') {
      for (end = 1; end < rest.size() && rest[end] != '"'; ++end) {
        if (rest[end] == '\\' && end + 1 < rest.size()) ++end;
        value += rest[end];
      }
    } else {
      end = std::min(rest.find(';'), rest.size());
      value = std::string(trim(rest.substr(0, end)));
    }
    if (wanted) return value;
    const auto next = rest.find(';', end);
    if (next == std::string_view::npos) return {};
    at = static_cast<std::size_t>(rest.data() - header.data()) + next;
  }
  return {};
}

bool readPart(std::string_view text, FormPart& part) {
  const auto blank = text.find("\r\n\r\n");
  if (blank == std::string_view::npos) return false;
  part.content = std::string(text.substr(blank + 4));
  std::string_view head = text.substr(0, blank);
  while (!head.empty()) {
    const auto end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    head = end == std::string_view::npos ? std::string_view() : head.substr(end + 2);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return false;
    const std::string_view value = trim(line.substr(colon + 1));
    if (equalsIgnoreCase(line.substr(0, colon), "content-disposition")) {
      part.name = attribute(value, "name");
      part.filename = attribute(value, "filename");
    } else if (equalsIgnoreCase(line.substr(0, colon), "content-type")) {
      part.content_type = std::string(value);
    }
  }
  return !part.name.empty();
}

}  // namespace

std::optional<std::vector<FormPart>> parseMultipart(std::string_view content_type, std::string_view body) {
  if (!equalsIgnoreCase(trim(content_type.substr(0, content_type.find(';'))), "multipart/form-data")) return {};
  const std::string boundary = attribute(content_type, "boundary");
  if (boundary.empty() || boundary.size() > 70) return {};
  const std::string mark = "\r\n--" + boundary;
  if (!body.starts_with(std::string_view(mark).substr(2))) return {};
  std::vector<FormPart> parts;
  std::size_t at = mark.size() - 2;
  while (!body.substr(at).starts_with("--")) {
    if (!body.substr(at).starts_with("\r\n")) return {};
    const std::size_t start = at + 2;
    const std::size_t end = body.find(mark, start);
    if (end == std::string_view::npos || !readPart(body.substr(start, end - start), parts.emplace_back())) return {};
    at = end + mark.size();
  }
  return parts;
}

const FormPart* partNamed(const std::vector<FormPart>& parts, std::string_view name) {
  for (const FormPart& part : parts)
    if (part.name == name) return &part;
  return nullptr;
}

}  // namespace patchbay::simulators
