#include "simulators/common/ids.hpp"

#include "base/crypto.hpp"

namespace patchbay::simulators {

Ids::Ids(std::uint64_t seed) {
  if (seed == 0) {
    std::random_device system;
    seed = (static_cast<std::uint64_t>(system()) << 32U) | system();
  }
  random_.seed(seed);
}

std::string Ids::wamid() {
  const std::lock_guard lock(mutex_);
  std::string bytes(20 + random_() % 3, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random_() & 0xFFU);
  return "wamid." + crypto::base64Encode(bytes);
}

std::string Ids::digits(int count) {
  const std::lock_guard lock(mutex_);
  std::string text(1, static_cast<char>('1' + random_() % 9));
  while (static_cast<int>(text.size()) < count) text += static_cast<char>('0' + random_() % 10);
  return text;
}

std::string Ids::word(int count) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
  const std::lock_guard lock(mutex_);
  std::string text;
  while (static_cast<int>(text.size()) < count) text += kAlphabet[random_() % kAlphabet.size()];
  return text;
}

}  // namespace patchbay::simulators
