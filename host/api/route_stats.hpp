/// Requests by operation: how many, how they ended, how long they took. Labels come from openapi.yaml alone, never from
/// a request.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "api/contract.hpp"
#include "base/histogram.hpp"

namespace patchbay::api {

/// Thread-safe; counting takes no lock.
class RouteStats {
 public:
  /// @param contract  must outlive it
  explicit RouteStats(const Contract& contract);

  /// @param operation  null: no route took the request
  /// @param status     of the answer
  void count(const Operation* operation, int status) noexcept;
  void observe(const Operation* operation, std::chrono::steady_clock::duration took) noexcept;

  struct Route {
    std::string path;    ///< as openapi.yaml has it, without the prefix: "/conversations/{id}"; "other" for no route
    std::string method;  ///< "other" for no route
    std::array<std::uint64_t, 5> by_class{};  ///< 1xx to 5xx
    Histogram::Snapshot seconds;              ///< of those that reached their operation
  };
  std::vector<Route> snapshot() const;

 private:
  struct Counters {
    std::array<std::atomic<std::uint64_t>, 5> by_class{};
    Histogram seconds;
  };
  std::size_t indexOf(const Operation* operation) const noexcept;

  const Contract& contract_;
  std::unique_ptr<Counters[]> counters_;  // by operation, in the contract's order; the last is for no route
};

}  // namespace patchbay::api
