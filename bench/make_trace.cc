// make_trace - makes recordings to measure with, on standard output, or tells how fast memory is
// read.
//
//   make_trace switches EVENTS TASKS CPUS      ftrace's text: TASKS sleep, wake each other and run
//   on CPUs make_trace objects EVENTS OBJECTS          CSV: open and close of that many live files
//   make_trace bandwidth FILE                  reads the file where it lies in memory; prints GB a
//   second
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

/// Numbers that are the same in each run (xorshift64, Marsaglia 2003).
std::uint64_t random_state = 88172645463325252U;
std::uint64_t random_below(std::uint64_t limit) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return random_state % limit;
}

class Out {
 public:
  ~Out() { flush(); }
  Out& text(std::string_view s) {
    if (used_ + s.size() > sizeof buffer_) flush();
    std::memcpy(buffer_ + used_, s.data(), s.size());
    used_ += s.size();
    return *this;
  }
  Out& number(std::uint64_t n, unsigned width = 0) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, n).ptr;
    for (auto have = static_cast<unsigned>(end - digits); have < width; ++have) text("0");
    return text({digits, static_cast<std::size_t>(end - digits)});
  }
  void flush() {
    for (std::size_t at = 0; at < used_;) {
      const ssize_t n = ::write(1, buffer_ + at, used_ - at);
      if (n <= 0) std::exit(0);  // the reader has gone
      at += static_cast<std::size_t>(n);
    }
    used_ = 0;
  }

 private:
  char buffer_[1 << 20];
  std::size_t used_ = 0;
};

Out out;

struct Tasks {
  std::vector<unsigned> sleeping, ready;
};

unsigned take(std::vector<unsigned>& from) {
  const std::size_t at = random_below(from.size());
  const unsigned task = from[at];
  from[at] = from.back();
  from.pop_back();
  return task;
}

void task_name(unsigned task) {
  if (task == 0) {
    out.text("swapper");
  } else {
    out.text("worker/").number(task);
  }
}

void head(unsigned task, unsigned cpu, std::uint64_t ns) {
  out.text("  ");
  if (task == 0) {
    out.text("<idle>-0");
  } else {
    out.text("worker/").number(task).text("-").number(1000 + task);
  }
  out.text(" [").number(cpu, 3).text("] d..2. ").number(ns / 1000000000).text(".");
  out.number(ns % 1000000000 / 1000, 6).text(": ");
}

std::uint64_t pid_of(unsigned task) { return task == 0 ? 0 : 1000 + task; }

void switches(std::uint64_t events, unsigned tasks, unsigned cpus) {
  out.text("# tracer: nop\n#\n");
  std::vector<unsigned> running(cpus, 0);
  Tasks t;
  for (unsigned i = 1; i <= tasks; ++i) t.sleeping.push_back(i);
  std::uint64_t ns = 1000000000;
  for (std::uint64_t i = 0; i < events; ++i) {
    ns += 1000 + random_below(3000);
    const auto cpu = static_cast<unsigned>(random_below(cpus));
    const unsigned now = running[cpu];
    if (!t.sleeping.empty() && random_below(3) == 0) {
      const unsigned woken = take(t.sleeping);
      t.ready.push_back(woken);
      head(now, cpu, ns);
      out.text("sched_wakeup: comm=");
      task_name(woken);
      out.text(" pid=")
          .number(pid_of(woken))
          .text(" prio=120 target_cpu=")
          .number(cpu, 3)
          .text("\n");
      continue;
    }
    unsigned next = 0;
    if (!t.ready.empty()) {
      next = take(t.ready);
    } else if (now == 0) {
      continue;
    }
    const bool sleeps = now != 0 && random_below(2) == 0;
    head(now, cpu, ns);
    out.text("sched_switch: prev_comm=");
    task_name(now);
    out.text(" prev_pid=").number(pid_of(now)).text(" prev_prio=120 prev_state=");
    out.text(now == 0 ? "R" : sleeps ? "S" : "R+").text(" ==> next_comm=");
    task_name(next);
    out.text(" next_pid=").number(pid_of(next)).text(" next_prio=120\n");
    if (now != 0) (sleeps ? t.sleeping : t.ready).push_back(now);
    running[cpu] = next;
  }
}

void objects(std::uint64_t events, unsigned live) {
  out.text("ts,cpu,pid,comm,event,fd\n");
  std::vector<bool> open(live, false);
  std::uint64_t ns = 1000000000;
  for (std::uint64_t i = 0; i < events; ++i) {
    ns += 1 + random_below(1000);
    const std::size_t fd = random_below(live);
    out.number(ns).text(",0,100,editor,").text(open[fd] ? "close" : "open").text(",");
    out.number(fd + 3).text("\n");
    open[fd] = !open[fd];
  }
}

int bandwidth(const char* path) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  struct stat is {};
  if (fd < 0 || ::fstat(fd, &is) != 0) {
    std::perror(path);
    return 1;
  }
  const auto size = static_cast<std::size_t>(is.st_size);
  void* const at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
  if (at == MAP_FAILED) return 1;
  const auto* const words = static_cast<const std::uint64_t*>(at);
  double best = 0;
  std::uint64_t sum = 0;
  for (int round = 0; round < 7; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < size / 8; ++i) sum += words[i];
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    best = std::max(best, static_cast<double>(size) / took.count() / 1e9);
  }
  std::printf("%.2f %llu\n", best, static_cast<unsigned long long>(sum));
  return 0;
}

std::uint64_t number(const char* text) { return std::strtoull(text, nullptr, 10); }

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "switches" && argc == 5) {
    switches(number(argv[2]), static_cast<unsigned>(number(argv[3])),
             static_cast<unsigned>(number(argv[4])));
  } else if (what == "objects" && argc == 4) {
    objects(number(argv[2]), static_cast<unsigned>(number(argv[3])));
  } else if (what == "bandwidth" && argc == 3) {
    return bandwidth(argv[2]);
  } else {
    std::fputs(
        "usage: make_trace switches EVENTS TASKS CPUS | objects EVENTS OBJECTS | bandwidth FILE\n",
        stderr);
    return 2;
  }
  return 0;
}
