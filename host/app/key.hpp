/// One key of the configuration file, as its reader knows it: for `check-config --explain`, for what a reload compares,
/// and for the test that holds config/patchbay.schema.json and the reader together.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "app/yaml/diagnostic.hpp"

namespace patchbay::app {

struct Key {
  enum class Kind {
    kSection,  ///< a map whose keys are known
    kText,
    kSwitch,    ///< true or false
    kNumber,    ///< from `low` to `high`
    kDuration,  ///< likewise, in milliseconds
    kSize,      ///< likewise, in bytes
    kWord,      ///< one of `words`
    kTexts,     ///< a list
    kOther,     ///< its reader has rules of its own
  };

  Kind kind = Kind::kOther;
  std::string standard;  ///< the default as one would write it; of words "" when it is none of them
  std::string value;     ///< in force, as one would write it
  std::string source;    ///< where `value` is from: "file", "the environment variable PORT", ...; empty: the default
  yaml::Mark mark;       ///< of the value in the file; line 0 when it is not there
  std::int64_t low = 0;
  std::int64_t high = 0;
  std::vector<std::string> words;
};

/// By path, as in "http.port" and "tenants.acme.channels.support.enabled".
using Keys = std::map<std::string, Key, std::less<>>;

}  // namespace patchbay::app
