/// The rules of one subschema that look at a single value; private to json_schema.cpp.
#pragma once

#include <re2/re2.h>

#include <functional>
#include <memory>
#include <optional>
#include <patchbay/json.hpp>
#include <string>
#include <valijson/internal/adapter.hpp>
#include <vector>

namespace patchbay::schema {

/// Starts every message of ours, so that Valijson's own ("Failed to validate item #3 in array.") can be told apart.
inline constexpr const char* kOwnMessage = "\x01";

/// type, enum, const, limits of numbers, lengths and sizes, pattern, format, required, and additionalProperties: false.
class Rules {
 public:
  /// @param member   of the value, when the rule is about one of its members; else empty
  /// @return whether more about the same value is wanted
  using Report = std::function<bool(const std::string& member, const std::string& message)>;

  /// Keywords that a Rules takes over; json_schema.cpp hides them from Valijson.
  static const std::vector<std::string>& keywords();

  /// @throws std::invalid_argument  for a keyword whose value makes no sense, an unknown format, a broken pattern.
  explicit Rules(const Json& schema);

  /// @return true when every rule holds; else `report` was called for each that does not, as long as it wanted.
  bool check(const valijson::adapters::Adapter& value, const Report& report) const;

 private:
  bool checkType(const valijson::adapters::Adapter& value, const Report& report) const;
  bool checkString(const std::string& text, const Report& report) const;
  bool checkNumber(const valijson::adapters::Adapter& value, const Report& report) const;
  bool checkObject(const valijson::adapters::Adapter& value, const Report& report) const;

  std::vector<std::string> types_;
  std::optional<std::vector<Json>> enum_;
  std::optional<double> minimum_, maximum_, exclusive_minimum_, exclusive_maximum_, multiple_of_;
  std::optional<std::size_t> min_length_, max_length_, min_items_, max_items_, min_properties_, max_properties_;
  std::unique_ptr<re2::RE2> pattern_;
  std::string format_;
  std::vector<std::string> required_;
  bool closed_ = false;                  // additionalProperties: false
  std::vector<std::string> properties_;  // that a closed object may have
};

}  // namespace patchbay::schema
