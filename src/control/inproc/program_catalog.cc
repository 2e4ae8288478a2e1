#include "control/inproc/program_catalog.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <memory>
#include <utility>

#include "base/text.h"
#include "swerve/base/diagnostic.h"
#include "swerve/base/time.h"

namespace swerve {

namespace {

// TypeId is the place in this list, and kVoid its first.
struct KnownType {
  ArgumentType::Kind kind;
  std::uint8_t bytes;
  bool is_signed;
  Type type;
};

constexpr TypeId kChar{1};

const std::vector<KnownType>& known_types() {
  using Kind = ArgumentType::Kind;
  const auto integer = [](const char* name, std::uint8_t bytes, bool is_signed) {
    return KnownType{
        Kind::integer, bytes, is_signed, {Type::Kind::integer, name, bytes, is_signed}};
  };
  static const std::vector<KnownType> types = {
      {Kind::other, 0, false, {Type::Kind::nothing, "void", 0}},
      {Kind::other,
       1,
       true,
       {.kind = Type::Kind::integer,
        .name = "char",
        .bytes = 1,
        .is_signed = true,
        .is_char = true}},
      {Kind::text,
       8,
       false,
       {.kind = Type::Kind::pointer,
        .name = "char *",
        .bytes = 8,
        .target = kChar,
        .as_text = true}},
      {Kind::pointer, 8, false, {.kind = Type::Kind::pointer, .name = "void *", .bytes = 8}},
      {Kind::boolean, 1, false, {Type::Kind::boolean, "bool", 1}},
      integer("signed char", 1, true),
      integer("unsigned char", 1, false),
      integer("short", 2, true),
      integer("unsigned short", 2, false),
      integer("int", 4, true),
      integer("unsigned int", 4, false),
      integer("long", 8, true),
      integer("unsigned long", 8, false),
      {Kind::other, 0, false, {Type::Kind::other, "a type that definitions cannot use", 0}},
  };
  return types;
}

TypeId type_of(const ArgumentType& argument) {
  const auto& types = known_types();
  const auto found = std::find_if(types.begin() + 2, types.end(), [&](const KnownType& t) {
    return t.kind == argument.kind &&
           (t.kind == ArgumentType::Kind::other ||
            (t.bytes == argument.bytes && t.is_signed == argument.is_signed));
  });
  return TypeId(static_cast<std::uint32_t>(std::min(found, types.end() - 1) - types.begin()));
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// The name of one parameter.
std::string parameter_name(std::string_view parameter) {
  static constexpr std::string_view kTypeWords[] = {"bool",     "char",   "short",  "int",
                                                    "long",     "auto",   "double", "float",
                                                    "unsigned", "signed", "void",   "const"};
  const auto trim = [&] {
    while (!parameter.empty() && parameter.back() == ' ') parameter.remove_suffix(1);
  };
  trim();
  while (parameter.ends_with(']')) {  // an array
    parameter = parameter.substr(0, parameter.rfind('['));
    trim();
  }
  std::size_t begin = parameter.size();
  while (begin > 0 && is_word(parameter[begin - 1])) --begin;
  const std::string_view name = parameter.substr(begin);
  std::string_view before = parameter.substr(0, begin);
  while (!before.empty() && before.back() == ' ') before.remove_suffix(1);
  const bool only_a_type =
      before.empty() || before.ends_with(':') ||
      std::find(std::begin(kTypeWords), std::end(kTypeWords), name) != std::end(kTypeWords) ||
      before == "const" || before == "enum" || before == "struct";
  return only_a_type ? std::string() : std::string(name);
}

/// The values of one emission, for the expressions of a binding.
class EmissionOperands final : public Operands {
 public:
  EmissionOperands(const Emission& emission, std::span<const ArgumentValue> values)
      : emission_(emission), values_(values) {}

  std::uint64_t argument(std::uint64_t number) const override {
    return number < values_.size() ? values_[number].number : 0;
  }
  std::uint64_t builtin(Expr::Builtin which) const override {
    switch (which) {
      case Expr::Builtin::cpu:
        return static_cast<std::uint64_t>(std::max(0, ::sched_getcpu()));
      case Expr::Builtin::current:
        return 0;
      case Expr::Builtin::pid:
        return emission_.thread.tid;
      case Expr::Builtin::tgid:
        return static_cast<std::uint64_t>(::getpid());
      case Expr::Builtin::now:
        return monotonic_now().ns;
    }
    return 0;
  }
  std::uint64_t load(const Expr&) const override { return 0; }
  bool bytes(const Expr& place, std::size_t count, std::string& out) const override {
    switch (place.op) {
      case Expr::Op::convert:
        return bytes(*place.a, count, out);
      case Expr::Op::conditional:
        return bytes(evaluate(*place.a, *this) != 0 ? *place.b : *place.c, count, out);
      case Expr::Op::argument: {
        if (argument(place.value) == 0) return false;
        const std::string_view text = values_[place.value].text;
        out = text.substr(0, std::min(count, text.find('\0')));
        return true;
      }
      default:
        return false;
    }
  }

 private:
  const Emission& emission_;
  std::span<const ArgumentValue> values_;
};

bool holds(const ExprPtr& condition, const Operands& operands) {
  return condition != nullptr && evaluate(*condition, operands) != 0;
}

}  // namespace

std::vector<std::string> parameter_names(std::string_view parameters) {
  std::vector<std::string> names;
  if (parameters.find_first_not_of(' ') == std::string_view::npos) return names;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i <= parameters.size(); ++i) {
    const char c = i < parameters.size() ? parameters[i] : ',';
    if (c == '<' || c == '(' || c == '[' || c == '{') ++depth;
    if (c == '>' || c == ')' || c == ']' || c == '}') --depth;
    if (i < parameters.size() && (c != ',' || depth != 0)) continue;
    names.push_back(parameter_name(parameters.substr(begin, i - begin)));
    begin = i + 1;
  }
  return names;
}

Type ProgramCatalog::type(TypeId id) const {
  return known_types().at(static_cast<std::size_t>(id)).type;
}

Result<Signature> ProgramCatalog::signature(const Probe& probe) const {
  if (probe.kind != Probe::Kind::inproc) {
    return Error(ErrorCode::unsupported,
                 cat("a monitor of a program sees the program's own tracepoints alone, such as "
                     "inproc:NAME; this is '",
                     escape(probe.text()), "'"));
  }
  const std::vector<AnyTracepoint*> found = find_tracepoints(probe.name);
  if (found.empty()) {
    std::vector<std::string> names;
    for (const AnyTracepoint* const one : tracepoints()) names.emplace_back(one->name());
    return Error(ErrorCode::not_found, cat("no tracepoint '", escape(probe.name),
                                           "' in this program", near_miss(probe.name, names)));
  }
  const AnyTracepoint& tracepoint = *found.front();
  for (const AnyTracepoint* const other : found) {
    if (other->parameters() != tracepoint.parameters()) {
      return Error(ErrorCode::invalid,
                   cat("there are tracepoints '", escape(probe.name), "' with the parameters (",
                       tracepoint.parameters(), ") and (", other->parameters(), ")"));
    }
  }
  Signature signature{probe.name, {}};
  const std::vector<std::string> names = parameter_names(tracepoint.parameters());
  for (std::size_t i = 0; i < tracepoint.types().size(); ++i) {
    signature.parameters.push_back(
        {i < names.size() ? names[i] : std::string(), type_of(tracepoint.types()[i])});
  }
  return signature;
}

bool has_text_key(const Binding& binding) {
  return binding.key != nullptr && binding.key->op == Expr::Op::argument && binding.key->as_text;
}

ProgramInstrumentation::Attach attach_bound(Binding bound) {
  return [binding = std::make_shared<const Binding>(std::move(bound))](
             ProgramMonitor& monitor) -> Result<std::vector<Attachment>> {
    const std::vector<AnyTracepoint*> found = find_tracepoints(binding->probe.name);
    if (found.empty()) {
      return Error(ErrorCode::not_found,
                   cat("no tracepoint '", escape(binding->probe.name), "' in this program now"));
    }
    std::vector<Attachment> attached;
    const bool text_key = has_text_key(*binding);
    for (AnyTracepoint* const tracepoint : found) {
      attached.push_back(tracepoint->attach_any(
          [binding, text_key, &monitor](const Emission& emission,
                                        std::span<const ArgumentValue> values) {
            const EmissionOperands operands(emission, values);
            if (binding->when != nullptr && !holds(binding->when, operands)) return;
            const Handler handler = holds(binding->start_run, operands) ? Handler::start_run
                                    : holds(binding->start, operands)   ? Handler::start
                                                                        : Handler::event;
            if (binding->key == nullptr) {
              monitor.happen(emission.thread, emission.where, binding->event, handler);
            } else if (text_key) {
              monitor.happen_to(emission.thread, emission.where, values[binding->key->value].text,
                                binding->event, handler, holds(binding->end, operands));
            } else {
              monitor.happen_to(emission.thread, emission.where, evaluate(*binding->key, operands),
                                binding->event, handler, holds(binding->end, operands));
            }
          }));
    }
    return attached;
  };
}

}  // namespace swerve
