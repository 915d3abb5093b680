/// Webhook bodies from short descriptions ("events"), which the control API, the C++ API and the demo share.
///
/// A message:  {"type":"text","from":{"name":"Ines","phone":"+33611112222","bsuid":"FR.77"},"text":"Bonjour"}
///   image, video, audio, document, sticker: "media": {"base64" or "id", "mime_type", "caption", "filename", "voice",
///   "animated", "url": false to leave the URL out}; any other type: "content", put under the type's name as it is (or
///   left out). Optional: "id", "timestamp" (seconds), "reply_to" (a message id), "context", "extra" (members added to
///   the message), "errors" (value.errors), "contacts": false (no contacts array).
/// A status:   {"type":"status","message_id":"wamid...","status":"delivered","to":{"phone":"+33..."},"code":131026}
/// A change:   {"type":"change","field":"messages","value":{...}}; metadata is added when the field is messages and it
/// has none. A batch:    {"type":"batch","layout":"changes","events":[...]}; layout: changes (one entry), entries (one
/// each), value (one change).
///   Events of a batch may name a "phone_number_id" of their own.
/// Raw:        {"type":"raw","body":{...}} serialised as Meta does it, or {"type":"raw","text":"..."} byte for byte.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <patchbay/json.hpp>

#include "simulators/common/ids.hpp"
#include "simulators/meta/webhooks.hpp"
#include "simulators/whatsapp/media_store.hpp"
#include "simulators/whatsapp/number.hpp"

namespace patchbay::simulators::whatsapp {

Json toJson(const Customer& customer);
Customer customerFromJson(const Json& json);

/// Events in their short form.
Json textEvent(const Customer& from, const std::string& text);
Json replyEvent(const Customer& from, const std::string& text, const std::string& reply_to);
Json mediaEvent(const Customer& from, const std::string& type, const std::string& bytes, const std::string& mime_type,
                const std::string& caption = {});
Json statusEvent(const std::string& message_id, const std::string& status, const Customer& to);
Json batchEvent(std::vector<Json> events, const std::string& layout = "changes");

using meta::Webhook;

class EventBuilder {
 public:
  /// @param find_number  the registered number with an id. @throws BadInput  there is none.
  /// @param media_url    a fresh download URL for a file.
  EventBuilder(Ids& ids, MediaStore& media, std::function<Number(const std::string&)> find_number,
               std::function<std::string(const std::string&)> media_url);

  /// @throws BadInput  the event is not as described above.
  Webhook build(const Number& number, const Json& event);

 private:
  struct Change {
    Number number;
    std::string field = "messages";
    Json value;
  };
  Change change(const Number& number, const Json& event, Webhook& webhook);
  Json message(const Number& number, const Json& event, Webhook& webhook);
  Json mediaObject(const std::string& type, const Json& event);
  Json batch(const Number& number, const Json& event, Webhook& webhook);

  Ids& ids_;
  MediaStore& media_;
  std::function<Number(const std::string&)> find_number_;
  std::function<std::string(const std::string&)> media_url_;
};

}  // namespace patchbay::simulators::whatsapp
