/// Shared by the fuzz targets. Each target is one file, named after what it decodes, with one function that libFuzzer
/// calls with bytes: `FUZZ(std::string_view bytes) { ... }`.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace patchbay::fuzz {

/// What must hold for every input. A message instead of an assertion, so that a finding says what was broken.
inline void check(bool holds, const char* rule, std::string_view shown = {}) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: broken: %s%s%.*s\n", rule, shown.empty() ? "" : ": ", static_cast<int>(shown.size()),
               shown.data());
  std::abort();
}

/// An input of several texts, with a line "%%" between them: readable in the corpus, and easy for the fuzzer to keep.
class Parts {
 public:
  explicit Parts(std::string_view bytes) : rest_(bytes) {}

  /// The next text; empty when there is none left.
  std::string_view next() {
    const auto end = rest_.find(kSeparator);
    const auto part = rest_.substr(0, end);
    rest_ = end == std::string_view::npos ? std::string_view{} : rest_.substr(end + kSeparator.size());
    return part;
  }
  /// Everything that is left.
  std::string_view rest() const { return rest_; }

 private:
  static constexpr std::string_view kSeparator = "\n%%\n";
  std::string_view rest_;
};

/// One line of text for people: what every error message of a decoder has to be.
inline bool oneLine(std::string_view message) {
  return !message.empty() && message.find('\n') == std::string_view::npos;
}

}  // namespace patchbay::fuzz

#define FUZZ(parameter)                                                               \
  static void fuzzOne(parameter);                                                     \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) { \
    fuzzOne(std::string_view(reinterpret_cast<const char*>(data), size));             \
    return 0;                                                                         \
  }                                                                                   \
  static void fuzzOne(parameter)
