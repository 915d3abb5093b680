/// A raw mail taken apart.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "mail/headers.hpp"

namespace patchbay::mail {

/// Bounds of what is taken apart; what is beyond stays in the raw message, which is kept.
inline constexpr int kMaxDepth = 20;
inline constexpr std::size_t kMaxParts = 500;
inline constexpr std::size_t kMaxFiles = 100;
inline constexpr std::size_t kMaxHeaderBlock = 256U << 10U;
inline constexpr std::size_t kMaxText = 1U << 20U;  ///< bytes of all texts together, and of all HTML together

struct File {
  std::string bytes;
  std::string mime_type;   ///< type/subtype in lower case
  std::string filename;    ///< the sender's, decoded; may be empty
  std::string content_id;  ///< without brackets; may be empty
};

/// A report about another mail (multipart/report).
struct Report {
  enum class Kind { kDelivery, kRead, kComplaint } kind = Kind::kDelivery;
  struct Recipient {
    std::string address;     ///< Original-Recipient, else Final-Recipient; may be empty
    std::string action;      ///< failed, delayed, delivered, ...; lower case
    std::string status;      ///< 5.1.1
    std::string diagnostic;  ///< the other server's words
  };
  std::vector<Recipient> recipients;      ///< at most 100
  std::vector<std::string> original_ids;  ///< Message-ID of the mail it is about, and ids that may be its
  std::string disposition;                ///< of kRead: "displayed", "deleted", ...
  std::string feedback;                   ///< of kComplaint: "abuse", "fraud", "not-spam", ...
};

struct Message {
  HeaderLines lines;
  Headers headers;
  std::string text;  ///< of text parts; empty when there is only HTML
  std::string html;  ///< as it came
  std::vector<File> files;
  std::optional<Report> report;
  bool incomplete = false;  ///< a bound was reached
};

/// Never fails on hostile input for another reason than that nothing of it is a mail.
/// @return kInvalid when there is no header line at all
Result<Message> parseMessage(std::string_view raw);

}  // namespace patchbay::mail
