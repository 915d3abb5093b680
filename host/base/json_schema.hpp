/// JSON Schema (draft 7, the part that design section 7 allows) for the API, for manifests and for connectors'
/// settings.
///
/// Valijson walks the document; the rules about single values (type, enum, limits, pattern, format, required, unknown
/// members) are checked by us: patterns run in RE2 (std::regex overflows the stack on long text), 1.0 is an integer,
/// uuid, uri, date and date-time are really checked, and the messages are for people. No message repeats a value, since
/// it may be a secret.
#pragma once

#include <memory>
#include <patchbay/json.hpp>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace patchbay {

/// Immutable; copies share the compiled schema. validate() and fillDefaults() may be called from any thread.
class JsonSchema {
 public:
  /// Every document fits.
  JsonSchema();

  /// Compiles the schema at `pointer` (a JSON pointer, "" for the whole) of `root`. A `$ref` must be local ("#/a/b")
  /// and is looked up in `root`.
  ///
  /// @throws std::invalid_argument  naming the place, for a keyword or format that would not be checked (nullable,
  /// siblings
  ///         of $ref, patternProperties, unevaluatedProperties, ...), a $ref to nothing or in a circle, a broken
  ///         pattern.
  explicit JsonSchema(const Json& root, std::string_view pointer = "");

  /// @return one entry for each broken rule, at most 100; empty when `value` fits. Documents nested deeper than 64 do
  /// not.
  std::vector<FieldError> validate(const Json& value) const;

  /// Adds members that `value` leaves out and for which the schema has a `default`, at every level that exists.
  void fillDefaults(Json& value) const;

  /// The schema as it was given, with the references of its top level resolved.
  const Json& document() const;

 private:
  struct Impl;
  std::shared_ptr<const Impl> impl_;
};

/// "a~b/c" -> "a~0b~1c", for one part of a JSON pointer (RFC 6901).
std::string escapePointer(std::string_view part);

}  // namespace patchbay
