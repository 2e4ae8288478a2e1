// bind/fake_catalog_test.h - for tests: a kernel of two dozen types and a handful of probes.
//
// The records describe real C++ structs (fake::Task and its friends), so a test can evaluate an
// expression over live memory and compare it with what the compiler makes of the same expression.
#pragma once

#include <cstddef>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/text.h"
#include "bind/expr.h"
#include "bind/probe.h"
#include "swerve/base/diagnostic.h"

namespace swerve::fake {

enum Policy : unsigned { POLICY_NORMAL = 0, POLICY_FIFO = 1, POLICY_HUGE = 0xffffffffU };
enum Balance : int { BALANCE_LEFT = -1, BALANCE_RIGHT = 1 };

struct Weight {
  unsigned long weight;
  unsigned int inverse;
};
struct Entity {
  unsigned long vruntime;
  Weight load;
  int nested[2];
};
struct Flags {  // g++ fills words from their low end
  unsigned one : 1;
  unsigned three : 3;
  int five : 5;
  unsigned twenty : 20;
  unsigned long forty : 40;
  long minus : 20;
};
struct File {
  int mode;
};
struct Task {
  unsigned int state;
  int pid;
  int tgid;
  int prio;
  char comm[16];
  Task* parent;
  Entity se;
  Flags flags;
  union {
    int as_int;
    unsigned as_unsigned;
  };
  long numbers[3];
  signed char nice;
  unsigned char priority;
  short little;
  unsigned short unsigned_little;
  bool on_cpu;
  Policy policy;
  Balance balance;
  const char* name;
  const char* user_name;
  Task* user_task;
  File* file;
  int* counter;
  char names[2][8];
  double real;
  char tail[1];  // described as an array of no length
};

// offsetof of a member of a member in a form that g++ takes as a constant.
#define SWERVE_TEST_BITS(type, member) static_cast<std::uint32_t>(offsetof(type, member) * 8)

class Catalog final : public ProbeCatalog {
 public:
  Catalog() {
    add({Type::Kind::nothing, "void", 0});
    const TypeId boolean = add({Type::Kind::boolean, "bool", 1});
    const TypeId character = add({.kind = Type::Kind::integer,
                                  .name = "char",
                                  .bytes = 1,
                                  .is_signed = true,
                                  .is_char = true});
    const TypeId schar = integer("signed char", 1, true),
                 uchar = integer("unsigned char", 1, false);
    const TypeId sshort = integer("short", 2, true), ushort = integer("unsigned short", 2, false);
    const TypeId sint = integer("int", 4, true), uint = integer("unsigned int", 4, false);
    const TypeId slong = integer("long", 8, true), ulong = integer("unsigned long", 8, false);
    const TypeId huge = integer("__int128", 16, true);
    const TypeId real = add({Type::Kind::other, "double", 8});
    policy_ = add({Type::Kind::enumeration, "enum policy", 4, false});
    balance_ = add({Type::Kind::enumeration, "enum balance", 4, true});
    wide_enum_ = add({Type::Kind::enumeration, "enum wide", 8, false});

    const TypeId weight = record("struct weight", sizeof(Weight));
    records_[weight] = {{"weight", ulong, SWERVE_TEST_BITS(Weight, weight)},
                        {"inverse", uint, SWERVE_TEST_BITS(Weight, inverse)}};
    const TypeId two_ints = array("int[2]", sint, 2, 8);
    const TypeId entity = record("struct entity", sizeof(Entity));
    records_[entity] = {{"vruntime", ulong, SWERVE_TEST_BITS(Entity, vruntime)},
                        {"load", weight, SWERVE_TEST_BITS(Entity, load)},
                        {"nested", two_ints, SWERVE_TEST_BITS(Entity, nested)}};
    const TypeId flags = record("struct flags", sizeof(Flags));
    records_[flags] = {{"one", uint, 0, 1},     {"three", uint, 1, 3},    {"five", sint, 4, 5},
                       {"twenty", uint, 9, 20}, {"forty", ulong, 64, 40}, {"minus", slong, 104, 20},
                       {"torn", ulong, 30, 60}};
    const TypeId file = record("struct file", sizeof(File));
    records_[file] = {{"mode", sint, SWERVE_TEST_BITS(File, mode)}};
    const TypeId hidden = record("struct hidden", 0);
    const TypeId either = record("union (unnamed)", 4);
    records_[either] = {{"as_int", sint, 0}, {"as_unsigned", uint, 0}};

    task_ = record("struct task_struct", sizeof(Task));
    const TypeId task_pointer = pointer("struct task_struct *", task_);
    const TypeId const_char_pointer = pointer("char *", character);
    const TypeId eight = array("char[8]", character, 8, 8);
    records_[task_] = {
        {"state", uint, SWERVE_TEST_BITS(Task, state)},
        {"pid", sint, SWERVE_TEST_BITS(Task, pid)},
        {"tgid", sint, SWERVE_TEST_BITS(Task, tgid)},
        {"prio", sint, SWERVE_TEST_BITS(Task, prio)},
        {"comm", array("char[16]", character, 16, 16), SWERVE_TEST_BITS(Task, comm)},
        {"parent", task_pointer, SWERVE_TEST_BITS(Task, parent)},
        {"se", entity, SWERVE_TEST_BITS(Task, se)},
        {"flags", flags, SWERVE_TEST_BITS(Task, flags)},
        {"", either, SWERVE_TEST_BITS(Task, as_int)},
        {"numbers", array("long[3]", slong, 3, 24), SWERVE_TEST_BITS(Task, numbers)},
        {"nice", schar, SWERVE_TEST_BITS(Task, nice)},
        {"priority", uchar, SWERVE_TEST_BITS(Task, priority)},
        {"little", sshort, SWERVE_TEST_BITS(Task, little)},
        {"unsigned_little", ushort, SWERVE_TEST_BITS(Task, unsigned_little)},
        {"on_cpu", boolean, SWERVE_TEST_BITS(Task, on_cpu)},
        {"policy", policy_, SWERVE_TEST_BITS(Task, policy)},
        {"balance", balance_, SWERVE_TEST_BITS(Task, balance)},
        {"name", const_char_pointer, SWERVE_TEST_BITS(Task, name)},
        {"user_name", pointer("char *", character, true), SWERVE_TEST_BITS(Task, user_name)},
        {"user_task", pointer("struct task_struct *", task_, true),
         SWERVE_TEST_BITS(Task, user_task)},
        {"file", pointer("struct file *", file), SWERVE_TEST_BITS(Task, file)},
        {"counter", pointer("int *", sint), SWERVE_TEST_BITS(Task, counter)},
        {"names", array("char[2][8]", eight, 2, 16), SWERVE_TEST_BITS(Task, names)},
        {"real", real, SWERVE_TEST_BITS(Task, real)},
        {"tail", array("char[]", character, 0, 0), SWERVE_TEST_BITS(Task, tail)},
        {"hidden", pointer("struct hidden *", hidden), SWERVE_TEST_BITS(Task, file)},
    };

    enumerators_ = {
        {"POLICY_NORMAL", {POLICY_NORMAL, policy_}},  {"POLICY_FIFO", {POLICY_FIFO, policy_}},
        {"POLICY_HUGE", {POLICY_HUGE, policy_}},      {"BALANCE_LEFT", {BALANCE_LEFT, balance_}},
        {"BALANCE_RIGHT", {BALANCE_RIGHT, balance_}}, {"WIDE_MOST", {-1, wide_enum_}}};

    signatures_["tracepoint:sched_switch"] = {"sched_switch",
                                              {{"preempt", boolean},
                                               {"prev", task_pointer},
                                               {"next", task_pointer},
                                               {"prev_state", uint}}};
    signatures_["tracepoint:sched_wakeup"] = {"sched_wakeup", {{"p", task_pointer}}};
    signatures_["tracepoint:sched_waking"] = {"sched_waking", {{"p", task_pointer}}};
    signatures_["tracepoint:preempt_disable"] = {"preempt_disable",
                                                 {{"ip", ulong}, {"parent_ip", ulong}}};
    signatures_["tracepoint:preempt_enable"] = {"preempt_enable",
                                                {{"ip", ulong}, {"parent_ip", ulong}}};
    const TypeId user_string = pointer("char *", character, true);
    signatures_["syscall:openat"] = {
        "openat", {{"dfd", sint}, {"filename", user_string}, {"flags", sint}, {"mode", ushort}}};
    signatures_["syscall:openat:exit"] = signatures_["syscall:openat"];
    signatures_["syscall:openat:exit"].parameters.push_back({"ret", slong});
    signatures_["syscall:close"] = {"close", {{"fd", uint}}};
    signatures_["tracepoint:numbers"] = {"numbers",
                                         {{"i", sint},
                                          {"u", uint},
                                          {"l", slong},
                                          {"ul", ulong},
                                          {"c", schar},
                                          {"uc", uchar},
                                          {"s", sshort},
                                          {"us", ushort},
                                          {"b", boolean},
                                          {"e", policy_},
                                          {"be", balance_},
                                          {"t", task_pointer}}};
    signatures_["fentry:odd"] = {"odd",
                                 {{"real", real},
                                  {"huge", huge},
                                  {"whole", weight},
                                  {"nothing", kVoid},
                                  {"any", pointer("void *", kVoid)},
                                  {"", sint},
                                  {"", task_pointer},
                                  {"u32", uint},
                                  {"pid", slong}}};
  }

  Type type(TypeId id) const override { return types_.at(static_cast<std::size_t>(id)); }
  std::optional<Member> member(TypeId id, std::string_view name) const override {
    const auto found = records_.find(id);
    if (found == records_.end()) return std::nullopt;
    for (const Member& m : found->second) {
      if (m.name == name) return m;
      if (!m.name.empty()) continue;
      if (std::optional<Member> inner = member(m.type, name)) {
        inner->bit_offset += m.bit_offset;
        return inner;
      }
    }
    return std::nullopt;
  }
  std::vector<std::string> member_names(TypeId id) const override {
    std::vector<std::string> names;
    const auto found = records_.find(id);
    if (found == records_.end()) return names;
    for (const Member& m : found->second) {
      if (!m.name.empty()) {
        names.push_back(m.name);
      } else {
        for (std::string& name : member_names(m.type)) names.push_back(std::move(name));
      }
    }
    return names;
  }
  std::optional<Enumerator> enumerator(std::string_view name) const override {
    const auto found = enumerators_.find(std::string(name));
    if (found == enumerators_.end()) return std::nullopt;
    return found->second;
  }
  TypeId task_struct() const override { return task_; }

  Result<Signature> signature(const Probe& probe) const override {
    if (probe.name == "unreachable") {
      return Error(ErrorCode::unsupported, "this kernel cannot attach to unreachable");
    }
    Probe plain = probe;
    plain.category.clear();
    const auto found = signatures_.find(plain.text());
    if (found != signatures_.end()) return found->second;
    std::vector<std::string> names;
    for (const auto& [text, signature] : signatures_) names.push_back(signature.name);
    return Error(ErrorCode::not_found, cat("no ", plain.text().substr(0, plain.text().find(':')),
                                           " '", probe.name, "'", near_miss(probe.name, names)));
  }

 private:
  TypeId add(Type type) {
    types_.push_back(std::move(type));
    return TypeId(static_cast<std::uint32_t>(types_.size() - 1));
  }
  TypeId integer(const char* name, std::uint32_t bytes, bool is_signed) {
    return add({Type::Kind::integer, name, bytes, is_signed});
  }
  TypeId pointer(const char* name, TypeId target, bool user = false) {
    return add(
        {.kind = Type::Kind::pointer, .name = name, .bytes = 8, .target = target, .user = user});
  }
  TypeId array(const char* name, TypeId target, std::uint32_t count, std::uint32_t bytes) {
    return add({.kind = Type::Kind::array,
                .name = name,
                .bytes = bytes,
                .target = target,
                .count = count});
  }
  TypeId record(const char* name, std::size_t bytes) {
    return add({Type::Kind::record, name, static_cast<std::uint32_t>(bytes)});
  }

  std::vector<Type> types_;
  std::map<TypeId, std::vector<Member>> records_;
  std::map<std::string, Enumerator> enumerators_;
  std::map<std::string, Signature> signatures_;
  TypeId policy_{}, balance_{}, wide_enum_{}, task_{};
};

/// One event over this process's memory: what stands in `readable` can be read, all else cannot.
class Event final : public Operands {
 public:
  std::vector<std::uint64_t> arguments;
  std::map<Expr::Builtin, std::uint64_t> builtins;
  std::vector<std::pair<const void*, std::size_t>> readable;

  template <typename T>
  static std::uint64_t address(const T* pointer) {
    return reinterpret_cast<std::uintptr_t>(pointer);
  }

  std::uint64_t argument(std::uint64_t number) const override { return arguments.at(number); }
  std::uint64_t builtin(Expr::Builtin which) const override {
    const auto found = builtins.find(which);
    return found == builtins.end() ? 0 : found->second;
  }
  std::uint64_t load(const Expr& load) const override {
    const std::uint64_t at = evaluate(*load.a, *this) + load.offset;
    std::uint64_t value = 0;
    if (room(at) < load.load_bytes) return 0;
    std::memcpy(&value, memory(at), load.load_bytes);
    return value;
  }
  bool bytes(const Expr& place, std::size_t count, std::string& out) const override {
    const bool is_member = place.op == Expr::Op::member_bytes;
    const std::uint64_t at =
        is_member ? evaluate(*place.a, *this) + place.offset : evaluate(place, *this);
    const std::uint64_t most = room(at);
    if (most == 0) return false;
    const char* const begin = memory(at);
    out.assign(begin, strnlen(begin, std::min<std::uint64_t>(count, most)));
    return true;
  }

 private:
  static const char* memory(std::uint64_t at) {
    return reinterpret_cast<const char*>(at);  // NOLINT(performance-no-int-to-ptr): an address
  }
  // How many bytes can be read at an address.
  std::uint64_t room(std::uint64_t at) const {
    for (const auto& [begin, size] : readable) {
      const std::uint64_t first = address(begin);
      if (at >= first && at < first + size) return first + size - at;
    }
    return 0;
  }
};

}  // namespace swerve::fake
