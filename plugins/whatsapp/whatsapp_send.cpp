#include "whatsapp_send.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "meta/pace.hpp"
#include "whatsapp_ask.hpp"
#include "whatsapp_errors.hpp"
#include "whatsapp_person.hpp"
#include "whatsapp_plan.hpp"

namespace patchbay::whatsapp {
namespace {

/// Inbound files have up to 100 MB.
constexpr std::uint64_t kMaxDownload = 110U << 20U;

// ---- The carry ----

/// Where an operation stands. As JSON it is the carry of every step.
struct Progress {
  std::size_t part = 0;           ///< of the plan, the one this step deals with
  std::vector<std::string> ids;   ///< of the messages that left
  std::string uploaded;           ///< Meta's id of the file of this part, once it is there
  unsigned throttled = 0;         ///< times in a row that Meta said: too fast
  std::string url;                ///< operation media: where the file is
  std::string mime_type, sha256;  ///< likewise, as Meta names them
  bool renewed = false;           ///< likewise: the URL had expired and was asked for again

  std::string toCarry() const {
    Json json = {{"part", part}, {"ids", ids}};
    if (!uploaded.empty()) json["uploaded"] = uploaded;
    if (throttled != 0) json["throttled"] = throttled;
    if (!url.empty()) json.update({{"url", url}, {"mime_type", mime_type}, {"sha256", sha256}});
    if (renewed) json["renewed"] = true;
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
    progress.url = json.value("url", "");
    progress.mime_type = json.value("mime_type", "");
    progress.sha256 = json.value("sha256", "");
    progress.renewed = json.value("renewed", false);
    return progress;
  }
};

// ---- Requests ----

std::string withoutParameters(const std::string& mime_type) {
  return mime_type.substr(0, mime_type.find(';'));
}

HttpRequest uploadRequest(const Account& account, const Media& file) {
  const std::string type = file.mime_type.empty() ? "application/octet-stream" : withoutParameters(file.mime_type);
  // Safe to repeat: a second upload makes a second id that nobody uses.
  return authorised(account, HttpRequest::post(urlOf(account, account.phone_number_id + "/media"))
                                 .part("messaging_product", "whatsapp")
                                 .part("type", type)
                                 .file("file", Blob{file.blob}, file.filename.empty() ? "file" : file.filename, type)
                                 .timeout(std::chrono::minutes(2))
                                 .safe());
}

HttpRequest sendRequest(const Account& account, const Operation& operation, const Part& part, const Progress& progress,
                        bool last) {
  Json body = part.body;
  body["messaging_product"] = "whatsapp";
  body["recipient_type"] = "individual";
  address(operation, body);
  if (part.file) body[part.type]["id"] = progress.uploaded;
  if (const std::string ref = operation.ref(); !ref.empty()) body["biz_opaque_callback_data"] = ref;
  if (const std::string quoted = operation.replyTo(); !quoted.empty() && progress.part == 0 && part.type != "reaction")
    body["context"] = {{"message_id", quoted}};
  HttpRequest request = authorised(
      account, HttpRequest::post(urlOf(account, account.phone_number_id + "/messages")).json(std::move(body)).unsafe());
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
              ? uploadRequest(account, *part.file)
              : sendRequest(account, operation, part, progress, progress.part + 1 == plan.size()),
          progress.toCarry()};
}

// ---- Answers ----

Tries triesOf(const Call& call, const Progress& progress) {
  return {call.attempt() > 0 ? call.attempt() - 1 : 0, progress.throttled};
}

/// Ends the operation. The carry goes along, so that the host can have the step made again.
Step refused(const Failure& failure, Progress progress, const Call& call) {
  if (failure.error_class == ErrorClass::kRateLimited) ++progress.throttled;
  Step step(progress.ids.empty() ? Result::failed(failure) : Result::partial(progress.ids, failure));
  step.carry = progress.toCarry();
  meta::heedRate(failure, call.now(), step.throttles);
  return step;
}

/// Meta may know the person by another number than the one that was dialled (BR, MX, AR), or by an id: the answer will
/// come from there.
void noteRecipient(const std::optional<Json>& body, const Operation& operation, const Call& call, Step& step) {
  const Address to = operation.to();
  const std::string wa_id = textAt(body, "/contacts/0/wa_id");
  const std::string bsuid = textAt(body, "/contacts/0/user_id");
  Person person{to.kind, to.address};
  if (!wa_id.empty() && wa_id.size() <= 20 && "+" + wa_id != to.address &&
      wa_id.find_first_not_of("0123456789") == std::string::npos)
    person.aliases.push_back({"phone", "+" + wa_id});
  if (isBsuid(bsuid) && bsuid != to.address) person.aliases.push_back({"bsuid", bsuid});
  if (!person.aliases.empty()) step.events.push_back(Event::contactChanged(to, std::move(person), call.now()));
}

Step proceedMessage(const Account& account, const Operation& operation, Progress progress, const Response& response,
                    const Call& call) {
  const std::vector<Part> plan = planOf(operation);
  const bool uploading = needsUpload(plan.at(progress.part), progress);
  const std::optional<Json> body = response.json();
  Step step;
  if (!response.ok()) {
    const Failure failure = failureOf(response, triesOf(call, progress));
    step = refused(uploading ? meta::repeatable(failure) : failure, progress, call);
  } else if (uploading) {
    progress.uploaded = textAt(body, "/id");
    step = progress.uploaded.empty()
               ? refused({ErrorClass::kTransient, "", "the upload was answered without an id"}, progress, call)
               : nextStep(account, operation, plan, progress);
  } else if (std::string id = textAt(body, "/messages/0/id"); id.empty() || id.size() > 512) {
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
    if (progress.part == plan.size()) noteRecipient(body, operation, call, step);
  }
  meta::heedUsage(response, call.now(), step.throttles);
  return step;
}

// ---- Fetching a file that a customer sent ----

Step mediaUrlStep(const Account& account, const Operation& operation, const Progress& progress) {
  const std::vector<Media> media = operation.media();
  if (media.empty() || media.front().provider_id.empty()) throw Refused{"'media' needs a provider_id"};
  auto request = HttpRequest::get(urlOf(account, percentEncoded(media.front().provider_id)));
  request.query("phone_number_id", account.phone_number_id);
  return {authorised(account, std::move(request)), progress.toCarry()};
}

/// The download needs the token too; the host attaches it only for the hosts of the manifest.
Step downloadStep(const Progress& progress) {
  return {HttpRequest::get(progress.url)
              .header("User-Agent", "Patchbay")  // without one the media host has been seen to refuse
              .bearer("access_token")
              .follow(2)
              .intoBlob(kMaxDownload)
              .timeout(std::chrono::minutes(4)),
          progress.toCarry()};
}

Step proceedMedia(const Account& account, const Operation& operation, Progress progress, const Response& response,
                  const Call& call) {
  if (!progress.url.empty()) {
    if (response.ok() && response.blob()) {
      const std::string type(response.header("Content-Type"));
      return Result::fetched(response.blob(), progress.mime_type.empty() ? type : progress.mime_type, progress.sha256,
                             operation.media().front().filename);
    }
    if (response.answered() && response.status() == 404 && !progress.renewed) {  // it lives for five minutes
      progress.renewed = true;
      progress.url.clear();
      return mediaUrlStep(account, operation, progress);
    }
    if (response.failure() == PB_TOO_LARGE)
      return Result::failed(ErrorClass::kRequest, "",
                            "the file is larger than " + std::to_string(kMaxDownload) + " bytes");
    Failure failure = meta::repeatable(failureOf(response, triesOf(call, progress)));
    progress.url.clear();  // another try begins with a new address
    return refused(failure, progress, call);
  }
  if (!response.ok()) return refused(meta::repeatable(failureOf(response, triesOf(call, progress))), progress, call);
  const std::optional<Json> body = response.json();
  progress.url = textAt(body, "/url");
  if (!progress.url.starts_with("https://") && !progress.url.starts_with("http://"))
    return Result::failed(ErrorClass::kRequest, "", "the answer does not say where the file is");
  progress.mime_type = textAt(body, "/mime_type");
  progress.sha256 = textAt(body, "/sha256");  // hex here, base64 in webhooks
  if (progress.sha256.size() != 64 || progress.sha256.find_first_not_of("0123456789abcdef") != std::string::npos)
    progress.sha256.clear();
  return downloadStep(progress);
}

// ---- The rest ----

Step stepAt(const Account& account, const Operation& operation, const Progress& progress) {
  const std::string kind = operation.kind();
  if (kind == "message" || kind == "reaction") return nextStep(account, operation, planOf(operation), progress);
  if (kind == "media")
    return progress.url.empty() ? mediaUrlStep(account, operation, progress) : downloadStep(progress);
  if (isAsk(kind)) return askStep(account, operation);
  return Step::unsupported("the WhatsApp connector has no operation '" + kind + "'");
}

template <class Body>
Step refusing(Body body) {
  try {
    return body();
  } catch (const Refused& refused) {
    return Result::failed(ErrorClass::kRequest, "", refused.why);
  }
}

}  // namespace

Step begin(const Account& account, const Operation& operation) {
  return refusing([&] { return stepAt(account, operation, Progress{}); });
}

Step proceed(const Account& account, const Operation& operation, const Carry& carry,
             std::span<const Response> responses, const Call& call) {
  return refusing([&]() -> Step {
    const std::string kind = operation.kind();
    if (isAsk(kind)) return proceedAsk(account, operation, carry, responses, call);
    const Progress progress = Progress::fromCarry(carry);
    if (responses.empty()) return stepAt(account, operation, progress);
    const Response& response = responses.front();
    if (kind == "message" || kind == "reaction") return proceedMessage(account, operation, progress, response, call);
    if (kind == "media") return proceedMedia(account, operation, progress, response, call);
    return stepAt(account, operation, progress);
  });
}

}  // namespace patchbay::whatsapp
