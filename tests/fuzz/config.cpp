// The configuration file: complete values, or errors that name their place; never a secret among them.
#include "app/config.hpp"

#include "base/text.hpp"
#include "fuzz.hpp"

using namespace patchbay;
using patchbay::fuzz::check;

FUZZ(std::string_view bytes) {
  if (bytes.size() > 65536) return;
  static const yaml::Environment environment{{"PATH", "/usr/bin"}, {"TOKEN", "a-value-that-no-error-shows"}};
  const auto loaded = app::loadConfigText("fuzz.yaml", std::string(bytes), environment);
  const std::string report = loaded.report();
  constexpr std::string_view kValue = "a-value-that-no-error-shows";
  check(bytes.find(kValue) != std::string_view::npos || report.find(kValue) == std::string::npos,
        "no error shows a variable's value");
  if (!loaded.ok()) {
    check(!report.empty() && report.back() == '\n', "errors are reported");
    return;
  }
  check(report.empty(), "no error, no report");
  const auto& config = loaded.config;
  check(config.data_dir.is_absolute(), "the data directory is absolute");
  check(config.http.io_threads > 0 && config.http.worker_threads > 0, "there are threads");
  check(config.http.max_connections > 0 && config.http.body_budget > 0, "there are limits");
  for (const auto& tenant : config.tenants) {
    check(!tenant.slug.empty() && tenant.slug.size() <= 56, "a slug is 1 to 56 long", tenant.slug);
    check(tenant.slug.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos,
          "a slug is plain", tenant.slug);
    for (const auto& channel : tenant.channels) check(channel.config.is_object(), "a channel's config is an object");
  }
}
