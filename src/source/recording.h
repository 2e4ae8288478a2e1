// source/recording.h - a recorded trace: the kinds of events in it, and the events in batches.
//
// A reader (one a format) makes batches out of an input; whoever checks or converts takes them.
// Events stand in a batch in the order in which they happened, as far as the recording tells it;
// equal times keep the order of the recording. The values of events stand in tables, one a kind of
// event and with a column a field, so that a binding is worked out for many events at once. Only
// what the Interest asks for is decoded.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "swerve/base/result.h"

namespace swerve {

/// A field of a kind of events, as the recording describes it.
struct RecordedField {
  enum class Form : std::uint8_t {
    integer,  // up to 64 bits
    text,     // bytes without a NUL
    word,     // a text format: can be had either way; what is no number is unknown as an integer
    other,    // cannot be had: arrays, structures, floating point
  };
  std::string name;  // "prev_pid"
  Form form = Form::integer;
  std::uint8_t bytes = 8;  // integer: the width that was recorded, 1 to 8
  bool is_signed = false;  // integer
  std::string type;        // as C writes it, where the recording tells: "pid_t"; else empty
  friend bool operator==(const RecordedField&, const RecordedField&) = default;
};

/// A kind of events: those with one name and the same fields. A text format may have several kinds
/// of one name (a field that is not always there).
struct RecordedKind {
  std::string system;  // "sched"; empty where the recording does not tell
  std::string name;    // "sched_switch"
  std::vector<RecordedField> fields;
  /// The number of the field of that name; -1 when there is none.
  int field(std::string_view wanted) const noexcept {
    for (std::size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].name == wanted) return static_cast<int>(i);
    }
    return -1;
  }
  friend bool operator==(const RecordedKind&, const RecordedKind&) = default;
};

/// How a field is to be delivered; what comes later serves those before it, too.
enum class Want : std::uint8_t {
  nothing,
  integer,
  either,  // as a text, or as an integer where the recording has it as one: what is less work
  text,
};

/// What the taker of the events wants to see. A reader asks once a kind, when it meets the kind, on
/// the reader's thread: answers must depend on the kind alone.
class Interest {
 public:
  virtual ~Interest() = default;
  /// One entry a field. Empty: events of this kind are not delivered at all (but the reader still
  /// counts them, and finds holes with them). An integer field that is wanted as text, or a text
  /// field that is wanted as an integer, is delivered in its own form (Table::Column::form says
  /// which).
  virtual std::vector<Want> wants(const RecordedKind& kind) const = 0;
};

/// Wants every event with every field (a `word` as text).
class WantAll final : public Interest {
 public:
  std::vector<Want> wants(const RecordedKind& kind) const override {
    std::vector<Want> out;
    for (const RecordedField& f : kind.fields) {
      out.push_back(f.form == RecordedField::Form::integer ? Want::integer
                    : f.form == RecordedField::Form::other ? Want::nothing
                                                           : Want::text);
    }
    // A kind without fields is wanted, too: one entry more than there are fields does no harm.
    if (out.empty()) out.push_back(Want::nothing);
    return out;
  }
};

inline constexpr std::uint32_t kEveryCpu = 0xffffffff;
inline constexpr std::uint32_t kNoThread = 0xffffffff;  // the recording does not tell who ran
inline constexpr std::uint32_t kNoProcess = 0;          // nor of which process that thread is

/// Events in order, and their values by kind.
struct Batch {
  /// How many events a reader puts into one batch at most.
  static constexpr std::size_t kMost = 4096;

  struct Column {
    Want form = Want::nothing;  // what the cells are, integer or text; nothing: there are none
    std::vector<std::uint64_t> cells;  // a row each. integer: sign- or zero-extended from its
                                       // recorded type. text: see text()
    std::vector<std::uint8_t>
        unknown;  // a row each, 1: no value was recorded. Empty: all are known
  };
  /// The events of one kind in this batch.
  struct Table {
    std::uint32_t rows = 0;
    std::vector<Column> columns;  // by the field's number
  };
  /// Events were lost on a CPU between one mark that opens and the next that closes; `before` is
  /// the number of the event in this batch in front of which the mark stands (size(): after the
  /// last).
  struct Hole {
    std::uint32_t before = 0;
    bool opens = false;
    std::uint32_t cpu = kEveryCpu;
    std::uint64_t lost = 0;  // closes: how many events, where the recording tells; else 0
    std::uint64_t time = 0;  // of the last event before the hole, or the first after it
  };

  // By event. All have size() entries, but where said otherwise.
  std::vector<std::uint64_t> time;  // nanoseconds, of the recording's clock
  std::vector<std::uint32_t> cpu;
  std::vector<std::uint32_t> tid;   // who ran; kNoThread
  std::vector<std::uint32_t> tgid;  // of which process; kNoProcess. Empty: never told
  std::vector<std::uint64_t> comm;  // text cells: its name. Empty: ask Recording::comm()
  std::vector<std::uint32_t> kind;  // number in kinds
  std::vector<std::uint32_t> row;   // in tables[kind]

  std::vector<Table> tables;          // by kind; may be shorter than the number of kinds
  std::vector<Hole> holes;            // by `before`
  std::string bytes;                  // of the text cells
  std::vector<std::uint64_t> listed;  // text cells that others stand for

  /// The kinds of this batch: grows from batch to batch, and what is there never changes.
  std::shared_ptr<const std::vector<RecordedKind>> kinds;

  // How far the reader was after this batch.
  std::uint64_t bytes_read = 0;   // of the input
  std::uint64_t events_read = 0;  // those that nobody wanted among them
  std::uint64_t late = 0;         // of these, not delivered: they came too late to be put in order
  std::uint64_t not_understood =
      0;  // lines of a text format that are no event, and no known comment

  std::size_t size() const noexcept { return time.size(); }
  /// A text cell: a place in `bytes`. Fewer than 2 GiB.
  static constexpr std::uint64_t text_cell(std::size_t offset, std::size_t size) noexcept {
    return static_cast<std::uint64_t>(offset) << 32 | size;
  }
  /// The other sort of text cell: with this bit, it is a number in `listed`, for readers whose
  /// format has lists of texts. So a text costs nothing until somebody looks at it.
  static constexpr std::uint64_t kListed = std::uint64_t{1} << 63;
  std::string_view text(std::uint64_t cell) const noexcept { return text_in(bytes, listed, cell); }
  /// A number that is not in the list is an empty text.
  static std::string_view text_in(std::string_view bytes, std::span<const std::uint64_t> listed,
                                  std::uint64_t cell) noexcept {
    if ((cell & kListed) != 0) {
      const std::uint64_t number = cell ^ kListed;
      cell = number < listed.size() ? listed[number] : 0;
    }
    return bytes.substr(cell >> 32, cell & 0xffffffff);
  }
  /// Empty again; keeps its memory.
  void clear();
};

/// A recorded trace that is being read. One thread calls everything but comm().
class Recording {
 public:
  virtual ~Recording() = default;

  /// The next events, into `out` (cleared first). False at the end, and from then on. Errors end
  /// the recording: invalid (the input is broken: says at which offset or line, and why), io. What
  /// was read before an error has been delivered by the calls before.
  virtual Result<bool> next(Batch& out) = 0;

  /// What it is: "trace.dat version 7", "text of ftrace".
  virtual std::string format() const = 0;
  /// The clock of its times ("mono", "local", "x86-tsc", "unix"); empty where the recording does
  /// not tell.
  virtual std::string clock() const { return {}; }
  /// True when every kind that the recording can hold is known from the start (all_kinds()); false
  /// for formats in which a kind is known when the first event of it has come.
  virtual bool describes_itself() const { return false; }
  /// The kinds, for a recording that describes itself. They need not have the numbers that batches
  /// use.
  virtual std::vector<RecordedKind> all_kinds() const { return {}; }
  /// The name of a thread, where it is recorded apart from the events; else empty. Any thread.
  virtual std::string_view comm(std::uint32_t /*tid*/) const { return {}; }
  /// The process of a thread, likewise; else kNoProcess. Any thread.
  virtual std::uint32_t tgid(std::uint32_t /*tid*/) const { return kNoProcess; }
  /// The size of the input in bytes, for progress; 0 where it is not known.
  virtual std::uint64_t total_bytes() const { return 0; }
};

}  // namespace swerve
