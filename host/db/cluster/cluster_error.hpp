#pragma once

#include <stdexcept>
#include <string>
#include <system_error>

namespace patchbay::db {

/// The embedded cluster cannot be made, started or used. what() is one text for the admin: what, why, and what to do.
class ClusterError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What the system says of an errno, for such a text.
inline std::string errnoText(int error) {
  return std::generic_category().message(error);
}

}  // namespace patchbay::db
