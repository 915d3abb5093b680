/// The fields of a form, as a webhook brings them: application/x-www-form-urlencoded (WHATWG URL, section 5) and
/// multipart/form-data (RFC 7578, RFC 2046). For webhooks whose manifest says `decode: form`, and for signatures over
/// fields. No I/O.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/http.hpp"
#include "base/result.hpp"
#include "connectors/turn.hpp"

namespace patchbay::connectors {

enum class FormKind { kNone, kUrlencoded, kMultipart };

/// A decoded body. The fields own their texts; files borrow from the body.
struct Form {
  FormKind kind = FormKind::kNone;      ///< by the Content-Type; kNone: something else, and not decoded
  std::vector<FormField> fields;        ///< in the order of the body, names as often as they are there
  std::vector<std::string_view> files;  ///< bytes of the field whose `blob` is the index plus one
};

// What one form may have; more is an error. The bytes are bounded by the body itself.
inline constexpr std::size_t kMaxFormFields = 2000;
inline constexpr std::size_t kMaxFormFiles = 500;
inline constexpr std::size_t kMaxFormName = 1024;         ///< bytes of a field's name and of a file's
inline constexpr std::size_t kMaxPartHeader = 8U << 10U;  ///< bytes of the header of one part

/// Decodes a body. Strict: a form that two readers could take apart differently is refused (a broken
/// escape, a boundary that is not there or not closed, bytes before the first part or after the last, a part without a
/// name, an encoding of its own). Values are the bytes that were sent, in whatever charset; nothing is trimmed.
/// @param headers  of the request; two Content-Type are an error
/// @return kInvalid with the rule that was broken
Result<Form> decodeForm(const http::Headers& headers, std::string_view body);

/// The pairs of an urlencoded body or a query.
Result<std::vector<FormField>> decodeUrlencoded(std::string_view text);

}  // namespace patchbay::connectors
