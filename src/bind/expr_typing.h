// bind/expr_typing.h - C's typing rules: builds typed nodes from operands, and says what is wrong.
//
// The parser (expr_parser.cc) knows the grammar and calls one function here for each thing it has
// read. Here are the names, the promotions and conversions, the members, and the folding of
// constants. A bad operand has been complained about; what is made of it is bad too, silently, so
// that one slip gives one message.
#pragma once

#include <string>
#include <string_view>

#include "bind/definition.h"
#include "bind/expr.h"
#include "bind/expr_lexer.h"
#include "bind/probe.h"
#include "swerve/base/diagnostic.h"

namespace swerve {

/// How deep operators and parentheses may nest; so no input can exhaust a stack.
inline constexpr unsigned kExprDepthMax = 200;

struct Operand {
  enum class Kind {
    bad,
    value,   // value
    record,  // a struct or union at `value` + bit_offset
    array,   // an array there
    text,    // a string literal
  };
  Kind kind = Kind::bad;
  ExprPtr value;
  TypeId type = kVoid;           // record, array
  std::uint64_t bit_offset = 0;  // record, array
  std::string path;              // record, array: as C writes it
  std::string text;              // text: its bytes
  std::size_t at = 0;            // where it starts in the expression
  unsigned depth = 0;            // of operators
};

class ExprTyping {
 public:
  /// `signature` null: the probe is unknown, and so is every name that is not found elsewhere.
  /// `wide`: integers are promoted to 64 bits instead of to int (keys).
  ExprTyping(const ExprText& text, const TypeSource& types, const Signature* signature, bool wide)
      : text_(text), types_(types), signature_(signature), wide_(wide) {}

  Operand number(const ExprToken& token) const;
  Operand literal(const ExprToken& token) const;
  Operand name(const ExprToken& token);
  /// `base` -> name or `base` . name
  Operand member(const Operand& base, const ExprToken& arrow, const ExprToken& name);
  Operand element(const Operand& base, const Operand& index);
  Operand unary(const ExprToken& sign, const Operand& a);
  Operand binary(const ExprToken& sign, const Operand& a, const Operand& b);
  Operand conditional(const ExprToken& sign, const Operand& a, const Operand& b, const Operand& c);
  /// A cast; bits 1 means bool.
  Operand cast(std::size_t at, unsigned bits, bool is_signed, const Operand& a);
  /// The whole expression's value; null when it is bad.
  ExprPtr finish(const Operand& whole);

  bool is_argument(std::string_view name) const;
  void complain(std::size_t at, std::string message);
  void complain_too_deep(std::size_t at);
  Diagnostics take_diagnostics() { return std::move(diagnostics_); }

 private:
  Operand argument(std::size_t number, const ExprToken& token);
  Operand builtin(Expr::Builtin which, const ExprToken& token);
  Operand constant(std::int64_t value, std::size_t at) const;
  Operand unknown_name(const ExprToken& token);
  /// What stands at `pointer` + bit_offset; bit_size 0: not a bit field.
  Operand at_place(const ExprPtr& pointer, std::uint64_t bit_offset, std::uint32_t bit_size,
                   TypeId type, std::string path, std::size_t complain_at);
  Operand operation(Expr e, const Operand& a, const Operand* b, const Operand* c,
                    std::size_t sign_at);
  Operand compare_text(const ExprToken& sign, const Operand& text, const Operand& other);
  Operand compare_pointers(const ExprToken& sign, const Operand& a, const Operand& b);
  /// True for values; complains about records, arrays and literals.
  bool need_value(const Operand& o);
  /// True for values that are integers.
  bool need_integer(const Operand& o, const ExprToken& sign);
  bool same_pointers(const Expr& a, const Expr& b) const;

  ExprPtr promoted(const ExprPtr& e) const;
  std::string type_text(const Expr& e) const;
  std::string text_of(const Operand& o) const;

  const ExprText& text_;
  const TypeSource& types_;
  const Signature* signature_;
  bool wide_;
  bool too_deep_ = false;
  Diagnostics diagnostics_;
};

}  // namespace swerve
