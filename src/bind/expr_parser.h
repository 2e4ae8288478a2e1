// bind/expr_parser.h - reads an expression of a definition and types it.
//
//   expression  = binary [ "?" expression ":" expression ]
//   binary      = unary { OPERATOR unary }          C's precedences, all from the left:
//                 * / %   + -   << >>   < <= > >=   == !=   &   ^   |   &&   ||
//   unary       = ( "!" | "~" | "-" | "+" | "(" type ")" ) unary  |  postfix
//   postfix     = primary { "->" NAME | "." NAME | "[" expression "]" }
//   primary     = NAME | NUMBER | CHARACTER | STRING | "(" expression ")"
//   type        = C's integer types and bool, u8...u64, s8...s64, and the stdint names
#pragma once

#include "bind/definition.h"
#include "bind/expr.h"
#include "bind/probe.h"
#include "bind/types.h"
#include "swerve/base/diagnostic.h"

namespace swerve {

struct TypedExpr {
  ExprPtr expr;  // set exactly when there is no error
  Diagnostics diagnostics;
};

enum class Promotion {
  to_int,     // C's
  to_64_bit,  // of keys: `tgid << 32 | fd` keeps all its bits; the value has 64 bits
};

/// Reads and types `text`. Names are, in this order: the arguments of `signature` (also arg0, arg1,
/// ...), cpu current pid tgid now, the enumerators of `types`, the constants of constants.h. With
/// no signature (an unknown probe) the names that are not found pass in silence, and `expr` stays
/// null. All of the typing errors are reported, and the first error of grammar. The nesting is
/// limited, so that no input exhausts the stack.
TypedExpr parse_expr(const ExprText& text, const TypeSource& types, const Signature* signature,
                     Promotion promotion = Promotion::to_int);

}  // namespace swerve
