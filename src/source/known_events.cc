#include "source/known_events.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <unordered_map>
#include <utility>

#include "swerve/base/check.h"

namespace swerve {

namespace {

constexpr std::size_t kLongestComm = 15;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

/// Where the field that begins at `at` ends; `at` itself: there is none. For those whose end does
/// not depend on what follows.
const char* end_of(char what, const char* at, const char* end) {
  const char* p = at;
  if (what == 'd') {
    while (p != end && *p == ' ') ++p;
    if (p != end && *p == '-') ++p;
    const char* const digits = p;
    while (p != end && is_digit(*p)) ++p;
    return p != digits ? p : at;
  }
  if (what == 'i') {
    while (p != end && (is_letter(*p) || is_digit(*p) || *p == '_' || *p == '.' || *p == '+')) ++p;
    return p;
  }
  if (what == 'f') {
    const std::string_view rest(at, static_cast<std::size_t>(end - at));
    return rest == " (final)" || rest == " " ? end : at;
  }
  if (what == 'h') {
    while (p != end && (is_digit(*p) || ((*p | 0x20) >= 'a' && (*p | 0x20) <= 'f'))) ++p;
    return p;
  }
  while (p != end && *p != ' ') ++p;  // w, x, b, p
  return p;
}

/// The letters of trace-cmd's plugin, as the kernel has them today.
std::string_view plugin_state(std::string_view letter) {
  if (letter == "R") return "R?";  // or preempted: nothing is printed then, either
  if (letter == "W") return "I";
  if (letter == "x") return "P";
  return letter;
}

/// An entry ends in '*' for all events whose names begin so.
struct Printed {
  std::string_view event;
  std::vector<std::string_view> forms;
};

const std::vector<Printed>& table() {
  static constexpr std::string_view kTask = "comm={comm:u} pid={pid:d} prio={prio:d}";
  static constexpr std::string_view kWakeup =
      "comm={comm:u} pid={pid:d} prio={prio:d} target_cpu={target_cpu:d}";
  static constexpr std::string_view kOldWakeup =
      "comm={comm:u} pid={pid:d} prio={prio:d} success={success:d} target_cpu={target_cpu:d}";
  static constexpr std::string_view kPluginWakeup =
      "{comm:u}:{pid:d} [{prio:d}] CPU:{target_cpu:d}";
  static constexpr std::string_view kOldPluginWakeup =
      "{comm:u}:{pid:d} [{prio:d}] success={success:d} CPU:{target_cpu:d}";
  static constexpr std::string_view kDelay = "comm={comm:u} pid={pid:d} delay={delay:d} [ns]";
  static constexpr std::string_view kRawDelay = "comm={comm:u} pid={pid:d} delay={delay:d}";
  static constexpr std::string_view kPrint = "{ip:i}: {buf:s}";
  static constexpr std::string_view kRawPrint = "ip={ip:i} buf={buf:s}";
  static const std::vector<Printed> events{
      {"sched_switch",
       {"prev_comm={prev_comm:u} prev_pid={prev_pid:d} prev_prio={prev_prio:d} "
        "prev_state={prev_state:w} ==> next_comm={next_comm:u} next_pid={next_pid:d} "
        "next_prio={next_prio:d}",
        "prev_comm={prev_comm:u} prev_pid={prev_pid:d} prev_prio={prev_prio:d} "
        "prev_state={prev_state:d} next_comm={next_comm:u} next_pid={next_pid:d} "
        "next_prio={next_prio:d}",
        "{prev_comm:c}:{prev_pid:d} [{prev_prio:d}] {prev_state:p} ==> "
        "{next_comm:u}:{next_pid:d} [{next_prio:d}]"}},
      {"sched_wakeup", {kWakeup, kOldWakeup, kPluginWakeup, kOldPluginWakeup}},
      {"sched_wakeup_new", {kWakeup, kOldWakeup, kPluginWakeup, kOldPluginWakeup}},
      {"sched_waking", {kWakeup, kOldWakeup, kPluginWakeup, kOldPluginWakeup}},
      {"sched_migrate_task",
       {"comm={comm:u} pid={pid:d} prio={prio:d} orig_cpu={orig_cpu:d} dest_cpu={dest_cpu:d}"}},
      {"sched_process_free", {kTask}},
      {"sched_wait_task", {kTask}},
      {"sched_process_wait", {kTask}},
      {"sched_process_exit",
       {kTask, "comm={comm:u} pid={pid:d} prio={prio:d} group_dead={group_dead:b}"}},
      {"sched_process_fork",
       {"comm={parent_comm:u} pid={parent_pid:d} child_comm={child_comm:u} "
        "child_pid={child_pid:d}",
        "parent_comm={parent_comm:u} parent_pid={parent_pid:d} child_comm={child_comm:u} "
        "child_pid={child_pid:d}"}},
      {"sched_process_exec", {"filename={filename:s} pid={pid:d} old_pid={old_pid:d}"}},
      {"sched_process_hang", {"comm={comm:u} pid={pid:d}"}},
      {"sched_pi_setprio", {"comm={comm:u} pid={pid:d} oldprio={oldprio:d} newprio={newprio:d}"}},
      {"sched_stat_wait", {kDelay, kRawDelay}},
      {"sched_stat_sleep", {kDelay, kRawDelay}},
      {"sched_stat_iowait", {kDelay, kRawDelay}},
      {"sched_stat_blocked", {kDelay, kRawDelay}},
      {"sched_stat_runtime",
       {"comm={comm:u} pid={pid:d} runtime={runtime:d} [ns]",
        "comm={comm:u} pid={pid:d} runtime={runtime:d}",
        "comm={comm:u} pid={pid:d} runtime={runtime:d} [ns] vruntime={vruntime:d} [ns]",
        "comm={comm:u} pid={pid:d} runtime={runtime:d} vruntime={vruntime:d}"}},
      {"task_newtask",
       {"pid={pid:d} comm={comm:u} clone_flags={clone_flags:x} "
        "oom_score_adj={oom_score_adj:d}"}},
      {"task_rename",
       {"pid={pid:d} oldcomm={oldcomm:c} newcomm={newcomm:u} oom_score_adj={oom_score_adj:d}",
        "oldcomm={oldcomm:c} newcomm={newcomm:u} oom_score_adj={oom_score_adj:d}"}},
      {"signal_generate",
       {"sig={sig:d} errno={errno:d} code={code:d} comm={comm:u} pid={pid:d} grp={group:d} "
        "res={result:d}",
        "sig={sig:d} errno={errno:d} code={code:d} comm={comm:u} pid={pid:d} group={group:d} "
        "result={result:d}"}},
      {"sys_enter",
       {"NR {id:d} ({args[0]:h}, {args[1]:h}, {args[2]:h}, {args[3]:h}, {args[4]:h}, {args[5]:h})",
        "id={id:d} args=*"}},
      {"sys_exit", {"NR {id:d} = {ret:d}", "id={id:d} ret={ret:d}"}},
      {"print", {kPrint, kRawPrint}},
      {"bprint", {kPrint, kRawPrint}},
      {"bputs", {kPrint, kRawPrint}},
      // The kernel's runtime verification (rv.h).
      {"event_*",
       {"{id:d}: {state:w} x {event:w} -> {next_state:w}{final_state:f}",
        "{state:w} x {event:w} -> {next_state:w}{final_state:f}",
        "id={id:d} state={state:w} event={event:w} next_state={next_state:w} "
        "final_state={final_state:b}",
        "state={state:w} event={event:w} next_state={next_state:w} final_state={final_state:b}"}},
      {"error_*",
       {"{id:d}: event {event:w} not expected in the state {state:w}",
        "event {event:w} not expected in the state {state:w}",
        "id={id:d} state={state:w} event={event:w}", "state={state:w} event={event:w}"}},
  };
  return events;
}

/// An empty event: whatever the event is.
struct Hexadecimal {
  std::string_view event, field;
};
constexpr std::array kHexadecimal{
    Hexadecimal{"", "clone_flags"},
    Hexadecimal{"", "sa_handler"},
    Hexadecimal{"", "sa_flags"},
    Hexadecimal{"", "dma_addr"},
    Hexadecimal{"", "phys_addr"},
    Hexadecimal{"", "dev_addr"},
    Hexadecimal{"", "dma_mask"},
    Hexadecimal{"", "addr"},
    Hexadecimal{"", "pte"},
    Hexadecimal{"", "pmd"},
    Hexadecimal{"", "vm_start"},
    Hexadecimal{"", "vm_end"},
    Hexadecimal{"", "numa_scan_offset"},
    Hexadecimal{"", "sock_cookie"},
    Hexadecimal{"", "csum"},
    Hexadecimal{"", "groupmask"},
    Hexadecimal{"", "childmask"},
    Hexadecimal{"", "group_active"},
    Hexadecimal{"", "child_active"},
    Hexadecimal{"tmigr_", "active"},
    Hexadecimal{"tmigr_", "migrator"},
    Hexadecimal{"mm_filemap_", "ino"},
    Hexadecimal{"page_cache_", "ino"},
    Hexadecimal{"qdisc_", "parent"},
    Hexadecimal{"qdisc_", "handle"},
    Hexadecimal{"io_uring_", "addr3"},
};

}  // namespace

PrintedForm::PrintedForm(std::string_view form) {
  more_may_follow_ = form.ends_with('*');
  if (more_may_follow_) form.remove_suffix(1);
  for (bool last = false; !last;) {
    const std::size_t open = std::min(form.find('{'), form.size());
    const std::size_t colon = form.find(':', open);
    last = open == form.size();
    Part part;
    part.before.text = form.substr(0, open);
    const std::size_t fast = std::min<std::size_t>(open, sizeof part.before.bytes);
    std::memcpy(part.before.bytes.data(), form.data(), fast);
    std::memset(part.before.mask.data(), 0xff, fast);
    if (!last) {
      part.name = form.substr(open + 1, colon - open - 1);
      part.what = form[colon + 1];
      form.remove_prefix(colon + 3);
    }
    parts_.push_back(std::move(part));
  }
  SWERVE_CHECK(size() <= kMostFields, "more fields than a reading has room for");
}

inline bool PrintedForm::Text::at(const char* place, const char* end) const {
  const auto left = static_cast<std::size_t>(end - place);
  if (left >= sizeof bytes && text.size() <= sizeof bytes) {
    std::array<std::uint64_t, 2> there;
    std::memcpy(there.data(), place, sizeof there);
    return (there[0] & mask[0]) == bytes[0] && (there[1] & mask[1]) == bytes[1];
  }
  return left >= text.size() && std::memcmp(place, text.data(), text.size()) == 0;
}

struct PrintedForm::Reading {
  const char* end;
  Values& first;
  Values now;
  int ways = 0;
};

void PrintedForm::match(Reading& reading, std::size_t part, const char* at) const {
  const char* const end = reading.end;
  for (;; ++part) {
    const Part& p = parts_[part];
    if (!p.before.at(at, end)) return;
    at += p.before.text.size();
    if (p.what == 0) {
      if (at != end && !more_may_follow_) return;
      if (++reading.ways == 1) std::copy_n(reading.now.begin(), part, reading.first.begin());
      return;
    }
    const Text& next = parts_[part + 1].before;
    if (p.what == 'c' || p.what == 'u') {
      const char* const most = at + std::min<std::ptrdiff_t>(kLongestComm, end - at - 1);
      for (const char* value_end = at; value_end <= most && reading.ways < 2; ++value_end) {
        if (*value_end != next.text[0] || !next.at(value_end, end)) continue;
        reading.now[part] = {at, static_cast<std::size_t>(value_end - at)};
        match(reading, part + 1, value_end);
        if (p.what == 'u' && reading.ways != 0) return;
      }
      return;
    }
    const char* value_end = end;
    if (p.what == 's') {
      // What follows, to the end of the text, holds no other text: the last place counts.
      const std::string_view rest(at, static_cast<std::size_t>(end - at));
      const std::size_t last = rest.rfind(next.text);
      if (last == std::string_view::npos) return;
      value_end = at + last;
    } else {
      value_end = end_of(p.what, at, end);
      if (value_end == at && p.what != 'f') return;
    }
    reading.now[part] = {at, static_cast<std::size_t>(value_end - at)};
    at = value_end;
  }
}

int PrintedForm::read(std::string_view said, Values& values) const {
  Reading reading{said.data() + said.size(), values, {}};
  match(reading, 0, said.data());
  return reading.ways;
}

FoundField PrintedForm::field(std::size_t number, const Values& values, bool by_trace_cmd) const {
  const Part& part = parts_[number];
  std::string_view value = values[number];
  switch (part.what) {
    case 'd':
      value.remove_prefix(value.find_first_not_of(' '));
      break;
    case 'x':
      return hexadecimal(part.name, value, by_trace_cmd);
    case 'h':
      return hexadecimal(part.name, value, false);
    case 'b':
      if (value == "true") value = "1";
      if (value == "false") value = "0";
      break;
    case 'f':
      value = value.size() > 1 ? "1" : "0";
      break;
    case 'p':
      value = plugin_state(value);
      break;
    default:
      break;
  }
  FoundField out{part.name};
  out.text = value;
  return out;
}

bool PrintedForm::all_in(std::span<const FoundField> fields) const {
  return std::all_of(parts_.begin(), parts_.end(), [&](const Part& part) {
    if (part.what == 0) return true;
    return std::any_of(fields.begin(), fields.end(), [&](const FoundField& field) {
      if (field.name != part.name) return false;
      if (part.what == 's') return true;
      if (part.what == 'c' || part.what == 'u') return field.text.size() <= kLongestComm;
      const char* const end = field.text.data() + field.text.size();
      return !field.text.empty() && end_of(part.what, field.text.data(), end) == end;
    });
  });
}

KnownForms known_forms(std::string_view event) {
  struct Forms {
    std::unordered_map<std::string_view, std::vector<PrintedForm>> whole;
    std::vector<std::pair<std::string_view, std::vector<PrintedForm>>> beginnings;
  };
  static const Forms forms = [] {
    Forms out;
    for (const Printed& printed : table()) {
      std::vector<PrintedForm> compiled(printed.forms.begin(), printed.forms.end());
      if (printed.event.ends_with('*')) {
        out.beginnings.emplace_back(printed.event.substr(0, printed.event.size() - 1),
                                    std::move(compiled));
      } else {
        out.whole.emplace(printed.event, std::move(compiled));
      }
    }
    return out;
  }();
  if (const auto found = forms.whole.find(event); found != forms.whole.end()) {
    return {found->second, false};
  }
  for (const auto& [beginning, compiled] : forms.beginnings) {
    if (event.starts_with(beginning)) return {compiled, true};
  }
  return {};
}

bool is_printed_hexadecimal(std::string_view event, std::string_view field) {
  return std::any_of(kHexadecimal.begin(), kHexadecimal.end(), [&](const Hexadecimal& h) {
    return h.field == field && event.starts_with(h.event);
  });
}

FoundField hexadecimal(std::string_view name, std::string_view word, bool by_trace_cmd) {
  FoundField field{name, RecordedField::Form::integer};
  const bool marked = word.starts_with("0x") || word.starts_with("0X");
  if (marked) word.remove_prefix(2);
  field.unknown = word.empty() || word.size() > 16 || (by_trace_cmd && !marked);
  for (const char c : word) {
    const int digit = is_digit(c) ? c - '0' : is_letter(c) ? (c | 0x20) - 'a' + 10 : 16;
    field.unknown = field.unknown || digit > 15;
    field.number = field.number << 4 | static_cast<std::uint64_t>(digit & 15);
  }
  if (field.unknown) field.number = 0;
  return field;
}

}  // namespace swerve
