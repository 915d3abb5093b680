#include "base/log_secrets.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <mutex>
#include <patchbay/json.hpp>

#include "base/text.hpp"

namespace patchbay::log {
namespace {

constexpr std::size_t kShortestSecret = 6;
/// What stands for a part of a secret must be longer than a word that may be there by chance.
constexpr std::size_t kShortestInside = 8;

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The characters of a base64 text that depend on `secret` alone when `before` bytes (0, 1 or 2, modulo 3) stand in
/// front of it.
std::string insideBase64(std::string_view secret, std::size_t before) {
  std::string bytes(before, '\0');
  bytes += secret;
  const std::size_t bits = bytes.size() * 8;
  std::string out;
  for (std::size_t bit = 0; bit + 6 <= bits; bit += 6) {
    if (bit < before * 8) continue;  // also says something about what stands in front
    const std::size_t at = bit / 8;
    const unsigned two = static_cast<unsigned char>(bytes[at]) << 8U |
                         (at + 1 < bytes.size() ? static_cast<unsigned char>(bytes[at + 1]) : 0U);
    out.push_back(kBase64[two >> (10 - bit % 8) & 63U]);
  }
  return out;
}

std::string replaced(std::string text, char from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) text.replace(at, 1, to);
  return text;
}

std::string hex(std::string_view secret) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  for (const char c : secret) {
    out.push_back(kDigits[static_cast<unsigned char>(c) >> 4U]);
    out.push_back(kDigits[static_cast<unsigned char>(c) & 15U]);
  }
  return out;
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return text;
}

std::string percentEncoded(std::string_view text, std::string_view kept) {
  std::string out;
  for (const char c : text) out += kept.find(c) == std::string_view::npos ? percentEncode({&c, 1}) : std::string(1, c);
  return out;
}

/// From percent escapes to application/x-www-form-urlencoded.
std::string spacesAsPlus(std::string text) {
  for (std::size_t at = 0; (at = text.find("%20", at)) != std::string::npos;) text.replace(at, 3, "+");
  return text;
}

/// Percent escapes with small letters.
std::string smallEscapes(std::string text) {
  for (std::size_t i = 0; i + 2 < text.size(); ++i)
    if (text[i] == '%')
      for (std::size_t n = i + 1; n <= i + 2; ++n)
        if (text[n] >= 'A' && text[n] <= 'F') text[n] = static_cast<char>(text[n] + 32);
  return text;
}

/// As a JSON writer prints it between the quotes.
std::string jsonEscaped(const std::string& text, bool ascii) {
  const std::string quoted = Json(text).dump(-1, ' ', ascii, Json::error_handler_t::replace);
  return quoted.substr(1, quoted.size() - 2);
}

std::uint64_t keyAt(const char* at) {
  std::uint64_t key = 0;
  std::memcpy(&key, at, kShortestSecret);
  return key;
}

std::size_t slot(std::uint64_t key) {
  return key * 0x9E3779B97F4A7C15ULL >> 46U;
}

}  // namespace

std::vector<std::string> secretForms(const std::string& secret) {
  std::vector<std::string> forms{secret};
  const auto add = [&](std::string form, std::size_t shortest = kShortestSecret) {
    if (form.size() >= shortest && std::find(forms.begin(), forms.end(), form) == forms.end())
      forms.push_back(std::move(form));
  };
  // A query as most write it, as JavaScript's encodeURIComponent does, and a path, where less needs an escape.
  for (const std::string_view kept : {"", "!*'()", "!$&'()*+,;=:@/"}) {
    const std::string in_url = percentEncoded(secret, kept);
    for (const auto& form : {in_url, spacesAsPlus(in_url)}) {
      add(form);
      add(smallEscapes(form));
    }
  }
  for (std::size_t before = 0; before < 3; ++before) {
    const std::string inside = insideBase64(secret, before);
    add(inside, kShortestInside);
    add(replaced(replaced(inside, '+', "-"), '/', "_"), kShortestInside);
    add(percentEncode(inside), kShortestInside);
  }
  add(hex(secret));
  add(upper(hex(secret)));
  for (const bool ascii : {false, true}) {
    const std::string in_json = jsonEscaped(secret, ascii);
    add(in_json);
    add(replaced(in_json, '/', "\\/"));
  }
  return forms;
}

void Secrets::add(std::string secret) {
  if (secret.size() < kShortestSecret) return;
  {
    const std::shared_lock lock(mutex_);
    if (known_.contains(secret)) return;
  }
  auto forms = secretForms(secret);
  const std::unique_lock lock(mutex_);
  if (!known_.insert(std::move(secret)).second) return;
  for (auto& form : forms) addForm(std::move(form));
}

void Secrets::addForm(std::string form) {
  longest_ = std::max(longest_, form.size());
  const std::uint64_t key = keyAt(form.data());
  maybe_.set(slot(key));
  by_start_[key].insert(std::move(form));
}

std::string Secrets::scrub(std::string_view text) const {
  const std::shared_lock lock(mutex_);
  if (by_start_.empty()) return std::string(text);
  std::string out;
  std::size_t copied = 0;
  for (std::size_t i = 0; i + kShortestSecret <= text.size();) {
    const std::size_t length = matchAt(text, i);
    if (length == 0) {
      ++i;
      continue;
    }
    out.append(text, copied, i - copied).append("[secret]");
    i += length;
    copied = i;
  }
  return out.append(text, copied);
}

std::size_t Secrets::longest() const {
  const std::shared_lock lock(mutex_);
  return longest_;
}

std::size_t Secrets::matchAt(std::string_view text, std::size_t at) const {
  // Eight bytes at once where there are so many: putting six together is what the whole scan would wait for.
  std::uint64_t key = 0;
  if (at + sizeof key <= text.size() && std::endian::native == std::endian::little) {
    std::memcpy(&key, text.data() + at, sizeof key);
    key &= (std::uint64_t{1} << 8U * kShortestSecret) - 1;
  } else {
    key = keyAt(text.data() + at);
  }
  if (!maybe_.test(slot(key))) return 0;
  const auto found = by_start_.find(key);
  if (found == by_start_.end()) return 0;
  for (const auto& form : found->second)
    if (text.substr(at).starts_with(form)) return form.size();
  return 0;
}

}  // namespace patchbay::log
