/// `patchbay check`: is a connector's library sound, and does it do what its transcripts say (design, section 4.6)?
#pragma once

#include <iosfwd>
#include <string>

namespace patchbay::connectors {

struct CheckOptions {
  std::string library;      ///< the .so
  std::string transcripts;  ///< folder of *.yaml and *.json with an optional config.yaml; empty: only the probes
  bool probes = true;       ///< false: the transcripts alone, for a quick look while writing them
  std::string only;         ///< not empty: only transcripts whose name or file contains it, and groups of probes
  std::string json;         ///< file for the outcome as a list of {name, passed, why}; empty: none
};

/// Every case runs in a child process of its own, so a connector that crashes fails that case alone.
///
/// @param out  one line per case, then a summary
/// @param err  why the check itself could not be done
/// @return 0 all passed; 1 something failed; 2 the check could not be done (no such file or folder, a file cannot be
/// written)
int runCheck(const CheckOptions& options, std::ostream& out, std::ostream& err);

}  // namespace patchbay::connectors
