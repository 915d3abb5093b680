/// One step of a transcript.
#pragma once

#include <string>
#include <vector>

#include "connectors/check/workbench.hpp"

namespace patchbay::connectors::check {

class StepRun {
 public:
  /// @param folder  where body_file and blobs are read from
  StepRun(Workbench& bench, std::string folder) : bench_(bench), folder_(std::move(folder)) {}

  /// @param step  fits the transcript schema
  /// @return one line per difference; empty when the step did exactly what it expects
  /// @throws std::runtime_error  the transcript itself is wrong (a file that is not there, an operation against its
  /// schema)
  std::vector<std::string> run(const Json& step);

 private:
  void receive(const Json& source);
  void perform(const Json& operation);
  void poll(const Json& source);

  /// Follows the expected steps of requests until the operation ends.
  void follow(Turn turn, const Json& operation);
  Answer matchRequest(const Json& expected, const Json& actual, const std::string& path);
  void matchBody(const Json& expected, const Json& actual, const std::string& path);
  Answer answerOf(const Json& expected, const Json& request);
  void takeEvents(const Turn& turn);
  /// @return false when the turn failed; whether that was expected has then been noted
  bool settled(const Turn& turn);
  void differ(std::string what) { differences_.push_back(std::move(what)); }
  std::string bytes(const Json& source) const;
  std::string fileContent(const std::string& name) const;

  Workbench& bench_;
  std::string folder_;
  Json expect_ = Json::object();
  Json events_ = Json::array();  // of all turns of the step
  std::uint64_t next_blob_ = 901;
  std::vector<std::string> differences_;
};

}  // namespace patchbay::connectors::check
