// bind/recorded/formula.h - an expression, worked out for many events at once.
//
// The tree of a typed expression becomes a list of operations, each over whole columns (the way of
// MonetDB/X100, Boncz et al., CIDR 2005): the cost of finding out what to do is paid once a batch.
// For single events there is a second way through the same list, in which values may be unknown.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bind/expr.h"
#include "source/recording.h"

namespace swerve {

/// The values of one leaf, a row each. For texts `cells` are text cells, `bytes` and `listed` those
/// of their batch.
struct LeafColumn {
  const std::uint64_t* cells = nullptr;
  const std::uint8_t* unknown = nullptr;  // null: all are known
  std::string_view bytes;
  std::span<const std::uint64_t> listed;

  bool known(std::size_t row) const noexcept { return unknown == nullptr || unknown[row] == 0; }
  std::string_view text(std::size_t row) const noexcept {
    return Batch::text_in(bytes, listed, cells[row]);
  }
};

/// Immutable after construction, but for scratch memory: one thread.
class Formula {
 public:
  /// `leaf` tells for each leaf (argument, builtin, load; for a string_equal its place) the number
  /// of its column. Reading a member through a choice of pointers is choosing between the members.
  Formula(const Expr& e, const std::function<int(const Expr& leaf, bool text)>& leaf);

  /// The numbers of the columns that it reads.
  const std::vector<int>& leaves() const noexcept { return leaves_; }

  /// The value for each of `rows` rows; a cell that is not known counts as it stands there. Valid
  /// until the next call. Cost: about an operation a nanosecond and row, or less.
  const std::uint64_t* rows(const std::vector<LeafColumn>& columns, std::size_t rows);
  /// The same, but only the lowest 32 bits of a value count. Costs nothing for a plain field.
  const std::uint64_t* low_words(const std::vector<LeafColumn>& columns, std::size_t rows);

  /// The value for one row, where `values` has the leaves' values: none is a value that is not
  /// known. The answer is none when it depends on what is not known. Texts are taken from
  /// `columns`.
  std::optional<std::uint64_t> one(const std::vector<std::optional<std::uint64_t>>& values,
                                   const std::vector<LeafColumn>& columns, std::size_t row) const;

 private:
  enum class What : std::uint8_t { constant, leaf, text_equal, operation, conditional };
  struct Operation {
    What what = What::operation;
    Expr::Op op = Expr::Op::constant;
    std::uint8_t bits = 64;
    bool is_signed = false;
    bool of_signed = false;       // the first operand's type
    std::uint8_t field_bits = 0;  // leaf: a bit field is so wide
    int column = -1;
    std::uint64_t value = 0;     // constant; text_equal: how many bytes are compared
    int a = -1, b = -1, c = -1;  // numbers of operations before
    std::string text;
  };
  int add(const Expr& e, const std::function<int(const Expr&, bool)>& leaf);
  int add_leaf(const Expr& e, const std::function<int(const Expr&, bool)>& leaf);
  bool text_equals(const Operation& o, std::string_view text) const;

  std::vector<Operation> operations_;  // the last one is the value
  std::vector<int> leaves_;
  std::vector<std::vector<std::uint64_t>> scratch_;  // by operation
};

}  // namespace swerve
