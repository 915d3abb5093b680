#include "meta/send.hpp"

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "meta/ask.hpp"
#include "meta/graph_error.hpp"
#include "meta/pace.hpp"
#include "meta/plan.hpp"
#include "meta/send_errors.hpp"
#include "meta/window.hpp"

namespace patchbay::meta {
namespace {

constexpr std::size_t kMaxMid = 512;
constexpr std::string_view kDeadUpload = "100-2018074";  // the id of the attachment is not valid (any more)

// ---- The carry ----

/// Where a message stands. As JSON it is the carry of every step.
struct Progress {
  std::size_t part = 0;          ///< of the plan, the one this step deals with
  std::vector<std::string> ids;  ///< of the messages that left
  std::string uploaded;          ///< Meta's id of the file of this part, once it is there
  unsigned throttled = 0;        ///< times in a row that Meta said: too fast
  bool human_agent = false;      ///< the tag goes with it

  std::string toCarry() const {
    Json json = {{"part", part}, {"ids", ids}};
    if (!uploaded.empty()) json["uploaded"] = uploaded;
    if (throttled != 0) json["throttled"] = throttled;
    if (human_agent) json["human_agent"] = true;
    return json.dump();
  }

  static Progress fromCarry(const Carry& carry) {
    Progress progress;
    if (carry.empty()) return progress;
    const Json json = carry.json();
    progress.part = json.at("part").get<std::size_t>();
    progress.ids = json.at("ids").get<std::vector<std::string>>();
    progress.uploaded = json.value("uploaded", "");
    progress.throttled = json.value("throttled", 0U);
    progress.human_agent = json.value("human_agent", false);
    return progress;
  }
};

// ---- Requests ----

HttpRequest uploadRequest(const Account& account, const Part& part) {
  const Media& file = *part.file;
  const std::string type =
      file.mime_type.empty() ? "application/octet-stream" : file.mime_type.substr(0, file.mime_type.find(';'));
  const Json message = {
      {"attachment", {{"type", part.message.at("attachment").at("type")}, {"payload", {{"is_reusable", true}}}}}};
  HttpRequest request = HttpRequest::post(urlOf(account, account.node + "/message_attachments"));
  if (account.upload_names_instagram) request.part("platform", "instagram");
  // Safe to repeat: a second upload makes a second id that nobody uses. The type of the file part is required.
  return authorised(
      account, std::move(request.part("message", message.dump())
                             .file("filedata", Blob{file.blob}, file.filename.empty() ? "file" : file.filename, type)
                             .timeout(std::chrono::minutes(2))
                             .safe()));
}

HttpRequest sendRequest(const Account& account, const Operation& operation, const Part& part, const Progress& progress,
                        bool last) {
  Json body = {{"recipient", recipientOf(account, operation)}, {"message", part.message}};
  if (part.file) body["message"]["attachment"]["payload"]["attachment_id"] = progress.uploaded;
  // Comes back in the echo: by it an answer that was lost is found again.
  if (const std::string ref = operation.ref(); !ref.empty()) body["message"]["metadata"] = ref;
  if (progress.human_agent)
    body.update({{"messaging_type", "MESSAGE_TAG"}, {"tag", "HUMAN_AGENT"}});
  else if (account.names_messaging_type)
    body["messaging_type"] = "RESPONSE";
  if (const std::string quoted = operation.replyTo(); !quoted.empty() && progress.part == 0)
    body["reply_to"] = {{"mid", quoted}};  // beside the message, not in it
  HttpRequest request = authorised(
      account, std::move(HttpRequest::post(urlOf(account, account.node + "/messages")).json(std::move(body)).unsafe()));
  if (last) request.completes();
  return request;
}

bool needsUpload(const Part& part, const Progress& progress) {
  return part.file && progress.uploaded.empty();
}

Step nextStep(const Account& account, const Operation& operation, const std::vector<Part>& plan,
              const Progress& progress) {
  const Part& part = plan.at(progress.part);
  return {needsUpload(part, progress)
              ? uploadRequest(account, part)
              : sendRequest(account, operation, part, progress, progress.part + 1 == plan.size()),
          progress.toCarry()};
}

// ---- Answers ----

/// Ends the operation. The carry goes along, so that the host can have the step made again.
Step refused(const Failure& failure, Progress progress, const Call& call) {
  if (failure.error_class == ErrorClass::kRateLimited) ++progress.throttled;
  if (failure.code == kDeadUpload) progress.uploaded.clear();  // made again, the step begins with a new upload
  Step step(progress.ids.empty() ? Result::failed(failure) : Result::partial(progress.ids, failure));
  step.carry = progress.toCarry();
  heedRate(failure, call.now(), step.throttles);
  return step;
}

Step proceedMessage(const Account& account, const Operation& operation, Progress progress, const Response& response,
                    const Call& call) {
  const std::vector<Part> plan = planOf(account, operation);
  const bool uploading = needsUpload(plan.at(progress.part), progress);
  const std::optional<Json> body = response.json();
  Step step;
  if (!response.ok()) {
    const Failure failure =
        failureOf(response, {call.attempt() > 0 ? call.attempt() - 1 : 0, progress.throttled}, &classifySend);
    if (failure.error_class == ErrorClass::kWindow && account.human_agent && !progress.human_agent) {
      // Meta's clock decides, not ours.
      progress.human_agent = true;
      step = nextStep(account, operation, plan, progress);
    } else {
      step = refused(uploading ? repeatable(failure) : failure, progress, call);
    }
  } else if (uploading) {
    progress.uploaded = textAt(body, "/attachment_id");
    step = progress.uploaded.empty()
               ? refused({ErrorClass::kTransient, "", "the upload was answered without an id"}, progress, call)
               : nextStep(account, operation, plan, progress);
  } else if (std::string id = textAt(body, "/message_id"); id.empty() || id.size() > kMaxMid) {
    step = refused(
        {ErrorClass::kUnknown, "", "HTTP " + std::to_string(response.status()) + " without the id of a message"},
        progress, call);
  } else {
    progress.ids.push_back(std::move(id));
    progress.uploaded.clear();
    progress.throttled = 0;
    ++progress.part;
    step =
        progress.part == plan.size() ? Step(Result::sent(progress.ids)) : nextStep(account, operation, plan, progress);
  }
  heedUsage(response, call.now(), step.throttles);
  return step;
}

Step messageStep(const Account& account, const Operation& operation, const Progress& progress) {
  return nextStep(account, operation, planOf(account, operation), progress);
}

template <class Body>
Step refusing(Body body) {
  try {
    return body();
  } catch (const Refused& refused) {
    return Result::failed(ErrorClass::kRequest, "", refused.why);
  }
}

Step unsupported(const Account& account, const std::string& kind) {
  return Step::unsupported(std::string("the ") + account.product->name + " connector has no operation '" + kind + "'");
}

}  // namespace

Step begin(const Account& account, const Operation& operation) {
  return refusing([&]() -> Step {
    const std::string kind = operation.kind();
    if (kind == "message") {
      Progress progress;
      progress.human_agent = needsHumanAgent(account, operation);
      return messageStep(account, operation, progress);
    }
    return isAsk(kind) ? askStep(account, operation) : unsupported(account, kind);
  });
}

Step proceed(const Account& account, const Operation& operation, const Carry& carry,
             std::span<const Response> responses, const Call& call) {
  return refusing([&]() -> Step {
    const std::string kind = operation.kind();
    if (isAsk(kind))
      return responses.empty() ? askStep(account, operation) : proceedAsk(account, operation, responses, call);
    if (kind != "message") return unsupported(account, kind);
    const Progress progress = Progress::fromCarry(carry);
    if (responses.empty()) return messageStep(account, operation, progress);
    return proceedMessage(account, operation, progress, responses.front(), call);
  });
}

}  // namespace patchbay::meta
