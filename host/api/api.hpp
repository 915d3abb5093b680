/// The API of a host: every route of openapi.yaml, for both listeners.
///
///     api::Authenticator authenticator(auth_settings, api::findApiKeyIn(reads));
///     api::Router router({.inbox = inbox, .ingest = ingest, .tenants = tenants, .authenticator = authenticator, ...});
///     edge::Server server(options, router);
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/authenticator.hpp"
#include "api/rate_limits.hpp"
#include "api/route_stats.hpp"
#include "api/worker_pool.hpp"
#include "base/http.hpp"
#include "inbox/follow_up.hpp"
#include "inbox/ingest.hpp"
#include "inbox/service.hpp"
#include "tenancy/tenants.hpp"

namespace patchbay::delivery {
class ChannelDesk;
}

namespace patchbay::api {

/// A configured channel of a tenant.
struct ChannelEntry {
  std::string name;
  std::string connector;                         ///< id
  std::shared_ptr<connectors::Channel> channel;  ///< null: it could not be started,
  std::string reason = {};                       ///< and why
};
using ListChannels = std::function<std::vector<ChannelEntry>(const std::string& tenant)>;

/// A stored file, in memory.
struct MediaFile {
  std::string mime_type;
  std::string filename;  ///< safe; may be empty
  std::string bytes;
};
/// kNotFound when the tenant has no such file. Worker threads: reads the disk.
using ReadMedia = std::function<Result<MediaFile>(const std::string& tenant, const std::string& sha256)>;
/// By the token of a link; kNotFound when it is not valid or has expired. Worker threads: reads the disk.
using ReadMediaLink = std::function<Result<MediaFile>(const std::string& token)>;

/// The instance that an event about `account` belongs to: `channel` itself, or a sibling of the same tenant and
/// connector that verifies with the same secret; null when it is nobody's.
using FindOwner = std::function<std::shared_ptr<connectors::Channel>(
    const std::shared_ptr<connectors::Channel>& channel, std::string_view account)>;

struct Readiness {
  std::vector<std::string> reasons;  ///< why not; empty: ready
};

/// Something to get, and the most that it may cost.
struct PublicPage {
  std::string url;
  std::size_t max_bytes = 0;
  std::chrono::milliseconds timeout{0};
};

/// What a webhook's turn may ask for beside events and a reply. Any thread; nothing waits.
struct ReceiveEffects {
  /// Makes bytes files of the store; `done` on another thread, kUnavailable: they cannot be kept now.
  std::function<void(std::map<std::uint64_t, std::string> blobs, std::function<void(Result<inbox::StoredBlobs>)> done)>
      keep;
  /// Nothing is sent in these scopes for a while.
  std::function<void(const connectors::Channel&, const std::vector<connectors::Throttle>&)> throttle;
  /// Requests wait to be made, durably.
  std::function<void()> queued;
  /// The body of what stands at a URL that the channel's signature scheme has checked: GET over verified TLS, without
  /// secrets or redirects, to public addresses and those that the admin allows. Anything but a whole 2xx in time and
  /// size is an error. Must not wait; `done` is called once, on any thread, and must not wait either.
  std::function<void(const connectors::Channel&, const PublicPage&, std::function<void(Result<std::string> body)> done)>
      fetch = {};
};

/// Text for a request to the internal listener. Worker threads: may wait for a second or two.
using Render = std::function<std::string()>;

struct Dependencies {
  inbox::Service& inbox;
  inbox::Ingest& ingest;
  tenancy::Tenants& tenants;
  Authenticator& authenticator;

  /// The channel instance behind a webhook, also a disabled one; null when there is none. I/O threads: must not wait.
  inbox::FindChannel find_channel;
  /// Is this channel configured, but could not be started? Left out: none is. Must not wait.
  std::function<bool(std::string_view tenant, std::string_view name)> is_off = {};
  /// The one instance that says `legacy_webhook` for a platform's word; null when there is none. Must not wait.
  std::function<std::shared_ptr<connectors::Channel>(std::string_view platform)> find_legacy_channel;
  ReadMedia read_media = {};              ///< left out: there are no files
  ReadMediaLink read_media_link = {};     ///< left out: no link is valid
  delivery::ChannelDesk* desk = nullptr;  ///< what is asked of providers at once; null: nothing is
  ListChannels list_channels = {};        ///< by name; left out: there are none
  /// inbox::channelActivity. Worker threads.
  std::function<std::map<std::string, Json>(const std::string& tenant)> channel_activity = {};
  FindOwner find_owner = {};    ///< must not wait; left out: every event is the channel's own
  ReceiveEffects effects = {};  ///< left out: turns that ask for them are kept in quarantine
  /// Does the database answer, are the channels loaded? Worker threads: may wait up to a second or two.
  std::function<Readiness()> readiness;
  Render metrics = {};  ///< the Prometheus text format; left out: there is none
  Render status = {};   ///< JSON by components.schemas.Status; left out: there is none

  std::string version;                 ///< of this program
  std::vector<std::string> platforms;  ///< words of the loaded manifests: more values of `channel`
  bool auto_provision = false;         ///< YAML tenancy.auto_provision: a valid token makes its tenant
  bool legacy_errors = false;          ///< YAML api.errors: bodies of errors in the predecessor's form
  std::size_t worker_threads = 8;
  std::size_t max_body = 1U << 20U;      ///< bytes of a request, webhooks excepted
  std::size_t max_webhook = 32U << 20U;  ///< bytes of a webhook, whatever a manifest allows
  RateBudgets rates = {};                ///< of each caller
  std::size_t worker_queue = 1024;       ///< requests that wait for a worker; over it 503
};

/// Thread-safe. What the dependencies refer to must outlive it; its requests end before its destructor does.
class Router final : public http::Handler {
 public:
  /// @throws ContractError  openapi.yaml and the endpoints do not fit each other
  explicit Router(Dependencies dependencies);
  ~Router() override;

  http::Limits limits(const http::Request& head, http::Response* refusal, bool* refused) override;
  void handle(http::Request request, http::Respond respond) override;

  const RouteStats& stats() const;
  std::size_t queued() const;  ///< requests that wait for a worker
  WorkerStats workerStats() const;
  std::size_t queuedTurns() const;  ///< webhooks that wait for the worker process of their channel

  /// Ends the turns of isolated channels; webhooks that still wait for theirs get 503. After the servers have stopped.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace patchbay::api
