#include "bind/recorded/recorded_catalog.h"

#include <array>

#include "base/text.h"
#include "bind/recorded/fields.h"
#include "bind/syscalls.h"

namespace swerve {

namespace {

/// Tracepoints as they are since Linux 6.1, for machines whose kernel does not tell. The types are
/// those of declaration_type().
struct KnownTracepoint {
  std::string_view name, arguments;
};
constexpr std::array kTracepoints{
    KnownTracepoint{
        "sched_switch",
        "bool preempt, struct task_struct *prev, struct task_struct *next, unsigned int "
        "prev_state"},
    KnownTracepoint{"sched_wakeup", "struct task_struct *p"},
    KnownTracepoint{"sched_wakeup_new", "struct task_struct *p"},
    KnownTracepoint{"sched_waking", "struct task_struct *p"},
    KnownTracepoint{"sched_migrate_task", "struct task_struct *p, int dest_cpu"},
    KnownTracepoint{"sched_process_fork", "struct task_struct *parent, struct task_struct *child"},
    KnownTracepoint{"sched_process_exit", "struct task_struct *p"},
    KnownTracepoint{"sched_process_free", "struct task_struct *p"},
    KnownTracepoint{"sched_process_exec", "struct task_struct *p, pid_t old_pid, void *bprm"},
    KnownTracepoint{"sched_stat_runtime", "struct task_struct *tsk, u64 runtime"},
    KnownTracepoint{"sched_pi_setprio", "struct task_struct *tsk, struct task_struct *pi_task"},
    KnownTracepoint{"task_newtask", "struct task_struct *task, u64 clone_flags"},
    KnownTracepoint{"task_rename", "struct task_struct *task, char *comm"},
    KnownTracepoint{"signal_generate",
                    "int sig, void *info, struct task_struct *task, int group, int result"},
    KnownTracepoint{"signal_deliver", "int sig, void *info, void *ka"},
    KnownTracepoint{"irq_handler_entry", "int irq, struct irqaction *action"},
    KnownTracepoint{"irq_handler_exit", "int irq, struct irqaction *action, int ret"},
    KnownTracepoint{"softirq_entry", "unsigned int vec"},
    KnownTracepoint{"softirq_exit", "unsigned int vec"},
    KnownTracepoint{"softirq_raise", "unsigned int vec"},
    KnownTracepoint{"preempt_disable", "unsigned long ip, unsigned long parent_ip"},
    KnownTracepoint{"preempt_enable", "unsigned long ip, unsigned long parent_ip"},
    KnownTracepoint{"irq_disable", "unsigned long ip, unsigned long parent_ip"},
    KnownTracepoint{"irq_enable", "unsigned long ip, unsigned long parent_ip"},
    KnownTracepoint{"hrtimer_start", "struct hrtimer *hrtimer, int mode"},
    KnownTracepoint{"hrtimer_expire_entry", "struct hrtimer *hrtimer, s64 *now"},
    KnownTracepoint{"hrtimer_expire_exit", "struct hrtimer *hrtimer"},
    KnownTracepoint{"hrtimer_cancel", "struct hrtimer *hrtimer"},
};

/// Ids of our own; those of a base are below, and (those that the kernel's catalog has made up)
/// above.
constexpr std::uint32_t kOwn = 0xffe00000, kOwnEnd = 0xfff00000;

/// The types that declarations of ours are made of.
struct OwnType {
  std::string_view declared;
  std::uint32_t bytes;
  bool is_signed;
};
constexpr std::array kIntegers{
    OwnType{"bool", 1, false},
    OwnType{"char", 1, true},
    OwnType{"short", 2, true},
    OwnType{"umode_t", 2, false},
    OwnType{"int", 4, true},
    OwnType{"pid_t", 4, true},
    OwnType{"s32", 4, true},
    OwnType{"__s32", 4, true},
    OwnType{"clockid_t", 4, true},
    OwnType{"timer_t", 4, true},
    OwnType{"mqd_t", 4, true},
    OwnType{"key_t", 4, true},
    OwnType{"key_serial_t", 4, true},
    OwnType{"qid_t", 4, true},
    OwnType{"rwf_t", 4, true},
    OwnType{"unsigned int", 4, false},
    OwnType{"unsigned", 4, false},
    OwnType{"u32", 4, false},
    OwnType{"__u32", 4, false},
    OwnType{"uid_t", 4, false},
    OwnType{"gid_t", 4, false},
    OwnType{"long", 8, true},
    OwnType{"loff_t", 8, true},
    OwnType{"off_t", 8, true},
    OwnType{"s64", 8, true},
    OwnType{"u64", 8, false},
    OwnType{"__u64", 8, false},
    OwnType{"size_t", 8, false},
    OwnType{"aio_context_t", 8, false},
    OwnType{"unsigned long", 8, false},
};
constexpr std::uint32_t kUnsignedLong = kOwn + kIntegers.size() - 1;
enum : std::uint32_t {
  kChar = kOwn + 1,  // the place of "char" in the table
  kInt = kOwn + 4,
  kTask = kOwn + 0x100,  // struct task_struct
  kTaskPointer,
  kComm,      // char[16]
  kText,      // char *, of the kernel
  kUserText,  // char *, of the user's process
  kRecord,    // a struct of which only recorded members are known
  kRecordPointer,
  kUserPointer,
  kPointer,       // void *
  kRecordedWord,  // what only the recording knows: a number or a text, as the definition has it
  kRecordedText,  // likewise: a text
};

/// The members of a struct task_struct that recordings have.
struct TaskMember {
  std::string_view name;
  std::uint32_t type;
};
constexpr std::array kTaskMembers{
    TaskMember{"pid", kInt},         TaskMember{"tgid", kInt},  TaskMember{"prio", kInt},
    TaskMember{"static_prio", kInt}, TaskMember{"comm", kComm}, TaskMember{"normal_prio", kInt},
    TaskMember{"exit_code", kInt},
};

TypeId declaration_type(std::string_view text, bool user) {
  if (const std::size_t star = text.find('*'); star != std::string_view::npos) {
    std::string_view target = text.substr(0, star);
    while (!target.empty() && target.back() == ' ') target.remove_suffix(1);
    if (target.starts_with("const ")) target.remove_prefix(6);
    if (target == "char") return TypeId(user ? kUserText : kText);
    if (user) return TypeId(kUserPointer);
    if (target == "struct task_struct") return TypeId(kTaskPointer);
    return TypeId(target.starts_with("struct ") ? kRecordPointer : kPointer);
  }
  if (text.starts_with("const ")) text.remove_prefix(6);
  for (std::uint32_t i = 0; i < kIntegers.size(); ++i) {
    if (kIntegers[i].declared == text) return TypeId(kOwn + i);
  }
  if (text.starts_with("enum ")) return declaration_type("unsigned int", user);
  return TypeId(user && text.ends_with("_t") && text.starts_with("cap_") ? +kUserPointer
                                                                         : kUnsignedLong);
}

/// "int a, struct b *c": parameters with our own types.
std::vector<Parameter> declared(std::string_view rest, bool user) {
  std::vector<Parameter> out;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(", ");
    const std::string_view one = rest.substr(0, comma);
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 2);
    const std::size_t name_at = one.find_last_of(" *") + 1;
    std::string_view type = one.substr(0, name_at);
    while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
    out.push_back({std::string(one.substr(name_at)), declaration_type(type, user)});
  }
  return out;
}

/// What the recording says of a field of its own: the smallest type that holds it (CTF has integers
/// of any width).
TypeId field_type(const RecordedField& field) {
  if (field.form == RecordedField::Form::text) return TypeId(kRecordedText);
  if (field.form == RecordedField::Form::word) return TypeId(kRecordedWord);
  if (field.bytes <= 1) return TypeId(field.is_signed ? +kChar : kOwn);
  for (std::uint32_t i = 0; i < kIntegers.size(); ++i) {  // they are sorted by width
    if (kIntegers[i].bytes >= field.bytes && kIntegers[i].is_signed == field.is_signed) {
      return TypeId(kOwn + i);
    }
  }
  return TypeId(kUnsignedLong);
}

Type integer(const OwnType& own) {
  Type out;
  out.kind = own.declared == "bool" ? Type::Kind::boolean : Type::Kind::integer;
  out.name = own.declared;
  out.bytes = own.bytes;
  out.is_signed = own.is_signed;
  out.is_char = own.declared == "char";
  return out;
}

Type pointer(std::string_view name, std::uint32_t target, bool user) {
  Type out;
  out.kind = Type::Kind::pointer;
  out.name = name;
  out.bytes = 8;
  out.target = TypeId(target);
  out.user = user;
  return out;
}

}  // namespace

struct RecordedCatalog::State {
  const ProbeCatalog* base;
  std::vector<RecordedKind> kinds;

  static bool own(TypeId id) {
    const auto number = static_cast<std::uint32_t>(id);
    return number >= kOwn && number < kOwnEnd;
  }

  std::optional<Signature> of_base(const Probe& probe) const {
    if (base == nullptr) return std::nullopt;
    Result<Signature> known = base->signature(probe);
    return known ? std::optional(*std::move(known)) : std::nullopt;
  }

  static std::optional<Signature> of_table(const Probe& probe) {
    if (probe.kind == Probe::Kind::tracepoint) {
      for (const KnownTracepoint& known : kTracepoints) {
        if (known.name == probe.name)
          return Signature{probe.name, declared(known.arguments, false)};
      }
      return std::nullopt;
    }
    const bool exit = probe.kind == Probe::Kind::syscall_exit;
    if (!exit && probe.kind != Probe::Kind::syscall_enter) return std::nullopt;
    const Syscall* const call = find_syscall(probe.name);
    if (call == nullptr) return std::nullopt;
    Signature out{probe.name, declared(call->arguments, true)};
    if (exit) out.parameters.push_back({"ret", declaration_type("long", true)});
    return out;
  }

  /// Of its fields: all kinds of the name together.
  std::optional<Signature> of_kind(const Probe& probe) const {
    std::optional<Signature> out;
    for (const RecordedKind& kind : kinds) {
      if (!is_of_probe(kind, probe)) continue;
      if (!out) out = Signature{probe.name, {}};
      for (const RecordedField& field : kind.fields) {
        if (field.form == RecordedField::Form::other) continue;
        bool there = false;
        for (const Parameter& p : out->parameters) there = there || p.name == field.name;
        if (there) continue;
        out->parameters.push_back({field.name, field_type(field)});
      }
    }
    return out;
  }
};

RecordedCatalog::RecordedCatalog(const ProbeCatalog* base, const std::vector<RecordedKind>& kinds)
    : state_(std::make_unique<State>(State{base, kinds})) {}
RecordedCatalog::~RecordedCatalog() = default;

Type RecordedCatalog::type(TypeId id) const {
  if (!State::own(id)) return state_->base != nullptr ? state_->base->type(id) : Type();
  const auto number = static_cast<std::uint32_t>(id);
  if (number - kOwn < kIntegers.size()) return integer(kIntegers[number - kOwn]);
  Type out;
  switch (number) {
    case kTask:
    case kRecord:
      out.kind = Type::Kind::record;
      out.name = number == kTask ? "struct task_struct" : "struct";
      return out;
    case kComm:
      out.kind = Type::Kind::array;
      out.name = "char[16]";
      out.bytes = out.count = 16;
      out.target = TypeId(kChar);
      return out;
    case kTaskPointer:
      return pointer("struct task_struct *", kTask, false);
    case kText:
      return pointer("char *", kChar, false);
    case kUserText:
      return pointer("char *", kChar, true);
    case kRecordPointer:
      return pointer("struct *", kRecord, false);
    case kUserPointer:
      return pointer("void *", 0, true);
    case kPointer:
      return pointer("void *", 0, false);
    case kRecordedWord:
      out = {Type::Kind::integer, "long", 8, true};
      out.as_text = true;
      return out;
    case kRecordedText:
      out = pointer("char *", kChar, false);
      out.as_text = true;
      return out;
    default:
      return out;
  }
}

std::optional<Member> RecordedCatalog::member(TypeId record, std::string_view name) const {
  if (!State::own(record)) {
    return state_->base != nullptr ? state_->base->member(record, name) : std::nullopt;
  }
  if (record != TypeId(kTask)) return std::nullopt;
  std::uint32_t offset = 0;
  for (const TaskMember& known : kTaskMembers) {
    if (known.name == name) return Member{std::string(name), TypeId(known.type), offset, 0};
    offset += 128;  // they stand somewhere; nobody reads them there
  }
  return std::nullopt;
}

std::vector<std::string> RecordedCatalog::member_names(TypeId record) const {
  if (!State::own(record)) {
    return state_->base != nullptr ? state_->base->member_names(record)
                                   : std::vector<std::string>();
  }
  std::vector<std::string> out;
  if (record == TypeId(kTask)) {
    for (const TaskMember& known : kTaskMembers) out.emplace_back(known.name);
  }
  return out;
}

std::optional<Enumerator> RecordedCatalog::enumerator(std::string_view name) const {
  return state_->base != nullptr ? state_->base->enumerator(name) : std::nullopt;
}

TypeId RecordedCatalog::task_struct() const {
  return state_->base != nullptr ? state_->base->task_struct() : TypeId(kTask);
}

bool RecordedCatalog::knows(const Probe& probe) const {
  return state_->of_base(probe) || State::of_table(probe);
}

Result<Signature> RecordedCatalog::signature(const Probe& probe) const {
  if (std::optional<Signature> known = state_->of_base(probe)) return *std::move(known);
  if (std::optional<Signature> known = State::of_table(probe)) return *std::move(known);
  if (std::optional<Signature> known = state_->of_kind(probe)) return *std::move(known);
  std::vector<std::string> names;
  if (probe.kind == Probe::Kind::syscall_enter || probe.kind == Probe::Kind::syscall_exit) {
    for (const Syscall& call : all_syscalls()) names.emplace_back(call.name);
    return Error(ErrorCode::not_found,
                 cat("no system call '", escape(probe.name), "'", near_miss(probe.name, names)));
  }
  for (const RecordedKind& kind : state_->kinds) names.push_back(kind.name);
  for (const KnownTracepoint& known : kTracepoints) names.emplace_back(known.name);
  return Error(ErrorCode::not_found, cat("no event '", escape(probe.text()), "' in the recording",
                                         near_miss(probe.name, names)));
}

}  // namespace swerve
