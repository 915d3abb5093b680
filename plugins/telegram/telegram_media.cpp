#include "telegram_media.hpp"

#include <cstdio>
#include <patchbay/lenient.hpp>

#include "telegram_plan.hpp"

namespace patchbay::telegram {
namespace {

struct Remote {
  std::string path;      ///< empty: not asked for yet
  bool renewed = false;  ///< it had expired, and was asked for again
  unsigned throttled = 0;

  std::string toCarry() const { return Json{{"path", path}, {"renewed", renewed}, {"throttled", throttled}}.dump(); }
  static Remote fromCarry(const Carry& carry) {
    if (carry.empty()) return {};
    const Json json = carry.json();
    return {json.at("path").get<std::string>(), json.at("renewed").get<bool>(), json.at("throttled").get<unsigned>()};
  }
};

/// A path that Telegram gave, made safe for a URL: slashes stay.
std::string escaped(std::string_view path) {
  std::string out;
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
                       c == '_' || c == '-' || c == '.' || c == '~';
    if (plain) {
      out += c;
      continue;
    }
    char text[4];
    std::snprintf(text, sizeof text, "%%%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
    out += text;
  }
  return out;
}

std::string fileIdOf(const Operation& operation) {
  const auto media = operation.media();
  if (media.empty() || media.front().provider_id.empty()) throw Refused{"'media' needs a provider_id"};
  return media.front().provider_id;
}

Step infoStep(const Account& account, const Operation& operation, const Remote& remote) {
  return {callOf(account, "getFile", {{"file_id", fileIdOf(operation)}}).safe(), remote.toCarry()};
}

Step downloadStep(const Account& account, const Remote& remote) {
  return {HttpRequest::get(account.base_url + "/file/bot" + account.token + "/" + escaped(remote.path))
              .intoBlob(kMaxDownload)
              .timeout(std::chrono::minutes(2)),
          remote.toCarry()};
}

Step refused(Failure failure, Remote remote, const Call& call) {
  if (failure.error_class == ErrorClass::kRateLimited) ++remote.throttled;
  remote.path.clear();  // another try begins with a new path
  Step step(Result::failed(failure));
  step.carry = remote.toCarry();
  heed(failure, call.now(), step.throttles);
  return step;
}

Step found(const Account& account, Remote remote, const Json& file) {
  remote.path = textOf(file, "file_path");
  const bool leads_elsewhere = remote.path.empty() || remote.path.size() > 2000 || remote.path.starts_with('/') ||
                               ("/" + remote.path + "/").find("/../") != std::string::npos;
  if (leads_elsewhere) return Result::failed(ErrorClass::kRequest, "", "the answer does not say where the file is");
  return downloadStep(account, remote);
}

}  // namespace

Step mediaStep(const Account& account, const Operation& operation, const Carry& carry) {
  const Remote remote = Remote::fromCarry(carry);
  return remote.path.empty() ? infoStep(account, operation, remote) : downloadStep(account, remote);
}

Step proceedMedia(const Account& account, const Operation& operation, const Carry& carry, const Response& response,
                  const Call& call) {
  Remote remote = Remote::fromCarry(carry);
  if (remote.path.empty()) {
    const auto answer = readAnswer(response);
    if (response.ok() && answer && answer->ok) return found(account, remote, answer->result);
    return refused(failureOf(response, Risk::kSafe, remote.throttled), remote, call);
  }
  if (response.ok() && response.blob()) {
    const Media file = operation.media().front();
    const std::string type(response.header("Content-Type"));  // as a rule application/octet-stream
    return Result::fetched(response.blob(), file.mime_type.empty() ? type : file.mime_type, {}, file.filename);
  }
  if (response.failure() == PB_TOO_LARGE)
    return Result::failed(ErrorClass::kRequest, "",
                          "the file is larger than " + std::to_string(kMaxDownload) + " bytes");
  if (response.answered() && response.status() == 404 && !remote.renewed) {  // a path lives for an hour
    remote.renewed = true;
    remote.path.clear();
    return infoStep(account, operation, remote);
  }
  Failure failure = failureOf(response, Risk::kSafe, remote.throttled);
  if (response.answered() && response.status() == 404) failure = {ErrorClass::kRequest, "404", "the file is gone"};
  return refused(std::move(failure), remote, call);
}

}  // namespace patchbay::telegram
