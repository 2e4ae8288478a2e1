// source/known_events.h - the events whose printed form is known as a whole.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "source/batch_builder.h"

namespace swerve {

/// How one event is printed: texts, and the fields between them.
class PrintedForm {
 public:
  /// "comm={comm:c} pid={pid:d}". What a field may be:
  ///   c  a task's name: up to 15 bytes, blanks among them
  ///   s  any text
  ///   d  a decimal number, blanks before it are left out
  ///   x  a hexadecimal number, with 0x or without
  ///   b  true or false, or a number
  ///   w  anything without a blank
  ///   i  a name of C, or an address
  ///   p  the state of a task as trace-cmd's plugin prints it
  ///   f  " (final)" or nothing, with or without a blank: 1 or 0
  ///   -  as s, and not a field
  explicit PrintedForm(std::string_view form);

  /// In how many ways `said` can be read so; counts up to two. `fields` are those of the first.
  /// `by_trace_cmd`: it may print as a decimal number what the kernel prints as a hexadecimal one.
  int read(std::string_view said, bool by_trace_cmd, std::vector<FoundField>& fields) const;

  /// Whether there is a field of each of this form's names.
  bool all_in(std::span<const FoundField> fields) const;

 private:
  static constexpr std::size_t kMostParts = 12;
  struct Part {
    std::string before;  // stands in front of the field
    std::string name;    // empty: no field, only the end of the text
    char what = 0;
  };
  struct Reading;
  void match(Reading& reading, std::size_t part, std::size_t at) const;

  std::vector<Part> parts_;  // the last has no field
};

/// The forms of an event's printing, the kernel's first; empty: not known.
std::span<const PrintedForm> known_forms(std::string_view event);

/// Whether the kernel prints the field as a hexadecimal number without 0x.
bool is_printed_hexadecimal(std::string_view event, std::string_view field);

/// Such a number as an integer field; what is none is unknown. So is one without 0x that trace-cmd
/// has printed: it may be a decimal one.
FoundField hexadecimal(std::string_view name, std::string_view word, bool by_trace_cmd);

}  // namespace swerve
