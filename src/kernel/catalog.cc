#include "kernel/catalog.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/text.h"
#include "base/unique_fd.h"
#include "bind/syscalls.h"
#include "swerve/base/diagnostic.h"

namespace swerve {

namespace {
constexpr std::string_view kTracePrefix = "btf_trace_";
constexpr std::string_view kIterPrefix = "__traceiter_";

// Types that the kernel's BTF does not have: what the arguments of system calls point to.
constexpr std::uint32_t kUserChar = 0xfff00000;   // char *, into the user's process
constexpr std::uint32_t kUserOther = 0xfff00001;  // another pointer into the user's process
constexpr std::uint32_t kPlainChar = 0xfff00002;
constexpr std::uint32_t kLong = 0xfff00003;          // what a system call returns
constexpr std::uint32_t kUnsignedLong = 0xfff00004;  // an argument of a type that we cannot name

// A TypeId holds the number of the module (0: the kernel itself) and the id in its BTF. A module's
// ids begin where the kernel's end, so an id below that is the kernel's, whoever names it.
constexpr unsigned kModuleShift = 20;
constexpr std::uint32_t kIdMask = (1U << kModuleShift) - 1;
constexpr std::size_t kModulesMax = 0xffe;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// What has a name, by name. They are many: so they stand in order, which takes half of the memory
/// of a hash table.
template <typename What>
class ByName {
 public:
  void add(std::string_view name, What what) { all_.emplace_back(name, what); }
  /// To be called when all have been added, and before anything is looked up. Of those with one
  /// name the first remains.
  void sort() {
    std::ranges::stable_sort(all_, {}, [](const auto& one) { return one.first; });
    all_.erase(std::unique(all_.begin(), all_.end(),
                           [](const auto& a, const auto& b) { return a.first == b.first; }),
               all_.end());
    all_.shrink_to_fit();
  }
  auto find(std::string_view name) const {
    const auto at =
        std::ranges::lower_bound(all_, name, {}, [](const auto& one) { return one.first; });
    return at != all_.end() && at->first == name ? at : all_.end();
  }
  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }

 private:
  std::vector<std::pair<std::string_view, What>> all_;
};
}  // namespace

struct KernelCatalog::State {
  btf* kernel = nullptr;
  std::uint32_t kernel_types = 0;
  bool modules_read = false;
  std::vector<std::pair<std::string, btf*>> modules;  // number 1 stands first
  TypeId task{};
  // By name, of everything that we look up by name.
  ByName<std::uint32_t> tracepoints, iterators, functions, records, typedefs, integers;
  ByName<std::pair<std::uint32_t, std::int64_t>> enumerators;

  ~State() {
    for (const auto& [module, types] : modules) ::btf__free(types);
    ::btf__free(kernel);
  }

  const btf* types_of(std::uint32_t id) const {
    const std::uint32_t module = id >> kModuleShift;
    return module == 0 ? kernel : module <= modules.size() ? modules[module - 1].second : nullptr;
  }
  /// The name at `offset`, as the type `id` has it.
  std::string_view name(std::uint32_t id, std::uint32_t offset) const {
    const btf* const types = types_of(id);
    const char* s = types != nullptr ? ::btf__name_by_offset(types, offset) : nullptr;
    return s != nullptr ? s : "";
  }
  const btf_type* at(std::uint32_t id) const {
    const btf* const types = types_of(id);
    return types != nullptr ? ::btf__type_by_id(types, id & kIdMask) : nullptr;
  }
  /// The type that `from` means by `id`.
  std::uint32_t via(std::uint32_t from, std::uint32_t id) const {
    return id < kernel_types ? id : (from & ~kIdMask) | id;
  }
  // Without const, volatile, typedef and tags. Sets `user` when a tag says so.
  std::uint32_t resolved(std::uint32_t id, bool* user = nullptr) const {
    for (int steps = 0; steps < 64; ++steps) {
      const btf_type* t = at(id);
      if (t == nullptr) return 0;
      if (btf_is_type_tag(t) && user != nullptr && name(id, t->name_off) == "user") *user = true;
      if (!btf_is_mod(t) && !btf_is_typedef(t) && !btf_is_type_tag(t)) return id;
      id = via(id, t->type);
    }
    return 0;
  }
  std::string type_text(std::uint32_t id, int depth = 0) const;
  void read_names(std::uint32_t module);
  void sort_names();
  void read_modules();
  AttachPoint point(std::uint32_t id) const {
    const std::uint32_t module = id >> kModuleShift;
    return {id & kIdMask, module == 0 ? std::string() : modules[module - 1].first, -1};
  }
  // The id behind `name` in one of the tables above; the modules are read when the kernel lacks it.
  std::uint32_t find(const ByName<std::uint32_t>& table, std::string_view name) {
    if (const auto at_kernel = table.find(name); at_kernel != table.end()) return at_kernel->second;
    read_modules();
    const auto at_module = table.find(name);
    return at_module != table.end() ? at_module->second : 0;
  }
  bool find_member(std::uint32_t record, std::string_view wanted, std::uint32_t base, Member& out,
                   int depth) const;
  void list_members(std::uint32_t record, std::vector<std::string>& out, int depth) const;
  std::uint32_t syscall_type(std::string_view text) const;
  Result<Signature> syscall_signature(const Probe& probe) const;
  Result<Signature> function_signature(const Probe& probe);
  Result<Signature> tracepoint_signature(const Probe& probe);
};

std::string KernelCatalog::State::type_text(std::uint32_t id, int depth) const {
  if (id == 0 || depth > 16) return "void";
  if (id == kUserChar) return "char *";
  if (id == kUserOther) return "void *";
  if (id == kPlainChar) return "char";
  if (id == kLong) return "long";
  if (id == kUnsignedLong) return "unsigned long";
  const btf_type* t = at(id);
  if (t == nullptr) return "?";
  const std::string own(name(id, t->name_off));
  switch (btf_kind(t)) {
    case BTF_KIND_INT:
      if (own == "long unsigned int") return "unsigned long";
      if (own == "long int") return "long";
      if (own == "_Bool") return "bool";
      return own;
    case BTF_KIND_FLOAT:
    case BTF_KIND_TYPEDEF:
      return own;
    case BTF_KIND_CONST:
      return "const " + type_text(via(id, t->type), depth + 1);
    case BTF_KIND_VOLATILE:
    case BTF_KIND_RESTRICT:
    case BTF_KIND_TYPE_TAG:
      return type_text(via(id, t->type), depth + 1);
    case BTF_KIND_STRUCT:
      return own.empty() ? "struct" : "struct " + own;
    case BTF_KIND_UNION:
      return own.empty() ? "union" : "union " + own;
    case BTF_KIND_FWD:
      return "struct " + own;
    case BTF_KIND_ENUM:
    case BTF_KIND_ENUM64:
      return own.empty() ? "enum" : "enum " + own;
    case BTF_KIND_PTR: {
      const std::string target = type_text(via(id, t->type), depth + 1);
      return target + (target.back() == '*' ? "*" : " *");
    }
    case BTF_KIND_ARRAY:
      return cat(type_text(via(id, btf_array(t)->type), depth + 1), "[", btf_array(t)->nelems, "]");
    case BTF_KIND_FUNC_PROTO:
      return "function";
    default:
      return "?";
  }
}

// Of the kernel itself (module 0) or of one module.
void KernelCatalog::State::read_names(std::uint32_t module) {
  const std::uint32_t first = module == 0 ? 1 : kernel_types;
  const std::uint32_t end = ::btf__type_cnt(types_of(module << kModuleShift));
  for (std::uint32_t number = first; number < end; ++number) {
    const std::uint32_t id = module << kModuleShift | number;
    const btf_type* t = at(id);
    const std::string_view own = name(id, t->name_off);
    switch (btf_kind(t)) {
      case BTF_KIND_TYPEDEF:
        if (own.substr(0, kTracePrefix.size()) == kTracePrefix) {
          tracepoints.add(own.substr(kTracePrefix.size()), id);
        } else {
          typedefs.add(own, id);
        }
        break;
      case BTF_KIND_FUNC:
        if (own.substr(0, kIterPrefix.size()) == kIterPrefix) {
          iterators.add(own.substr(kIterPrefix.size()), id);
        } else {
          functions.add(own, id);
        }
        break;
      case BTF_KIND_STRUCT:
      case BTF_KIND_UNION:
        if (!own.empty()) records.add(own, id);
        break;
      case BTF_KIND_INT:
        integers.add(own, id);
        break;
      case BTF_KIND_ENUM:
        for (std::uint32_t i = 0; i < btf_vlen(t); ++i) {
          const struct btf_enum& e = btf_enum(t)[i];
          const std::int64_t value =
              btf_kflag(t) ? std::int64_t{e.val} : std::int64_t{static_cast<std::uint32_t>(e.val)};
          enumerators.add(name(id, e.name_off), std::pair{id, value});
        }
        break;
      case BTF_KIND_ENUM64:
        for (std::uint32_t i = 0; i < btf_vlen(t); ++i) {
          const struct btf_enum64& e = btf_enum64(t)[i];
          enumerators.add(name(id, e.name_off),
                          std::pair{id, static_cast<std::int64_t>(btf_enum64_value(&e))});
        }
        break;
      default:
        break;
    }
  }
}

void KernelCatalog::State::sort_names() {
  for (auto* const names : {&tracepoints, &iterators, &functions, &records, &typedefs, &integers}) {
    names->sort();
  }
  enumerators.sort();
}

void KernelCatalog::State::read_modules() {
  if (modules_read) return;
  modules_read = true;
  std::vector<std::string> names;
  if (DIR* const folder = ::opendir("/sys/kernel/btf"); folder != nullptr) {
    while (const dirent* const entry = ::readdir(folder)) {
      const std::string name = entry->d_name;
      if (name[0] != '.' && name != "vmlinux") names.push_back(name);
    }
    ::closedir(folder);
  }
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    btf* const types = ::btf__parse_split(("/sys/kernel/btf/" + name).c_str(), kernel);
    if (types == nullptr || modules.size() >= kModulesMax) continue;  // unloaded just now
    modules.emplace_back(name, types);
    read_names(static_cast<std::uint32_t>(modules.size()));
  }
  sort_names();
}

namespace {

/// The kernel's types. Where the file can be mapped (Linux 6.16), libbpf copies them from there; it
/// would else hold them twice for a moment. Null: errno says why.
btf* load_kernel_types() {
  const UniqueFd file(::open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC));
  struct stat about = {};
  if (file.get() < 0 || ::fstat(file.get(), &about) != 0) return ::btf__load_vmlinux_btf();
  const auto size = static_cast<std::size_t>(about.st_size);
  void* const at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (at == MAP_FAILED) return ::btf__load_vmlinux_btf();
  btf* const types = ::btf__new(at, static_cast<std::uint32_t>(size));
  ::munmap(at, size);
  return types != nullptr ? types : ::btf__load_vmlinux_btf();
}

}  // namespace

KernelCatalog::KernelCatalog(std::unique_ptr<State> state) : state_(std::move(state)) {}
KernelCatalog::~KernelCatalog() = default;

Result<std::unique_ptr<KernelCatalog>> KernelCatalog::load() {
  ::libbpf_set_print(nullptr);  // our error says it
  auto state = std::make_unique<State>();
  state->kernel = load_kernel_types();
  if (state->kernel == nullptr) {
    const int why = errno;
    return Error(ErrorCode::unsupported,
                 cat("cannot read the kernel's type information (/sys/kernel/btf/vmlinux): ",
                     std::strerror(why), "; a kernel built with CONFIG_DEBUG_INFO_BTF has it"),
                 why);
  }
  state->kernel_types = ::btf__type_cnt(state->kernel);
  if (state->kernel_types > kIdMask) {
    return Error(ErrorCode::unsupported, "the kernel's type information has too many types");
  }
  state->read_names(0);
  state->sort_names();
  const auto task = state->records.find("task_struct");
  if (task != state->records.end()) state->task = TypeId(task->second);
  return std::unique_ptr<KernelCatalog>(new KernelCatalog(std::move(state)));
}

Type KernelCatalog::type(TypeId id) const {
  const auto raw_id = static_cast<std::uint32_t>(id);
  Type out;
  out.name = state_->type_text(raw_id);
  const auto integer = [&](std::uint32_t bytes, bool is_signed, bool is_char) {
    out.kind = Type::Kind::integer;
    out.bytes = bytes;
    out.is_signed = is_signed;
    out.is_char = is_char;
    return out;
  };
  if (raw_id == kPlainChar) return integer(1, true, true);
  if (raw_id == kLong) return integer(8, true, false);
  if (raw_id == kUnsignedLong) return integer(8, false, false);
  if (raw_id == kUserChar || raw_id == kUserOther) {
    out.kind = Type::Kind::pointer;
    out.bytes = 8;
    out.user = true;
    out.target = raw_id == kUserChar ? TypeId(kPlainChar) : kVoid;
    return out;
  }
  const std::uint32_t resolved = state_->resolved(raw_id);
  const btf_type* t = resolved != 0 ? state_->at(resolved) : nullptr;
  if (t == nullptr) return out;
  switch (btf_kind(t)) {
    case BTF_KIND_INT: {
      const auto encoding = btf_int_encoding(t);
      const std::string_view own = state_->name(resolved, t->name_off);
      integer(t->size, (encoding & BTF_INT_SIGNED) != 0,
              t->size == 1 && own.find("char") != std::string_view::npos);
      if ((encoding & BTF_INT_BOOL) != 0) out.kind = Type::Kind::boolean;
      if (t->size > 8) out.kind = Type::Kind::other;
      return out;
    }
    case BTF_KIND_ENUM:
    case BTF_KIND_ENUM64:
      out.kind = Type::Kind::enumeration;
      out.bytes = t->size;
      out.is_signed = btf_kflag(t);
      return out;
    case BTF_KIND_PTR: {
      out.kind = Type::Kind::pointer;
      out.bytes = 8;
      bool user = false;
      out.target = TypeId(state_->resolved(state_->via(resolved, t->type), &user));
      out.user = user;
      return out;
    }
    case BTF_KIND_STRUCT:
    case BTF_KIND_UNION:
      out.kind = Type::Kind::record;
      out.bytes = t->size;
      out.name = state_->type_text(resolved);
      return out;
    case BTF_KIND_ARRAY: {
      out.kind = Type::Kind::array;
      out.count = btf_array(t)->nelems;
      out.target = TypeId(state_->resolved(state_->via(resolved, btf_array(t)->type)));
      const std::int64_t bytes =
          ::btf__resolve_size(state_->types_of(resolved), resolved & kIdMask);
      out.bytes = bytes > 0 ? static_cast<std::uint32_t>(bytes) : 0;
      return out;
    }
    case BTF_KIND_FLOAT:
      out.kind = Type::Kind::other;
      return out;
    default:
      return out;
  }
}

bool KernelCatalog::State::find_member(std::uint32_t record, std::string_view wanted,
                                       std::uint32_t base, Member& out, int depth) const {
  const btf_type* t = at(record);
  if (t == nullptr || depth > 16 || !(btf_is_struct(t) || btf_is_union(t))) return false;
  for (std::uint32_t i = 0; i < btf_vlen(t); ++i) {
    const btf_member& m = btf_members(t)[i];
    const std::uint32_t offset = base + btf_member_bit_offset(t, i);
    const std::string_view own = name(record, m.name_off);
    if (own == wanted) {
      out = {std::string(own), TypeId(via(record, m.type)), offset, btf_member_bitfield_size(t, i)};
      return true;
    }
    if (own.empty() && find_member(resolved(via(record, m.type)), wanted, offset, out, depth + 1))
      return true;
  }
  return false;
}

std::optional<Member> KernelCatalog::member(TypeId record, std::string_view wanted) const {
  Member out;
  const std::uint32_t id = state_->resolved(static_cast<std::uint32_t>(record));
  if (id == 0 || wanted.empty() || !state_->find_member(id, wanted, 0, out, 0)) return std::nullopt;
  return out;
}

void KernelCatalog::State::list_members(std::uint32_t record, std::vector<std::string>& out,
                                        int depth) const {
  const btf_type* t = at(record);
  if (t == nullptr || depth > 16 || !(btf_is_struct(t) || btf_is_union(t))) return;
  for (std::uint32_t i = 0; i < btf_vlen(t); ++i) {
    const btf_member& m = btf_members(t)[i];
    const std::string_view own = name(record, m.name_off);
    if (!own.empty()) {
      out.emplace_back(own);
    } else {
      list_members(resolved(via(record, m.type)), out, depth + 1);
    }
  }
}

std::vector<std::string> KernelCatalog::member_names(TypeId record) const {
  std::vector<std::string> out;
  state_->list_members(state_->resolved(static_cast<std::uint32_t>(record)), out, 0);
  return out;
}

std::optional<Enumerator> KernelCatalog::enumerator(std::string_view wanted) const {
  const auto found = state_->enumerators.find(wanted);
  if (found == state_->enumerators.end()) return std::nullopt;
  return Enumerator{found->second.second, TypeId(found->second.first)};
}

TypeId KernelCatalog::task_struct() const { return state_->task; }

std::uint32_t KernelCatalog::State::syscall_type(std::string_view text) const {
  if (text.find('*') != std::string_view::npos) {
    const std::string_view target = trimmed(text.substr(0, text.find('*')));
    return target == "const char" || target == "char" ? kUserChar : kUserOther;
  }
  std::string wanted(text);
  if (wanted.substr(0, 6) == "const ") wanted.erase(0, 6);
  if (wanted == "unsigned long") return kUnsignedLong;
  if (wanted == "long") return kLong;
  if (wanted == "unsigned") wanted = "unsigned int";
  if (wanted.substr(0, 5) == "enum ") wanted = "unsigned int";
  if (const auto i = integers.find(wanted); i != integers.end()) return i->second;
  if (const auto t = typedefs.find(wanted); t != typedefs.end()) {
    const btf_type* resolved_type = at(resolved(t->second));
    if (resolved_type != nullptr && btf_is_ptr(resolved_type)) return kUserOther;
    return t->second;
  }
  return kUnsignedLong;  // the whole register
}

Result<Signature> KernelCatalog::State::syscall_signature(const Probe& probe) const {
  const Syscall* call = find_syscall(probe.name);
  if (call == nullptr) {
    std::vector<std::string> names;
    for (const Syscall& c : all_syscalls()) names.emplace_back(c.name);
    return Error(ErrorCode::not_found,
                 cat("no system call '", escape(probe.name), "'", near_miss(probe.name, names)));
  }
  Signature out{std::string(call->name), {}};
  std::string_view rest = call->arguments;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(", ");
    const std::string_view one = rest.substr(0, comma);
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 2);
    const std::size_t name_at = one.find_last_of(" *") + 1;
    out.parameters.push_back(
        {std::string(one.substr(name_at)), TypeId(syscall_type(trimmed(one.substr(0, name_at))))});
  }
  if (probe.kind == Probe::Kind::syscall_exit) out.parameters.push_back({"ret", TypeId(kLong)});
  return out;
}

namespace {
template <typename Table>
std::vector<std::string> names_of(const Table& table) {
  std::vector<std::string> out;
  for (const auto& [name, id] : table) out.emplace_back(name);
  std::sort(out.begin(), out.end());
  return out;
}
}  // namespace

Result<Signature> KernelCatalog::State::function_signature(const Probe& probe) {
  const std::uint32_t id = find(functions, probe.name);
  if (id == 0) {
    return Error(ErrorCode::not_found, cat("no kernel function '", escape(probe.name), "' here",
                                           near_miss(probe.name, names_of(functions))));
  }
  Signature out{probe.name, {}};
  const std::uint32_t proto_id = via(id, at(id)->type);
  const btf_type* proto = at(proto_id);
  for (std::uint32_t i = 0; i < btf_vlen(proto); ++i) {
    const btf_param& p = btf_params(proto)[i];
    out.parameters.push_back({std::string(name(proto_id, p.name_off)), TypeId(via(id, p.type))});
  }
  if (probe.kind == Probe::Kind::fexit && proto->type != 0) {
    out.parameters.push_back({"ret", TypeId(via(id, proto->type))});
  }
  return out;
}

Result<Signature> KernelCatalog::State::tracepoint_signature(const Probe& probe) {
  const std::uint32_t id = find(tracepoints, probe.name);
  if (id == 0) {
    return Error(ErrorCode::not_found, cat("no tracepoint '", escape(probe.name), "' here",
                                           near_miss(probe.name, names_of(tracepoints))));
  }
  // BTF knows no categories; tracefs does, where we may read it.
  const std::string folder = cat("/sys/kernel/tracing/events/", probe.category);
  if (!probe.category.empty() && ::access("/sys/kernel/tracing/events/sched", X_OK) == 0 &&
      ::access(cat(folder, "/", probe.name).c_str(), F_OK) != 0) {
    return Error(ErrorCode::not_found, cat("tracepoint '", probe.name, "' is not of the category '",
                                           escape(probe.category), "'; leave the category out"));
  }
  // typedef -> pointer -> prototype; the first parameter is the probe's own data.
  const btf_type* pointer = at(via(id, at(id)->type));
  const btf_type* proto = pointer != nullptr ? at(via(id, pointer->type)) : nullptr;
  if (proto == nullptr || !btf_is_func_proto(proto)) {
    return Error(ErrorCode::unsupported,
                 cat("the kernel's types of tracepoint '", probe.name, "' make no sense"));
  }
  const btf_type* names = nullptr;
  std::uint32_t names_id = 0;
  if (const auto it = iterators.find(probe.name); it != iterators.end()) {
    names_id = via(it->second, at(it->second)->type);
    names = at(names_id);
  }
  if (names != nullptr && btf_vlen(names) != btf_vlen(proto)) names = nullptr;
  Signature out{probe.name, {}};
  for (std::uint32_t i = 1; i < btf_vlen(proto); ++i) {
    std::string own;
    if (names != nullptr) own = std::string(name(names_id, btf_params(names)[i].name_off));
    out.parameters.push_back({own, TypeId(via(id, btf_params(proto)[i].type))});
  }
  return out;
}

Result<Signature> KernelCatalog::signature(const Probe& probe) const {
  switch (probe.kind) {
    case Probe::Kind::syscall_enter:
    case Probe::Kind::syscall_exit:
      return state_->syscall_signature(probe);
    case Probe::Kind::fentry:
    case Probe::Kind::fexit:
      return state_->function_signature(probe);
    case Probe::Kind::inproc:
      return Error(ErrorCode::unsupported, cat("'", escape(probe.text()),
                                               "' is a tracepoint of a program, which only a "
                                               "monitor in that program can see"));
    case Probe::Kind::tracepoint:
      break;
  }
  return state_->tracepoint_signature(probe);
}

Result<AttachPoint> KernelCatalog::attach_point(const Probe& probe) const {
  SWERVE_TRY(signature(probe));
  AttachPoint out;
  switch (probe.kind) {
    case Probe::Kind::syscall_enter:
    case Probe::Kind::syscall_exit: {
      const char* name = probe.kind == Probe::Kind::syscall_enter ? "sys_enter" : "sys_exit";
      const auto found = state_->tracepoints.find(name);
      if (found == state_->tracepoints.end()) {
        return Error(ErrorCode::unsupported, cat("this kernel has no tracepoint '", name, "'"));
      }
      out.btf_id = found->second;
      out.syscall_nr = find_syscall(probe.name)->number;
      return out;
    }
    case Probe::Kind::fentry:
    case Probe::Kind::fexit:
      return state_->point(state_->functions.find(probe.name)->second);
    case Probe::Kind::inproc:  // has no signature here
    case Probe::Kind::tracepoint:
      break;
  }
  return state_->point(state_->tracepoints.find(probe.name)->second);
}

std::vector<ProbeLine> KernelCatalog::probes(std::string_view pattern) const {
  std::vector<ProbeLine> out;
  state_->read_modules();
  const std::string wanted(pattern);
  const bool wild = wanted.find_first_of("*?[") != std::string::npos;
  const auto fits = [&](const Probe& probe) {
    const std::string text = probe.text();
    if (wanted.empty()) return true;
    if (!wild) return text.find(wanted) != std::string::npos;
    return ::fnmatch(wanted.c_str(), text.c_str(), 0) == 0 ||
           ::fnmatch(wanted.c_str(), probe.name.c_str(), 0) == 0;
  };
  const auto add = [&](Probe::Kind kind, std::string_view name) {
    Probe probe{kind, "", std::string(name)};
    if (!fits(probe)) return;
    const Result<Signature> s = signature(probe);
    if (!s) return;
    std::vector<std::string> parameters;
    for (std::size_t i = 0; i < s->parameters.size(); ++i) {
      const Parameter& p = s->parameters[i];
      const std::string type_name = state_->type_text(static_cast<std::uint32_t>(p.type));
      parameters.push_back(cat(type_name, type_name.back() == '*' ? "" : " ",
                               p.name.empty() ? cat("arg", i) : p.name));
    }
    std::string text = cat(probe.text(), "(", join(parameters), ")");
    out.push_back({std::move(probe), std::move(text)});
  };
  for (const auto& [name, id] : state_->tracepoints) add(Probe::Kind::tracepoint, name);
  for (const Syscall& call : all_syscalls()) {
    add(Probe::Kind::syscall_enter, call.name);
    add(Probe::Kind::syscall_exit, call.name);
  }
  const bool entries = pattern.substr(0, 7) == "fentry:", exits = pattern.substr(0, 6) == "fexit:";
  if (entries || exits) {
    for (const auto& [name, id] : state_->functions) {
      add(entries ? Probe::Kind::fentry : Probe::Kind::fexit, name);
    }
  }
  std::sort(out.begin(), out.end(), [](const ProbeLine& a, const ProbeLine& b) {
    return std::tie(a.probe.kind, a.probe.name) < std::tie(b.probe.kind, b.probe.name);
  });
  return out;
}

std::optional<Member> KernelCatalog::field(std::string_view record, std::string_view path) const {
  const auto found = state_->records.find(record);
  if (found == state_->records.end()) return std::nullopt;
  TypeId at = TypeId(found->second);
  Member out;
  std::uint32_t offset = 0;
  while (!path.empty()) {
    const std::size_t dot = path.find('.');
    const auto m = member(at, path.substr(0, dot));
    if (!m) return std::nullopt;
    path.remove_prefix(dot == std::string_view::npos ? path.size() : dot + 1);
    offset += m->bit_offset;
    out = *m;
    at = m->type;
  }
  out.bit_offset = offset;
  return out;
}

}  // namespace swerve
