#include "db/params.hpp"

#include <bit>
#include <stdexcept>

#include "base/ascii.hpp"

namespace patchbay::db {
namespace {

// Type oids of PostgreSQL's pg_type, fixed for built-in types (src/include/catalog/pg_type.dat).
constexpr unsigned kBool = 16, kBytea = 17, kInt8 = 20, kInt4 = 23, kText = 25, kFloat8 = 701, kTimestamptz = 1184,
                   kUuid = 2950, kJsonb = 3802;
constexpr unsigned kInt4Array = 1007, kTextArray = 1009, kInt8Array = 1016, kTimestamptzArray = 1185, kUuidArray = 2951,
                   kJsonbArray = 3807;

// PostgreSQL counts microseconds from 2000-01-01T00:00:00Z.
constexpr std::int64_t kEpochDifference = 946684800LL * 1000000LL;

std::uint64_t wireTime(Timestamp time) {
  return static_cast<std::uint64_t>(time.time_since_epoch().count() - kEpochDifference);
}

int hexDigit(char c) {
  if (isDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string uuidBytes(std::string_view text) {
  std::string bytes;
  if (text.size() == 36 && text[8] == '-' && text[13] == '-' && text[18] == '-' && text[23] == '-') {
    for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
      if (text[i] == '-') ++i;
      const int high = hexDigit(text[i]), low = hexDigit(text[i + 1]);
      if (high < 0 || low < 0) break;
      bytes.push_back(static_cast<char>(high * 16 + low));
    }
  }
  if (bytes.size() != 16) throw std::invalid_argument("not a UUID: '" + std::string(text.substr(0, 64)) + "'");
  return bytes;
}

}  // namespace

void Params::begin(unsigned type) {
  types_.push_back(type);
  offsets_.push_back(buffer_.size());
}

void Params::end() {
  lengths_.push_back(static_cast<std::int32_t>(buffer_.size() - offsets_.back()));
}

void Params::put32(std::uint32_t value) {
  const std::uint32_t wire = __builtin_bswap32(value);
  buffer_.append(reinterpret_cast<const char*>(&wire), 4);
}

void Params::put64(std::uint64_t value) {
  const std::uint64_t wire = __builtin_bswap64(value);
  buffer_.append(reinterpret_cast<const char*>(&wire), 8);
}

static_assert(std::endian::native == std::endian::little, "put32 and put64 swap always");

Params& Params::text(std::string_view value) {
  begin(kText);
  buffer_.append(value);
  end();
  return *this;
}

Params& Params::int8(std::int64_t value) {
  begin(kInt8);
  put64(static_cast<std::uint64_t>(value));
  end();
  return *this;
}

Params& Params::int4(std::int32_t value) {
  begin(kInt4);
  put32(static_cast<std::uint32_t>(value));
  end();
  return *this;
}

Params& Params::float8(double value) {
  begin(kFloat8);
  put64(std::bit_cast<std::uint64_t>(value));
  end();
  return *this;
}

Params& Params::boolean(bool value) {
  begin(kBool);
  buffer_.push_back(value ? '\1' : '\0');
  end();
  return *this;
}

Params& Params::timestamp(Timestamp value) {
  begin(kTimestamptz);
  put64(wireTime(value));
  end();
  return *this;
}

Params& Params::uuid(std::string_view canonical) {
  const std::string bytes = uuidBytes(canonical);
  begin(kUuid);
  buffer_.append(bytes);
  end();
  return *this;
}

Params& Params::jsonb(std::string_view json) {
  begin(kJsonb);
  buffer_.push_back('\1');  // version of jsonb's wire format
  buffer_.append(json);
  end();
  return *this;
}

Params& Params::bytes(std::string_view value) {
  begin(kBytea);
  buffer_.append(value);
  end();
  return *this;
}

Params& Params::null() {
  begin(0);
  lengths_.push_back(-1);
  return *this;
}

/// `put(value)` appends the element with its length in front, or the length -1 for NULL.
template <class Range, class Put>
Params& Params::array(unsigned array_type, unsigned element_type, const Range& values, Put put) {
  begin(array_type);
  const auto count = std::size(values);
  put32(count == 0 ? 0 : 1);  // dimensions
  put32(1);                   // there may be NULLs
  put32(element_type);
  if (count != 0) {
    put32(static_cast<std::uint32_t>(count));
    put32(1);  // lower bound
    for (const auto& value : values) put(value);
  }
  end();
  return *this;
}

Params& Params::textArray(std::span<const std::string> values) {
  return array(kTextArray, kText, values, [this](const std::string& v) {
    put32(static_cast<std::uint32_t>(v.size()));
    buffer_.append(v);
  });
}

Params& Params::textArray(std::span<const std::string_view> values) {
  return array(kTextArray, kText, values, [this](std::string_view v) {
    put32(static_cast<std::uint32_t>(v.size()));
    buffer_.append(v);
  });
}

Params& Params::nullableTextArray(std::span<const std::optional<std::string>> values) {
  return array(kTextArray, kText, values, [this](const std::optional<std::string>& v) {
    if (!v) return put32(0xffffffffU);
    put32(static_cast<std::uint32_t>(v->size()));
    buffer_.append(*v);
  });
}

Params& Params::textOrNullArray(std::span<const std::string> values) {
  return array(kTextArray, kText, values, [this](const std::string& v) {
    if (v.empty()) return put32(0xffffffffU);
    put32(static_cast<std::uint32_t>(v.size()));
    buffer_.append(v);
  });
}

Params& Params::jsonbArray(std::span<const std::string> values) {
  return array(kJsonbArray, kJsonb, values, [this](const std::string& v) {
    if (v.empty()) return put32(0xffffffffU);
    put32(static_cast<std::uint32_t>(v.size() + 1));
    buffer_.push_back('\1');
    buffer_.append(v);
  });
}

Params& Params::int8Array(std::span<const std::int64_t> values) {
  return array(kInt8Array, kInt8, values, [this](std::int64_t v) {
    put32(8);
    put64(static_cast<std::uint64_t>(v));
  });
}

Params& Params::nullableInt8Array(std::span<const std::optional<std::int64_t>> values) {
  return array(kInt8Array, kInt8, values, [this](std::optional<std::int64_t> v) {
    if (!v) return put32(0xffffffffU);
    put32(8);
    put64(static_cast<std::uint64_t>(*v));
  });
}

Params& Params::int4Array(std::span<const std::int32_t> values) {
  return array(kInt4Array, kInt4, values, [this](std::int32_t v) {
    put32(4);
    put32(static_cast<std::uint32_t>(v));
  });
}

Params& Params::nullableInt4Array(std::span<const std::optional<std::int32_t>> values) {
  return array(kInt4Array, kInt4, values, [this](std::optional<std::int32_t> v) {
    if (!v) return put32(0xffffffffU);
    put32(4);
    put32(static_cast<std::uint32_t>(*v));
  });
}

Params& Params::timestampArray(std::span<const Timestamp> values) {
  return array(kTimestamptzArray, kTimestamptz, values, [this](Timestamp v) {
    put32(8);
    put64(wireTime(v));
  });
}

Params& Params::nullableTimestampArray(std::span<const std::optional<Timestamp>> values) {
  return array(kTimestamptzArray, kTimestamptz, values, [this](const std::optional<Timestamp>& v) {
    if (!v) return put32(0xffffffffU);
    put32(8);
    put64(wireTime(*v));
  });
}

Params& Params::uuidArray(std::span<const std::string> values) {
  std::vector<std::string> raw;
  for (const auto& value : values) raw.push_back(value.empty() ? std::string() : uuidBytes(value));
  return array(kUuidArray, kUuid, raw, [this](const std::string& v) {
    if (v.empty()) return put32(0xffffffffU);
    put32(16);
    buffer_.append(v);
  });
}

}  // namespace patchbay::db
