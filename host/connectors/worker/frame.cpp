#include "connectors/worker/frame.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "connectors/form.hpp"

namespace patchbay::connectors::worker {
namespace {

constexpr std::size_t kMaxHeaders = 10'000;
constexpr std::size_t kMaxAnswers = 1000;
constexpr std::int64_t kMaxTime = 253'402'300'799'999;  // milliseconds: the end of the year 9999

void put(char* at, std::uint64_t value, std::size_t bytes) noexcept {
  for (std::size_t i = 0; i < bytes; ++i) at[i] = static_cast<char>(value >> (8 * i));
}

std::uint64_t get(const char* at, std::size_t bytes) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) value |= std::uint64_t{static_cast<unsigned char>(at[i])} << (8 * i);
  return value;
}

class Writer {
 public:
  explicit Writer(FrameType type, std::size_t reserve = 256) {
    bytes_.reserve(kHeaderSize + reserve);
    number(static_cast<std::uint32_t>(type));
    number(std::uint32_t{0});
  }

  template <class Number>
  void number(Number value) {
    char raw[sizeof value];
    put(raw, static_cast<std::uint64_t>(value), sizeof value);
    bytes_.append(raw, sizeof value);
  }
  void text(std::string_view value) {
    number(static_cast<std::uint32_t>(value.size()));
    bytes_.append(value);
  }
  void headers(const http::Headers& headers) {
    number(static_cast<std::uint32_t>(headers.size()));
    for (const auto& header : headers) {
      text(header.name);
      text(header.value);
    }
  }

  std::string finish() {
    put(bytes_.data() + 4, bytes_.size() - kHeaderSize, 4);
    return std::move(bytes_);
  }

 private:
  std::string bytes_;
};

/// Reads until something is not there; then everything reads as zero and `done` is false.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  template <class Number>
  Number number() {
    if (bytes_.size() < sizeof(Number)) {
      fail();
      return 0;
    }
    const auto value = static_cast<Number>(get(bytes_.data(), sizeof(Number)));
    bytes_.remove_prefix(sizeof(Number));
    return value;
  }
  std::int64_t between(std::int64_t least, std::int64_t most) {
    const auto value = number<std::int64_t>();
    if (value >= least && value <= most) return value;
    fail();
    return 0;
  }
  bool flag() {
    const auto value = number<std::uint8_t>();
    if (value > 1) fail();
    return value == 1;
  }
  std::string_view text() {
    const auto size = number<std::uint32_t>();
    if (size > bytes_.size()) {
      fail();
      return {};
    }
    const auto value = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return value;
  }
  /// A count of things of at least `each` bytes, so that no count makes us allocate more than what is there.
  std::size_t count(std::size_t most, std::size_t each) {
    const std::size_t value = number<std::uint32_t>();
    if (value > most || value > bytes_.size() / each) {
      fail();
      return 0;
    }
    return value;
  }
  http::Headers headers() {
    http::Headers headers;
    const auto size = count(kMaxHeaders, 8);
    headers.reserve(size);
    for (std::size_t i = 0; i < size && ok_; ++i) {
      std::string name{text()};
      headers.push_back({std::move(name), std::string{text()}});
    }
    return headers;
  }
  void fail() {
    ok_ = false;
    bytes_ = {};
  }
  bool ok() const { return ok_; }
  /// Everything was there, and nothing more.
  bool done() const { return ok_ && bytes_.empty(); }

 private:
  std::string_view bytes_;
  bool ok_ = true;
};

}  // namespace

std::optional<Header> decodeHeader(std::string_view bytes, bool from_worker) {
  if (bytes.size() != kHeaderSize) return std::nullopt;
  const auto type = static_cast<FrameType>(get(bytes.data(), 4));
  const auto size = static_cast<std::size_t>(get(bytes.data() + 4, 4));
  const bool answers = type == FrameType::kHello || type == FrameType::kReply || type == FrameType::kTrapped;
  const bool asks = type == FrameType::kOpen || type == FrameType::kTurn;
  if (from_worker ? !answers : !asks) return std::nullopt;
  if (size > (from_worker ? kMaxFromWorker : kMaxToWorker)) return std::nullopt;
  return Header{type, size};
}

std::string encode(const Open& open) {
  Writer out(FrameType::kOpen);
  out.number(kProtocol);
  out.text(open.library);
  out.number(std::uint8_t{open.drop});
  out.number(open.uid);
  out.number(open.gid);
  out.number(open.memory);
  return out.finish();
}

std::optional<Open> decodeOpen(std::string_view payload) {
  Reader in(payload);
  Open open;
  if (in.number<std::uint32_t>() != kProtocol) in.fail();
  open.library = in.text();
  open.drop = in.flag();
  open.uid = in.number<std::uint32_t>();
  open.gid = in.number<std::uint32_t>();
  open.memory = in.number<std::uint64_t>();
  return in.done() ? std::optional(std::move(open)) : std::nullopt;
}

std::string encode(const Hello& hello) {
  Writer out(FrameType::kHello);
  out.number(kProtocol);
  out.text(hello.error);
  out.text(hello.manifest_digest);
  out.number(hello.functions);
  out.text(hello.note);
  return out.finish();
}

std::optional<Hello> decodeHello(std::string_view payload) {
  Reader in(payload);
  Hello hello;
  if (in.number<std::uint32_t>() != kProtocol) in.fail();
  hello.error = in.text();
  hello.manifest_digest = in.text();
  hello.functions = in.number<std::uint32_t>();
  hello.note = in.text();
  return in.done() ? std::optional(hello) : std::nullopt;
}

std::string encode(const Stimulus& stimulus, const TurnContext& context) {
  std::size_t size = stimulus.context.size() + stimulus.webhook.body.size() + stimulus.operation.size() +
                     stimulus.carry.size() + stimulus.cursor.size() + 4096;
  for (const auto& answer : stimulus.answers) size += answer.body.size() + 1024;
  for (const auto& field : stimulus.webhook.fields) size += field.name.size() + field.value.size() + 256;
  Writer out(FrameType::kTurn, size);
  out.number(static_cast<std::uint8_t>(stimulus.kind));
  out.number(std::chrono::floor<std::chrono::milliseconds>(context.now).time_since_epoch().count());
  out.number(static_cast<std::int64_t>(context.budget.count()));
  out.number(static_cast<std::uint32_t>(context.attempt));
  out.text(context.trace_id);
  out.text({reinterpret_cast<const char*>(context.random.data()), context.random.size()});
  out.number(context.first_blob);
  out.number(context.files);
  out.text(stimulus.context);
  out.text(stimulus.webhook.method);
  out.text(stimulus.webhook.suffix);
  out.text(stimulus.webhook.query);
  out.headers(stimulus.webhook.headers == nullptr ? http::Headers{} : *stimulus.webhook.headers);
  out.text(stimulus.webhook.body);
  out.number(static_cast<std::uint32_t>(stimulus.webhook.fields.size()));
  for (const auto& field : stimulus.webhook.fields) {
    out.text(field.name);
    out.text(field.value);
    out.text(field.filename);
    out.text(field.content_type);
    out.number(field.blob);
  }
  out.text(stimulus.operation);
  out.text(stimulus.carry);
  out.text(stimulus.cursor);
  out.number(static_cast<std::uint32_t>(stimulus.answers.size()));
  for (const auto& answer : stimulus.answers) {
    out.number(static_cast<std::int32_t>(answer.failure));
    out.number(static_cast<std::int32_t>(answer.status));
    out.headers(answer.headers);
    out.text(answer.body);
    out.number(answer.blob);
    out.text(answer.error);
  }
  return out.finish();
}

bool decodeTurn(std::string_view payload, TurnFrame& frame) {
  Reader in(payload);
  auto& stimulus = frame.stimulus;
  auto& context = frame.context;
  const auto kind = in.number<std::uint8_t>();
  if (kind > static_cast<std::uint8_t>(TurnKind::kResumePoll)) in.fail();
  stimulus.kind = static_cast<TurnKind>(kind);
  context.now = Timestamp{std::chrono::milliseconds{in.between(-kMaxTime, kMaxTime)}};
  context.budget = std::chrono::milliseconds{in.between(0, kMaxTime)};
  context.attempt = in.number<std::uint32_t>();
  context.trace_id = in.text();
  const auto random = in.text();
  if (random.size() != context.random.size())
    in.fail();
  else
    std::memcpy(context.random.data(), random.data(), random.size());
  context.first_blob = in.number<std::uint64_t>();
  context.files = in.number<std::uint64_t>();
  stimulus.context = in.text();
  stimulus.webhook.method = in.text();
  stimulus.webhook.suffix = in.text();
  stimulus.webhook.query = in.text();
  frame.headers = in.headers();
  stimulus.webhook.headers = &frame.headers;
  stimulus.webhook.body = in.text();
  const auto fields = in.count(kMaxFormFields, 24);
  frame.fields.reserve(fields);
  for (std::size_t i = 0; i < fields && in.ok(); ++i) {
    FormField field;
    field.name = in.text();
    field.value = in.text();
    field.filename = in.text();
    field.content_type = in.text();
    field.blob = in.number<std::uint64_t>();
    frame.fields.push_back(std::move(field));
  }
  stimulus.webhook.fields = frame.fields;
  stimulus.operation = in.text();
  stimulus.carry = in.text();
  stimulus.cursor = in.text();
  const auto answers = in.count(kMaxAnswers, 28);
  frame.answers.reserve(answers);
  for (std::size_t i = 0; i < answers && in.ok(); ++i) {
    Answer answer;
    answer.failure = in.number<std::int32_t>();
    answer.status = in.number<std::int32_t>();
    answer.headers = in.headers();
    answer.body = in.text();
    answer.blob = in.number<std::uint64_t>();
    answer.error = in.text();
    frame.answers.push_back(std::move(answer));
  }
  stimulus.answers = frame.answers;
  return in.done();
}

std::string encode(const Reply& reply) {
  std::size_t size = 256;
  for (const auto& item : reply.items) size += item.text.size() + item.code.size() + item.pointer.size() + 20;
  Writer out(FrameType::kReply, size);
  out.number(static_cast<std::uint8_t>(reply.end));
  out.number(reply.status);
  out.number(std::uint8_t{reply.instance});
  out.text(reply.error);
  out.number(reply.too_large);
  out.number(static_cast<std::uint32_t>(reply.items.size()));
  for (const auto& item : reply.items) {
    out.number(static_cast<std::uint8_t>(item.kind));
    out.number(std::uint8_t{item.broken});
    out.number(item.number);
    out.text(item.text);
    out.text(item.code);
    out.text(item.pointer);
  }
  return out.finish();
}

std::optional<Reply> decodeReply(std::string_view payload) {
  Reader in(payload);
  Reply reply;
  const auto end = in.number<std::uint8_t>();
  if (end > static_cast<std::uint8_t>(Reply::End::kThrewUnknown)) in.fail();
  reply.end = static_cast<Reply::End>(end);
  reply.status = in.number<std::int32_t>();
  reply.instance = in.flag();
  reply.error = in.text();
  reply.too_large = in.number<std::uint32_t>();
  const auto count = in.count(kMaxItems, 18);
  reply.items.reserve(count);
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    Item item;
    const auto kind = in.number<std::uint8_t>();
    if (kind < static_cast<std::uint8_t>(Item::Kind::kEffect) || kind > static_cast<std::uint8_t>(Item::Kind::kLog))
      in.fail();
    item.kind = static_cast<Item::Kind>(kind);
    item.broken = in.flag();
    item.number = in.number<std::uint32_t>();
    item.text = in.text();
    item.code = in.text();
    item.pointer = in.text();
    reply.items.push_back(item);
  }
  return in.done() ? std::optional(std::move(reply)) : std::nullopt;
}

TrappedFrame encodeTrapped(std::int32_t system_call, std::int64_t argument) noexcept {
  TrappedFrame frame;
  put(frame.bytes, static_cast<std::uint32_t>(FrameType::kTrapped), 4);
  put(frame.bytes + 4, 12, 4);
  put(frame.bytes + 8, static_cast<std::uint32_t>(system_call), 4);
  put(frame.bytes + 12, static_cast<std::uint64_t>(argument), 8);
  return frame;
}

std::optional<Trapped> decodeTrapped(std::string_view payload) {
  Reader in(payload);
  Trapped trapped;
  trapped.system_call = in.number<std::int32_t>();
  trapped.argument = in.number<std::int64_t>();
  return in.done() ? std::optional(trapped) : std::nullopt;
}

}  // namespace patchbay::connectors::worker
