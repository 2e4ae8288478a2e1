#include "swerve/source/tracepoint.h"

#include <cxxabi.h>
#include <link.h>
#include <pthread.h>

#include <algorithm>
#include <memory>
#include <mutex>

namespace swerve {

namespace detail {
/// Fields: under the lock of all tracepoints, unless said otherwise.
struct AttachmentRecord {
  AnyTracepoint* tracepoint;  // null: detached, or the tracepoint is gone
  const Callback callback;
  void (*const destroy)(void*);
  std::atomic<std::uint64_t> missed{0};  // any time

  AttachmentRecord(AnyTracepoint& t, AnyFunction run, void* context, void (*d)(void*))
      : tracepoint(&t), callback{run, context, this}, destroy(d) {}
  AttachmentRecord(const AttachmentRecord&) = delete;
  AttachmentRecord& operator=(const AttachmentRecord&) = delete;
  ~AttachmentRecord() { destroy(callback.context); }
};
}  // namespace detail

struct TracepointAccess {
  static std::atomic<const detail::Callback*>& callbacks(AnyTracepoint& tracepoint) {
    return tracepoint.callbacks_;
  }
};

namespace {

using detail::AttachmentRecord;
using detail::Callback;
using Records = std::vector<std::unique_ptr<AttachmentRecord>>;
using Lists = std::vector<std::unique_ptr<const Callback[]>>;

/// What emissions may still be using, though nobody finds it any more: it goes when all sections
/// that ran at its taking away have ended.
struct Retired {
  Records records;
  Lists lists;
};

struct Known {
  AnyTracepoint* tracepoint;
  bool registered = false;  // false: attached to before its constructor has run
  bool used = false;        // something was attached once, and may still be running
  std::vector<AttachmentRecord*> attached;
};

/// Never destroyed: static objects emit and detach in their destructors.
struct Tracepoints {
  std::mutex mutex;  // over everything; nothing is waited for or destroyed under it
  std::vector<Known> known;
  Retired retired;
  std::atomic<std::uint64_t> dropped_exceptions{0};

  Tracepoints();

  Known& find(AnyTracepoint& tracepoint) {
    const auto found = std::find_if(known.begin(), known.end(),
                                    [&](const Known& k) { return k.tracepoint == &tracepoint; });
    return found != known.end() ? *found : known.emplace_back(Known{&tracepoint, false, false, {}});
  }

  /// Makes emissions see what is attached now.
  void publish(const Known& of) {
    std::unique_ptr<Callback[]> list;
    if (!of.attached.empty()) {
      list = std::make_unique<Callback[]>(of.attached.size() + 1);
      std::transform(of.attached.begin(), of.attached.end(), list.get(),
                     [](const AttachmentRecord* record) { return record->callback; });
    }
    auto& callbacks = TracepointAccess::callbacks(*of.tracepoint);
    retired.lists.emplace_back(callbacks.exchange(list.release(), std::memory_order_seq_cst));
  }

  void unpublish(AttachmentRecord& record) {
    if (record.tracepoint == nullptr) return;
    Known& of = find(*record.tracepoint);
    std::erase(of.attached, &record);
    record.tracepoint = nullptr;
    publish(of);
  }
};

Tracepoints& all() {
  static Tracepoints& tracepoints = *new Tracepoints();
  return tracepoints;
}

/// Waits, then destroys `records` and what was retired before. Without the lock.
bool wait_and_reclaim(Records records = {}) {
  Retired gone;
  {
    const std::lock_guard lock(all().mutex);
    gone = std::exchange(all().retired, {});
  }
  std::move(records.begin(), records.end(), std::back_inserter(gone.records));
  if (wait_for_sections()) return true;
  const std::lock_guard lock(all().mutex);
  Retired& retired = all().retired;
  std::move(gone.records.begin(), gone.records.end(), std::back_inserter(retired.records));
  std::move(gone.lists.begin(), gone.lists.end(), std::back_inserter(retired.lists));
  return false;
}

/// Whether it is one of the program itself, whose code stays until the process ends.
bool of_the_program(const AnyTracepoint& tracepoint) {
  struct Asked {
    std::uintptr_t address;
    bool found = false;
  } asked{reinterpret_cast<std::uintptr_t>(&tracepoint)};
  ::dl_iterate_phdr(
      [](::dl_phdr_info* module, std::size_t, void* data) {
        Asked& about = *static_cast<Asked*>(data);
        for (std::size_t i = 0; i < module->dlpi_phnum; ++i) {
          const auto& part = module->dlpi_phdr[i];
          const std::uintptr_t begin = module->dlpi_addr + part.p_vaddr;
          about.found |= part.p_type == PT_LOAD && about.address - begin < part.p_memsz;
        }
        return 1;  // the first is the program
      },
      &asked);
  return asked.found;
}

/// In the child of a fork(): the monitors that were attached, with their locks and threads, are
/// those of the parent. The records that are taken away here are left where they are, since their
/// locks may be held for ever; the lists go when nobody can be walking through them.
void forked() {
  Tracepoints& t = all();
  for (Known& known : t.known) {
    auto& callbacks = TracepointAccess::callbacks(*known.tracepoint);
    t.retired.lists.emplace_back(callbacks.exchange(nullptr, std::memory_order_seq_cst));
    for (AttachmentRecord* const record : known.attached) record->tracepoint = nullptr;
    known.attached.clear();
  }
  t.mutex.unlock();
}

Tracepoints::Tracepoints() {
  (void)fork_count();  // the records of threads are set right before
  ::pthread_atfork([] { all().mutex.lock(); }, [] { all().mutex.unlock(); }, forked);
}

}  // namespace

namespace detail {

AttachmentRecord* attach(AnyTracepoint& tracepoint, AnyFunction run, void* context,
                         void (*destroy)(void*)) {
  auto record = std::make_unique<AttachmentRecord>(tracepoint, run, context, destroy);
  const std::lock_guard lock(all().mutex);
  Known& known = all().find(tracepoint);
  known.attached.push_back(record.get());
  known.used = true;
  all().publish(known);
  return record.release();
}

AttachmentRecord* attach_any(AnyTracepoint& tracepoint, AnyFunction run,
                             AnyTracepoint::Callback callback) {
  using Held = AnyTracepoint::Callback;
  return attach(tracepoint, run, new Held(std::move(callback)),
                [](void* held) { delete static_cast<Held*>(held); });
}

bool runs_already(const Emission& emission, const Callback* callbacks) noexcept {
  const Emission* outer = emission.outer;
  while (outer != nullptr && &outer->tracepoint != &emission.tracepoint) outer = outer->outer;
  if (outer == nullptr) return false;
  for (; callbacks->run != nullptr; ++callbacks) {
    callbacks->attachment->missed.fetch_add(1, std::memory_order_relaxed);
  }
  return true;
}

// (g++ binds the reference of a forced unwind to nothing, which the sanitizer would complain
// about.)
__attribute__((no_sanitize("null"))) void keep_exception(std::exception_ptr& first) {
  try {
    throw;
  } catch (abi::__forced_unwind&) {  // the thread is being cancelled, or ends itself
    throw;
  } catch (...) {
    if (first == nullptr) {
      first = std::current_exception();
    } else {
      all().dropped_exceptions.fetch_add(1, std::memory_order_relaxed);
    }
  }
}

Registration::Registration(AnyTracepoint& tracepoint) : tracepoint_(tracepoint) {
  const std::lock_guard lock(all().mutex);
  all().find(tracepoint).registered = true;
}

Registration::~Registration() {
  bool used = false;
  {
    const std::lock_guard lock(all().mutex);
    Known& known = all().find(tracepoint_);
    used = known.used;
    for (AttachmentRecord* const record : known.attached) record->tracepoint = nullptr;
    known.attached.clear();
    if (used) all().publish(known);  // what was detached from inside a callback may run on, too
    std::erase_if(all().known, [&](const Known& k) { return k.tracepoint == &tracepoint_; });
  }
  // Before a plugin's code goes, nobody may be running it. The program's goes with the process: a
  // callback that never returns must not keep that from ending.
  if (used && !of_the_program(tracepoint_)) (void)wait_and_reclaim();
}

}  // namespace detail

bool Attachment::detach() noexcept { return detach(std::span(this, 1)); }

bool Attachment::detach(std::span<Attachment> attachments) noexcept {
  Records records;
  {
    const std::lock_guard lock(all().mutex);
    for (Attachment& attachment : attachments) {
      if (attachment.record_ == nullptr) continue;
      all().unpublish(*attachment.record_);
      records.emplace_back(std::exchange(attachment.record_, nullptr));
    }
  }
  return records.empty() || wait_and_reclaim(std::move(records));
}

std::uint64_t Attachment::missed() const noexcept {
  return record_ == nullptr ? 0 : record_->missed.load(std::memory_order_relaxed);
}

bool Attachment::attached() const noexcept {
  if (record_ == nullptr) return false;
  const std::lock_guard lock(all().mutex);
  return record_->tracepoint != nullptr;
}

std::vector<AnyTracepoint*> tracepoints() {
  const std::lock_guard lock(all().mutex);
  std::vector<AnyTracepoint*> out;
  for (const Known& known : all().known) {
    if (known.registered) out.push_back(known.tracepoint);
  }
  return out;
}

std::vector<AnyTracepoint*> find_tracepoints(std::string_view name) {
  std::vector<AnyTracepoint*> out = tracepoints();
  std::erase_if(out, [&](const AnyTracepoint* one) { return one->name() != name; });
  return out;
}

std::uint64_t dropped_exceptions() noexcept {
  return all().dropped_exceptions.load(std::memory_order_relaxed);
}

}  // namespace swerve
