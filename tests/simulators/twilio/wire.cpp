#include "simulators/twilio/wire.hpp"

#include <algorithm>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "simulators/common/bad_input.hpp"

namespace patchbay::simulators::twilio {

std::string encodeForm(const Fields& fields) {
  std::string body;
  for (const auto& [name, value] : fields)
    body += (body.empty() ? "" : "&") + percentEncode(name) + "=" + percentEncode(value);
  return body;
}

Fields decodeForm(std::string_view body) {
  Fields fields;
  for (const auto pair : split(body, '&')) {
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    std::string name, value;
    if (!percentDecode(pair.substr(0, equals), true, name) ||
        (equals != std::string_view::npos && !percentDecode(pair.substr(equals + 1), true, value)))
      throw BadInput("the form has a broken escape");
    fields.emplace_back(std::move(name), std::move(value));
  }
  return fields;
}

std::vector<std::string> valuesOf(const Fields& fields, std::string_view name) {
  std::vector<std::string> values;
  for (const auto& [own, value] : fields)
    if (own == name) values.push_back(value);
  return values;
}

std::string valueOf(const Fields& fields, std::string_view name) {
  const auto values = valuesOf(fields, name);
  return values.empty() ? std::string() : values.front();
}

std::string signatureOf(const std::string& token, const std::string& url, Fields fields) {
  std::sort(fields.begin(), fields.end());
  fields.erase(std::unique(fields.begin(), fields.end()), fields.end());
  std::string text = url.substr(0, url.find('#'));
  for (const auto& [name, value] : fields) text += name + value;
  return crypto::base64Encode(crypto::hmac(crypto::Hash::kSha1, token, text));
}

}  // namespace patchbay::simulators::twilio
