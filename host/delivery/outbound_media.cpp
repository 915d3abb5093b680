#include "delivery/outbound_media.hpp"

#include "base/log.hpp"
#include "base/text.hpp"
#include "media/filename.hpp"
#include "media/links.hpp"

namespace patchbay::delivery {
namespace {

/// How long a provider may take to fetch a file; some queue messages for ten hours.
constexpr std::chrono::hours kLinkLife{24};

Error forGood(std::string why) {
  return {ErrorKind::kInvalid, "media", std::move(why)};
}
Error later(std::string why) {
  return {ErrorKind::kUnavailable, "media", std::move(why)};
}

std::string lastSegment(const std::string& url) {
  const auto parsed = parseUrl(url);
  if (!parsed.ok()) return {};
  std::string name;
  if (!percentDecode(parsed->path.substr(parsed->path.rfind('/') + 1), false, name)) return {};
  return media::safeFilename(name);
}

Result<media::File> keep(const connectors::Answer& answer, std::unique_ptr<media::Writer> file,
                         const std::string& url) {
  if (answer.failure == PB_TOO_LARGE) return forGood("the file is larger than the store takes");
  if (answer.forbidden) return forGood("the file cannot be fetched: " + answer.error);
  if (answer.failure != PB_ANSWERED) return later("the file cannot be fetched: " + answer.error);
  if (!file) {
    const std::string why = "the file cannot be fetched: its server answered " + std::to_string(answer.status);
    return answer.status >= 500 || answer.status == 429 || answer.status == 408 ? later(why) : forGood(why);
  }
  try {
    const auto stored = file->commit();
    media::File result{stored.sha256, stored.size, "application/octet-stream", lastSegment(url), {}};
    for (const auto& header : answer.headers)
      if (equalsIgnoreCase(header.name, "Content-Type")) result.mime_type = media::safeMimeType(header.value);
    return result;
  } catch (const std::exception& error) {
    log::error("delivery", "a download cannot be stored", {{"reason", error.what()}});
    return later("the file cannot be stored");
  }
}

/// One item after the other: messages have one file, nearly always.
class Preparation : public std::enable_shared_from_this<Preparation> {
 public:
  Preparation(std::shared_ptr<Core> core, std::shared_ptr<connectors::Channel> channel, Json operation,
              std::function<void(Result<PreparedMedia>)> done)
      : core_(std::move(core)), channel_(std::move(channel)), kept_(operation), done_(std::move(done)) {
    prepared_.operation = std::move(operation);
  }

  void next() {
    auto& list = prepared_.operation["media"];
    for (; index_ < list.size(); ++index_) {
      const std::string url = list[index_].value("url", "");
      if (url.empty()) continue;
      const std::string digest = media::storedReference(url);
      if (digest.empty()) {
        return download(core_, *channel_, url, [self = shared_from_this()](Result<media::File> file) {
          if (!file.ok()) return self->done_(file.error());
          self->fetched(*file);
        });
      }
      const auto file = find(digest);
      if (!file.ok()) return done_(file.error());
      use(*file);
    }
    if (!prepared_.fetched.empty()) prepared_.text = dumpJson(kept_);
    done_(std::move(prepared_));
  }

 private:
  Result<media::File> find(const std::string& digest) const {
    try {
      auto file = core_->files.find(channel_->settings().tenant, digest);
      return file.ok() ? file : Result<media::File>(forGood(file.error().message));
    } catch (const db::Unavailable& error) {
      return later(error.what());
    }
  }

  void fetched(media::File file) {
    const auto path = core_->parts.store->find(file.sha256);
    if (!path) return done_(later("the file is gone from the store"));
    file.path = *path;
    auto& kept = kept_["media"][index_];
    kept["url"] = "patchbay-media:" + file.sha256;
    prepared_.fetched.push_back(file);
    use(file);
    ++index_;
    next();
  }

  void use(const media::File& file) {
    auto& item = prepared_.operation["media"][index_];
    const std::uint64_t id = kFirstMediaBlob + index_;
    item.erase("url");
    if (channel_->manifest().media_links) item["url"] = linkTo(file);
    item["blob"] = id;
    item["size"] = file.size;
    item["sha256"] = file.sha256;
    if (item.value("mime_type", "").empty()) item["mime_type"] = file.mime_type;
    if (item.value("filename", "").empty() && !file.filename.empty()) item["filename"] = file.filename;
    prepared_.blobs[id] = {nullptr,
                           file.path,
                           static_cast<std::uint64_t>(file.size),
                           item.value("mime_type", ""),
                           item.value("filename", ""),
                           file.sha256};
  }

  /// Under the channel's public URL, which the address of its webhook begins with. Empty: it has none.
  std::string linkTo(const media::File& file) const {
    const auto& webhook = channel_->settings().webhook_url;
    const auto end = webhook.rfind("/api/v1/webhooks/");
    if (core_->parts.links == nullptr || end == std::string::npos) return {};
    return webhook.substr(0, end) + "/api/v1/media-links/" +
           core_->parts.links->make({channel_->settings().tenant, file.sha256}, now() + kLinkLife);
  }

  const std::shared_ptr<Core> core_;
  const std::shared_ptr<connectors::Channel> channel_;
  Json kept_;
  PreparedMedia prepared_;
  std::size_t index_ = 0;
  const std::function<void(Result<PreparedMedia>)> done_;
};

}  // namespace

void prepareMedia(const std::shared_ptr<Core>& core, const std::shared_ptr<connectors::Channel>& channel,
                  Json operation, std::function<void(Result<PreparedMedia>)> done) {
  if (!operation.contains("media") || !operation["media"].is_array())
    return done(PreparedMedia{std::move(operation), {}, std::nullopt, {}});
  std::make_shared<Preparation>(core, channel, std::move(operation), std::move(done))->next();
}

void download(const std::shared_ptr<Core>& core, const connectors::Channel& channel, const std::string& url,
              std::function<void(Result<media::File>)> done) {
  auto request = prepareDownload(url, egressOf(channel), static_cast<std::uint64_t>(core->parts.store->maxBytes()));
  if (!request.ok()) return done(forGood("the file cannot be fetched: " + request.error().message));
  core->parts.http->send(std::move(*request), [core, url, done = std::move(done)](connectors::Answer answer,
                                                                                  std::unique_ptr<media::Writer> file) {
    // std::function wants copies: the writer is handed on through a shared pointer.
    auto kept = std::make_shared<std::unique_ptr<media::Writer>>(std::move(file));
    core->workers.post([answer = std::move(answer), kept, url, done] { done(keep(answer, std::move(*kept), url)); });
  });
}

}  // namespace patchbay::delivery
