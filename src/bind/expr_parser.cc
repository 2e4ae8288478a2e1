#include "bind/expr_parser.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "bind/expr_lexer.h"
#include "bind/expr_typing.h"

namespace swerve {

Place place_at(const ExprText& text, std::size_t offset) {
  std::size_t from = 0;
  Place place = text.place;
  for (const ExprText::Jump& jump : text.jumps) {
    if (jump.offset > offset) break;
    from = jump.offset;
    place = jump.place;
  }
  place.column += static_cast<unsigned>(offset - from);
  return place;
}

namespace {
using Kind = ExprToken::Kind;

// The higher, the tighter; 0 for what is no binary operator.
int precedence(const ExprToken& token) {
  static constexpr std::pair<std::string_view, int> kLevels[] = {
      {"*", 10}, {"/", 10}, {"%", 10}, {"+", 9}, {"-", 9},  {"<<", 8},
      {">>", 8}, {"<", 7},  {"<=", 7}, {">", 7}, {">=", 7}, {"==", 6},
      {"!=", 6}, {"&", 5},  {"^", 4},  {"|", 3}, {"&&", 2}, {"||", 1}};
  if (token.kind != Kind::sign) return 0;
  for (const auto& [sign, level] : kLevels) {
    if (token.spelling == sign) return level;
  }
  return 0;
}

struct NamedType {
  std::string_view name;
  unsigned bits;
  bool is_signed;
};
constexpr NamedType kNamedTypes[] = {
    {"u8", 8, false},        {"u16", 16, false},      {"u32", 32, false},
    {"u64", 64, false},      {"s8", 8, true},         {"s16", 16, true},
    {"s32", 32, true},       {"s64", 64, true},       {"uint8_t", 8, false},
    {"uint16_t", 16, false}, {"uint32_t", 32, false}, {"uint64_t", 64, false},
    {"int8_t", 8, true},     {"int16_t", 16, true},   {"int32_t", 32, true},
    {"int64_t", 64, true},   {"__u8", 8, false},      {"__u16", 16, false},
    {"__u32", 32, false},    {"__u64", 64, false},    {"__s8", 8, true},
    {"__s16", 16, true},     {"__s32", 32, true},     {"__s64", 64, true},
    {"size_t", 64, false},   {"ssize_t", 64, true},   {"uintptr_t", 64, false},
    {"intptr_t", 64, true},  {"bool", 1, false},      {"_Bool", 1, false}};
constexpr std::string_view kTypeWords[] = {"unsigned", "signed", "char", "short", "int", "long"};
constexpr std::string_view kOtherTypeWords[] = {"struct", "union", "enum",   "void",
                                                "const",  "float", "double", "volatile"};

template <typename Words>
bool is_one_of(std::string_view name, const Words& words) {
  return std::find(std::begin(words), std::end(words), name) != std::end(words);
}

const NamedType* named_type(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kNamedTypes), std::end(kNamedTypes),
                                         [&](const NamedType& t) { return t.name == name; });
  return found == std::end(kNamedTypes) ? nullptr : found;
}

class Parser {
 public:
  Parser(const ExprText& text, const TypeSource& types, const Signature* signature, bool wide)
      : typing_(text, types, signature, wide) {
    ExprLexer lexer(text.text);
    do tokens_.push_back(lexer.next());
    while (tokens_.back().kind != Kind::end);
  }

  TypedExpr whole() {
    TypedExpr typed;
    if (tokens_.size() == 1) {
      fail(tokens_[0], "the expression is empty");
    } else {
      const Operand operand = expression();
      if (now().kind != Kind::end) unexpected("an operator");
      if (!failed_) typed.expr = typing_.finish(operand);
    }
    typed.diagnostics = typing_.take_diagnostics();
    if (has_errors(typed.diagnostics)) typed.expr = nullptr;
    return typed;
  }

 private:
  const ExprToken& now() const { return tokens_[at_]; }
  const ExprToken& after() const { return tokens_[std::min(at_ + 1, tokens_.size() - 1)]; }
  ExprToken take() {
    ExprToken token = tokens_[at_];
    if (at_ + 1 < tokens_.size()) ++at_;
    return token;
  }

  // The first error of grammar is told; then the rest is skipped, since what it means is a guess.
  Operand fail(const ExprToken& token, std::string message) {
    if (!failed_) typing_.complain(token.at, std::move(message));
    failed_ = true;
    at_ = tokens_.size() - 1;
    return {};
  }

  // Complains about the present token, where `expected` should be.
  Operand unexpected(std::string_view expected) {
    const ExprToken& token = now();
    static constexpr std::string_view kAssignments[] = {
        "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>="};
    switch (token.kind) {
      case Kind::end:
        return fail(token, cat("expected ", expected, ", found the end of the expression"));
      case Kind::wrong:
        return fail(token, token.text);
      case Kind::sign:
        if (token.spelling == "=") return fail(token, "'=' would assign; '==' compares");
        if (is_one_of(token.spelling, kAssignments)) {
          return fail(token,
                      cat("'", token.spelling, "' would assign; an expression changes nothing"));
        }
        if (token.spelling == "++" || token.spelling == "--") {
          return fail(token,
                      cat("there is no '", token.spelling, "'; an expression changes nothing"));
        }
        if (token.spelling == ",") return fail(token, "there is no ',' operator");
        if (token.spelling == "(" && at_ > 0 && tokens_[at_ - 1].kind == Kind::name) {
          return fail(tokens_[at_ - 1],
                      cat("'", tokens_[at_ - 1].spelling, "' is called; there are no functions"));
        }
        break;
      default:
        break;
    }
    return fail(token, cat("expected ", expected, ", found '", escape(token.spelling), "'"));
  }

  bool expect(std::string_view sign) {
    if (now().is(sign)) {
      take();
      return true;
    }
    unexpected(cat("'", sign, "'"));
    return false;
  }

  // Counts the nesting of the grammar; the depth of the tree is typing's.
  class Level {
   public:
    explicit Level(Parser& parser) : parser_(parser) { ++parser_.level_; }
    ~Level() { --parser_.level_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;
    bool too_deep() const {
      if (parser_.level_ <= kExprDepthMax) return false;
      if (!parser_.failed_) parser_.typing_.complain_too_deep(parser_.now().at);
      parser_.failed_ = true;
      parser_.at_ = parser_.tokens_.size() - 1;
      return true;
    }

   private:
    Parser& parser_;
  };

  Operand expression() {
    Operand condition = binary(1);
    if (!now().is("?")) return condition;
    const ExprToken sign = take();
    const Level level(*this);
    if (level.too_deep()) return {};
    const Operand yes = expression();
    if (!expect(":")) return {};
    const Operand no = expression();
    if (failed_) return {};
    return typing_.conditional(sign, condition, yes, no);
  }

  Operand binary(int least) {
    Operand left = unary();
    for (int level = precedence(now()); level >= least && !failed_; level = precedence(now())) {
      const ExprToken sign = take();
      const Operand right = binary(level + 1);
      if (failed_) return {};
      left = typing_.binary(sign, left, right);
    }
    return left;
  }

  Operand unary() {
    const Level level(*this);
    if (level.too_deep()) return {};
    const ExprToken& token = now();
    if (token.is("!") || token.is("~") || token.is("-") || token.is("+")) {
      const ExprToken sign = take();
      const Operand operand = unary();
      if (failed_) return {};
      return typing_.unary(sign, operand);
    }
    if (token.is("&")) return fail(token, "there is no unary '&': nothing has an address here");
    if (token.is("*")) return fail(token, "there is no unary '*'; members are read with '->'");
    if (token.is("(") && begins_type(after())) return cast();
    return postfix();
  }

  bool begins_type(const ExprToken& token) const {
    if (token.kind != Kind::name) return false;
    if (is_one_of(token.spelling, kTypeWords) || is_one_of(token.spelling, kOtherTypeWords))
      return true;
    return named_type(token.spelling) != nullptr && !typing_.is_argument(token.spelling);
  }

  Operand cast() {
    const ExprToken open = take();
    const ExprToken first = now();
    const std::optional<NamedType> type = cast_type();
    if (!type) {
      return fail(first, "a cast goes to an integer type, such as (u32), (int) or (unsigned long)");
    }
    if (now().is("*")) return fail(first, "a cast to a pointer is not possible");
    if (!expect(")")) return {};
    const Operand operand = unary();
    if (failed_) return {};
    return typing_.cast(open.at, type->bits, type->is_signed, operand);
  }

  // The words of a type; none where they make no integer type.
  std::optional<NamedType> cast_type() {
    if (const NamedType* const named = named_type(now().spelling)) {
      take();
      return *named;
    }
    unsigned signs = 0, chars = 0, shorts = 0, ints = 0, longs = 0, others = 0;
    bool is_signed = true;
    for (; now().kind == Kind::name; take()) {
      const std::string_view word = now().spelling;
      if (word == "signed" || word == "unsigned") {
        ++signs;
        is_signed = word == "signed";
      } else if (word == "char") {
        ++chars;
      } else if (word == "short") {
        ++shorts;
      } else if (word == "int") {
        ++ints;
      } else if (word == "long") {
        ++longs;
      } else {
        ++others;
      }
    }
    if (signs > 1 || chars > 1 || shorts > 1 || ints > 1 || longs > 2 || others > 0)
      return std::nullopt;
    if (chars + shorts + (longs > 0 ? 1U : 0U) > 1 || (chars > 0 && ints > 0)) return std::nullopt;
    return NamedType{{}, chars > 0 ? 8U : shorts > 0 ? 16U : longs > 0 ? 64U : 32U, is_signed};
  }

  Operand postfix() {
    Operand operand = primary();
    while (!failed_) {
      if (now().is("->") || now().is(".")) {
        const ExprToken arrow = take();
        if (now().kind != Kind::name) return unexpected("the name of a member");
        operand = typing_.member(operand, arrow, take());
      } else if (now().is("[")) {
        take();
        const Operand index = expression();
        if (!expect("]")) return {};
        operand = typing_.element(operand, index);
      } else {
        return operand;
      }
    }
    return {};
  }

  Operand primary() {
    switch (now().kind) {
      case Kind::number:
        return typing_.number(take());
      case Kind::text:
        return typing_.literal(take());
      case Kind::name: {
        if (now().spelling == "sizeof") return fail(now(), "there is no 'sizeof'");
        const ExprToken token = take();
        if (now().is("(")) return unexpected("an operator");
        return typing_.name(token);
      }
      default:
        break;
    }
    if (!now().is("(")) return unexpected("a value");
    const ExprToken open = take();
    Operand operand = expression();
    if (!expect(")")) return {};
    operand.at = open.at;
    return operand;
  }

  ExprTyping typing_;
  std::vector<ExprToken> tokens_;
  std::size_t at_ = 0;
  unsigned level_ = 0;
  bool failed_ = false;
};
}  // namespace

TypedExpr parse_expr(const ExprText& text, const TypeSource& types, const Signature* signature,
                     Promotion promotion) {
  return Parser(text, types, signature, promotion == Promotion::to_64_bit).whole();
}

}  // namespace swerve
