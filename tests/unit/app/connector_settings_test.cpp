// A connector's own part of the file is judged by its schema, in the file's lines.
#include "../connectors/fixture.hpp"
#include "app/channels.hpp"

namespace patchbay::app {
namespace {

std::string mistakes(const std::string& file) {
  connectors::ConnectorSet connectors({SCRIPTED_LIBRARY, QUIET_LIBRARY}, "");
  auto loaded = loadConfigText("p.yaml", file, {{"HOME", "/h"}, {"NUMBER", "x1"}});
  loaded.add(checkSettings(loaded.config, connectors));
  loaded.add(checkConnectors(loaded.config, connectors));
  std::string lines;
  for (const auto& error : loaded.errors)
    lines += std::to_string(error.line) + ":" + std::to_string(error.column) + " " + error.message + "\n";
  return lines;
}

TEST(ConnectorSettings, AreJudgedWithLineColumnAndRemedy) {
  const auto found = mistakes(
      "tenants:\n"
      "  acme:\n"
      "    channels:\n"
      "      support:\n"
      "        connector: scripted\n"
      "        config:\n"
      "          number: 15\n"
      "          nubmer: '1'\n"
      "          count: 0\n"
      "          refuse: ${NUMBER}\n");
  EXPECT_NE(found.find("7:19 config.number: must be a string, not a number; put it in quotes\n"), std::string::npos)
      << found;
  EXPECT_NE(found.find("8:11 config.nubmer: is not known here; did you mean 'number'?\n"), std::string::npos) << found;
  EXPECT_NE(found.find("9:18 config.count: must be"), std::string::npos) << found;
  EXPECT_NE(found.find("10:19 config.refuse: must be a boolean"), std::string::npos) << found;
  EXPECT_EQ(found.find("x1"), std::string::npos) << "what a variable holds is never repeated";
  EXPECT_NE(found.find("6:9 config.secret: is missing; set it here or in the environment variable SCRIPTED_SECRET\n"),
            std::string::npos)
      << found;
}

TEST(ConnectorSettings, AreNamedForTwoChannelsEach) {
  const auto found = mistakes(
      "tenants:\n"
      "  acme:\n"
      "    channels:\n"
      "      one: {connector: scripted, config: {secret: abcd, token: t, number: x}}\n"
      "      two: {connector: scripted, config: {secret: [abcd, a], token: t, number: '1'}}\n");
  EXPECT_NE(found.find("4:75 config.number: must match"), std::string::npos) << found;
  EXPECT_NE(found.find("5:58 config.secret.1: must be at least 4"), std::string::npos) << found;
}

TEST(ConnectorSettings, OfAnUnknownConnectorNameTheNearest) {
  EXPECT_EQ(mistakes("tenants:\n"
                     "  acme:\n"
                     "    channels:\n"
                     "      support:\n"
                     "        enabled: false\n"
                     "        connector: quite\n"),
            "6:20 tenant acme, channel support: there is no connector 'quite'; did you mean 'quiet'?\n");
}

}  // namespace
}  // namespace patchbay::app
