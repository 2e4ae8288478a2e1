#include "source/known_events.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <utility>

#include "base/check.h"

namespace swerve {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

std::size_t end_of_digits(std::string_view text, std::size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

/// Where the field that begins at `at` ends; `at` itself: there is none. For those whose end does
/// not depend on what follows.
std::size_t end_of(char what, std::string_view text, std::size_t at) {
  std::size_t end = at;
  switch (what) {
    case 'd':
      while (end < text.size() && text[end] == ' ') ++end;
      if (const std::size_t digits = end + (text.substr(end, 1) == "-" ? 1 : 0);
          end_of_digits(text, digits) > digits) {
        return end_of_digits(text, digits);
      }
      return at;
    case 'i':
      while (end < text.size() && (is_letter(text[end]) || is_digit(text[end]) ||
                                   text[end] == '_' || text[end] == '.' || text[end] == '+')) {
        ++end;
      }
      return end;
    case 'f':
      if (text.substr(at) == " (final)") return text.size();
      return text.substr(at) == " " ? text.size() : at;
    default:  // w, x, b, p
      return std::min(text.find(' ', at), text.size());
  }
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
  static constexpr std::string_view kTask = "comm={comm:c} pid={pid:d} prio={prio:d}";
  static constexpr std::string_view kWakeup =
      "comm={comm:c} pid={pid:d} prio={prio:d} target_cpu={target_cpu:d}";
  static constexpr std::string_view kOldWakeup =
      "comm={comm:c} pid={pid:d} prio={prio:d} success={success:d} target_cpu={target_cpu:d}";
  static constexpr std::string_view kPluginWakeup =
      "{comm:c}:{pid:d} [{prio:d}] CPU:{target_cpu:d}";
  static constexpr std::string_view kOldPluginWakeup =
      "{comm:c}:{pid:d} [{prio:d}] success={success:d} CPU:{target_cpu:d}";
  static constexpr std::string_view kDelay = "comm={comm:c} pid={pid:d} delay={delay:d} [ns]";
  static constexpr std::string_view kRawDelay = "comm={comm:c} pid={pid:d} delay={delay:d}";
  static constexpr std::string_view kPrint = "{ip:i}: {buf:s}";
  static constexpr std::string_view kRawPrint = "ip={ip:i} buf={buf:s}";
  static const std::vector<Printed> events{
      {"sched_switch",
       {"prev_comm={prev_comm:c} prev_pid={prev_pid:d} prev_prio={prev_prio:d} "
        "prev_state={prev_state:w} ==> next_comm={next_comm:c} next_pid={next_pid:d} "
        "next_prio={next_prio:d}",
        "prev_comm={prev_comm:c} prev_pid={prev_pid:d} prev_prio={prev_prio:d} "
        "prev_state={prev_state:d} next_comm={next_comm:c} next_pid={next_pid:d} "
        "next_prio={next_prio:d}",
        "{prev_comm:c}:{prev_pid:d} [{prev_prio:d}] {prev_state:p} ==> "
        "{next_comm:c}:{next_pid:d} [{next_prio:d}]"}},
      {"sched_wakeup", {kWakeup, kOldWakeup, kPluginWakeup, kOldPluginWakeup}},
      {"sched_wakeup_new", {kWakeup, kOldWakeup, kPluginWakeup, kOldPluginWakeup}},
      {"sched_waking", {kWakeup, kOldWakeup, kPluginWakeup, kOldPluginWakeup}},
      {"sched_migrate_task",
       {"comm={comm:c} pid={pid:d} prio={prio:d} orig_cpu={orig_cpu:d} dest_cpu={dest_cpu:d}"}},
      {"sched_process_free", {kTask}},
      {"sched_wait_task", {kTask}},
      {"sched_process_wait", {kTask}},
      {"sched_process_exit",
       {kTask, "comm={comm:c} pid={pid:d} prio={prio:d} group_dead={group_dead:b}"}},
      {"sched_process_fork",
       {"comm={parent_comm:c} pid={parent_pid:d} child_comm={child_comm:c} "
        "child_pid={child_pid:d}",
        "parent_comm={parent_comm:c} parent_pid={parent_pid:d} child_comm={child_comm:c} "
        "child_pid={child_pid:d}"}},
      {"sched_process_exec", {"filename={filename:s} pid={pid:d} old_pid={old_pid:d}"}},
      {"sched_process_hang", {"comm={comm:c} pid={pid:d}"}},
      {"sched_pi_setprio", {"comm={comm:c} pid={pid:d} oldprio={oldprio:d} newprio={newprio:d}"}},
      {"sched_stat_wait", {kDelay, kRawDelay}},
      {"sched_stat_sleep", {kDelay, kRawDelay}},
      {"sched_stat_iowait", {kDelay, kRawDelay}},
      {"sched_stat_blocked", {kDelay, kRawDelay}},
      {"sched_stat_runtime",
       {"comm={comm:c} pid={pid:d} runtime={runtime:d} [ns]",
        "comm={comm:c} pid={pid:d} runtime={runtime:d}",
        "comm={comm:c} pid={pid:d} runtime={runtime:d} [ns] vruntime={vruntime:d} [ns]",
        "comm={comm:c} pid={pid:d} runtime={runtime:d} vruntime={vruntime:d}"}},
      {"task_newtask",
       {"pid={pid:d} comm={comm:c} clone_flags={clone_flags:x} "
        "oom_score_adj={oom_score_adj:d}"}},
      {"task_rename",
       {"pid={pid:d} oldcomm={oldcomm:c} newcomm={newcomm:c} oom_score_adj={oom_score_adj:d}",
        "oldcomm={oldcomm:c} newcomm={newcomm:c} oom_score_adj={oom_score_adj:d}"}},
      {"signal_generate",
       {"sig={sig:d} errno={errno:d} code={code:d} comm={comm:c} pid={pid:d} grp={group:d} "
        "res={result:d}",
        "sig={sig:d} errno={errno:d} code={code:d} comm={comm:c} pid={pid:d} group={group:d} "
        "result={result:d}"}},
      {"sys_enter", {"NR {id:d} ({:-})", "id={id:d} args={:-}"}},
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
  for (;;) {
    const std::size_t open = form.find('{');
    if (open == std::string_view::npos) break;
    const std::size_t colon = form.find(':', open);
    parts_.push_back({std::string(form.substr(0, open)),
                      std::string(form.substr(open + 1, colon - open - 1)), form[colon + 1]});
    form.remove_prefix(colon + 3);
  }
  parts_.push_back({std::string(form), "", 0});
  SWERVE_CHECK(parts_.size() <= kMostParts, "more parts than a reading has room for");
}

struct PrintedForm::Reading {
  std::string_view said;
  int ways = 0;
  std::array<std::string_view, kMostParts> now, first;
};

void PrintedForm::match(Reading& reading, std::size_t part, std::size_t at) const {
  const std::string_view said = reading.said;
  for (;; ++part) {
    const Part& p = parts_[part];
    if (said.compare(at, p.before.size(), p.before) != 0) return;
    at += p.before.size();
    if (p.what == 0) {
      if (at != said.size()) return;
      if (++reading.ways == 1) reading.first = reading.now;
      return;
    }
    const std::string& next = parts_[part + 1].before;
    const bool last = part + 2 == parts_.size() && next.empty();
    if (p.what == 'c' && !last) {
      constexpr std::size_t kLongestComm = 15;
      const std::size_t most = std::min(at + kLongestComm, said.size());
      for (std::size_t end = at; end <= most && reading.ways < 2; ++end) {
        if (end == said.size() || said[end] != next[0]) continue;
        reading.now[part] = said.substr(at, end - at);
        match(reading, part + 1, end);
      }
      return;
    }
    std::size_t end = said.size();
    if (p.what == 's' || p.what == '-') {
      // What follows it, to the end of the text, holds no other text: the last place counts.
      if (!last) end = said.rfind(next);
      if (end == std::string_view::npos || end < at) return;
    } else {
      end = end_of(p.what, said, at);
      if (end == at && p.what != 'f') return;
    }
    reading.now[part] = said.substr(at, end - at);
    at = end;
  }
}

int PrintedForm::read(std::string_view said, bool by_trace_cmd,
                      std::vector<FoundField>& fields) const {
  Reading reading;
  reading.said = said;
  match(reading, 0, 0);
  fields.clear();
  if (reading.ways == 0) return 0;
  for (std::size_t i = 0; i + 1 < parts_.size(); ++i) {
    const Part& part = parts_[i];
    if (part.name.empty()) continue;
    FoundField field{part.name};
    field.text = reading.first[i];
    switch (part.what) {
      case 'd':
        field.text.remove_prefix(field.text.find_first_not_of(' '));
        break;
      case 'x':
        field = hexadecimal(part.name, field.text, by_trace_cmd);
        break;
      case 'b':
        if (field.text == "true") field.text = "1";
        if (field.text == "false") field.text = "0";
        break;
      case 'f':
        field.text = field.text.size() > 1 ? "1" : "0";
        break;
      case 'p':
        field.text = plugin_state(field.text);
        break;
      default:
        break;
    }
    fields.push_back(field);
  }
  return reading.ways;
}

bool PrintedForm::all_in(std::span<const FoundField> fields) const {
  return std::all_of(parts_.begin(), parts_.end(), [&](const Part& part) {
    return part.name.empty() ||
           std::any_of(fields.begin(), fields.end(),
                       [&](const FoundField& field) { return field.name == part.name; });
  });
}

std::span<const PrintedForm> known_forms(std::string_view event) {
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
  if (const auto found = forms.whole.find(event); found != forms.whole.end()) return found->second;
  for (const auto& [beginning, compiled] : forms.beginnings) {
    if (event.starts_with(beginning)) return compiled;
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
