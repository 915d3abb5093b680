#include "connectors/worker/relay.hpp"

#include <stdexcept>

namespace patchbay::connectors::worker {
namespace {

constexpr pb_str kBroken = {nullptr, 1};

std::string_view cut(pb_str text) {
  return view(text).substr(0, kMaxWords);
}

}  // namespace

std::int32_t Recorder::run(const pb_call* inner, const std::function<std::int32_t(const pb_call*)>& call) {
  inner_ = inner;
  pb_call outer = *inner;
  outer.host_data = this;
  outer.emit = [](const pb_call* at, std::uint32_t kind, pb_str json) { return self(at).emit(kind, json); };
  outer.blob = [](const pb_call* at, const void* bytes, std::uint64_t size, std::uint64_t* id) {
    return self(at).blob(bytes, size, id);
  };
  outer.diag = [](const pb_call* at, std::uint32_t severity, pb_str code, pb_str pointer, pb_str text) {
    return self(at).diag(severity, code, pointer, text);
  };
  try {
    reply_.status = call(&outer);
    return reply_.status;
  } catch (const std::exception& error) {
    reply_.end = Reply::End::kThrew;
    reply_.error = keep(std::string_view{error.what()}.substr(0, kMaxWords));
    throw;
  } catch (...) {
    reply_.end = Reply::End::kThrewUnknown;
    throw;
  }
}

void Recorder::log(std::uint32_t severity, pb_str text) {
  if (lines_++ < kMaxLogLines)
    reply_.items.push_back(
        {.kind = Item::Kind::kLog, .number = severity, .text = keep(cut(text)), .code = {}, .pointer = {}});
}

std::int32_t Recorder::emit(std::uint32_t kind, pb_str json) noexcept try {
  const bool nothing = broken(json);
  const auto text = nothing ? std::string_view{} : view(json);
  json_bytes_ += text.size();
  const auto status = inner_->emit(inner_, kind, json);
  if (refused_) return status;
  refused_ = status != PB_OK;
  if (json_bytes_ > kMaxTurnJson)
    reply_.too_large = kind;
  else
    reply_.items.push_back({.kind = Item::Kind::kEffect,
                            .broken = nothing,
                            .number = kind,
                            .text = keep(text),
                            .code = {},
                            .pointer = {}});
  return status;
} catch (const std::exception&) {
  std::abort();  // out of memory: the turn would be told wrong
}

std::int32_t Recorder::blob(const void* bytes, std::uint64_t size, std::uint64_t* id) noexcept try {
  const auto status = inner_->blob(inner_, bytes, size, id);
  if (status == PB_REJECTED || status == PB_INVALID_INPUT || refused_) return status;  // leaves no trace in the turn
  refused_ = status != PB_OK;
  const auto text =
      refused_ || size == 0 ? std::string_view{} : std::string_view{static_cast<const char*>(bytes), size};
  reply_.items.push_back({.kind = Item::Kind::kBlob, .text = keep(text), .code = {}, .pointer = {}});
  return status;
} catch (const std::exception&) {
  std::abort();
}

std::int32_t Recorder::diag(std::uint32_t severity, pb_str code, pb_str pointer, pb_str text) noexcept try {
  const auto status = inner_->diag(inner_, severity, code, pointer, text);
  const bool nothing = broken(code) || broken(pointer) || broken(text);
  if (diagnostics_++ < kMaxTurnDiagnostics || (nothing && !refused_))
    reply_.items.push_back(
        {Item::Kind::kDiag, nothing, severity, keep(cut(text)), keep(cut(code)), keep(cut(pointer))});
  refused_ = refused_ || nothing;
  return status;
} catch (const std::exception&) {
  std::abort();
}

Turn replay(const Reply& reply, TurnKind kind, ConnectorLog& log, const TurnContext& context) {
  for (const auto& item : reply.items)
    if (item.kind == Item::Kind::kLog) log.write(item.number, item.text);
  return runTurn(kind, log.who(), context, [&](const pb_call* call) -> std::int32_t {
    for (const auto& item : reply.items) {
      std::uint64_t id = 0;
      if (item.kind == Item::Kind::kEffect)
        call->emit(call, item.number, item.broken ? kBroken : borrow(item.text));
      else if (item.kind == Item::Kind::kBlob)
        call->blob(call, item.text.data(), item.text.size(), &id);
      else if (item.kind == Item::Kind::kDiag)
        call->diag(call, item.number, borrow(item.code), borrow(item.pointer),
                   item.broken ? kBroken : borrow(item.text));
    }
    // Never sent, so never read: one byte over the limit is refused as the original was.
    if (reply.too_large != 0) call->emit(call, reply.too_large, borrow(std::string(kMaxTurnJson + 1, ' ')));
    if (reply.end == Reply::End::kThrew) throw std::runtime_error(std::string{reply.error});
    if (reply.end == Reply::End::kThrewUnknown) throw reply.status;
    return reply.status;
  });
}

}  // namespace patchbay::connectors::worker
