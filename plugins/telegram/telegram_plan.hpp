/// What leaves for one operation: its messages, in order, as calls of the Bot API.
#pragma once

#include <optional>
#include <patchbay/connector.hpp>
#include <string>
#include <vector>

#include "telegram_api.hpp"

namespace patchbay::telegram {

/// Source for both: sections 6 of the protocol notes; clients count UTF-16 units, and so do we.
inline constexpr std::size_t kMaxText = 4096;
inline constexpr std::size_t kMaxCaption = 1024;
inline constexpr std::size_t kMaxCallbackData = 64;      ///< bytes
inline constexpr std::uint64_t kMaxPhoto = 10U << 20U;   ///< bytes of an upload; larger pictures go as documents
inline constexpr std::uint64_t kMaxUpload = 50U << 20U;  ///< bytes, of anything else
inline constexpr std::uint64_t kMaxDownload = 20U << 20U;

/// An operation that cannot be turned into calls; becomes a result of class request. Thrown.
struct Refused {
  std::string why;  ///< names the thing and the rule
};

/// One call.
struct Part {
  std::string method;
  Json parameters = Json::object();  ///< without chat_id
  std::string file_field = {};       ///< the parameter that holds the file
  std::optional<Media> upload = {};  ///< bytes of ours; else the parameter stands in `parameters`
};

/// The messages of an operation of kind message. The same operation makes the same plan, so that a carry may refer to
/// its parts. @throws Refused
std::vector<Part> planOf(const Account& account, const Operation& operation);

/// Where an operation goes: {"chat_id": ..., "message_thread_id": ...}. A group is named by the thread, a person by the
/// address. @throws Refused
Json targetOf(const Operation& operation);

/// The request of a part. @param chat  in the place of the operation's own: a group that has moved
HttpRequest requestOf(const Account& account, const Part& part, Json parameters);

}  // namespace patchbay::telegram
