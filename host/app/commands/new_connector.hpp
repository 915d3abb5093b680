/// `patchbay new`: writes a connector to begin with, from the template of the installed SDK.
#pragma once

#include <filesystem>
#include <iosfwd>
#include <string>

#include "app/options.hpp"

namespace patchbay::app {

/// What becomes of the placeholders, and of the names of files.
struct ConnectorNames {
  std::string id;        ///< "acme-sms": as the manifest has it
  std::string title;     ///< "Acme Sms": for people
  std::string type;      ///< "AcmeSms": part of the name of a class
  std::string platform;  ///< "acme_sms": letters, digits and '_'
  std::string variable;  ///< "ACME_SMS": of environment variables
  std::string host;      ///< "acme-sms": part of a host name
};
ConnectorNames namesOf(const std::string& id);

/// @return "" or the rule that the name of a connector breaks: the manifest's rule for an id
std::string connectorNameRule(const std::string& id);

/// The folder of templates beside a program in `bin`: share/patchbay/template of the installation, or of the build
/// folder, which is laid out the same way.
std::filesystem::path templateFolder(const std::filesystem::path& program);

/// Writes the connector into `command.directory` (default: a folder of its name, here). Nothing is written unless that
/// folder is new or empty.
///
/// @param program  this program, from where the template is found
/// @param out      what was written and what comes next
/// @return exit code; what went wrong is on `err`
int runNew(const CommandLine& command, const std::filesystem::path& program, std::ostream& out, std::ostream& err);

}  // namespace patchbay::app
