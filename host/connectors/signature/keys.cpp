#include "connectors/signature/keys.hpp"

#include "base/crypto.hpp"

namespace patchbay::connectors {

Keys::Keys(std::shared_ptr<const Secrets> secrets, const Json& config)
    : secrets_(std::move(secrets)), config_(std::make_shared<Json>(config)) {}

std::vector<std::string> Keys::values(const std::string& key) const {
  const auto& secret = secrets_->values(key);
  if (!secret.empty()) return secret;
  const auto plain = config_->find(key);
  // A marker in the config stands for a secret; it is never a value to compare with.
  if (plain != config_->end() && plain->is_string() && !plain->get_ref<const std::string&>().empty() &&
      !secrets_->hasMarker(plain->get_ref<const std::string&>()))
    return {plain->get<std::string>()};
  if (plain != config_->end() && plain->is_number_integer()) return {std::to_string(plain->get<std::int64_t>())};
  if (plain == config_->end() || !plain->is_array()) return {};
  std::vector<std::string> list;
  for (const auto& item : *plain)
    if (item.is_string()) list.push_back(item.get<std::string>());
  return list;
}

bool Keys::holds(const std::string& key, std::string_view value) const {
  bool equal = false;
  for (const auto& live : values(key)) equal = crypto::constantTimeEqual(live, value) | equal;
  return equal;
}

}  // namespace patchbay::connectors
