/// One connection to PostgreSQL over libpq's asynchronous calls: every wait has a deadline on our side, statements are
/// prepared once per connection, and several can travel in one round trip (pipeline mode).
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "db/params.hpp"
#include "db/statement.hpp"

struct pg_conn;
struct pg_result;

namespace patchbay::db {

/// The database cannot be reached, went away, or cannot do it now: the same work may succeed later.
class Unavailable : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// PostgreSQL refused a statement: a constraint, a type, a bug of ours.
class SqlError : public std::runtime_error {
 public:
  SqlError(std::string state, const std::string& what) : std::runtime_error(what), state_(std::move(state)) {}
  const std::string& state() const { return state_; }  ///< SQLSTATE, five characters
  bool isUniqueViolation() const { return state_ == "23505"; }

 private:
  std::string state_;
};

/// What was sent with send() before this flush() failed, so nothing of this flush was executed. The caller of send()
/// knows why; the connection stays usable after a rollback().
class EarlierFailed : public std::runtime_error {
 public:
  EarlierFailed() : std::runtime_error("the statements sent before were refused") {}
};

/// What a statement returned. Values are PostgreSQL's text format (TimeZone UTC). Views live as long as the Rows.
class Rows {
 public:
  Rows() = default;
  explicit Rows(pg_result* result);

  int size() const;
  bool empty() const { return size() == 0; }
  bool isNull(int row, int column) const;
  std::string_view text(int row, int column) const;  ///< empty for NULL
  std::int64_t int8(int row, int column) const;      ///< 0 for NULL
  bool boolean(int row, int column) const;
  std::optional<Timestamp> timestamp(int row, int column) const;
  std::int64_t affected() const;  ///< rows that an INSERT, UPDATE or DELETE touched

 private:
  std::shared_ptr<pg_result> result_;
};

/// Not thread-safe: one thread at a time.
class Connection {
 public:
  struct Options {
    std::string url;  ///< postgresql://... or key=value
    std::chrono::milliseconds connect_timeout{5000};
    std::chrono::milliseconds statement_timeout{30000};
    bool by_key = false;  ///< plan each statement once, and always by index: for connections that only look up keys
    std::size_t statement_cache = 400;  ///< prepared statements kept; the one unused longest goes first
  };

  /// @throws Unavailable
  explicit Connection(const Options& options);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Queues a statement; nothing is sent yet. `tenant` fills {tenant} and may be null when there is none.
  void queue(const Statement& statement, const SchemaName* tenant, Params params = {});

  /// Sends all that is queued in one round trip and returns one Rows per statement, in order. Statements of one flush
  /// that are not inside BEGIN/COMMIT are one transaction. On an error everything after it is not executed.
  /// @throws SqlError  the first statement that was refused; the message names it. The connection stays usable.
  /// @throws Unavailable  connection lost or deadline passed: broken() is then true. Or a passing condition of the
  ///                      server (disk full, deadlock, failover): the connection stays usable.
  /// @throws EarlierFailed
  std::vector<Rows> flush();

  /// Sends all that is queued and does not wait. The next flush(), send() or settle() reads the answers first and calls
  /// `answered` with null, or with what flush() would have thrown: meanwhile the server goes on with what was sent
  /// next.
  /// @throws Unavailable  connection lost; `answered` is not called
  /// @throws EarlierFailed
  void send(std::function<void(std::exception_ptr)> answered);
  /// Waits for the answers to send(), if there are any to come. Never throws: `answered` is told.
  void settle() noexcept;

  /// queue() and flush(): the rows of this last statement.
  Rows execute(const Statement& statement, const SchemaName* tenant = nullptr, Params params = {});

  /// Runs SQL text that may hold many statements (migrations). {tenant} is filled when `tenant` is not null.
  void script(std::string_view sql, const SchemaName* tenant = nullptr);

  /// Ends a transaction that is open, in whatever state it is. Never throws; may leave the connection broken.
  void rollback() noexcept;

  /// How many statements wait for flush(): the index that the next one will have in its answer.
  std::size_t queued() const;

  bool broken() const;
  /// Looks, without waiting, whether the server has closed an idle connection.
  bool stale();
  bool inTransaction() const;

 private:
  struct Queued;
  struct Sent;
  Sent push();
  std::vector<Rows> receive(Sent sent);
  Sent behindEarlier(Sent own);
  std::exception_ptr receiveEarlier() noexcept;
  void wait(bool for_write, std::chrono::steady_clock::time_point deadline);
  void flushOutput(std::chrono::steady_clock::time_point deadline);
  pg_result* nextResult(std::chrono::steady_clock::time_point deadline);
  [[noreturn]] void lost(const std::string& what);

  Options options_;
  pg_conn* connection_ = nullptr;
  std::vector<Queued> queue_;
  std::unique_ptr<Sent> sent_;  // by send(), its answers not read yet
  std::function<void(std::exception_ptr)> answered_;
  // By statement and tenant: the server's name of the prepared form, and its place in recent_.
  std::unordered_map<std::string, std::pair<std::string, std::list<std::string>::iterator>> prepared_;
  std::list<std::string> recent_;  // keys, the one used last in front
  std::uint64_t next_name_ = 0;
};

}  // namespace patchbay::db
