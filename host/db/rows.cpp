#include <libpq-fe.h>

#include <charconv>

#include "db/connection.hpp"

namespace patchbay::db {

Rows::Rows(pg_result* result) : result_(result, &PQclear) {}

int Rows::size() const {
  return result_ ? PQntuples(result_.get()) : 0;
}

bool Rows::isNull(int row, int column) const {
  return PQgetisnull(result_.get(), row, column) != 0;
}

std::string_view Rows::text(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column), static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

std::int64_t Rows::int8(int row, int column) const {
  const auto value = text(row, column);
  std::int64_t number = 0;
  const auto end = value.data() + value.size();
  if (value.empty()) return 0;
  if (const auto read = std::from_chars(value.data(), end, number); read.ec != std::errc() || read.ptr != end)
    throw SqlError("22P02", "column " + std::to_string(column) + " is no integer: '" + std::string(value) + "'");
  return number;
}

bool Rows::boolean(int row, int column) const {
  return text(row, column) == "t";
}

std::optional<Timestamp> Rows::timestamp(int row, int column) const {
  if (isNull(row, column)) return std::nullopt;
  // ISO with TimeZone UTC: "2026-01-05 10:00:00.123456+00"; RFC 3339 wants a 'T' and minutes in the offset.
  std::string value(text(row, column));
  if (value.size() > 10) value[10] = 'T';
  return parseRfc3339(value + ":00");
}

std::int64_t Rows::affected() const {
  std::int64_t count = 0;
  if (!result_) return 0;
  const std::string_view value = PQcmdTuples(result_.get());
  std::from_chars(value.data(), value.data() + value.size(), count);
  return count;
}

}  // namespace patchbay::db
