/// `${NAME}` in values of YAML files.
#pragma once

#include <string>
#include <string_view>

#include "app/yaml/yaml_reader.hpp"

namespace patchbay::yaml {

struct Substitution {
  std::string text;
  bool replaced = false;
  std::string error;  ///< empty when all went well; names the variable
};

/// Replaces `${NAME}` and `${NAME:-default}` (default: also when the variable is set but empty, as shells do) and
/// turns `$${` into `${`. A default is plain text: no variables inside.
Substitution substitute(std::string_view text, const Environment& environment);

}  // namespace patchbay::yaml
