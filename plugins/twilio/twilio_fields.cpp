#include "twilio_fields.hpp"

#include <charconv>
#include <cmath>

namespace patchbay::twilio {
namespace {

int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

template <class Take>
void eachPair(std::string_view query, Take take) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    take(decoded(pair.substr(0, equals)),
         equals == std::string_view::npos ? std::string() : decoded(pair.substr(equals + 1)));
  }
}

}  // namespace

std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hexDigit(text[i + 1]) >= 0 && hexDigit(text[i + 2]) >= 0) {
      out += static_cast<char>(hexDigit(text[i + 1]) * 16 + hexDigit(text[i + 2]));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

Fields::Fields(const Request& request) {
  for (const FormField& field : request.fields()) values_.emplace(field.name, field.value);
  if (request.method() == "GET")
    eachPair(request.query(),
             [this](std::string name, std::string value) { values_.emplace(std::move(name), std::move(value)); });
}

std::string Fields::text(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::string() : found->second;
}

unsigned Fields::number(const std::string& name, unsigned most) const {
  const std::string digits = text(name);
  unsigned value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (error != std::errc() || end != digits.data() + digits.size() || value > most) return 0;
  return value;
}

std::optional<double> Fields::decimal(const std::string& name) const {
  const std::string digits = text(name);
  double value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

std::string Fields::raw() const {
  constexpr std::size_t kMost = 60'000;
  Json all = Json::object();
  std::size_t size = 0;
  for (const auto& [name, value] : values_) {
    size += name.size() + value.size();
    if (size > kMost) break;
    all[name] = value;
  }
  return dumpJson(all);
}

std::string queryValue(std::string_view query, std::string_view name) {
  std::string found;
  bool first = true;
  eachPair(query, [&](const std::string& key, std::string value) {
    if (!first || key != name) return;
    found = std::move(value);
    first = false;
  });
  return found;
}

}  // namespace patchbay::twilio
