// source/batch_builder.h - makes batches out of events that are read one after the other.
//
// For readers of formats that describe no kinds beforehand (the texts, JSON lines, CSV): it learns
// a kind when the first event of it comes, asks the Interest about it once, and keeps of an event
// what is wanted. Recording::next() of such a reader:
//
//   builder_.begin(out);
//   while (!stopped_ && !ended_ && !builder_.full()) ...      // builder_.add(...)
//   if (builder_.finish(input_->taken())) return true;        // an error comes after what was read
//   if (stopped_) return *stopped_;
//   return false;
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "source/recording.h"

namespace swerve {

/// An event without its fields. The texts need live only during add().
struct FoundEvent {
  std::uint64_t time = 0;
  std::uint32_t cpu = 0;
  std::uint32_t tid = kNoThread;
  std::uint32_t tgid = kNoProcess;
  std::string_view comm;    // empty: not known
  std::string_view system;  // empty: not known
  std::string_view name;
};

/// A field of it. An integer has `number`, extended from its type; a text and a word have `text`;
/// `other` has neither.
struct FoundField {
  std::string_view name;
  RecordedField::Form form = RecordedField::Form::word;
  bool is_signed = false;  // integer; it counts as one of 8 bytes
  bool unknown = false;    // the field is there, its value is not
  std::string_view text = {};
  std::uint64_t number = 0;
};

/// A word as an integer of 64 bits: decimal with or without a sign, hexadecimal after 0x, or 16
/// hexadecimal digits that are no decimal number (or begin with 0): a pointer as the kernel prints
/// it. "true" and "false" are 1 and 0. Nothing else may stand beside it. False: it is none, and
/// `out` is as it was.
bool word_as_integer(std::string_view word, std::uint64_t& out) noexcept;

/// One thread.
class BatchBuilder {
 public:
  /// What the kinds of one recording may come to: in a hostile file every line is a new kind.
  static constexpr std::size_t kMostKinds = 16384;
  static constexpr std::size_t kMostFields = 65536;        // of all kinds together
  static constexpr std::size_t kMostNameBytes = 8U << 20;  // of all kinds and fields together

  /// `interest` must outlive the builder.
  explicit BatchBuilder(const Interest& interest);

  /// Clears `out` and fills it from now on.
  void begin(Batch& out);
  /// True when the batch has as much as one should have (or when so many events were passed over
  /// that it is time to tell of the progress).
  bool full() const noexcept;

  /// An event with its fields, in the order of the recording; where two have one name the first
  /// counts. Fewer than 2 GiB of text. Errors: exhausted (more kinds than are kept); the event is
  /// not added.
  Result<> add(const FoundEvent& event, std::span<const FoundField> fields);

  /// The same in two steps, for a reader that knows many events by their kind: the number of the
  /// kind of such an event, and an event of that kind. `field` answers for a field's number with a
  /// FoundField, whose name does not count; it is asked for those that are wanted only.
  Result<std::uint32_t> kind_of(const FoundEvent& event, std::span<const FoundField> fields);
  template <typename Field>
  void add_row(const FoundEvent& event, std::uint32_t kind, const Field& field);

  /// Marks stand where they are added: behind the events so far.
  void open_hole(std::uint32_t cpu, std::uint64_t time);
  void close_hole(std::uint32_t cpu, std::uint64_t lost, std::uint64_t time);

  void not_understood() noexcept { ++not_understood_; }

  /// Whether anything was read since begin().
  bool any() const noexcept {
    return events_read_ != events_before_ || not_understood_ != not_understood_before_ ||
           !batch_->holes.empty();
  }
  /// Completes the batch. False when nothing was read since begin(): no event, no mark, and no line
  /// that was not understood. (A batch without events can be true: they were not wanted.)
  bool finish(std::uint64_t bytes_read);

 private:
  static constexpr std::size_t kMostBytes = 16U << 20;     // of text in a batch
  static constexpr std::size_t kMostKeptCells = 2U << 20;  // that a batch may bring along
  static constexpr std::uint64_t kMostPassedOver = 16 * Batch::kMost;

  struct HashText {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>()(text);
    }
  };

  bool is_kind(std::uint32_t kind, const FoundEvent& event,
               std::span<const FoundField> fields) const noexcept;
  Result<std::uint32_t> learn(const FoundEvent& event, std::span<const FoundField> fields);
  Batch::Table& begin_row(const FoundEvent& event, std::uint32_t kind);
  void put(Batch::Table& table, Batch::Column& column, const FoundField& field);
  std::uint64_t put_text(std::string_view text);

  const Interest& interest_;
  std::vector<RecordedKind> kinds_;
  std::vector<std::vector<Want>> forms_;  // by kind: how each field is delivered; empty: not wanted
  std::shared_ptr<const std::vector<RecordedKind>> published_;  // kinds_, as batches have them
  // The kinds of a name, the one that was seen last in front.
  std::unordered_map<std::string, std::vector<std::uint32_t>, HashText, std::equal_to<>> by_name_;
  std::size_t fields_known_ = 0;
  std::size_t name_bytes_ = 0;

  Batch* batch_ = nullptr;
  std::uint64_t events_read_ = 0;
  std::uint64_t not_understood_ = 0;
  std::uint64_t events_before_ = 0;  // at begin()
  std::uint64_t not_understood_before_ = 0;
};

template <typename Field>
void BatchBuilder::add_row(const FoundEvent& event, std::uint32_t kind, const Field& field) {
  ++events_read_;
  const std::vector<Want>& forms = forms_[kind];
  if (forms.empty()) return;
  Batch::Table& table = begin_row(event, kind);
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (forms[i] != Want::nothing) put(table, table.columns[i], field(i));
  }
  ++table.rows;
}

}  // namespace swerve
