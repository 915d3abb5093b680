#include "db/connection.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/log.hpp"

namespace patchbay::db {
namespace {

using Clock = std::chrono::steady_clock;

std::string errorText(const pg_conn* connection) {
  std::string text = PQerrorMessage(connection);
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

std::string fillTenant(std::string_view sql, const SchemaName* tenant) {
  constexpr std::string_view kPlace = "{tenant}";
  std::string out;
  out.reserve(sql.size() + 64);
  std::size_t from = 0;
  for (std::size_t at; (at = sql.find(kPlace, from)) != std::string_view::npos; from = at + kPlace.size()) {
    if (!tenant)
      throw std::logic_error("statement with {tenant} run without a tenant: " + std::string(sql.substr(0, 80)));
    out.append(sql.substr(from, at - from)).append(tenant->str());
  }
  out.append(sql.substr(from));
  return out;
}

void silence(void*, const char* message) {
  log::debug("db", message);
}

}  // namespace

struct Connection::Queued {
  Statement statement;
  std::string key;
  std::optional<SchemaName> tenant;  // by value: it may have to be prepared again at the flush
  Params params;
};

/// One round trip that is under way.
struct Connection::Sent {
  std::vector<Queued> statements;
  std::vector<int> expected;       // what each result belongs to: a preparation (-1) or statement i
  std::vector<std::string> newly;  // keys of statements that are prepared in it
  Clock::time_point deadline;
};

namespace {

/// Conditions of the server, not of the statement: the same may succeed later (PostgreSQL's Appendix A). Resources are
/// gone (53), the system failed (58), it was cancelled or the server goes down (57), it lost a race (40001, 40P01,
/// 55P03), the server has become a standby (25006).
bool passes(std::string_view state) {
  return state.starts_with("53") || state.starts_with("57") || state.starts_with("58") || state == "40001" ||
         state == "40P01" || state == "55P03" || state == "25006";
}

}  // namespace

Connection::Connection(const Options& options) : options_(options) {
  const auto deadline = Clock::now() + options.connect_timeout;
  connection_ = PQconnectStart(options.url.c_str());
  if (!connection_) throw std::bad_alloc();
  if (const char* password = PQpass(connection_)) log::addSecret(password);
  try {
    for (auto state = PGRES_POLLING_WRITING; state != PGRES_POLLING_OK; state = PQconnectPoll(connection_)) {
      if (state == PGRES_POLLING_FAILED || PQstatus(connection_) == CONNECTION_BAD)
        throw Unavailable("cannot connect to the database: " + errorText(connection_));
      wait(state == PGRES_POLLING_WRITING, deadline);
    }
    PQsetNoticeProcessor(connection_, &silence, nullptr);
    if (PQsetnonblocking(connection_, 1) != 0)
      throw Unavailable("cannot connect to the database: " + errorText(connection_));
    // The server's own limit stands behind ours, for the case that our host is gone while a statement runs.
    script(
        "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET bytea_output = 'hex'; SET client_encoding = 'UTF8'; "
        "SET jit = off; SET search_path = pg_catalog; SET idle_in_transaction_session_timeout = 60000; "
        "SET statement_timeout = " +
        std::to_string(options.statement_timeout.count()) +
        (options.by_key
             ? "; SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off; "
               "SET enable_mergejoin = off"
             : ""));
    if (PQenterPipelineMode(connection_) != 1)
      throw Unavailable("cannot enter pipeline mode: " + errorText(connection_));
  } catch (...) {
    PQfinish(connection_);
    connection_ = nullptr;
    throw;
  }
}

Connection::~Connection() {
  if (connection_) PQfinish(connection_);
}

std::size_t Connection::queued() const {
  return queue_.size();
}

bool Connection::broken() const {
  return !connection_ || PQstatus(connection_) != CONNECTION_OK;
}

bool Connection::stale() {
  if (broken()) return true;
  // An idle server says nothing unasked, but farewell. (A changed server parameter is reported too; a new connection
  // then costs nothing that matters.)
  pollfd fd{PQsocket(connection_), POLLIN, 0};
  return ::poll(&fd, 1, 0) != 0;
}

bool Connection::inTransaction() const {
  return !broken() && PQtransactionStatus(connection_) != PQTRANS_IDLE;
}

void Connection::lost(const std::string& what) {
  const std::string reason = connection_ ? errorText(connection_) : "";
  if (connection_) PQfinish(connection_);
  connection_ = nullptr;
  queue_.clear();
  prepared_.clear();
  recent_.clear();
  throw Unavailable(what + (reason.empty() ? "" : ": " + reason));
}

void Connection::wait(bool for_write, Clock::time_point deadline) {
  pollfd fd{PQsocket(connection_), static_cast<short>(POLLIN | (for_write ? POLLOUT : 0)), 0};
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) {
      // Asking the server to stop would wait without a deadline (PQcancel); its own statement_timeout ends the
      // statement.
      lost("the database did not answer in time");
    }
    const int ready = ::poll(&fd, 1, static_cast<int>(std::min<long long>(left + 1, 60000)));
    if (ready > 0) return;
    if (ready < 0 && errno != EINTR) lost(std::string("poll: ") + std::strerror(errno));
  }
}

void Connection::flushOutput(Clock::time_point deadline) {
  // The server may stop reading until we read its answers: both directions are served while we push.
  for (;;) {
    const int left = PQflush(connection_);
    if (left < 0) lost("connection to the database lost");
    if (left == 0) return;
    wait(true, deadline);
    if (PQconsumeInput(connection_) != 1) lost("connection to the database lost");
  }
}

pg_result* Connection::nextResult(Clock::time_point deadline) {
  while (PQisBusy(connection_) != 0) {
    wait(false, deadline);
    if (PQconsumeInput(connection_) != 1) lost("connection to the database lost");
  }
  return PQgetResult(connection_);
}

void Connection::queue(const Statement& statement, const SchemaName* tenant, Params params) {
  std::string key(statement.name);
  if (tenant) key.append("@").append(tenant->str());
  queue_.push_back({statement, std::move(key), tenant ? std::optional(*tenant) : std::nullopt, std::move(params)});
}

std::vector<Rows> Connection::flush() {
  return receive(behindEarlier(push()));
}

void Connection::send(std::function<void(std::exception_ptr)> answered) {
  sent_ = std::make_unique<Sent>(behindEarlier(push()));
  answered_ = std::move(answered);
}

/// Reads what send() left to be read. @return `own`, which is under way too and whose answers come next
Connection::Sent Connection::behindEarlier(Sent own) {
  if (!sent_ || !receiveEarlier()) return own;
  try {
    receive(std::move(own));  // refused as a whole, or part of a transaction that will be rolled back
  } catch (const SqlError&) {
  }
  throw EarlierFailed();
}

void Connection::settle() noexcept {
  if (sent_) receiveEarlier();
}

/// Reads the answers to send() and tells them on. @return what went wrong
std::exception_ptr Connection::receiveEarlier() noexcept {
  const auto answered = std::move(answered_);
  std::exception_ptr failure;
  try {
    receive(std::move(*std::exchange(sent_, nullptr)));
  } catch (...) {
    failure = std::current_exception();
  }
  answered(failure);
  return failure;
}

Connection::Sent Connection::push() {
  if (!connection_) {
    queue_.clear();
    throw Unavailable("not connected to the database");
  }
  Sent sent{std::move(queue_), {}, {}, Clock::now() + options_.statement_timeout};
  queue_.clear();
  const auto& queued = sent.statements;
  auto& expected = sent.expected;
  auto& newly = sent.newly;
  for (std::size_t i = 0; i < queued.size(); ++i) {
    const auto& item = queued[i];
    auto found = prepared_.find(item.key);
    if (found == prepared_.end()) {
      if (prepared_.size() >= options_.statement_cache && !recent_.empty()) {
        const std::string victim = recent_.back();
        const std::string close = "DEALLOCATE " + prepared_.at(victim).first;
        if (PQsendQueryParams(connection_, close.c_str(), 0, nullptr, nullptr, nullptr, nullptr, 0) != 1)
          lost("connection to the database lost");
        expected.push_back(-1);
        prepared_.erase(victim);
        recent_.pop_back();
      }
      const std::string name = "s" + std::to_string(++next_name_);
      const std::string sql = fillTenant(item.statement.sql, item.tenant ? &*item.tenant : nullptr);
      if (PQsendPrepare(connection_, name.c_str(), sql.c_str(), item.params.size(), item.params.types_.data()) != 1)
        lost("connection to the database lost");
      expected.push_back(-1);
      recent_.push_front(item.key);
      found = prepared_.emplace(item.key, std::pair{name, recent_.begin()}).first;
      newly.push_back(item.key);
    } else {
      recent_.splice(recent_.begin(), recent_, found->second.second);
    }
    const auto& params = item.params;
    std::vector<const char*> values;
    for (int p = 0; p < params.size(); ++p)
      values.push_back(params.lengths_[p] < 0 ? nullptr : params.buffer_.data() + params.offsets_[p]);
    const std::vector<int> formats(values.size(), 1);
    if (PQsendQueryPrepared(connection_, found->second.first.c_str(), params.size(), values.data(),
                            params.lengths_.data(), formats.data(), 0) != 1)
      lost("connection to the database lost");
    expected.push_back(static_cast<int>(i));
  }
  if (PQpipelineSync(connection_) != 1) lost("connection to the database lost");
  flushOutput(sent.deadline);
  return sent;
}

std::vector<Rows> Connection::receive(Sent sent) {
  if (!connection_) throw Unavailable("the database went away");
  const auto& queued = sent.statements;
  const auto& expected = sent.expected;
  const auto deadline = sent.deadline;
  std::vector<Rows> rows(queued.size());
  std::optional<SqlError> refused;
  std::size_t at = 0;
  for (;;) {
    pg_result* result = nextResult(deadline);
    if (!result) {  // ends one statement's results, not the pipeline's
      if (PQstatus(connection_) != CONNECTION_OK) lost("connection to the database lost");
      ++at;
      continue;
    }
    Rows held(result);
    const auto status = PQresultStatus(result);
    if (status == PGRES_PIPELINE_SYNC) break;
    if (status == PGRES_FATAL_ERROR && !refused) {
      const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
      const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
      const char* constraint = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);  // the detail would tell values
      if (!state || PQstatus(connection_) != CONNECTION_OK) lost("connection to the database lost");
      std::size_t index = at;  // a preparation that fails belongs to the next statement
      while (index < expected.size() && expected[index] < 0) ++index;
      const auto name =
          index < expected.size() ? queued[static_cast<std::size_t>(expected[index])].statement.name : "?";
      // 57P01..57P03: the server is shutting down or starting: not the statement's fault.
      if (std::string_view(state).starts_with("57P")) lost(message ? message : "the database is shutting down");
      refused.emplace(state, std::string(name) + ": " + (message ? message : "refused") + " (" + state + ")" +
                                 (constraint ? std::string("; ") + constraint : ""));
    }
    if (status == PGRES_EMPTY_QUERY) lost("a statement without text was run");
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
      if (at < expected.size() && expected[at] >= 0) rows[static_cast<std::size_t>(expected[at])] = std::move(held);
  }
  if (refused) {
    // Preparations behind the error did not happen. Forgetting all of this flush costs a second preparation at most.
    for (const auto& key : sent.newly) {
      const auto found = prepared_.find(key);
      if (found == prepared_.end()) continue;
      recent_.erase(found->second.second);
      prepared_.erase(found);
    }
    if (passes(refused->state())) throw Unavailable(refused->what());
    throw *refused;
  }
  return rows;
}

Rows Connection::execute(const Statement& statement, const SchemaName* tenant, Params params) {
  queue(statement, tenant, std::move(params));
  return std::move(flush().back());
}

void Connection::script(std::string_view sql, const SchemaName* tenant) {
  if (!connection_) throw Unavailable("not connected to the database");
  const auto deadline = Clock::now() + options_.statement_timeout * 10;  // migrations may build indexes
  const std::string text = fillTenant(sql, tenant);
  const bool pipelined = PQpipelineStatus(connection_) == PQ_PIPELINE_ON;
  if (pipelined && PQexitPipelineMode(connection_) != 1) lost("cannot leave pipeline mode");
  if (PQsendQuery(connection_, text.c_str()) != 1) lost("connection to the database lost");
  flushOutput(deadline);
  std::optional<SqlError> refused;
  while (pg_result* result = nextResult(deadline)) {
    const Rows held(result);
    if (PQresultStatus(result) == PGRES_FATAL_ERROR && !refused) {
      const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
      if (!state || PQstatus(connection_) != CONNECTION_OK) lost("connection to the database lost");
      std::string message = PQresultErrorMessage(result);
      while (!message.empty() && message.back() == '\n') message.pop_back();
      refused.emplace(state, message);
    }
  }
  if (pipelined && PQenterPipelineMode(connection_) != 1) lost("cannot enter pipeline mode");
  if (refused) throw *refused;
}

void Connection::rollback() noexcept {
  static constexpr Statement kRollback{"transaction.rollback", "ROLLBACK"};
  queue_.clear();
  if (!inTransaction()) return;
  try {
    execute(kRollback);
  } catch (const std::exception& error) {
    log::warn("db", "rollback failed", {{"reason", error.what()}});
  }
}

}  // namespace patchbay::db
