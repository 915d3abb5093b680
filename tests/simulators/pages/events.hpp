/// Webhook bodies from short descriptions ("events"), which the control API, the C++ API and the demo share.
///
/// A message:   {"type":"text","from":{"id":"7001","name":"Ines"},"text":"Bonjour"}; image, video, audio, file:
/// "media":
///   {"url"} or {"base64","mime_type"}; also "text", "reply_to" (a mid), "quick_reply" (a payload), "attachments" (as
///   Meta has them), "extra" (members added to `message`).
/// Others:      {"type":"postback","from","title","payload"}, {"type":"reaction","from","mid","emoji"} (no emoji: taken
///   back), {"type":"edit","from","mid","text","num_edit"}, {"type":"unsend","from","mid"}, {"type":"read" |
///   "delivery", "from","watermark" | "mid"}, {"type":"echo","to":{"id"},"text","app_id"}, {"type":"item","item":{...}}
///   (one item of `messaging`, as it is).
/// All:         "id" (the mid), "timestamp" (ms), "standby": true.
/// A batch:     {"type":"batch","events":[...]}: one POST, one entry, several items.
/// Raw:         {"type":"raw","body":{...}} serialised as Meta does it, or {"type":"raw","text":"..."} byte for byte.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <patchbay/json.hpp>

#include "simulators/common/ids.hpp"
#include "simulators/meta/webhooks.hpp"
#include "simulators/pages/account.hpp"

namespace patchbay::simulators::pages {

Json toJson(const Customer& customer);
Json textEvent(const Customer& from, const std::string& text);

using meta::Webhook;

class EventBuilder {
 public:
  /// @param keep_file  keeps bytes and their MIME type, and says under which address they can be had
  EventBuilder(Ids& ids, std::function<std::string(std::string bytes, std::string mime_type)> keep_file);

  /// @param now_ms  timestamp of what has none
  /// @throws BadInput  the event is not as described above.
  Webhook build(const Account& account, const Json& event, long long now_ms);

 private:
  Json item(const Account& account, const Json& event, long long now_ms, Webhook& webhook);
  Json message(const Account& account, const Json& event, Webhook& webhook);
  std::string mid(const Account& account, const Json& event);

  Ids& ids_;
  std::function<std::string(std::string, std::string)> keep_file_;
};

/// As Meta makes them: "m_..." or a long base64-like word.
std::string newMid(Ids& ids, Product product);

}  // namespace patchbay::simulators::pages
