/// The secrets that log lines and error texts must not show. Internal to host/base/log.
#pragma once

#include <bitset>
#include <cstdint>
#include <set>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace patchbay::log {

/// `secret` in every form in which it is looked for, itself first.
std::vector<std::string> secretForms(const std::string& secret);

/// Known secrets, found in one pass over the text however many there are. Thread-safe.
class Secrets {
 public:
  void add(std::string secret);
  std::string scrub(std::string_view text) const;
  /// Bytes of the longest form: who cuts a text cuts it so much later, lest half a secret remain.
  std::size_t longest() const;

 private:
  /// A secret that begins with another one must not leave its tail behind.
  struct LongestFirst {
    bool operator()(const std::string& a, const std::string& b) const {
      return a.size() != b.size() ? a.size() > b.size() : a < b;
    }
  };
  void addForm(std::string form);
  std::size_t matchAt(std::string_view text, std::size_t at) const;

  mutable std::shared_mutex mutex_;
  std::unordered_set<std::string> known_;
  std::unordered_map<std::uint64_t, std::set<std::string, LongestFirst>> by_start_;  // by the first six bytes
  std::bitset<1U << 18U> maybe_;  // by their hash: nearly always says no, also with 1,000 secrets
  std::size_t longest_ = 0;
};

}  // namespace patchbay::log
