#include "bind/expr_typing.h"

#include <algorithm>
#include <limits>

#include "base/text.h"
#include "bind/constants.h"
#include "swerve/base/check.h"

namespace swerve {

namespace {
using Op = Expr::Op;

constexpr std::uint32_t kBytesMax = 1U << 28;  // how far from a pointer a member may stand

ExprPtr share(Expr e) { return std::make_shared<const Expr>(std::move(e)); }

Expr node(Op op, unsigned bits, bool is_signed) {
  Expr e;
  e.op = op;
  e.bits = static_cast<std::uint8_t>(bits);
  e.is_signed = is_signed;
  return e;
}

ExprPtr constant_node(std::uint64_t value, unsigned bits, bool is_signed) {
  Expr e = node(Op::constant, bits, is_signed);
  e.value = extend(value, bits, is_signed);
  return share(std::move(e));
}

// 0 as a pointer of the type of `like`.
ExprPtr null_pointer(const Expr& like) {
  Expr e = node(Op::constant, 64, false);
  e.is_pointer = true;
  e.target = like.target;
  e.user = like.user;
  return share(std::move(e));
}

bool is_constant(const ExprPtr& e) { return e == nullptr || e->op == Op::constant; }

bool is_zero(const Expr& e) { return e.op == Op::constant && e.value == 0; }

class NoOperands final : public Operands {
 public:
  std::uint64_t argument(std::uint64_t) const override { return 0; }
  std::uint64_t builtin(Expr::Builtin) const override { return 0; }
  std::uint64_t load(const Expr&) const override { return 0; }
  bool bytes(const Expr&, std::size_t, std::string&) const override { return false; }
};

// The node itself, or the constant that it is. evaluate() does the arithmetic, so that folding
// cannot differ from running.
ExprPtr folded(Expr e) {
  const auto constant = [&](std::uint64_t value) {
    Expr c = node(Op::constant, e.bits, e.is_signed);
    c.is_pointer = e.is_pointer;
    c.target = e.target;
    c.user = e.user;
    c.value = value;
    return share(std::move(c));
  };
  if (e.op == Op::logical_and && (is_zero(*e.a) || is_zero(*e.b))) return constant(0);
  if (e.op == Op::logical_or && (is_always(e.a) || is_always(e.b))) return constant(1);
  if (e.op == Op::conditional && is_constant(e.a)) return e.a->value != 0 ? e.b : e.c;
  if (!is_constant(e.a) || !is_constant(e.b) || !is_constant(e.c)) return share(std::move(e));
  return constant(evaluate(e, NoOperands()));
}

ExprPtr converted(const ExprPtr& e, unsigned bits, bool is_signed) {
  if (!e->is_pointer && e->bits == bits && e->is_signed == is_signed) return e;
  Expr c = node(Op::convert, bits, is_signed);
  c.a = e;
  // Of two conversions the first does not matter when it keeps all the bits that the second takes.
  if (e->op == Op::convert && e->bits >= bits && !e->a->is_pointer)
    return converted(e->a, bits, is_signed);
  return folded(std::move(c));
}

// C 6.3.1.8, both promoted already.
std::pair<unsigned, bool> common_type(const Expr& a, const Expr& b) {
  if (a.bits == b.bits) return {a.bits, a.is_signed && b.is_signed};
  const Expr& longer = a.bits > b.bits ? a : b;
  return {longer.bits, longer.is_signed};
}

Op binary_op(std::string_view sign) {
  static constexpr std::pair<std::string_view, Op> kOps[] = {
      {"*", Op::multiply},     {"/", Op::divide},      {"%", Op::remainder},      {"+", Op::add},
      {"-", Op::subtract},     {"<<", Op::shift_left}, {">>", Op::shift_right},   {"<", Op::less},
      {"<=", Op::less_equal},  {">", Op::greater},     {">=", Op::greater_equal}, {"==", Op::equal},
      {"!=", Op::not_equal},   {"&", Op::bit_and},     {"^", Op::bit_xor},        {"|", Op::bit_or},
      {"&&", Op::logical_and}, {"||", Op::logical_or}};
  for (const auto& [spelling, op] : kOps) {
    if (spelling == sign) return op;
  }
  SWERVE_CHECK(false, "the parser passes on binary operators only");
}

constexpr std::pair<std::string_view, Expr::Builtin> kBuiltins[] = {
    {"cpu", Expr::Builtin::cpu},
    {"current", Expr::Builtin::current},
    {"pid", Expr::Builtin::pid},
    {"tgid", Expr::Builtin::tgid},
    {"now", Expr::Builtin::now}};

bool is_scalar_size(std::uint32_t bytes) {
  return bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8;
}

// "a struct x", "an int", "an unsigned int", "a union x"
std::string with_article(const std::string& name) {
  const bool vowel =
      !name.empty() && std::string_view("aeio").find(name[0]) != std::string_view::npos;
  return cat(vowel || name.starts_with("unsigned") ? "an " : "a ", name);
}

std::uint64_t bytes_of(const TypeSource& types, TypeId id, unsigned nested = 0) {
  const Type type = types.type(id);
  if (type.kind != Type::Kind::array || nested > 16) return type.bytes;
  return std::uint64_t{type.count} * bytes_of(types, type.target, nested + 1);
}
}  // namespace

void ExprTyping::complain(std::size_t at, std::string message) {
  diagnostics_.push_back({Severity::error, place_at(text_, at), std::move(message)});
}

void ExprTyping::complain_too_deep(std::size_t at) {
  if (!too_deep_)
    complain(at, cat("the expression is nested more than ", kExprDepthMax, " levels deep"));
  too_deep_ = true;
}

std::string ExprTyping::type_text(const Expr& e) const {
  if (e.is_pointer) {
    const std::string target = types_.type(e.target).name;
    return cat(target.empty() ? "void" : target, target.ends_with('*') ? "*" : " *");
  }
  static constexpr const char* kNames[] = {"char", "short", "int", "long"};
  const std::size_t rank = e.bits == 8 ? 0 : e.bits == 16 ? 1 : e.bits == 32 ? 2 : 3;
  return cat(e.is_signed ? "" : "unsigned ", kNames[rank]);
}

std::string ExprTyping::text_of(const Operand& o) const {
  return o.kind == Operand::Kind::value ? to_text(*o.value) : o.path;
}

bool ExprTyping::need_value(const Operand& o) {
  switch (o.kind) {
    case Operand::Kind::value:
      return true;
    case Operand::Kind::bad:
      return false;
    case Operand::Kind::record:
      complain(o.at, cat("'", o.path, "' is ", with_article(types_.type(o.type).name),
                         ", not a value; name one of its members"));
      return false;
    case Operand::Kind::array: {
      const Type type = types_.type(o.type);
      complain(o.at, cat("'", o.path, "' is an array (", type.name, "), not a value; ",
                         types_.type(type.target).is_char
                             ? "compare it with a string (== or !=) or name one of its elements"
                             : "name one of its elements"));
      return false;
    }
    case Operand::Kind::text:
      complain(
          o.at,
          "a string can only be compared, by == or !=, with a char array or a pointer to char");
      return false;
  }
  return false;
}

bool ExprTyping::need_integer(const Operand& o, const ExprToken& sign) {
  if (!need_value(o)) return false;
  if (!o.value->is_pointer) return true;
  complain(sign.at,
           cat("'", sign.spelling, "' does not work on a pointer ('", text_of(o), "' is ",
               with_article(type_text(*o.value)), "); cast it to u64 to calculate with it"));
  return false;
}

ExprPtr ExprTyping::promoted(const ExprPtr& e) const {
  if (wide_) return e->bits < 64 ? converted(e, 64, true) : e;
  // A bit field counts by its own width.
  const unsigned bits = e->op == Op::load && e->bit_size != 0 ? e->bit_size : e->bits;
  if (bits < 32) return converted(e, 32, true);
  if (bits == 32) return converted(e, 32, e->is_signed);
  return e;
}

Operand ExprTyping::number(const ExprToken& token) const {
  Operand o;
  o.kind = Operand::Kind::value;
  o.value = constant_node(token.value, token.bits, token.is_signed);
  o.at = token.at;
  return o;
}

Operand ExprTyping::literal(const ExprToken& token) const {
  Operand o;
  o.kind = Operand::Kind::text;
  o.text = token.text;
  o.at = token.at;
  return o;
}

Operand ExprTyping::constant(std::int64_t value, std::size_t at) const {
  Operand o;
  o.kind = Operand::Kind::value;
  o.at = at;
  const bool is_int = value >= std::numeric_limits<std::int32_t>::min() &&
                      value <= std::numeric_limits<std::int32_t>::max();
  const bool is_unsigned =
      !is_int && value > 0 && value <= std::numeric_limits<std::uint32_t>::max();
  o.value = constant_node(static_cast<std::uint64_t>(value), is_int || is_unsigned ? 32 : 64,
                          !is_unsigned);
  return o;
}

bool ExprTyping::is_argument(std::string_view name) const {
  return signature_ != nullptr &&
         std::any_of(signature_->parameters.begin(), signature_->parameters.end(),
                     [&](const Parameter& p) { return p.name == name; });
}

Operand ExprTyping::name(const ExprToken& token) {
  const std::string_view name = token.spelling;
  if (signature_ != nullptr) {
    const auto& parameters = signature_->parameters;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      if (parameters[i].name == name) return argument(i, token);
    }
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      if (name == cat("arg", i)) return argument(i, token);
    }
  }
  if (name == "true" || name == "false") return constant(name == "true" ? 1 : 0, token.at);
  for (const auto& [spelling, which] : kBuiltins) {
    if (spelling == name) return builtin(which, token);
  }
  if (const auto enumerator = types_.enumerator(name)) {
    // Above the greatest long: an enumerator of an unsigned 64-bit enumeration.
    if (enumerator->value < 0) {
      const Type type = types_.type(enumerator->type);
      if (type.bytes == 8 && !type.is_signed) {
        Operand o = constant(0, token.at);
        o.value = constant_node(static_cast<std::uint64_t>(enumerator->value), 64, false);
        return o;
      }
    }
    return constant(enumerator->value, token.at);
  }
  if (const auto value = find_constant(name)) return constant(*value, token.at);
  return unknown_name(token);
}

Operand ExprTyping::unknown_name(const ExprToken& token) {
  if (signature_ == nullptr) return {};
  std::vector<std::string> known;
  for (std::size_t i = 0; i < signature_->parameters.size(); ++i) {
    const std::string& name = signature_->parameters[i].name;
    known.push_back(name.empty() ? cat("arg", i) : name);
  }
  for (const auto& [spelling, which] : kBuiltins) known.emplace_back(spelling);
  for (const Constant& c : constants()) known.emplace_back(c.name);
  const std::string_view name = token.spelling;
  const bool looks_constant =
      std::any_of(name.begin(), name.end(), [](char c) { return c >= 'A' && c <= 'Z'; }) &&
      std::none_of(name.begin(), name.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  complain(token.at, looks_constant ? cat("no constant '", name, "'", near_miss(name, known))
                                    : cat("no argument '", name, "' in ", signature_->text(),
                                          near_miss(name, known)));
  return {};
}

Operand ExprTyping::argument(std::size_t number, const ExprToken& token) {
  const Parameter& parameter = signature_->parameters[number];
  const Type type = types_.type(parameter.type);
  Expr e;
  e.op = Op::argument;
  e.value = number;
  e.path = parameter.name.empty() ? cat("arg", number) : parameter.name;
  e.as_text = type.as_text;
  switch (type.kind) {
    case Type::Kind::integer:
    case Type::Kind::boolean:
    case Type::Kind::enumeration:
      if (!is_scalar_size(type.bytes)) break;
      e.bits = static_cast<std::uint8_t>(type.bytes * 8);
      e.is_signed = type.kind != Type::Kind::boolean && type.is_signed;
      {
        Operand o;
        o.kind = Operand::Kind::value;
        o.at = token.at;
        o.value = share(std::move(e));
        return o;
      }
    case Type::Kind::pointer: {
      e.bits = 64;
      e.is_signed = false;
      e.is_pointer = true;
      e.target = type.target;
      e.user = type.user;
      Operand o;
      o.kind = Operand::Kind::value;
      o.at = token.at;
      o.value = share(std::move(e));
      return o;
    }
    default:
      break;
  }
  complain(token.at, cat("the argument '", token.spelling, "' is ", with_article(type.name),
                         ", which an expression cannot use"));
  return {};
}

Operand ExprTyping::builtin(Expr::Builtin which, const ExprToken& token) {
  Expr e = node(Op::builtin,
                which == Expr::Builtin::now || which == Expr::Builtin::current ? 64 : 32, false);
  e.builtin = which;
  if (which == Expr::Builtin::current) {
    e.is_pointer = true;
    e.target = types_.task_struct();
    if (e.target == kVoid) {
      complain(token.at, "'current' needs struct task_struct, which is not known here");
      return {};
    }
  }
  Operand o;
  o.kind = Operand::Kind::value;
  o.at = token.at;
  o.value = share(std::move(e));
  return o;
}

Operand ExprTyping::at_place(const ExprPtr& pointer, std::uint64_t bit_offset,
                             std::uint32_t bit_size, TypeId id, std::string path,
                             std::size_t complain_at) {
  const Type type = types_.type(id);
  Operand o;
  if (bit_offset / 8 > kBytesMax) {
    complain(complain_at, cat("'", path, "' stands too far from its pointer"));
    return o;
  }
  if (type.kind == Type::Kind::record || type.kind == Type::Kind::array) {
    o.kind = type.kind == Type::Kind::record ? Operand::Kind::record : Operand::Kind::array;
    o.value = pointer;
    o.type = id;
    o.bit_offset = bit_offset;
    o.path = std::move(path);
    return o;
  }

  Expr e;
  e.op = Op::load;
  e.a = pointer;
  e.path = std::move(path);
  if (type.kind == Type::Kind::pointer) {
    e.bits = 64;
    e.is_signed = false;
    e.is_pointer = true;
    e.target = type.target;
    e.user = type.user;
  } else if ((type.kind == Type::Kind::integer || type.kind == Type::Kind::boolean ||
              type.kind == Type::Kind::enumeration) &&
             is_scalar_size(type.bytes)) {
    e.bits = static_cast<std::uint8_t>(type.bytes * 8);
    e.is_signed = type.kind != Type::Kind::boolean && type.is_signed;
  } else {
    complain(complain_at, cat("'", e.path, "' is ", with_article(type.name),
                              ", which an expression cannot use"));
    return o;
  }
  o.kind = Operand::Kind::value;
  if (is_constant(pointer)) {  // the null pointer cannot be read: 0
    Expr zero = node(Op::constant, e.bits, e.is_signed);
    zero.is_pointer = e.is_pointer;
    zero.target = e.target;
    zero.user = e.user;
    o.value = share(std::move(zero));
    return o;
  }

  if (bit_size == 0 || (bit_size == e.bits && bit_offset % 8 == 0)) {
    e.offset = static_cast<std::uint32_t>(bit_offset / 8);
    e.load_bytes = static_cast<std::uint8_t>(e.bits / 8);
    o.value = share(std::move(e));
    return o;
  }
  // The smallest aligned load that covers the field.
  std::uint64_t word = 8;
  while (word <= 64 && bit_offset / word != (bit_offset + bit_size - 1) / word) word *= 2;
  if (word > 64 || bit_size > e.bits) {
    complain(complain_at,
             cat("the bit field '", e.path, "' does not lie in one word and cannot be read"));
    return {};
  }
  e.offset = static_cast<std::uint32_t>(bit_offset / word * (word / 8));
  e.load_bytes = static_cast<std::uint8_t>(word / 8);
  e.bit_shift = static_cast<std::uint8_t>(bit_offset % word);
  e.bit_size = static_cast<std::uint8_t>(bit_size);
  const bool is_signed = e.is_signed;
  e.is_signed = false;
  o.value = share(std::move(e));
  if (!is_signed) return o;

  // A signed field repeats its sign: up, and back with it.
  const unsigned bits = bit_size <= 32 ? 32 : 64;
  const ExprPtr count = constant_node(bits - bit_size, bits, true);
  Expr up = node(Op::shift_left, bits, true);
  up.a = converted(o.value, bits, true);
  up.b = count;
  Expr back = node(Op::shift_right, bits, true);
  back.a = share(std::move(up));
  back.b = count;
  o.value = share(std::move(back));
  return o;
}

Operand ExprTyping::member(const Operand& base, const ExprToken& arrow, const ExprToken& name) {
  if (base.kind == Operand::Kind::bad) return {};
  if (base.kind == Operand::Kind::text || base.kind == Operand::Kind::array) {
    need_value(base);
    return {};
  }
  const bool is_arrow = arrow.spelling == "->";
  TypeId record = base.type;
  std::uint64_t bit_offset = base.bit_offset;
  if (base.kind == Operand::Kind::record) {
    if (is_arrow) {
      complain(arrow.at, cat("'", base.path, "' is ", with_article(types_.type(record).name),
                             ", not a pointer; use '.'"));
      return {};
    }
  } else {
    const Expr& value = *base.value;
    const bool to_record = value.is_pointer && types_.type(value.target).kind == Type::Kind::record;
    if (!to_record) {
      complain(arrow.at, cat("'", text_of(base), "' is ", with_article(type_text(value)),
                             ", which has no members"));
      return {};
    }
    if (!is_arrow) {
      complain(arrow.at, cat("'", text_of(base), "' is a pointer; use '->'"));
      return {};
    }
    if (value.user) {
      complain(arrow.at, cat("'", text_of(base),
                             "' points into the memory of the user's process, where a "
                             "probe cannot read members; only the pointer itself can be used"));
      return {};
    }
    record = value.target;
    bit_offset = 0;
  }

  const std::optional<Member> member = types_.member(record, name.spelling);
  if (!member) {
    const std::vector<std::string> names = types_.member_names(record);
    complain(name.at, cat("no member '", name.spelling, "' in ", types_.type(record).name,
                          names.empty() ? "; its members are not known here"
                                        : near_miss(name.spelling, names)));
    return {};
  }
  Operand o = at_place(base.value, bit_offset + member->bit_offset, member->bit_size, member->type,
                       cat(text_of(base), arrow.spelling, name.spelling), name.at);
  o.at = base.at;
  o.depth = base.depth + 1;
  if (o.depth > kExprDepthMax) {
    complain_too_deep(name.at);
    return {};
  }
  return o;
}

Operand ExprTyping::element(const Operand& base, const Operand& index) {
  if (base.kind == Operand::Kind::bad) {
    need_value(index);
    return {};
  }
  if (!need_value(index)) return {};
  if (base.kind != Operand::Kind::array) {
    if (base.kind == Operand::Kind::value && base.value->is_pointer) {
      complain(base.at, cat("'", text_of(base), "' is ", with_article(type_text(*base.value)),
                            "; only arrays can be indexed"));
    } else if (need_value(base)) {
      complain(base.at, cat("'", text_of(base), "' is not an array"));
    }
    return {};
  }
  const Type type = types_.type(base.type);
  if (index.value->op != Op::constant || index.value->is_pointer) {
    complain(index.at, "an index must be a constant");
    return {};
  }
  const std::uint64_t at = index.value->value;
  if (at >= type.count) {
    const std::string number =
        index.value->is_signed ? cat(static_cast<std::int64_t>(at)) : cat(at);
    complain(index.at,
             cat("the index ", number, " is outside of '", base.path, "' (", type.name, ")"));
    return {};
  }
  const std::uint64_t bytes = bytes_of(types_, type.target);
  const std::uint64_t offset = bytes > kBytesMax ? std::uint64_t{kBytesMax} * 16 : at * bytes;
  Operand o = at_place(base.value, base.bit_offset + offset * 8, 0, type.target,
                       cat(base.path, "[", at, "]"), base.at);
  o.at = base.at;
  o.depth = std::max(base.depth, index.depth) + 1;
  if (o.depth > kExprDepthMax) {
    complain_too_deep(index.at);
    return {};
  }
  return o;
}

Operand ExprTyping::operation(Expr e, const Operand& a, const Operand* b, const Operand* c,
                              std::size_t sign_at) {
  Operand o;
  o.depth = std::max({a.depth, b != nullptr ? b->depth : 0, c != nullptr ? c->depth : 0}) + 1;
  if (o.depth > kExprDepthMax) {
    complain_too_deep(sign_at);
    return {};
  }
  o.kind = Operand::Kind::value;
  o.at = std::min(a.at, sign_at);
  o.value = folded(std::move(e));
  return o;
}

Operand ExprTyping::unary(const ExprToken& sign, const Operand& a) {
  if (sign.spelling == "!") {
    if (!need_value(a)) return {};
    Expr e = node(Op::logical_not, 32, true);
    e.a = a.value;
    return operation(std::move(e), a, nullptr, nullptr, sign.at);
  }
  if (!need_integer(a, sign)) return {};
  const ExprPtr value = promoted(a.value);
  if (sign.spelling == "+") {
    Operand o = a;
    o.value = value;
    o.at = sign.at;
    return o;
  }
  Expr e = node(sign.spelling == "-" ? Op::negate : Op::complement, value->bits, value->is_signed);
  e.a = value;
  return operation(std::move(e), a, nullptr, nullptr, sign.at);
}

Operand ExprTyping::cast(std::size_t at, unsigned bits, bool is_signed, const Operand& a) {
  if (!need_value(a)) return {};
  Expr e;
  if (bits == 1) {  // (bool)x is x != 0
    const ExprPtr value = a.value->is_pointer ? a.value : promoted(a.value);
    e = node(Op::not_equal, 32, true);
    e.a = value;
    e.b =
        value->is_pointer ? null_pointer(*value) : constant_node(0, value->bits, value->is_signed);
    return operation(std::move(e), a, nullptr, nullptr, at);
  }
  Operand o = a;
  o.at = at;
  o.depth = a.depth + 1;
  if (o.depth > kExprDepthMax) {
    complain_too_deep(at);
    return {};
  }
  ExprPtr value = a.value;
  if (value->is_pointer) value = converted(value, 64, bits == 64 && is_signed);
  o.value = converted(value, bits, is_signed);
  return o;
}

bool ExprTyping::same_pointers(const Expr& a, const Expr& b) const {
  if (a.target == b.target) return true;
  const Type left = types_.type(a.target), right = types_.type(b.target);
  // Only two different records are certainly a mistake; const, void and integers mix in the kernel.
  return left.kind != Type::Kind::record || right.kind != Type::Kind::record ||
         left.name == right.name;
}

Operand ExprTyping::compare_pointers(const ExprToken& sign, const Operand& a, const Operand& b) {
  const Expr &left = *a.value, &right = *b.value;
  const auto complain_here = [&](std::string message) {
    complain(sign.at, std::move(message));
    return Operand{};
  };
  if (sign.spelling != "==" && sign.spelling != "!=") {
    return complain_here(cat("pointers are compared by == and != only; cast them to u64 to use '",
                             sign.spelling, "'"));
  }
  if (left.is_pointer && right.is_pointer) {
    if (!same_pointers(left, right)) {
      return complain_here(cat("'", text_of(a), "' is ", with_article(type_text(left)), " and '",
                               text_of(b), "' ", with_article(type_text(right)),
                               "; they cannot be compared"));
    }
  } else if (!is_zero(left.is_pointer ? right : left)) {
    const Operand& integer = left.is_pointer ? b : a;
    return complain_here(cat("a pointer can be compared with a pointer or 0; '", text_of(integer),
                             "' is ", with_article(type_text(*integer.value)),
                             "; cast the pointer to u64"));
  }
  Expr e = node(binary_op(sign.spelling), 32, true);
  e.a = left.is_pointer ? a.value : null_pointer(right);
  e.b = right.is_pointer ? b.value : null_pointer(left);
  return operation(std::move(e), a, &b, nullptr, sign.at);
}

Operand ExprTyping::compare_text(const ExprToken& sign, const Operand& text, const Operand& other) {
  if (other.kind == Operand::Kind::bad) return {};
  if (sign.spelling != "==" && sign.spelling != "!=") {
    complain(sign.at, cat("a string is compared by == and != only, not by '", sign.spelling, "'"));
    return {};
  }
  if (other.kind == Operand::Kind::text) {
    complain(sign.at, "two strings; one side must be a char array or a pointer to char");
    return {};
  }
  Expr e = node(Op::string_equal, 32, true);
  if (other.kind == Operand::Kind::array) {
    const Type type = types_.type(other.type);
    if (!types_.type(type.target).is_char) {
      complain(text.at, cat("'", other.path, "' is an array (", type.name,
                            "); only a char array can be compared with a string"));
      return {};
    }
    if (type.count != 0 && text.text.size() > type.count) {
      complain(text.at, cat("the string has ", text.text.size(), " bytes and '", other.path, "' (",
                            type.name, ") has room for ", type.count, "; they are never equal"));
      return {};
    }
    Expr bytes = node(Op::member_bytes, 64, false);
    bytes.a = other.value;
    bytes.offset = static_cast<std::uint32_t>(other.bit_offset / 8);
    // An array of no length is one that goes on behind its record.
    bytes.count = type.count != 0 ? type.count : static_cast<std::uint32_t>(text.text.size() + 1);
    bytes.path = other.path;
    e.a = share(std::move(bytes));
  } else if (other.kind == Operand::Kind::value &&
             (other.value->as_text ||
              (other.value->is_pointer && types_.type(other.value->target).is_char))) {
    e.a = other.value;
  } else {
    if (other.kind == Operand::Kind::record) {
      need_value(other);
    } else {
      complain(text.at,
               cat("'", text_of(other), "' is ", with_article(type_text(*other.value)),
                   "; only a char array or a pointer to char can be compared with a string"));
    }
    return {};
  }
  if (text.text.find('\0') != std::string::npos) {
    complain(text.at, "a string ends at its first NUL; one with a NUL inside is never equal");
    return {};
  }
  if (text.text.size() > kTextMax) {
    complain(text.at, cat("the string has ", text.text.size(), " bytes; at most ", kTextMax,
                          " are compared"));
    return {};
  }
  e.text = text.text;
  const ExprPtr pointer = e.a->op == Op::member_bytes ? e.a->a : e.a;
  // Nothing equals what the null pointer points to.
  Operand o = other;
  if (is_constant(pointer)) {
    o.kind = Operand::Kind::value;
    o.value = constant_node(0, 32, true);
  } else {
    o.kind = Operand::Kind::value;
    o.value = share(std::move(e));
  }
  o.at = std::min(text.at, other.at);
  o.depth = other.depth + 1;
  if (o.depth > kExprDepthMax) {
    complain_too_deep(sign.at);
    return {};
  }
  if (sign.spelling == "==") return o;
  Expr unequal = node(Op::logical_not, 32, true);
  unequal.a = o.value;
  return operation(std::move(unequal), o, nullptr, nullptr, o.at);
}

Operand ExprTyping::binary(const ExprToken& sign, const Operand& a, const Operand& b) {
  const Op op = binary_op(sign.spelling);
  const bool is_logical = op == Op::logical_and || op == Op::logical_or;
  if (!is_logical && (a.kind == Operand::Kind::text || b.kind == Operand::Kind::text)) {
    const bool first = a.kind == Operand::Kind::text;
    return compare_text(sign, first ? a : b, first ? b : a);
  }
  const bool left_good = need_value(a), right_good = need_value(b);
  if (!left_good || !right_good) return {};
  if (is_logical) {
    Expr e = node(op, 32, true);
    e.a = a.value;
    e.b = b.value;
    return operation(std::move(e), a, &b, nullptr, sign.at);
  }
  const bool is_comparison = op == Op::less || op == Op::less_equal || op == Op::greater ||
                             op == Op::greater_equal || op == Op::equal || op == Op::not_equal;
  if (is_comparison && (a.value->is_pointer || b.value->is_pointer))
    return compare_pointers(sign, a, b);
  if (!need_integer(a, sign) || !need_integer(b, sign)) return {};

  ExprPtr left = promoted(a.value), right = promoted(b.value);
  auto [bits, is_signed] = common_type(*left, *right);
  if (op == Op::shift_left || op == Op::shift_right) {
    // The result has the type of the left operand; of the count only the low bits matter.
    bits = left->bits;
    is_signed = left->is_signed;
  }
  Expr e = is_comparison ? node(op, 32, true) : node(op, bits, is_signed);
  e.a = converted(left, bits, is_signed);
  e.b = converted(right, bits, is_signed);
  return operation(std::move(e), a, &b, nullptr, sign.at);
}

Operand ExprTyping::conditional(const ExprToken& sign, const Operand& a, const Operand& b,
                                const Operand& c) {
  const bool condition = need_value(a), yes = need_value(b), no = need_value(c);
  if (!condition || !yes || !no) return {};
  Expr e;
  if (b.value->is_pointer || c.value->is_pointer) {
    const Expr& pointer = b.value->is_pointer ? *b.value : *c.value;
    const Expr& other = b.value->is_pointer ? *c.value : *b.value;
    if (other.is_pointer ? !same_pointers(pointer, other) || pointer.user != other.user
                         : !is_zero(other)) {
      complain(sign.at, cat("one side of ':' is ", with_article(type_text(*b.value)),
                            ", the other ", with_article(type_text(*c.value))));
      return {};
    }
    e = node(Op::conditional, 64, false);
    e.is_pointer = true;
    e.target = pointer.target;
    e.user = pointer.user;
    e.b = b.value->is_pointer ? b.value : null_pointer(pointer);
    e.c = c.value->is_pointer ? c.value : null_pointer(pointer);
  } else {
    const ExprPtr left = promoted(b.value), right = promoted(c.value);
    const auto [bits, is_signed] = common_type(*left, *right);
    e = node(Op::conditional, bits, is_signed);
    e.b = converted(left, bits, is_signed);
    e.c = converted(right, bits, is_signed);
  }
  e.a = a.value;
  return operation(std::move(e), a, &b, &c, sign.at);
}

ExprPtr ExprTyping::finish(const Operand& whole) {
  if (!need_value(whole)) return nullptr;
  if (wide_ && !whole.value->is_pointer) return converted(whole.value, 64, whole.value->is_signed);
  return whole.value;
}

}  // namespace swerve
