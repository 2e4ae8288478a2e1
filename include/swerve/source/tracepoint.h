// swerve/source/tracepoint.h - tracepoints of this program: places in its code that tell of events.
//
//   SWERVE_TRACEPOINT(file_opened, int fd, std::string_view path);    // at namespace scope, in a
//   header or not SWERVE_EMIT(file_opened, fd, "/etc/hosts");                       // where it
//   happens
//
//   swerve::Attachment a = file_opened.attach([](int fd, std::string_view path) { ... });
//
// Off, that is with no callback attached, an emission is a load and a branch that is not taken, and
// its arguments are not evaluated. On, the callbacks run in the emitting thread, in the order in
// which they were attached, before the emission returns.
//
// Any thread may emit, attach and detach at any time. What a callback may do:
//   emit           the callbacks of another tracepoint run inside this one's. Those of a tracepoint
//                  whose callbacks are running in this thread already do not; each of them counts
//                  it (Attachment::missed()).
//   attach         from the next emission on.
//   detach         the callback is not called by emissions that begin later. It is not waited for:
//                  two threads could wait for each other.
//   throw          the callbacks after it are called, then the exception goes on to the emitter. Of
//                  several it is the first; the others are counted (dropped_exceptions()).
//   call a registry that changes something: it answers `busy` (control/registry.h).
// A signal handler must not emit. After fork(), the child has every tracepoint off, and nothing
// attached (a callback that was running in the forking thread goes on).
//
// Tracepoints are found by their names, too (definitions of monitors do so). One in a plugin is
// known from dlopen() to dlclose() (or exit()), which waits until its callbacks have ended; the
// program's own are not waited for at exit(). Detach the callbacks whose code is in a plugin
// before. (g++ marks a plugin with inline variables as never to be unloaded, unless it is built
// with -fno-gnu-unique or hidden visibility: dlclose() does nothing then.)
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "swerve/base/api.h"
#include "swerve/base/sections.h"

namespace swerve {

class AnyTracepoint;

/// A place in the program's source. (std::source_location is not there with clang 14.)
struct SourceLocation {
  /// The file, as the compiler was given it.
  const char* file = "";
  /// From 1 on.
  unsigned line = 0;
  /// Its name without parameters.
  const char* function = "";

  /// As a default argument: where the call stands.
  static constexpr SourceLocation current(const char* file = __builtin_FILE(),
                                          unsigned line = __builtin_LINE(),
                                          const char* function = __builtin_FUNCTION()) noexcept {
    return {file, line, function};
  }
};

/// What a callback can ask about the emission that it is called for. Lives as long as that.
struct Emission {
  /// Where it was emitted.
  const AnyTracepoint& tracepoint;
  const SourceLocation& where;  // of SWERVE_EMIT
  /// The emitting thread.
  detail::ThreadRecord& thread;
  const Emission* outer;  // the one inside of whose callback this is; null: none
};

/// The type of an argument, as far as it can be used without being known at compile time.
struct ArgumentType {
  /// What can be done with it.
  enum class Kind : std::uint8_t {
    integer,  // and enumerations
    boolean,
    pointer,
    text,   // what std::string_view is made of
    other,  // cannot be used
  };
  /// What it is.
  Kind kind = Kind::other;
  /// Its size.
  std::uint8_t bytes = 0;
  /// Of an integer.
  bool is_signed = false;
};

/// The value of one.
struct ArgumentValue {
  // Sign- or zero-extended; a pointer as a number; a text's: 0 for a null pointer, else 1; other:
  // 0.
  std::uint64_t number = 0;
  /// Of a text: its characters, for the length of the call.
  std::string_view text;
};

namespace detail {

using AnyFunction = void (*)();
struct AttachmentRecord;

/// One entry of what an emission walks through; `run` is null after the last.
struct Callback {
  AnyFunction run = nullptr;
  void* context = nullptr;
  AttachmentRecord* attachment = nullptr;
};

SWERVE_API AttachmentRecord* attach(AnyTracepoint& tracepoint, AnyFunction run, void* context,
                                    void (*destroy)(void*));
/// Whether the callbacks of its tracepoint are running in this thread already; counts it then.
SWERVE_API bool runs_already(const Emission& emission, const Callback* callbacks) noexcept;
/// In a handler: keeps the exception in `first`, or counts it if that has one.
SWERVE_API void keep_exception(std::exception_ptr& first);

/// While it lives, the tracepoint can be found.
class SWERVE_API Registration {
 public:
  explicit Registration(AnyTracepoint& tracepoint);
  ~Registration();
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;

 private:
  AnyTracepoint& tracepoint_;
};

/// While it lives, `emission` is the innermost of its thread, which was in no section before. What
/// is stored is what an emission costs.
class Outermost {
 public:
  explicit Outermost(const Emission& emission, ThreadRecord& thread) noexcept
      : section_(thread), thread_(thread) {
    thread.innermost = &emission;
  }
  ~Outermost() { thread_.innermost = nullptr; }
  Outermost(const Outermost&) = delete;
  Outermost& operator=(const Outermost&) = delete;

 private:
  const OutermostSection section_;
  ThreadRecord& thread_;
};

/// While it lives, `emission` is the innermost of its thread, inside a section.
class Innermost {
 public:
  explicit Innermost(const Emission& emission) noexcept
      : section_(emission.thread), emission_(emission) {
    emission.thread.innermost = &emission;
  }
  ~Innermost() { emission_.thread.innermost = emission_.outer; }
  Innermost(const Innermost&) = delete;
  Innermost& operator=(const Innermost&) = delete;

 private:
  const Section section_;
  const Emission& emission_;
};

template <typename T>
constexpr ArgumentType argument_type() noexcept {
  using Value = std::remove_cvref_t<T>;
  using Kind = ArgumentType::Kind;
  if constexpr (std::is_same_v<Value, bool>) {
    return {Kind::boolean, 1, false};
  } else if constexpr (std::is_integral_v<Value>) {
    return {sizeof(Value) <= 8 ? Kind::integer : Kind::other, sizeof(Value),
            std::is_signed_v<Value>};
  } else if constexpr (std::is_enum_v<Value>) {
    return {Kind::integer, sizeof(Value), std::is_signed_v<std::underlying_type_t<Value>>};
  } else if constexpr (std::is_convertible_v<const Value&, std::string_view>) {
    return {Kind::text, 8, false};
  } else if constexpr (std::is_pointer_v<Value>) {
    return {Kind::pointer, sizeof(Value), false};
  } else {
    return {};
  }
}

template <typename T>
ArgumentValue argument_value(const T& value) noexcept {
  if constexpr (std::is_enum_v<T>) {
    return {static_cast<std::uint64_t>(static_cast<std::underlying_type_t<T>>(value)), {}};
  } else if constexpr (argument_type<T>().kind == ArgumentType::Kind::text) {
    if constexpr (std::is_pointer_v<T>) {
      if (value == nullptr) return {};
    }
    return {1, std::string_view(value)};
  } else if constexpr (std::is_pointer_v<T>) {
    return {reinterpret_cast<std::uintptr_t>(value), {}};
  } else if constexpr (argument_type<T>().kind != ArgumentType::Kind::other) {
    return {static_cast<std::uint64_t>(value), {}};
  } else {
    return {};
  }
}

template <typename T>
inline constexpr ArgumentType kNoTypes[1] = {};

}  // namespace detail

/// One callback on one tracepoint, for as long as this lives. Move-only.
class SWERVE_API Attachment {
 public:
  Attachment() = default;
  /// Of Tracepoint::attach().
  explicit Attachment(detail::AttachmentRecord* record) noexcept : record_(record) {}
  /// Takes it over.
  Attachment(Attachment&& from) noexcept : record_(std::exchange(from.record_, nullptr)) {}
  /// Detaches what it had.
  Attachment& operator=(Attachment&& from) noexcept {
    if (this != &from) {
      detach();
      record_ = std::exchange(from.record_, nullptr);
    }
    return *this;
  }
  ~Attachment() { detach(); }

  /// The callback is called no more. True: it is not running any more in any thread, and what it
  /// has captured is destroyed. False: this was called from inside a callback, and it may still be
  /// running; what it has captured lives until another detach() has waited. Detached already: true.
  bool detach() noexcept;
  /// The same for all of these, with one wait.
  static bool detach(std::span<Attachment> attachments) noexcept;

  /// Emissions that it was not called for, since they came from inside a callback of the same
  /// tracepoint.
  std::uint64_t missed() const noexcept;
  /// False when it was detached, or its tracepoint is no more.
  bool attached() const noexcept;

 private:
  detail::AttachmentRecord* record_ = nullptr;
};

/// A tracepoint whose arguments' types are not known.
class AnyTracepoint {
 public:
  /// What attach_any() takes: the emission, and the values of its arguments.
  using Callback = std::function<void(const Emission&, std::span<const ArgumentValue>)>;

  /// Whether a callback is attached.
  bool on() const noexcept { return callbacks_.load(std::memory_order_relaxed) != nullptr; }
  /// As SWERVE_TRACEPOINT has it.
  std::string_view name() const noexcept { return name_; }
  /// The parameters as its definition has them: "int fd, std::string_view path".
  std::string_view parameters() const noexcept { return parameters_; }
  /// One for each argument.
  std::span<const ArgumentType> types() const noexcept { return {types_, type_count_}; }

  /// As Tracepoint::attach(). Slower than that.
  Attachment attach_any(Callback callback) { return attach_any_(*this, std::move(callback)); }

 protected:
  /// How a tracepoint that knows its types attaches who does not.
  using AttachAny = Attachment (*)(AnyTracepoint&, Callback);
  /// All of it static.
  constexpr AnyTracepoint(const char* name, const char* parameters, const ArgumentType* types,
                          std::uint32_t type_count, AttachAny any) noexcept
      : name_(name),
        parameters_(parameters),
        types_(types),
        type_count_(type_count),
        attach_any_(any) {}

  /// What an emission calls; null: nothing. Replaced as a whole, never edited.
  std::atomic<const detail::Callback*> callbacks_{nullptr};

 private:
  friend struct TracepointAccess;
  const char* name_;
  const char* parameters_;
  const ArgumentType* types_;
  std::uint32_t type_count_;
  AttachAny attach_any_;
};

namespace detail {
/// attach() of a callback that is destroyed by the library: the tracepoint's module, from which
/// `run` is, may be unloaded by then.
SWERVE_API AttachmentRecord* attach_any(AnyTracepoint& tracepoint, AnyFunction run,
                                        AnyTracepoint::Callback callback);
}  // namespace detail

template <typename Signature>
class Tracepoint;

/// A place that tells of events with these arguments. Made by SWERVE_TRACEPOINT;
/// constant-initialized and never destroyed, so that even the constructors and destructors of
/// static objects may emit.
template <typename... Args>
class Tracepoint<void(Args...)> : public AnyTracepoint {
  static_assert((!std::is_rvalue_reference_v<Args> && ...),
                "every callback sees the arguments, so none can take them away");

 public:
  /// SWERVE_TRACEPOINT calls it.
  constexpr Tracepoint(const char* name, const char* parameters) noexcept
      : AnyTracepoint(name, parameters, kTypes, sizeof...(Args), attach_without_types) {}

  /// `callback` is called with the arguments, or with the Emission and the arguments, at every
  /// emission from now on. It is called by all threads that emit, at the same time.
  template <typename F>
  requires(std::is_invocable_v<F&, Args...> ||
           std::is_invocable_v<F&, const Emission&, Args...>) Attachment attach(F callback) {
    auto* const held = new F(std::move(callback));
    return Attachment(detail::attach(*this, reinterpret_cast<detail::AnyFunction>(&run<F>), held,
                                     [](void* f) { delete static_cast<F*>(f); }));
  }

  /// Calls the callbacks; SWERVE_EMIT does it where there are any. `where` must be static.
  [[gnu::noinline]] void emit(const SourceLocation& where, Args... args) {
    detail::ThreadRecord* const known = detail::this_thread;
    if (known == nullptr || detail::in_section(*known)) [[unlikely]]
      return emit_at_length(where, args...);
    detail::ThreadRecord& thread = *known;
    const Emission emission{*this, where, thread, nullptr};
    const detail::Outermost outermost(emission, thread);
    const detail::Callback* const callbacks = callbacks_.load(std::memory_order_seq_cst);
    if (callbacks == nullptr) return;
    if (callbacks[1].run != nullptr) [[unlikely]]
      return call_all(emission, callbacks, args...);
    reinterpret_cast<Run>(callbacks->run)(callbacks->context, emission, args...);
  }

 private:
  using Run = void (*)(void*, const Emission&, Args...);

  /// The first emission of a thread, or one by a callback or by what else is in a section.
  [[gnu::noinline]] void emit_at_length(const SourceLocation& where, Args... args) {
    detail::ThreadRecord& thread = detail::thread_record();
    const Emission emission{*this, where, thread, thread.innermost};
    const detail::Innermost innermost(emission);
    const detail::Callback* const callbacks = callbacks_.load(std::memory_order_seq_cst);
    if (callbacks == nullptr || detail::runs_already(emission, callbacks)) return;
    call_all(emission, callbacks, args...);
  }

  /// All of them are called, whatever they throw.
  [[gnu::noinline]] static void call_all(const Emission& emission, const detail::Callback* callback,
                                         Args... args) {
    std::exception_ptr thrown;
    do {
#if defined(__cpp_exceptions)
      try {
        reinterpret_cast<Run>(callback->run)(callback->context, emission, args...);
      } catch (...) {
        detail::keep_exception(thrown);
      }
#else
      reinterpret_cast<Run>(callback->run)(callback->context, emission, args...);
#endif
    } while ((++callback)->run != nullptr);
    if (thrown != nullptr) [[unlikely]]
      std::rethrow_exception(std::move(thrown));
  }

  template <typename F>
  static void run(void* context, const Emission& emission, Args... args) {
    F& callback = *static_cast<F*>(context);
    if constexpr (std::is_invocable_v<F&, const Emission&, Args...>) {
      callback(emission, std::forward<Args>(args)...);
    } else {
      callback(std::forward<Args>(args)...);
    }
  }

  static void run_any(void* context, const Emission& emission, Args... args) {
    const ArgumentValue values[sizeof...(Args) + 1] = {
        detail::argument_value<std::remove_cvref_t<Args>>(args)...};
    (*static_cast<Callback*>(context))(emission, std::span(values, sizeof...(Args)));
  }

  static Attachment attach_without_types(AnyTracepoint& tracepoint, Callback callback) {
    return Attachment(detail::attach_any(
        tracepoint, reinterpret_cast<detail::AnyFunction>(&run_any), std::move(callback)));
  }

  static constexpr ArgumentType kTypes[sizeof...(Args) + 1] = {detail::argument_type<Args>()...};
};

/// The tracepoints that there are now, in the order in which they came. A pointer is good until its
/// module is unloaded.
SWERVE_API std::vector<AnyTracepoint*> tracepoints();
/// Those of this name: one, or more where modules hide theirs from each other.
SWERVE_API std::vector<AnyTracepoint*> find_tracepoints(std::string_view name);

/// Exceptions of callbacks that no emitter got to see, since another one came before them.
SWERVE_API std::uint64_t dropped_exceptions() noexcept;

}  // namespace swerve

/// Defines the tracepoint `name` with these parameters, as those of a function: at namespace scope,
/// in as many translation units as you like.
#define SWERVE_TRACEPOINT(name, ...)                                                  \
  inline constinit ::swerve::Tracepoint<void(__VA_ARGS__)> name{#name, #__VA_ARGS__}; \
  inline const ::swerve::detail::Registration swerve_registration_of_##name { name }

/// The event happens. The arguments are evaluated only while a callback is attached.
#define SWERVE_EMIT(tracepoint, ...)                                                       \
  do {                                                                                     \
    if ((tracepoint).on()) [[unlikely]] {                                                  \
      static constexpr ::swerve::SourceLocation swerve_here{__FILE__, __LINE__, __func__}; \
      (tracepoint).emit(swerve_here __VA_OPT__(, ) __VA_ARGS__);                           \
    }                                                                                      \
  } while (false)
