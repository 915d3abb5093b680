#include "connectors/check/form_body.hpp"

#include <stdexcept>

#include "base/crypto.hpp"
#include "base/text.hpp"

namespace patchbay::connectors::check {
namespace {

constexpr const char* kBoundary = "patchbay-check-7f3a";

std::string textOf(const Json& value) {
  return value.is_string() ? value.get<std::string>() : dumpJson(value);
}

FormBody urlencoded(const Json& form) {
  std::string body;
  const auto add = [&](const std::string& name, const Json& value) {
    body += (body.empty() ? "" : "&") + percentEncode(name) + "=" + percentEncode(textOf(value));
  };
  for (const auto& [name, value] : form.items()) {
    if (!value.is_array()) {
      add(name, value);
      continue;
    }
    for (const auto& one : value) add(name, one);
  }
  return {"application/x-www-form-urlencoded", std::move(body)};
}

FormBody multipart(const Json& parts, const std::function<std::string(const std::string&)>& content) {
  std::string body;
  for (const auto& part : parts) {
    std::string bytes = part.value("value", "");
    if (part.contains("file")) bytes = content(part["file"].get<std::string>());
    if (part.contains("base64")) {
      auto decoded = crypto::base64Decode(part["base64"].get<std::string>());
      if (!decoded) throw std::runtime_error("the part '" + part["name"].get<std::string>() + "' is not base64");
      bytes = std::move(*decoded);
    }
    body += std::string{"--"} + kBoundary + "\r\nContent-Disposition: form-data; name=\"" +
            part["name"].get<std::string>() + "\"";
    if (part.contains("filename")) body += "; filename=\"" + part["filename"].get<std::string>() + "\"";
    if (part.contains("content_type")) body += "\r\nContent-Type: " + part["content_type"].get<std::string>();
    body += "\r\n\r\n" + bytes + "\r\n";
  }
  body += std::string{"--"} + kBoundary + "--\r\n";
  return {std::string{"multipart/form-data; boundary="} + kBoundary, std::move(body)};
}

}  // namespace

std::optional<FormBody> formBody(const Json& receive, const std::function<std::string(const std::string&)>& content) {
  if (receive.contains("form")) return urlencoded(receive["form"]);
  if (receive.contains("multipart")) return multipart(receive["multipart"], content);
  return std::nullopt;
}

}  // namespace patchbay::connectors::check
