#include "delivery/media_fetch.hpp"

#include "base/log.hpp"
#include "base/or_null.hpp"
#include "delivery/due_run.hpp"
#include "delivery/outbound_media.hpp"
#include "inbox/outcome.hpp"
#include "media/filename.hpp"

namespace patchbay::delivery {
namespace {

/// Waits for a paused channel count here too, so that a job ends one day.
constexpr int kMaxFetchTries = 20;

class MediaFetch : public DueRun, public std::enable_shared_from_this<MediaFetch> {
 public:
  MediaFetch(std::shared_ptr<Core> core, DueLease lease, std::shared_ptr<connectors::Channel> channel)
      : DueRun(std::move(core), std::move(lease), std::move(channel)), payload_(parseJson(lease_.payload)) {}

  void start() {
    Json item = Json::object();
    for (const char* name : {"url", "provider_id", "mime_type", "filename", "sha256"})
      if (!text(name).empty()) item[name] = text(name);
    if (payload_.value("size", std::int64_t{-1}) >= 0) item["size"] = payload_["size"];
    RunOptions options;
    options.channel = channel_;
    options.operation = {{"kind", "media"}, {"id", std::to_string(lease_.id)}, {"media", Json::array({item})}};
    options.attempt = static_cast<unsigned>(lease_.attempt + 1);
    options.trace_id = "media-" + std::to_string(lease_.id);
    auto self = shared_from_this();
    runOperation(std::move(options), *core_->parts.http, core_->workers, nullptr,
                 [self](Ending ending) { self->ended(std::move(ending)); });
  }

 private:
  std::string text(const char* name) const {
    const auto found = payload_.find(name);
    return found != payload_.end() && found->is_string() ? found->get<std::string>() : std::string();
  }

  void ended(Ending ending) {
    if (ending.status == PB_UNSUPPORTED && !text("url").empty()) {
      return download(core_, *channel_, text("url"), [self = shared_from_this()](Result<media::File> file) {
        if (file.ok()) return self->stored(*file, {});
        Ending failed;
        failed.status = file.error().kind == ErrorKind::kUnavailable ? PB_TRANSIENT : PB_REJECTED;
        failed.error = file.error().message;
        self->judged(failed);
      });
    }
    if (ending.status != PB_OK || !ending.result || ending.result->value("status", "") != "sent") return judged(ending);
    const Json media = ending.result->value("media", Json::object());
    const auto found = ending.blobs.find(media.value("blob", std::uint64_t{0}));
    if (found == ending.blobs.end()) {
      ending.status = PB_BUG;
      ending.error = "the connector's result names no file that was fetched";
      return judged(ending);
    }
    media::File file{found->second.sha256,
                     static_cast<std::int64_t>(found->second.size),
                     media::safeMimeType(media.value("mime_type", found->second.mime_type)),
                     media::safeFilename(media.value("filename", "")),
                     {}};
    if (found->second.bytes) {  // a file that the connector made itself
      const auto kept = core_->parts.store->put(*found->second.bytes);
      if (!kept) {
        ending.status = PB_REJECTED;
        ending.error = "the file is larger than the store takes";
        return judged(ending);
      }
      file.sha256 = kept->sha256;
    }
    stored(file, media.value("sha256", text("sha256")));
  }

  void stored(media::File file, const std::string& expected) {
    if (!expected.empty() && expected.size() == 64 && expected != file.sha256) {
      Ending damaged;
      damaged.status = PB_TRANSIENT;
      damaged.error = "the bytes do not have the digest that the provider named";
      return judged(damaged);
    }
    if (file.filename.empty()) file.filename = media::safeFilename(text("filename"));
    if (file.mime_type == "application/octet-stream" && !text("mime_type").empty())
      file.mime_type = media::safeMimeType(text("mime_type"));
    Json item = baseItem("stored");
    item["url"] = "/api/v1/communications/media/" + file.sha256;
    item["sha256"] = file.sha256;
    item["size"] = file.size;
    item["mime_type"] = file.mime_type;
    item["filename"] = orNull(file.filename);
    channel_->stats().countMedia(connectors::SendOutcome::kSent);
    write({file}, dumpJson(item), std::nullopt);
  }

  Json baseItem(const char* state) const {
    return {{"state", state},  {"mime_type", orNull(text("mime_type"))}, {"filename", orNull(text("filename"))},
            {"size", Json()},  {"caption", orNull(text("caption"))},     {"url", Json()},
            {"sha256", Json()}};
  }

  void judged(const Ending& ending) {
    const auto verdict = verdictOn(ending);
    const bool again = verdict.kind == Verdict::Kind::kRetry || verdict.kind == Verdict::Kind::kUnknown;
    if (again && lease_.attempt + 1 < kMaxFetchTries) {
      channel_->stats().countMedia(connectors::SendOutcome::kRetry);
      return write({}, {}, verdict.retry_at);
    }
    channel_->stats().countMedia(connectors::SendOutcome::kFailed);
    Json item = baseItem("failed");
    item["error"] = {
        {"class", verdict.error.error_class}, {"code", verdict.error.code}, {"text", log::scrub(verdict.error.text)}};
    log::warn("delivery", "media of a message cannot be fetched",
              {{"tenant", lease_.tenant}, {"channel", lease_.channel_name}, {"reason", verdict.error.text}});
    write({}, dumpJson(item), std::nullopt);
  }

  /// In the tenant's lane: the file, the message's item, the job's end.
  void write(std::vector<media::File> files, std::string item, std::optional<Timestamp> retry_at) {
    finish(
        shared_from_this(), [this, files = std::move(files), item = std::move(item), retry_at](db::TenantWrite& write) {
          if (!finishDue(write, lease_, retry_at)) return;  // another dispatcher has it
          for (const auto& file : files) media::add(write, file);
          if (!item.empty())
            inbox::replaceMedia(write, payload_.value("message_id", std::int64_t{0}), payload_.value("index", 0), item);
        });
  }

  const Json payload_;
};

}  // namespace

void startMediaFetch(const std::shared_ptr<Core>& core, DueLease lease, std::shared_ptr<connectors::Channel> channel) {
  auto fetch = std::make_shared<MediaFetch>(core, std::move(lease), std::move(channel));
  core->workers.post([fetch] { fetch->start(); });
}

}  // namespace patchbay::delivery
