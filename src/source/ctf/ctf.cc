#include "source/ctf/ctf.h"

#include <algorithm>
#include <filesystem>
#include <initializer_list>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/text.h"
#include "source/ctf/babeltrace.h"
#include "source/ctf/damage.h"
#include "source/reorder.h"

namespace swerve {
namespace {

namespace fs = std::filesystem;

// LTTng's deepest folder is SESSION/archives/CHUNK/ust/uid/1000/64-bit.
constexpr int kDeepest = 10;
constexpr std::size_t kMostEntries = 100'000;

/// The folders with a file `metadata`: `folder` and those below it, by name; no more than `most`.
std::vector<std::string> traces_below(const std::string& folder, std::size_t most) {
  std::vector<std::string> found;
  std::error_code error;
  const auto look = [&](const fs::path& in) {
    if (fs::is_regular_file(in / "metadata", error)) found.push_back(in.string());
  };
  look(folder);
  std::size_t seen = 0;
  fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, error);
  for (; !error && at != fs::recursive_directory_iterator() && found.size() < most &&
         ++seen < kMostEntries;
       at.increment(error)) {
    std::error_code ignored;
    if (!at->is_directory(ignored)) continue;
    look(at->path());
    if (at.depth() + 1 >= kDeepest) at.disable_recursion_pending();
  }
  std::sort(found.begin(), found.end());
  return found;
}

bool is(const bt_field_class* field, bt_field_class_type type) {
  return bt_field_class_type_is(bt_field_class_get_type(field), type) != BT_FALSE;
}

RecordedField describe(const bt_field_class_structure_member* member) {
  RecordedField out;
  out.name = bt_field_class_structure_member_get_name(member);
  const bt_field_class* const field =
      bt_field_class_structure_member_borrow_field_class_const(member);
  if (is(field, BT_FIELD_CLASS_TYPE_INTEGER)) {  // enumerations are integers, too
    out.bytes =
        static_cast<std::uint8_t>((bt_field_class_integer_get_field_value_range(field) + 7) / 8);
    out.is_signed = is(field, BT_FIELD_CLASS_TYPE_SIGNED_INTEGER);
  } else if (is(field, BT_FIELD_CLASS_TYPE_STRING)) {  // arrays of encoded characters, too
    out.form = RecordedField::Form::text;
  } else {
    out.form = RecordedField::Form::other;
  }
  return out;
}

/// LTTng's events of the kernel have a plain name; those of programs are "provider:event".
RecordedKind describe(const bt_event_class* event) {
  RecordedKind out;
  const char* const full = bt_event_class_get_name(event);
  const std::string_view name = full == nullptr ? "" : full;
  const std::size_t colon = name.find(':');
  if (colon != name.npos) out.system = name.substr(0, colon);
  out.name = name.substr(colon == name.npos ? 0 : colon + 1);
  const bt_field_class* const payload = bt_event_class_borrow_payload_field_class_const(event);
  if (payload == nullptr) return out;
  const std::uint64_t members = bt_field_class_structure_get_member_count(payload);
  for (std::uint64_t i = 0; i < members; ++i)
    out.fields.push_back(
        describe(bt_field_class_structure_borrow_member_by_index_const(payload, i)));
  return out;
}

std::uint64_t integer(const bt_field* field) {
  return is(bt_field_borrow_class_const(field), BT_FIELD_CLASS_TYPE_SIGNED_INTEGER)
             ? static_cast<std::uint64_t>(bt_field_integer_signed_get_value(field))
             : bt_field_integer_unsigned_get_value(field);
}

std::string_view text(const bt_field* field) {
  const std::string_view all(bt_field_string_get_value(field), bt_field_string_get_length(field));
  return all.substr(0, all.find('\0'));
}

/// A member of a context by one of its names, the first that is there; -1 when none is.
int member(const bt_field_class* context, std::initializer_list<const char*> names,
           bt_field_class_type type) {
  if (context == nullptr) return -1;
  const std::uint64_t members = bt_field_class_structure_get_member_count(context);
  for (const std::string_view name : names) {
    for (std::uint64_t i = 0; i < members; ++i) {
      const auto* const one = bt_field_class_structure_borrow_member_by_index_const(context, i);
      if (name == bt_field_class_structure_member_get_name(one) &&
          is(bt_field_class_structure_member_borrow_field_class_const(one), type))
        return static_cast<int>(i);
    }
  }
  return -1;
}

const bt_field* at(const bt_field* context, int number) {
  return context == nullptr || number < 0 ? nullptr
                                          : bt_field_structure_borrow_member_field_by_index_const(
                                                context, static_cast<std::uint64_t>(number));
}

/// Where a kind's circumstances are in a context. LTTng's pid is the process, its tid the thread;
/// vpid and vtid are the same as the process itself sees them.
struct ContextPlaces {
  int cpu = -1, thread = -1, process = -1, comm = -1;
  explicit ContextPlaces(const bt_field_class* context)
      : cpu(member(context, {"cpu_id"}, BT_FIELD_CLASS_TYPE_INTEGER)),
        thread(member(context, {"tid", "vtid"}, BT_FIELD_CLASS_TYPE_INTEGER)),
        process(member(context, {"pid", "vpid"}, BT_FIELD_CLASS_TYPE_INTEGER)),
        comm(member(context, {"procname", "comm"}, BT_FIELD_CLASS_TYPE_STRING)) {}
};

struct Who {
  std::uint32_t tid = kNoThread;
  std::uint32_t tgid = kNoProcess;
  std::string comm;
};

/// What is worked out once for the events of one class.
struct EventPlan {
  std::uint32_t kind;
  int packet_cpu;
  ContextPlaces common, specific;
  bool of_kernel;
  // sched_switch's fields: who ran until then, and who from then on. -1: it is another event.
  int prev = -1, prev_comm = -1, next = -1, next_comm = -1;
};

class CtfRecording final : public Recording {
 public:
  explicit CtfRecording(const Interest& interest) : interest_(interest) {}

  Result<> open(const std::string& folder);
  Result<bool> next(Batch& out) override;
  std::string format() const override { return "CTF"; }
  std::string clock() const override { return clock_; }
  bool describes_itself() const override { return true; }
  std::vector<RecordedKind> all_kinds() const override { return *kinds_; }
  /// Whether the times are not quite in order.
  bool is_out_of_order() const { return out_of_order_; }

 private:
  struct OpenHole {
    std::uint64_t until = kForever;
    std::uint64_t lost = 0;
  };
  static constexpr std::uint64_t kForever = ~std::uint64_t{0};

  Result<> meet(const bt_stream* stream);
  void meet(const bt_event_class* event);
  Result<> choose_clock();
  Result<std::uint64_t> time(const bt_clock_snapshot* snapshot) const;
  Result<> take(const bt_message* message, Batch& out);
  void see_packet(const bt_packet* packet);
  Result<> take_event(const bt_message* message, Batch& out);
  Result<> take_hole(const bt_stream* stream, const bt_clock_snapshot* begin,
                     const bt_clock_snapshot* end, std::uint64_t lost, Batch& out);
  void close_holes(std::uint64_t before, Batch& out);
  Who who(const EventPlan& plan, const bt_event* event, std::uint32_t cpu) const;
  void see_switch(const EventPlan& plan, const bt_field* payload, std::uint32_t cpu, Who& who);
  void deliver(std::uint32_t kind, const std::vector<Want>& wants, const bt_field* payload,
               Batch& out);

  const Interest& interest_;
  std::unique_ptr<MessageStream> messages_;
  const bt_message* message_ = nullptr;  // the next one to be taken; null at the end
  std::optional<Error> error_;           // comes instead of it
  std::string missing_;                  // of the data; told when what is there has been read

  std::shared_ptr<std::vector<RecordedKind>> kinds_ = std::make_shared<std::vector<RecordedKind>>();
  std::unordered_multimap<std::string, std::uint32_t> kinds_by_name_;
  std::vector<std::optional<std::vector<Want>>> wants_;  // a kind each, once asked
  std::unordered_map<const bt_event_class*, EventPlan> plans_;
  // They keep what the keys of plans_ point at.
  std::vector<BabeltraceRef<const bt_stream, bt_stream_put_ref>> streams_;

  std::string clock_;
  bool raw_times_ = false;  // of the clock itself, not since its origin
  bool out_of_order_ = false;
  bool tells_process_ = false, tells_comm_ = false;

  std::unordered_map<const bt_stream*, std::uint32_t> cpus_;  // of the packets of a stream
  std::map<std::uint32_t, Who> running_;                      // by CPU: from the last sched_switch
  std::map<std::uint32_t, OpenHole> holes_;                   // by CPU
  std::uint64_t last_time_ = 0;
  std::uint64_t events_ = 0;
};

Result<> CtfRecording::open(const std::string& folder) {
  const std::vector<std::string> folders = traces_below(folder, kMostEntries);
  if (folders.empty())
    return Error(ErrorCode::invalid, "there is no file 'metadata' in the folder or below it");
  std::vector<std::string> missing;
  for (const std::string& one : folders) {
    SWERVE_TRY_ASSIGN(std::string from_this, missing_from_trace(one));
    if (!from_this.empty()) missing.push_back(std::move(from_this));
  }
  missing_ = join(missing, "; ");
  SWERVE_TRY_ASSIGN(messages_, MessageStream::open(folders));
  // All streams begin before the first message that has a time: the muxer puts it so.
  while (true) {
    SWERVE_TRY_ASSIGN(message_, messages_->next());
    if (message_ == nullptr || bt_message_get_type(message_) != BT_MESSAGE_TYPE_STREAM_BEGINNING)
      break;
    SWERVE_TRY(meet(bt_message_stream_beginning_borrow_stream_const(message_)));
  }
  if (streams_.empty() && missing_.empty())
    return Error(ErrorCode::invalid, "the trace is empty: it has no streams of events");
  return choose_clock();
}

Result<> CtfRecording::meet(const bt_stream* stream) {
  bt_stream_get_ref(stream);
  streams_.emplace_back(stream);
  const bt_stream_class* const of = bt_stream_borrow_class_const(stream);
  if (bt_stream_class_borrow_default_clock_class_const(of) == nullptr)
    return Error(ErrorCode::invalid,
                 "a stream of this trace has no clock: its events have no times");
  const std::uint64_t events = bt_stream_class_get_event_class_count(of);
  for (std::uint64_t i = 0; i < events; ++i)
    meet(bt_stream_class_borrow_event_class_by_index_const(of, i));
  return {};
}

void CtfRecording::meet(const bt_event_class* event) {
  if (plans_.contains(event)) return;
  RecordedKind kind = describe(event);
  std::optional<std::uint32_t> number;
  const auto [begin, end] = kinds_by_name_.equal_range(kind.name);
  for (auto at = begin; at != end && !number; ++at)
    if ((*kinds_)[at->second] == kind) number = at->second;
  if (!number) {
    number = static_cast<std::uint32_t>(kinds_->size());
    kinds_by_name_.emplace(kind.name, *number);
    kinds_->push_back(kind);
    wants_.emplace_back();
  }
  const bt_stream_class* const stream = bt_event_class_borrow_stream_class_const(event);
  EventPlan plan{
      *number,
      member(bt_stream_class_borrow_packet_context_field_class_const(stream), {"cpu_id"},
             BT_FIELD_CLASS_TYPE_INTEGER),
      ContextPlaces(bt_stream_class_borrow_event_common_context_field_class_const(stream)),
      ContextPlaces(bt_event_class_borrow_specific_context_field_class_const(event)),
      kind.system.empty(),
  };
  if (plan.of_kernel && kind.name == "sched_switch") {
    const bt_field_class* const payload = bt_event_class_borrow_payload_field_class_const(event);
    plan.prev = member(payload, {"prev_tid", "prev_pid"}, BT_FIELD_CLASS_TYPE_INTEGER);
    plan.next = member(payload, {"next_tid", "next_pid"}, BT_FIELD_CLASS_TYPE_INTEGER);
    plan.prev_comm = member(payload, {"prev_comm"}, BT_FIELD_CLASS_TYPE_STRING);
    plan.next_comm = member(payload, {"next_comm"}, BT_FIELD_CLASS_TYPE_STRING);
    tells_comm_ |= plan.next_comm >= 0;
  }
  tells_process_ |= plan.common.process >= 0 || plan.specific.process >= 0;
  tells_comm_ |= plan.common.comm >= 0 || plan.specific.comm >= 0;
  plans_.emplace(event, plan);
}

/// LTTng's clock "monotonic" is CLOCK_MONOTONIC, which is what a live watch shows, and its metadata
/// say how far that is from the epoch. Times of one such clock are told as it told them; then they
/// compare with those of the live watch. Other traces are put together by their origins.
Result<> CtfRecording::choose_clock() {
  const bt_clock_class* first = nullptr;
  bool one_clock = true, epoch = true;
  for (const auto& stream : streams_) {
    const bt_clock_class* const clock = bt_stream_class_borrow_default_clock_class_const(
        bt_stream_borrow_class_const(stream.get()));
    if (first == nullptr) first = clock;
    const auto name = [](const bt_clock_class* of) {
      const char* const text = bt_clock_class_get_name(of);
      return std::string_view(text == nullptr ? "" : text);
    };
    const auto same_uuid = [&] {
      const bt_uuid a = bt_clock_class_get_uuid(first), b = bt_clock_class_get_uuid(clock);
      return a == nullptr || b == nullptr ? a == b : std::equal(a, a + 16, b);
    };
    const auto offset = [](const bt_clock_class* of) {
      std::pair<std::int64_t, std::uint64_t> out;
      bt_clock_class_get_offset(of, &out.first, &out.second);
      return out;
    };
    clock_ = name(first);
    one_clock &= name(clock) == clock_ && same_uuid() &&
                 bt_clock_class_get_frequency(clock) == 1'000'000'000;
    epoch &= bt_clock_class_origin_is_unix_epoch(clock) != BT_FALSE;
    out_of_order_ |= offset(clock) != offset(first);
  }
  raw_times_ = one_clock && clock_ == "monotonic";
  out_of_order_ &= raw_times_;
  if (raw_times_) {
    clock_ = "mono";
  } else if (epoch) {
    clock_ = "unix";
  }
  return {};
}

Result<std::uint64_t> CtfRecording::time(const bt_clock_snapshot* snapshot) const {
  if (raw_times_) return bt_clock_snapshot_get_value(snapshot);
  std::int64_t ns = 0;
  if (bt_clock_snapshot_get_ns_from_origin(snapshot, &ns) != 0) {
    bt_current_thread_clear_error();
    return Error(ErrorCode::invalid, "a time is too large to be told in nanoseconds");
  }
  if (ns < 0) return Error(ErrorCode::invalid, "a time is before its clock's origin");
  return static_cast<std::uint64_t>(ns);
}

Result<bool> CtfRecording::next(Batch& out) {
  out.clear();
  // So that progress is seen in a long trace of which nothing is wanted.
  constexpr std::size_t kMostMessages = 16 * Batch::kMost;
  std::size_t taken = 0;
  while (!error_ && message_ != nullptr && out.size() < Batch::kMost && taken < kMostMessages) {
    ++taken;
    if (Result<> done = take(message_, out); !done) {
      error_ = std::move(done).error();
      break;
    }
    Result<const bt_message*> following = messages_->next();
    if (!following) {
      error_ = std::move(following).error().within(
          cat("after ", events_, " events, at ", last_time_, " ns"));
      break;
    }
    message_ = *following;
  }
  if (message_ == nullptr && !error_ && !missing_.empty())
    error_ = Error(ErrorCode::invalid, std::exchange(missing_, {}));
  if (taken == 0 && error_) {
    message_ = nullptr;
    return *std::exchange(error_, std::nullopt);
  }
  if (message_ == nullptr) close_holes(kForever, out);
  out.kinds = kinds_;
  out.events_read = events_;
  return taken != 0;
}

Result<> CtfRecording::take(const bt_message* message, Batch& out) {
  switch (bt_message_get_type(message)) {
    case BT_MESSAGE_TYPE_STREAM_BEGINNING:
      return meet(bt_message_stream_beginning_borrow_stream_const(message));
    case BT_MESSAGE_TYPE_EVENT:
      return take_event(message, out);
    case BT_MESSAGE_TYPE_PACKET_BEGINNING:
      see_packet(bt_message_packet_beginning_borrow_packet_const(message));
      return {};
    case BT_MESSAGE_TYPE_DISCARDED_EVENTS: {
      const bt_stream* const stream = bt_message_discarded_events_borrow_stream_const(message);
      std::uint64_t lost = 0;
      if (bt_message_discarded_events_get_count(message, &lost) !=
          BT_PROPERTY_AVAILABILITY_AVAILABLE)
        lost = 0;
      if (!bt_stream_class_discarded_events_have_default_clock_snapshots(
              bt_stream_borrow_class_const(stream)))
        return take_hole(stream, nullptr, nullptr, lost, out);
      return take_hole(
          stream,
          bt_message_discarded_events_borrow_beginning_default_clock_snapshot_const(message),
          bt_message_discarded_events_borrow_end_default_clock_snapshot_const(message), lost, out);
    }
    case BT_MESSAGE_TYPE_DISCARDED_PACKETS: {  // how many events were in them is not known
      const bt_stream* const stream = bt_message_discarded_packets_borrow_stream_const(message);
      if (!bt_stream_class_discarded_packets_have_default_clock_snapshots(
              bt_stream_borrow_class_const(stream)))
        return take_hole(stream, nullptr, nullptr, 0, out);
      return take_hole(
          stream,
          bt_message_discarded_packets_borrow_beginning_default_clock_snapshot_const(message),
          bt_message_discarded_packets_borrow_end_default_clock_snapshot_const(message), 0, out);
    }
    default:
      return {};
  }
}

/// The CPU that a packet's context tells; kEveryCpu when it does not.
std::uint32_t cpu_of(const bt_packet* packet) {
  const bt_field* const context =
      packet == nullptr ? nullptr : bt_packet_borrow_context_field_const(packet);
  if (context == nullptr) return kEveryCpu;
  const bt_field* const cpu = at(context, member(bt_field_borrow_class_const(context), {"cpu_id"},
                                                 BT_FIELD_CLASS_TYPE_INTEGER));
  return cpu == nullptr ? kEveryCpu : static_cast<std::uint32_t>(integer(cpu));
}

void CtfRecording::see_packet(const bt_packet* packet) {
  const std::uint32_t cpu = cpu_of(packet);
  const auto [at, fresh] = cpus_.try_emplace(bt_packet_borrow_stream_const(packet), cpu);
  if (at->second != cpu) at->second = kEveryCpu;
}

Result<> CtfRecording::take_event(const bt_message* message, Batch& out) {
  ++events_;
  const bt_event* const event = bt_message_event_borrow_event_const(message);
  const auto found = plans_.find(bt_event_borrow_class_const(event));
  if (found == plans_.end()) return Error(ErrorCode::invalid, "an event of an unknown class");
  const EventPlan& plan = found->second;
  SWERVE_TRY_ASSIGN(last_time_,
                    time(bt_message_event_borrow_default_clock_snapshot_const(message)));
  close_holes(last_time_, out);

  std::uint32_t cpu = kEveryCpu;
  const bt_field* const common = bt_event_borrow_common_context_field_const(event);
  const bt_field* const specific = bt_event_borrow_specific_context_field_const(event);
  if (const bt_field* const in_event = at(specific, plan.specific.cpu)) {
    cpu = static_cast<std::uint32_t>(integer(in_event));
  } else if (const bt_field* const in_common = at(common, plan.common.cpu)) {
    cpu = static_cast<std::uint32_t>(integer(in_common));
  } else if (plan.packet_cpu >= 0) {
    cpu = static_cast<std::uint32_t>(
        integer(at(bt_packet_borrow_context_field_const(bt_event_borrow_packet_const(event)),
                   plan.packet_cpu)));
  }
  const bt_field* const payload = bt_event_borrow_payload_field_const(event);
  Who who = this->who(plan, event, cpu);
  if (plan.next >= 0) see_switch(plan, payload, cpu, who);

  std::optional<std::vector<Want>>& wants = wants_[plan.kind];
  if (!wants) wants = interest_.wants((*kinds_)[plan.kind]);
  if (wants->empty()) return {};
  out.time.push_back(last_time_);
  out.cpu.push_back(cpu);
  out.tid.push_back(who.tid);
  if (tells_process_) out.tgid.push_back(who.tgid);
  if (tells_comm_) {
    out.comm.push_back(Batch::text_cell(out.bytes.size(), who.comm.size()));
    out.bytes += who.comm;
  }
  deliver(plan.kind, *wants, payload, out);
  return {};
}

Who CtfRecording::who(const EventPlan& plan, const bt_event* event, std::uint32_t cpu) const {
  Who out;
  const auto look = [&](const ContextPlaces& places, const bt_field* context) {
    if (const bt_field* const tid = at(context, places.thread))
      out.tid = static_cast<std::uint32_t>(integer(tid));
    if (const bt_field* const tgid = at(context, places.process))
      out.tgid = static_cast<std::uint32_t>(integer(tgid));
    if (const bt_field* const comm = at(context, places.comm)) out.comm = text(comm);
  };
  look(plan.common, bt_event_borrow_common_context_field_const(event));
  look(plan.specific, bt_event_borrow_specific_context_field_const(event));
  if (!plan.of_kernel || out.tid != kNoThread || holes_.contains(cpu) || holes_.contains(kEveryCpu))
    return out;
  const auto running = running_.find(cpu);
  return running == running_.end() ? out : running->second;
}

/// `who` is completed by what the event itself says.
void CtfRecording::see_switch(const EventPlan& plan, const bt_field* payload, std::uint32_t cpu,
                              Who& who) {
  const auto tid = [&](int number) {
    return static_cast<std::uint32_t>(integer(at(payload, number)));
  };
  const auto comm = [&](int number) {
    return number < 0 ? std::string() : std::string(text(at(payload, number)));
  };
  if (who.tid == kNoThread && plan.prev >= 0) who.tid = tid(plan.prev);
  if (who.comm.empty()) who.comm = comm(plan.prev_comm);
  if (cpu != kEveryCpu) running_[cpu] = {tid(plan.next), kNoProcess, comm(plan.next_comm)};
}

void CtfRecording::deliver(std::uint32_t kind, const std::vector<Want>& wants,
                           const bt_field* payload, Batch& out) {
  const RecordedKind& of = (*kinds_)[kind];
  if (out.tables.size() <= kind) out.tables.resize(kinds_->size());
  Batch::Table& table = out.tables[kind];
  out.kind.push_back(kind);
  out.row.push_back(table.rows++);
  table.columns.resize(of.fields.size());
  for (std::size_t i = 0; i < of.fields.size() && i < wants.size(); ++i) {
    const RecordedField::Form form = of.fields[i].form;
    if (wants[i] == Want::nothing || form == RecordedField::Form::other) continue;
    Batch::Column& column = table.columns[i];
    const bt_field* const field = at(payload, static_cast<int>(i));
    if (form == RecordedField::Form::integer) {
      column.form = Want::integer;
      column.cells.push_back(integer(field));
    } else {
      column.form = Want::text;
      const std::string_view value = text(field);
      column.cells.push_back(Batch::text_cell(out.bytes.size(), value.size()));
      out.bytes += value;
    }
  }
}

Result<> CtfRecording::take_hole(const bt_stream* stream, const bt_clock_snapshot* begin,
                                 const bt_clock_snapshot* end, std::uint64_t lost, Batch& out) {
  std::uint64_t from = last_time_, until = kForever;
  if (begin != nullptr) {
    SWERVE_TRY_ASSIGN(from, time(begin));
  }
  if (end != nullptr) {
    SWERVE_TRY_ASSIGN(until, time(end));
  }
  close_holes(from, out);
  const auto known = cpus_.find(stream);
  const std::uint32_t cpu = known == cpus_.end() ? kEveryCpu : known->second;
  const auto [hole, fresh] = holes_.try_emplace(cpu);
  if (fresh) {
    hole->second.until = until;
    out.holes.push_back({static_cast<std::uint32_t>(out.size()), true, cpu, 0, from});
  }
  hole->second.until = std::max(hole->second.until, until);
  hole->second.lost += lost;
  return {};
}

/// Those that end before that time. What is not known of a hole's end is taken for the worst: it is
/// open until the recording ends.
void CtfRecording::close_holes(std::uint64_t before, Batch& out) {
  for (auto at = holes_.begin(); at != holes_.end();) {
    const auto& [cpu, hole] = *at;
    if (hole.until >= before && before != kForever) {
      ++at;
      continue;
    }
    out.holes.push_back({static_cast<std::uint32_t>(out.size()), false, cpu, hole.lost,
                         hole.until == kForever ? last_time_ : hole.until});
    if (cpu == kEveryCpu) {
      running_.clear();
    } else {
      running_.erase(cpu);
    }
    at = holes_.erase(at);
  }
}

}  // namespace

bool is_ctf(const std::string& folder) { return !traces_below(folder, 1).empty(); }

Result<std::unique_ptr<Recording>> open_ctf(const std::string& folder, const Interest& interest) {
  auto recording = std::make_unique<CtfRecording>(interest);
  SWERVE_TRY(recording->open(folder));
  const bool out_of_order = recording->is_out_of_order();
  std::unique_ptr<Recording> out = std::move(recording);
  if (out_of_order) out = std::make_unique<Reorder>(std::move(out), Reorder::Window());
  return out;
}

}  // namespace swerve
