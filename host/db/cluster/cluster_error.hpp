#pragma once

#include <stdexcept>

namespace patchbay::db {

/// The embedded cluster cannot be made, started or used. what() is one text for the admin: what, why, and what to do.
class ClusterError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace patchbay::db
