#include "bind/recorded/formula.h"

#include <algorithm>
#include <utility>

#include "bind/operators.h"

namespace swerve {

namespace {

using Op = Expr::Op;

/// The choice of pointers that a pointer is, or is read through; null when there is none.
const Expr* choice(const Expr& pointer) {
  const Expr* e = &pointer;
  while (e->op == Op::convert || e->op == Op::load) e = e->a.get();
  return e->op == Op::conditional ? e : nullptr;
}

/// `e` with one of the two pointers in the place of the choice: "(x ? prev : next)->pid" through
/// `prev`.
ExprPtr through(const Expr& e, const Expr& chosen, const ExprPtr& pointer) {
  if (&e == &chosen) return pointer;
  Expr out = e;
  out.a = through(*e.a, chosen, pointer);
  const std::string base = to_text(*e.a);
  if (out.path.starts_with(base)) out.path = to_text(*out.a) + out.path.substr(base.size());
  return std::make_shared<const Expr>(std::move(out));
}

template <Op op>
void loop(std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b, std::size_t rows,
          unsigned bits, bool is_signed, bool of_signed) {
  const auto run = [&](unsigned width, bool sign, bool of) {
    for (std::size_t i = 0; i < rows; ++i) out[i] = apply(op, a[i], b[i], width, sign, of);
  };
  // With the type as a constant the compiler vectorises the common ones.
  if (bits == 32 && is_signed && of_signed) return run(32, true, true);
  if (bits == 32 && is_signed) return run(32, true, false);
  if (bits == 32) return run(32, false, false);
  if (bits == 64) return of_signed ? run(64, true, true) : run(64, false, false);
  run(bits, is_signed, of_signed);
}

void operate(Op op, std::uint64_t* out, const std::uint64_t* a, const std::uint64_t* b,
             std::size_t rows, unsigned bits, bool is_signed, bool of_signed) {
#define SWERVE_LOOP(name) \
  case Op::name:          \
    return loop<Op::name>(out, a, b, rows, bits, is_signed, of_signed)
  switch (op) {
    SWERVE_LOOP(negate);
    SWERVE_LOOP(complement);
    SWERVE_LOOP(logical_not);
    SWERVE_LOOP(multiply);
    SWERVE_LOOP(divide);
    SWERVE_LOOP(remainder);
    SWERVE_LOOP(add);
    SWERVE_LOOP(subtract);
    SWERVE_LOOP(shift_left);
    SWERVE_LOOP(shift_right);
    SWERVE_LOOP(less);
    SWERVE_LOOP(less_equal);
    SWERVE_LOOP(greater);
    SWERVE_LOOP(greater_equal);
    SWERVE_LOOP(equal);
    SWERVE_LOOP(not_equal);
    SWERVE_LOOP(bit_and);
    SWERVE_LOOP(bit_xor);
    SWERVE_LOOP(bit_or);
    SWERVE_LOOP(logical_and);
    SWERVE_LOOP(logical_or);
    SWERVE_LOOP(convert);
    default:
      std::fill(out, out + rows, 0);
  }
#undef SWERVE_LOOP
}

}  // namespace

Formula::Formula(const Expr& e, const std::function<int(const Expr&, bool)>& leaf) {
  add(e, leaf);
  for (const Operation& o : operations_) {
    if (o.column >= 0) leaves_.push_back(o.column);
  }
  std::sort(leaves_.begin(), leaves_.end());
  leaves_.erase(std::unique(leaves_.begin(), leaves_.end()), leaves_.end());
  scratch_.resize(operations_.size());
}

int Formula::add_leaf(const Expr& e, const std::function<int(const Expr&, bool)>& leaf) {
  if (e.op == Op::load) {
    if (const Expr* const chosen = choice(*e.a)) {
      Expr either;
      either.op = Op::conditional;
      either.bits = e.bits;
      either.is_signed = e.is_signed;
      either.a = chosen->a;
      either.b = through(e, *chosen, chosen->b);
      either.c = through(e, *chosen, chosen->c);
      return add(either, leaf);
    }
  }
  Operation o;
  o.what = What::leaf;
  o.bits = e.bits;
  o.is_signed = e.is_signed;
  if (e.op == Op::load) o.field_bits = e.bit_size;
  o.column = leaf(e, false);
  operations_.push_back(std::move(o));
  return static_cast<int>(operations_.size()) - 1;
}

int Formula::add(const Expr& e, const std::function<int(const Expr&, bool)>& leaf) {
  Operation o;
  o.op = e.op;
  o.bits = e.bits;
  o.is_signed = e.is_signed;
  switch (e.op) {
    case Op::constant:
    case Op::member_bytes:
      o.what = What::constant;
      o.value = e.op == Op::constant ? extend(e.value, e.bits, e.is_signed) : 0;
      break;
    case Op::argument:
    case Op::builtin:
    case Op::load:
      return add_leaf(e, leaf);
    case Op::string_equal: {
      const Expr& place = *e.a;
      const Expr* const chosen = place.op == Op::member_bytes ? choice(*place.a) : choice(place);
      if (chosen != nullptr) {
        Expr either = e, left = e, right = e;
        left.a = through(place, *chosen, chosen->b);
        right.a = through(place, *chosen, chosen->c);
        either.op = Op::conditional;
        either.a = chosen->a;
        either.b = std::make_shared<const Expr>(std::move(left));
        either.c = std::make_shared<const Expr>(std::move(right));
        return add(either, leaf);
      }
      const Expr* bytes = &place;
      while (bytes->op == Op::convert) bytes = bytes->a.get();
      o.what = What::text_equal;
      o.column = leaf(*bytes, true);
      o.text = e.text;
      o.value = e.text.size() + 1;
      if (place.op == Op::member_bytes && place.count < o.value) o.value = place.count;
      break;
    }
    case Op::conditional:
      o.what = What::conditional;
      o.a = add(*e.a, leaf);
      o.b = add(*e.b, leaf);
      o.c = add(*e.c, leaf);
      break;
    default:
      o.of_signed = e.a->is_signed;
      o.a = add(*e.a, leaf);
      o.b = e.b != nullptr ? add(*e.b, leaf) : o.a;
  }
  operations_.push_back(std::move(o));
  return static_cast<int>(operations_.size()) - 1;
}

bool Formula::text_equals(const Operation& o, std::string_view text) const {
  return text.substr(0, std::min<std::size_t>(o.value, text.find('\0'))) == o.text;
}

const std::uint64_t* Formula::rows(const std::vector<LeafColumn>& columns, std::size_t rows) {
  for (std::size_t i = 0; i < operations_.size(); ++i) {
    const Operation& o = operations_[i];
    std::vector<std::uint64_t>& out = scratch_[i];
    if (out.size() < rows) out.resize(rows);
    switch (o.what) {
      case What::constant:
        std::fill(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(rows), o.value);
        break;
      case What::leaf: {
        const std::uint64_t* const cells = columns[static_cast<std::size_t>(o.column)].cells;
        if (o.field_bits != 0) {
          for (std::size_t r = 0; r < rows; ++r) out[r] = extend(cells[r], o.field_bits, false);
        } else {
          operate(Op::convert, out.data(), cells, cells, rows, o.bits, o.is_signed, o.is_signed);
        }
        break;
      }
      case What::text_equal: {
        const LeafColumn& column = columns[static_cast<std::size_t>(o.column)];
        std::uint64_t last = ~std::uint64_t{0}, answer = 0;  // names come again and again
        for (std::size_t r = 0; r < rows; ++r) {
          if (column.cells[r] != last || r == 0) {
            last = column.cells[r];
            answer = text_equals(o, column.text(r)) ? 1 : 0;
          }
          out[r] = answer;
        }
        break;
      }
      case What::operation:
        operate(o.op, out.data(), scratch_[static_cast<std::size_t>(o.a)].data(),
                scratch_[static_cast<std::size_t>(o.b)].data(), rows, o.bits, o.is_signed,
                o.of_signed);
        break;
      case What::conditional: {
        const std::uint64_t* const a = scratch_[static_cast<std::size_t>(o.a)].data();
        const std::uint64_t* const b = scratch_[static_cast<std::size_t>(o.b)].data();
        const std::uint64_t* const c = scratch_[static_cast<std::size_t>(o.c)].data();
        for (std::size_t r = 0; r < rows; ++r) {
          out[r] = extend(a[r] != 0 ? b[r] : c[r], o.bits, o.is_signed);
        }
        break;
      }
    }
  }
  return scratch_.back().data();
}

const std::uint64_t* Formula::low_words(const std::vector<LeafColumn>& columns, std::size_t count) {
  const Operation& last = operations_.back();
  const bool plain = last.what == What::leaf && last.field_bits == 0 && last.bits >= 32;
  return plain ? columns[static_cast<std::size_t>(last.column)].cells : rows(columns, count);
}

std::optional<std::uint64_t> Formula::one(const std::vector<std::optional<std::uint64_t>>& values,
                                          const std::vector<LeafColumn>& columns,
                                          std::size_t row) const {
  std::vector<std::optional<std::uint64_t>> out(operations_.size());
  for (std::size_t i = 0; i < operations_.size(); ++i) {
    const Operation& o = operations_[i];
    const auto operand = [&](int number) { return out[static_cast<std::size_t>(number)]; };
    switch (o.what) {
      case What::constant:
        out[i] = o.value;
        break;
      case What::leaf:
        if (const auto& value = values[static_cast<std::size_t>(o.column)]) {
          out[i] = o.field_bits != 0 ? extend(*value, o.field_bits, false)
                                     : extend(*value, o.bits, o.is_signed);
        }
        break;
      case What::text_equal: {
        const LeafColumn& column = columns[static_cast<std::size_t>(o.column)];
        if (column.known(row)) out[i] = text_equals(o, column.text(row)) ? 1 : 0;
        break;
      }
      case What::operation: {
        const auto a = operand(o.a), b = operand(o.b);
        const bool some = o.op == Op::logical_or;
        if (a && b) {
          out[i] = apply(o.op, *a, *b, o.bits, o.is_signed, o.of_signed);
        } else if (some || o.op == Op::logical_and) {
          // One side that is known may decide alone.
          if ((a && (*a != 0) == some) || (b && (*b != 0) == some)) out[i] = some ? 1 : 0;
        } else if ((o.op == Op::bit_and || o.op == Op::multiply) &&
                   ((a && *a == 0) || (b && *b == 0))) {
          out[i] = 0;
        }
        break;
      }
      case What::conditional: {
        const auto a = operand(o.a), b = operand(o.b), c = operand(o.c);
        const auto taken = a ? (*a != 0 ? b : c) : (b == c ? b : std::nullopt);
        if (taken) out[i] = extend(*taken, o.bits, o.is_signed);
        break;
      }
    }
  }
  return out.back();
}

}  // namespace swerve
