#include "delivery/body.hpp"

#include <algorithm>
#include <cstring>

#include "base/crypto.hpp"
#include "base/text.hpp"
#include "media/filename.hpp"

namespace patchbay::delivery {
namespace {

constexpr std::uint64_t kMaxInMemory = 64ULL << 20U;

Error badBody(std::string why) {
  return {ErrorKind::kInvalid, "bad_request_value", std::move(why)};
}

/// Markers are replaced in URL, headers and whole form values alone. Anywhere else one would reach the provider as text
/// and give the nonce away that keeps customers from writing markers themselves.
bool strayMarker(const connectors::Secrets& secrets, std::string_view text) {
  return secrets.hasMarker(text);
}

Body::Piece ofText(std::string text) {
  Body::Piece piece;
  piece.size = text.size();
  piece.bytes = std::make_shared<const std::string>(std::move(text));
  return piece;
}

Body::Piece ofBlob(const Blob& blob) {
  return {blob.bytes, blob.path, blob.size};
}

Result<Blob> findBlob(const Json& reference, const Blobs& blobs, const std::string& where) {
  const auto id = reference.at("$blob").get<std::uint64_t>();
  const auto found = blobs.find(id);
  if (found == blobs.end()) return badBody(where + " names the blob " + std::to_string(id) + ", which does not exist");
  return found->second;
}

/// Replaces {"$blob": id, "as": "base64"} everywhere in `value`.
std::optional<Error> expandBlobs(Json& value, const Blobs& blobs, std::uint64_t& total) {
  if (value.is_object() && value.contains("$blob")) {
    if (!value["$blob"].is_number_integer()) return badBody("json: $blob must be a number");
    if (value.value("as", "") != "base64") return badBody("json: a blob needs \"as\": \"base64\"");
    const auto blob = findBlob(value, blobs, "json");
    if (!blob.ok()) return blob.error();
    total += blob->size;
    if (total > kMaxInMemory) return badBody("json: blobs of more than 64 MiB; use multipart");
    const auto bytes = blob->read(kMaxInMemory);
    if (!bytes.ok()) return bytes.error();
    value = crypto::base64Encode(*bytes);
    return std::nullopt;
  }
  if (value.is_structured())
    for (auto& item : value)
      if (auto error = expandBlobs(item, blobs, total)) return error;
  return std::nullopt;
}

Result<Body> jsonBody(const Json& json, const Blobs& blobs, const connectors::Secrets& secrets) {
  Json copy = json;
  std::uint64_t total = 0;
  if (strayMarker(secrets, dumpJson(copy)))
    return badBody("json: secret markers are not replaced in a JSON body; use `auth`");
  if (const auto error = expandBlobs(copy, blobs, total)) return *error;
  Body body{true, {}, "application/json"};
  body.pieces.push_back(ofText(dumpJson(copy)));
  return body;
}

Result<Body> formBody(const Json& form, const connectors::Secrets& secrets) {
  std::string text;
  for (const auto& pair : form) {
    const auto& name = pair.at(0).get_ref<const std::string&>();
    std::string value = pair.at(1).get<std::string>();
    if (strayMarker(secrets, name)) return badBody("form: a secret marker in a name");
    if (secrets.hasMarker(value)) {
      // A whole value: one marker, and nothing around it.
      if (!value.starts_with("{{secret:") || value.find("}}") != value.size() - 2)
        return badBody("form: '" + name + "' has text around a secret marker; only a whole value is replaced");
      auto expanded = secrets.expand(value);
      if (!expanded.ok()) return expanded.error();
      value = std::move(*expanded);
    }
    if (!text.empty()) text += '&';
    text += percentEncode(name) + '=' + percentEncode(value);
  }
  Body body{true, {}, "application/x-www-form-urlencoded"};
  body.pieces.push_back(ofText(std::move(text)));
  return body;
}

/// For the quoted names of Content-Disposition, as browsers write them (WHATWG HTML, multipart/form-data encoding).
std::string quotedName(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"')
      out += "%22";
    else if (c == '\r')
      out += "%0D";
    else if (c == '\n')
      out += "%0A";
    else
      out += c;
  }
  return out;
}

Result<Body> multipartBody(const Json& parts, const Blobs& blobs, const connectors::Secrets& secrets) {
  const std::string boundary = "patchbay-" + crypto::hexEncode(crypto::randomBytes(16));
  Body body{true, {}, "multipart/form-data; boundary=" + boundary};
  for (const auto& part : parts) {
    const std::string name = part.at("name").get<std::string>();
    const auto& value = part.at("value");
    std::string filename = part.value("filename", "");
    std::string type = part.value("content_type", "");
    if (strayMarker(secrets, dumpJson(part)))
      return badBody("multipart: secret markers are not replaced in part '" + name + "'");
    Body::Piece content;
    if (value.is_string()) {
      content = ofText(value.get<std::string>());
    } else {
      const auto blob = findBlob(value, blobs, "multipart: part '" + name + "'");
      if (!blob.ok()) return blob.error();
      if (value.contains("as")) {
        const auto bytes = blob->read(kMaxInMemory);
        if (!bytes.ok()) return bytes.error();
        content = ofText(crypto::base64Encode(*bytes));
      } else {
        content = ofBlob(*blob);
        if (filename.empty()) filename = blob->filename.empty() ? "file" : blob->filename;
        if (type.empty()) type = blob->mime_type.empty() ? "application/octet-stream" : blob->mime_type;
      }
    }
    if (std::any_of(type.begin(), type.end(), [](char c) { return c < 0x20 || c == 0x7F; }))
      return badBody("multipart: content_type of part '" + name + "' has a control character");
    std::string head = "--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + quotedName(name) + '"';
    if (!filename.empty()) {
      const std::string safe = media::safeFilename(filename);
      head += "; filename=\"" + (safe.empty() ? "file" : safe) + '"';
    }
    if (!type.empty()) head += "\r\nContent-Type: " + type;
    body.pieces.push_back(ofText(head + "\r\n\r\n"));
    body.pieces.push_back(std::move(content));
    body.pieces.push_back(ofText("\r\n"));
  }
  body.pieces.push_back(ofText("--" + boundary + "--\r\n"));
  return body;
}

Result<Body> plainBody(const Json& value, const Blobs& blobs, const connectors::Secrets& secrets) {
  Body body{true, {}, {}};
  if (value.is_string()) {
    if (strayMarker(secrets, value.get_ref<const std::string&>()))
      return badBody("body: secret markers are not replaced in a body; use `auth`");
    body.pieces.push_back(ofText(value.get<std::string>()));
    return body;
  }
  const auto blob = findBlob(value, blobs, "body");
  if (!blob.ok()) return blob.error();
  if (value.contains("as")) {
    const auto bytes = blob->read(kMaxInMemory);
    if (!bytes.ok()) return bytes.error();
    body.pieces.push_back(ofText(crypto::base64Encode(*bytes)));
  } else {
    body.pieces.push_back(ofBlob(*blob));
  }
  return body;
}

}  // namespace

std::uint64_t Body::size() const {
  std::uint64_t sum = 0;
  for (const auto& piece : pieces) sum += piece.size;
  return sum;
}

Result<std::string> Body::bytes() const {
  if (size() > kMaxInMemory)
    return Error{ErrorKind::kTooLarge, "body_too_large", "a body over 64 MiB cannot be signed"};
  std::string all(size(), '\0');
  BodyReader reader(*this);
  for (std::size_t done = 0; done < all.size();) {
    const auto count = reader.read(all.data() + done, all.size() - done);
    if (count <= 0)
      return Error{ErrorKind::kUnavailable, "blob_unreadable", "a file of the media store cannot be read"};
    done += static_cast<std::size_t>(count);
  }
  return all;
}

Result<Body> buildBody(const Json& request, const Blobs& blobs, const connectors::Secrets& secrets) {
  if (const auto json = request.find("json"); json != request.end()) return jsonBody(*json, blobs, secrets);
  if (const auto form = request.find("form"); form != request.end()) return formBody(*form, secrets);
  if (const auto parts = request.find("multipart"); parts != request.end())
    return multipartBody(*parts, blobs, secrets);
  if (const auto body = request.find("body"); body != request.end()) return plainBody(*body, blobs, secrets);
  return Body{};
}

std::int64_t BodyReader::read(char* out, std::size_t capacity) {
  std::size_t done = 0;
  while (done < capacity && piece_ < body_.pieces.size()) {
    const auto& piece = body_.pieces[piece_];
    if (offset_ == piece.size) {
      ++piece_;
      offset_ = 0;
      file_.close();
      continue;
    }
    const auto count = std::min<std::uint64_t>(capacity - done, piece.size - offset_);
    if (piece.bytes) {
      std::memcpy(out + done, piece.bytes->data() + offset_, count);
    } else {
      if (!file_.is_open()) {
        file_.clear();
        file_.open(piece.path, std::ios::binary);
      }
      if (!file_.read(out + done, static_cast<std::streamsize>(count))) return -1;
    }
    offset_ += count;
    done += count;
  }
  given_ += done;
  return static_cast<std::int64_t>(done);
}

void BodyReader::rewind() {
  piece_ = 0;
  offset_ = 0;
  given_ = 0;
  file_.close();
  file_.clear();
}

}  // namespace patchbay::delivery
