// bind/types.h - C types as a probe's arguments have them, and where they come from.
//
// The binding language is typed against a TypeSource. On the live kernel that is the kernel's BTF
// (kernel/); tests use a table. bind/ itself knows neither.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace swerve {

enum class TypeId : std::uint32_t {};  // means something to the TypeSource that gave it
inline constexpr TypeId kVoid{0};

/// One C type with modifiers and typedefs resolved.
struct Type {
  enum class Kind {
    nothing,  // void, functions: cannot be a value
    integer,  // bytes 1, 2, 4 or 8
    boolean,
    enumeration,  // an integer with names
    pointer,
    record,  // struct or union
    array,
    other,  // float and what else there is: cannot be used
  };
  Kind kind = Kind::nothing;
  std::string name;         // as C writes it: "unsigned int", "struct task_struct *", "char[16]"
  std::uint32_t bytes = 0;  // size
  bool is_signed = false;   // integers and enumerations
  bool is_char = false;     // a char, for strings
  TypeId target = kVoid;    // what a pointer points to, an array's element
  std::uint32_t count = 0;  // an array's length
  bool user = false;        // a pointer into the memory of the user's process
  bool as_text = false;     // a recorded field that can be had as a text: to be compared with a
                            // string, and as a key. Integers: it can be had as a number, too
};

struct Member {
  std::string name;
  TypeId type = kVoid;
  std::uint32_t bit_offset = 0;  // from the start of the record that was asked
  std::uint32_t bit_size = 0;    // of a bit field; 0: not one
};

struct Enumerator {
  std::int64_t value = 0;
  TypeId type = kVoid;
};

class TypeSource {
 public:
  virtual ~TypeSource() = default;
  virtual Type type(TypeId id) const = 0;
  /// The member of a record, also inside unnamed ones.
  virtual std::optional<Member> member(TypeId record, std::string_view name) const = 0;
  virtual std::vector<std::string> member_names(TypeId record) const = 0;
  virtual std::optional<Enumerator> enumerator(std::string_view name) const = 0;
  /// struct task_struct; kVoid where there is none.
  virtual TypeId task_struct() const = 0;
};

}  // namespace swerve
