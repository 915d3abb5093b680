/// The webhooks of a configuration's channels, as their providers would send them: for load.
#pragma once

#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "connectors/signature/verifier.hpp"

namespace patchbay::bench {

/// Makes one new message after the other; the channels take turns. Not for several threads.
class SignedWebhooks {
 public:
  struct Options {
    std::string config;                 ///< the host's own file: tenants, channels, secrets
    std::vector<std::string> channels;  ///< "tenant/channel"; empty: all that are enabled
    std::string connectors;             ///< folder of libraries, whose manifests say how to sign
    std::string templates;              ///< folder with CONNECTOR.http; tests/bench/webhooks says what is in one
    unsigned contacts = 20000;          ///< different senders
    std::string run;                    ///< part of every message id: two runs must not repeat each other
    std::uint16_t certificate_port =
        0;  ///< of loopback, where certificates of what is signed with one are served; 0: nowhere
  };

  /// @throws std::runtime_error that names the channel, file or rule.
  explicit SignedWebhooks(const Options& options);

  /// The next request, header and body, for a keep-alive connection.
  std::string next();

  /// Makes the next `count` requests now, so that next() has them at hand: some signatures cost more than the host's
  /// work.
  void prepare(std::size_t count);

 private:
  /// Text with places to fill in.
  struct Template {
    std::string method, suffix, query;
    std::vector<std::string>
        pieces;  // of headers, an empty line and the body; every second one is a place's name, or empty
  };
  struct Channel {
    std::string path;  // of the webhook, without its suffix
    std::unique_ptr<connectors::Verifier> verifier;
    Template text;
  };

  static Template readTemplate(const std::string& file, const Json& config);
  std::string make();
  std::string fill(const Template& text, std::uint64_t number, unsigned contact) const;

  std::string run_;
  std::string certificate_url_;
  std::deque<std::string> prepared_;
  unsigned contacts_;
  std::vector<Channel> channels_;
  std::minstd_rand random_{42};
  std::uint64_t number_;  // of the last message; also the next runs' are others
};

}  // namespace patchbay::bench
