// source/known_events.h - the events whose printed form is known as a whole.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "source/batch_builder.h"

namespace swerve {

/// How one event is printed: texts, and the fields between them.
class PrintedForm {
 public:
  static constexpr std::size_t kMostFields = 8;
  using Values = std::array<std::string_view, kMostFields>;

  /// "comm={comm:c} pid={pid:d}". What a field may be:
  ///   c  a task's name: up to 15 bytes, blanks among them
  ///   u  the same, where what follows can stand in one place only
  ///   s  any text
  ///   d  a decimal number, blanks before it are left out
  ///   x  a hexadecimal number, with 0x or without
  ///   h  the same without 0x, whoever has printed it
  ///   b  true or false, or a number
  ///   w  anything without a blank
  ///   i  a name of C, or an address
  ///   p  the state of a task as trace-cmd's plugin prints it
  ///   f  " (final)" or nothing, with or without a blank: 1 or 0
  /// The text may end in '*': anything may follow.
  explicit PrintedForm(std::string_view form);

  /// In how many ways `said` can be read so; counts up to two. `values` are those of the first.
  int read(std::string_view said, Values& values) const;

  std::size_t size() const noexcept { return parts_.size() - 1; }
  /// A field with its value. `by_trace_cmd`: it may have been printed as a decimal number where the
  /// kernel prints a hexadecimal one.
  FoundField field(std::size_t number, const Values& values, bool by_trace_cmd) const;

  /// Whether there is a field of each of this form's names, with a value that it may have.
  bool all_in(std::span<const FoundField> fields) const;

 private:
  struct Text {
    std::string text;
    std::array<std::uint64_t, 2> bytes = {}, mask = {};  // of its first 16 bytes
    bool at(const char* place, const char* end) const;
  };
  struct Part {
    Text before;       // stands in front of the field
    std::string name;  // of the last part: empty, it is only the end of the text
    char what = 0;
  };
  struct Reading;
  void match(Reading& reading, std::size_t part, const char* at) const;

  std::vector<Part> parts_;
  bool more_may_follow_ = false;
};

/// How an event may be printed; the kernel's form first. Empty: not known.
struct KnownForms {
  std::span<const PrintedForm> forms;
  bool by_beginning = false;  // only the beginning of its name is known; it may be another event
};
KnownForms known_forms(std::string_view event);

/// Whether the kernel prints the field as a hexadecimal number without 0x.
bool is_printed_hexadecimal(std::string_view event, std::string_view field);

/// Such a number as an integer field; what is none is unknown. So is one without 0x that trace-cmd
/// has printed: it may be a decimal one.
FoundField hexadecimal(std::string_view name, std::string_view word, bool by_trace_cmd);

}  // namespace swerve
