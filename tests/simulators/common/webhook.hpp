/// What the simulators that post webhooks check, do and say alike.
#pragma once

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "simulators/common/bad_input.hpp"

namespace patchbay::simulators {

/// @param what  "number 1061", for the message. @throws BadInput  no http or https URL
void checkCallback(const std::string& what, const std::string& url);

/// "http://127.0.0.1:8003/api/v1/webhooks/acme/whatsapp" -> "acme/whatsapp"
std::string labelOf(const std::string& callback_url);

/// The first 60 characters, for the story.
std::string shortened(const std::string& text);

/// Adds it, or replaces the one with the same `id`.
template <class Account>
void put(std::vector<Account>& accounts, Account account, std::string Account::*id) {
  for (Account& old : accounts)
    if (old.*id == account.*id) {
      old = std::move(account);
      return;
    }
  accounts.push_back(std::move(account));
}

/// Posts the same webhook `copies` times at once, each on its own connection. @throws BadInput  not 1..1000 of them
template <class Post>
auto postCopies(long long copies, const Post& post) {
  if (copies < 1 || copies > 1000) throw BadInput("'copies' must be 1..1000, got " + std::to_string(copies));
  std::vector<decltype(post())> records(static_cast<std::size_t>(copies));
  if (copies == 1) {
    records[0] = post();
  } else {
    std::vector<std::jthread> senders;
    for (auto& record : records) senders.emplace_back([&] { record = post(); });
  }
  return records;
}

/// What the host said to a webhook, for the story: "200 in 1.5 ms".
template <class Record>
std::string resultOf(const Record& webhook) {
  char took[32];
  std::snprintf(took, sizeof took, "%.1f ms", webhook.milliseconds);
  return (webhook.status == 0 ? "no answer: " + webhook.error : std::to_string(webhook.status)) + " in " + took;
}

}  // namespace patchbay::simulators
