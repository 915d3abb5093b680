#include "metrics/process.hpp"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>

namespace patchbay::metrics {
namespace {

/// The fields of /proc/self/stat from the third on (proc(5)); the second is a name that may hold blanks.
std::vector<double> statFields() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos) return {};
  std::istringstream rest(line.substr(name_end + 3));  // behind the state, which is a letter
  return {std::istream_iterator<double>(rest), {}};
}

/// When the machine started, in seconds since 1970.
double bootTime() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("btime ")) return std::stod(line.substr(6));
  return 0;
}

int openDescriptors() {
  DIR* folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) return -1;
  int count = -3;  // ".", ".." and the folder's own
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}

}  // namespace

void collectProcess(Page& page) {
  // Fields by their numbers in proc(5), less 4: the first here is the fourth.
  constexpr std::size_t kUser = 14 - 4, kSystem = 15 - 4, kThreads = 20 - 4, kStart = 22 - 4, kVirtual = 23 - 4,
                        kResident = 24 - 4;
  const auto stat = statFields();
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  if (stat.size() > kResident) {
    page.counter("process_cpu_seconds_total", "User and system time of the process, in seconds.",
                 (stat[kUser] + stat[kSystem]) / ticks);
    page.gauge("process_start_time_seconds", "When the process started, in seconds since 1970.",
               bootTime() + stat[kStart] / ticks);
    page.gauge("process_resident_memory_bytes", "Memory of the process that is in RAM, in bytes.",
               stat[kResident] * static_cast<double>(::sysconf(_SC_PAGESIZE)));
    page.gauge("process_virtual_memory_bytes", "Address space of the process, in bytes.", stat[kVirtual]);
    page.gauge("process_threads", "Threads of the process.", stat[kThreads]);
  }
  if (const int open = openDescriptors(); open >= 0) page.gauge("process_open_fds", "Open file descriptors.", open);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
    page.gauge("process_max_fds", "How many file descriptors the process may open.",
               static_cast<double>(limit.rlim_cur));
}

}  // namespace patchbay::metrics
