#include "bind/expr.h"

#include <cstdio>

#include "base/text.h"
#include "bind/operators.h"
#include "swerve/base/check.h"

namespace swerve {

namespace {
using Op = Expr::Op;

std::int64_t as_signed(std::uint64_t value) { return static_cast<std::int64_t>(value); }

// The bit field of a load, or all its bytes.
std::uint64_t field(const Expr& e, std::uint64_t bytes) {
  if (e.load_bytes < 8) bytes = extend(bytes, e.load_bytes * 8U, false);
  if (e.bit_size == 0) return bytes;
  const unsigned above = 64U - e.bit_size;
  bytes = e.bit_shift < 64 ? bytes >> e.bit_shift << (above & 63U) : 0;
  return e.is_signed ? static_cast<std::uint64_t>(as_signed(bytes) >> (above & 63U))
                     : bytes >> (above & 63U);
}

bool text_equal(const Expr& e, const Operands& operands) {
  std::size_t count = e.text.size() + 1;
  if (e.a->op == Op::member_bytes && e.a->count < count) count = e.a->count;
  std::string bytes;
  return operands.bytes(*e.a, count, bytes) && bytes == e.text;
}
}  // namespace

std::uint64_t evaluate(const Expr& e, const Operands& operands) {
  const auto result = [&](std::uint64_t value) { return extend(value, e.bits, e.is_signed); };
  switch (e.op) {
    case Op::constant:
      return result(e.value);
    case Op::argument:
      return result(operands.argument(e.value));
    case Op::builtin:
      return result(operands.builtin(e.builtin));
    case Op::load:
      return result(field(e, operands.load(e)));
    case Op::member_bytes:
      return 0;  // a place, not a value
    case Op::string_equal:
      return text_equal(e, operands) ? 1 : 0;
    case Op::logical_and:
      return evaluate(*e.a, operands) != 0 && evaluate(*e.b, operands) != 0 ? 1 : 0;
    case Op::logical_or:
      return evaluate(*e.a, operands) != 0 || evaluate(*e.b, operands) != 0 ? 1 : 0;
    case Op::conditional:
      return result(evaluate(evaluate(*e.a, operands) != 0 ? *e.b : *e.c, operands));
    default:
      return apply(e.op, evaluate(*e.a, operands), e.b != nullptr ? evaluate(*e.b, operands) : 0,
                   e.bits, e.is_signed, e.a->is_signed);
  }
}

bool is_always(const ExprPtr& e) { return e != nullptr && e->op == Op::constant && e->value != 0; }
bool is_never(const ExprPtr& e) { return e == nullptr || (e->op == Op::constant && e->value == 0); }

bool convert_changes(const Expr& convert) {
  const Expr& from = *convert.a;
  if (convert.bits >= 64) return false;
  unsigned bits = from.bits;
  bool is_signed = from.is_signed;
  switch (from.op) {
    case Op::load:
      if (from.bit_size != 0 && !is_signed) bits = from.bit_size;
      break;
    case Op::constant:
      return extend(from.value, convert.bits, convert.is_signed) != from.value;
    case Op::string_equal:
    case Op::logical_not:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
    case Op::equal:
    case Op::not_equal:
    case Op::logical_and:
    case Op::logical_or:
      bits = 1;
      is_signed = false;
      break;
    default:
      break;
  }
  if (bits == convert.bits) return is_signed != convert.is_signed;
  if (bits > convert.bits) return true;
  return is_signed && !convert.is_signed;
}

namespace {
const char* operator_text(Op op) {
  switch (op) {
    case Op::negate:
    case Op::subtract:
      return "-";
    case Op::complement:
      return "~";
    case Op::logical_not:
      return "!";
    case Op::multiply:
      return "*";
    case Op::divide:
      return "/";
    case Op::remainder:
      return "%";
    case Op::add:
      return "+";
    case Op::shift_left:
      return "<<";
    case Op::shift_right:
      return ">>";
    case Op::less:
      return "<";
    case Op::less_equal:
      return "<=";
    case Op::greater:
      return ">";
    case Op::greater_equal:
      return ">=";
    case Op::equal:
    case Op::string_equal:
      return "==";
    case Op::not_equal:
      return "!=";
    case Op::bit_and:
      return "&";
    case Op::bit_xor:
      return "^";
    case Op::bit_or:
      return "|";
    case Op::logical_and:
      return "&&";
    case Op::logical_or:
      return "||";
    default:
      return "?";
  }
}

std::string cast_text(const Expr& e) {
  return cat("(", e.is_signed ? "s" : "u", unsigned{e.bits}, ")");
}

std::string constant_text(const Expr& e) {
  if (e.is_pointer) return e.value == 0 ? "0" : cat("(u64)", e.value, "ul");
  const std::int64_t value = as_signed(e.value);
  if (e.bits < 32) return cat("(", cast_text(e), value, ")");
  const char* const suffix = e.bits == 32 ? (e.is_signed ? "" : "u") : (e.is_signed ? "l" : "ul");
  if (!e.is_signed) return cat(e.value, suffix);
  if (value >= 0) return cat(value, suffix);
  // C has no negative literals, and the most negative number no positive twin.
  if (value == as_signed(extend(std::uint64_t{1} << (e.bits - 1U), e.bits, true))) {
    return cat("(", cast_text(e), std::uint64_t{1} << (e.bits - 1U), "ul)");
  }
  return cat("(", value, suffix, ")");
}

std::string literal_text(const std::string& bytes) {
  std::string out = "\"";
  for (const char c : bytes) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) {
      char buffer[8];  // three octal digits: unlike \x they end by themselves
      std::snprintf(buffer, sizeof buffer, "\\%03o", static_cast<unsigned char>(c));
      out += buffer;
    } else {
      out += c;
    }
  }
  return out + "\"";
}

// The signed bit field that a pair of shifts stands for; null for any other expression.
const Expr* signed_field(const Expr& e) {
  if (e.op != Op::shift_right || e.a->op != Op::shift_left || e.b->op != Op::constant)
    return nullptr;
  const Expr& left = *e.a;
  if (left.a->op != Op::convert || left.b->op != Op::constant || left.b->value != e.b->value)
    return nullptr;
  const Expr& load = *left.a->a;
  if (load.op != Op::load || load.bit_size == 0 || e.b->value + load.bit_size != e.bits)
    return nullptr;
  return &load;
}
}  // namespace

std::string to_text(const Expr& e) {
  if (const Expr* const load = signed_field(e)) return load->path;
  switch (e.op) {
    case Op::constant:
      return constant_text(e);
    case Op::argument:
    case Op::load:
    case Op::member_bytes:
      return e.path;
    case Op::builtin:
      switch (e.builtin) {
        case Expr::Builtin::cpu:
          return "cpu";
        case Expr::Builtin::current:
          return "current";
        case Expr::Builtin::pid:
          return "pid";
        case Expr::Builtin::tgid:
          return "tgid";
        case Expr::Builtin::now:
          return "now";
      }
      return {};
    case Op::string_equal:
      return cat("(", to_text(*e.a), " == ", literal_text(e.text), ")");
    case Op::negate:
    case Op::complement:
    case Op::logical_not:
      return cat("(", operator_text(e.op), to_text(*e.a), ")");
    case Op::convert:
      return cat("(", cast_text(e), to_text(*e.a), ")");
    case Op::conditional:
      return cat("(", to_text(*e.a), " ? ", to_text(*e.b), " : ", to_text(*e.c), ")");
    default:
      return cat("(", to_text(*e.a), " ", operator_text(e.op), " ", to_text(*e.b), ")");
  }
}

}  // namespace swerve
