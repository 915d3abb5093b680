/// The keys of an issuer, published as a JSON Web Key Set (RFC 7517) and fetched by us.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "api/public_key.hpp"

namespace patchbay::api {

/// Longer documents are refused unread.
inline constexpr std::size_t kMaxJwksBytes = 256U << 10U;

struct JwkSet {
  std::map<std::string, PublicKey, std::less<>> keys;  ///< by `kid`
  std::vector<std::string> skipped;                    ///< for the log: which entries are no use to us, and why
};

/// Pure. Takes RSA keys for RS256 and P-256 keys for ES256 that may sign (`use`, `key_ops`), up to 64, each with a
/// `kid` of its own; one may be without, then its name is "". Of two with one name neither counts. Everything else is
/// skipped: an issuer may publish what is not for us.
/// @return kInvalid when the text is no key set, or holds no key that we can use
Result<JwkSet> parseJwks(std::string_view text);

struct JwksStats {
  std::uint64_t fetched = 0;  ///< fetches that gave a usable set
  std::uint64_t failed = 0;
  std::size_t keys = 0;  ///< known now
};

/// A key set as it was fetched.
struct FetchedKeys {
  std::string document;
  std::optional<std::chrono::seconds> max_age;  ///< how long the issuer says that it may be kept; nothing: unsaid
};

/// Keeps a set up to date on a thread of its own, which is the only one that waits for the issuer. A fetch that fails
/// leaves the old keys in force, for `stale` at most, and is repeated after `retry`, then twice that, up to `refresh`.
/// All functions: any thread.
class Jwks {
 public:
  struct Options {
    std::chrono::milliseconds refresh{std::chrono::minutes{10}};  ///< when the issuer does not say how long
    std::chrono::milliseconds least{std::chrono::seconds{30}};    ///< an issuer that says less than this is not obeyed
    std::chrono::milliseconds most{std::chrono::hours{1}};        ///< nor one that says more
    std::chrono::milliseconds stale{std::chrono::hours{24}};      ///< since the last good fetch; then no key counts
    std::chrono::milliseconds retry{std::chrono::seconds{5}};
    std::chrono::milliseconds cooldown{std::chrono::seconds{30}};  ///< unknown keys cause one fetch in this time
    std::chrono::milliseconds patience{std::chrono::seconds{2}};   ///< how long await() waits
    int max_waiting = 2;  ///< threads in await(): strangers with made-up tokens must not take all workers
  };

  /// Gets the document. Called on the set's thread, one call at a time; must end within seconds, and at once when the
  /// stop is requested.
  using Fetch = std::function<Result<FetchedKeys>(const std::stop_token&)>;

  enum class Key {
    kKnown,    ///< it is in keys()
    kUnknown,  ///< the issuer does not publish it, as far as we may ask
    kPending,  ///< a fetch could tell
  };

  /// The first fetch starts at once; nobody waits for it.
  Jwks(Options options, Fetch fetch);
  ~Jwks();
  Jwks(const Jwks&) = delete;
  Jwks& operator=(const Jwks&) = delete;

  /// What is known now; never null. `generation` changes whenever the set is replaced by another one.
  std::shared_ptr<const JwkSet> keys(std::uint64_t* generation = nullptr) const;

  /// Does not block.
  Key look(std::string_view kid) const;

  /// Asks for a fetch if one may help, and waits for it, `patience` at most.
  /// @return kPending when nobody can say: the fetch is still under way, or none has ever succeeded
  Key await(std::string_view kid);

  JwksStats stats() const;

 private:
  using Clock = std::chrono::steady_clock;
  void run(const std::stop_token& stop);
  void take(Result<FetchedKeys> answer);
  void keepOrDrop(const Error& failure);  // with mutex_ held
  std::chrono::milliseconds pauseAfter(const FetchedKeys& fetched) const;
  Key judge(std::string_view kid) const;  // with mutex_ held
  bool mayAsk() const;                    // with mutex_ held

  const Options options_;
  const Fetch fetch_;
  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable_any wake_, done_;
  std::shared_ptr<const JwkSet> keys_ = std::make_shared<const JwkSet>();
  std::uint64_t generation_ = 1;
  std::string document_;  // of keys_
  bool loaded_ = false;
  bool fetching_ = true;  // the first one begins with the thread
  bool wanted_ = true;
  std::uint64_t rounds_ = 0;
  int waiting_ = 0;
  std::optional<Clock::time_point> asked_;  // when an unknown key last caused a fetch
  Clock::time_point next_;
  Clock::time_point fetched_at_;     // when loaded_
  std::chrono::milliseconds pause_;  // before the next try after a failure
  JwksStats stats_;
  std::jthread thread_;  // last: it uses what stands above
};

}  // namespace patchbay::api
