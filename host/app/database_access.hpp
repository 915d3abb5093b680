/// How a command line tool reaches the database of the configured host: `database.url` when it is set, else the
/// embedded cluster in `data_dir` when it runs. Never starts, stops or locks it, and changes no schema.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "app/config.hpp"
#include "db/connection.hpp"

namespace patchbay::app {

/// what() is for the admin: which database, why not, what to do.
class NoDatabase : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// For a db::Connection or a db::Pool. With `database.url` nothing is tried.
/// @throws NoDatabase  the embedded database does not run, or this user may not look.
db::Connection::Options databaseOptions(const Config& config);

/// A connection to a database that a host has made ready (its schema `patchbay` is there).
/// @throws NoDatabase  also when the server cannot be reached or no host has used this database yet.
std::unique_ptr<db::Connection> openDatabase(const Config& config);

}  // namespace patchbay::app
