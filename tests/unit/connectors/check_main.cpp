// check_connector LIBRARY [TRANSCRIPTS]: `patchbay check` without the rest of the host.

#include <iostream>

#include "connectors/check/check.hpp"

int main(int argc, char** argv) {
  if (argc < 2 || argc > 3) {
    std::cerr << "usage: check_connector LIBRARY [TRANSCRIPTS]\n";
    return 2;
  }
  patchbay::connectors::CheckOptions options;
  options.library = argv[1];
  if (argc == 3) options.transcripts = argv[2];
  return patchbay::connectors::runCheck(options, std::cout, std::cerr);
}
