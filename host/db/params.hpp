/// Parameters of one statement, in PostgreSQL's binary format: no quoting, no escaping, arrays of any size.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace patchbay::db {

class Params {
 public:
  // One call per parameter, in order: Params().int8(id).text(name).null(). Text must be clean (see base/text.hpp).
  Params& text(std::string_view value);
  Params& int8(std::int64_t value);
  Params& int4(std::int32_t value);
  Params& float8(double value);
  Params& boolean(bool value);
  Params& timestamp(Timestamp value);
  Params& uuid(std::string_view canonical);  ///< @throws std::invalid_argument when it is not a UUID
  Params& jsonb(std::string_view json);
  Params& bytes(std::string_view value);
  Params& null();

  template <class T>
  Params& optionalText(const std::optional<T>& v) {
    return v ? text(*v) : null();
  }
  Params& optionalInt8(std::optional<std::int64_t> v) { return v ? int8(*v) : null(); }
  Params& optionalTimestamp(std::optional<Timestamp> v) { return v ? timestamp(*v) : null(); }
  Params& textOrNull(std::string_view v) { return v.empty() ? null() : text(v); }

  // For unnest($1::text[], ...). A null pointer in data() of an optional element means SQL NULL.
  Params& textArray(std::span<const std::string> values);
  Params& textArray(std::span<const std::string_view> values);
  Params& nullableTextArray(std::span<const std::optional<std::string>> values);
  Params& textOrNullArray(std::span<const std::string> values);  ///< an empty string becomes NULL
  Params& jsonbArray(std::span<const std::string> values);
  Params& int8Array(std::span<const std::int64_t> values);
  Params& nullableInt8Array(std::span<const std::optional<std::int64_t>> values);
  Params& int4Array(std::span<const std::int32_t> values);
  Params& nullableInt4Array(std::span<const std::optional<std::int32_t>> values);
  Params& booleanArray(std::span<const bool> values) = delete;  // std::vector<bool> is no span: use int4Array
  Params& timestampArray(std::span<const Timestamp> values);
  Params& nullableTimestampArray(std::span<const std::optional<Timestamp>> values);
  Params& uuidArray(std::span<const std::string> values);

  int size() const { return static_cast<int>(types_.size()); }

 private:
  friend class Connection;
  void begin(unsigned type);  // a parameter starts at the end of buffer_
  void end();
  void put32(std::uint32_t value);
  void put64(std::uint64_t value);
  template <class Range, class Put>
  Params& array(unsigned array_type, unsigned element_type, const Range& values, Put put);

  std::string buffer_;
  std::vector<unsigned> types_;
  std::vector<std::size_t> offsets_;   // start of each value in buffer_
  std::vector<std::int32_t> lengths_;  // -1: null
};

}  // namespace patchbay::db
