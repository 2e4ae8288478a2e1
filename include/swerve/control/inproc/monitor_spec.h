// swerve/control/inproc/monitor_spec.h - the definition of a monitor of this program, in code: a
// model, what there is an instance for, and which event of the model is meant when a tracepoint
// tells of one.
//
//   MonitorSpec files("files", model, Scope::object);
//   files.on(file_opened, model["open"], key([](int fd, std::string_view) { return fd; }),
//   start_run)
//       .on(file_read, model["read"], key([](int fd) { return fd; }))
//       .on(file_closed, model["close"], key([](int fd) { return fd; }), end);
//
// The words are those of a definition in TOML (docs/definitions.md). The functions are called with
// the arguments of the tracepoint, in the emitting thread, by all of them at the same time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeindex>
#include <utility>
#include <vector>

#include "swerve/control/inproc/program_monitor.h"
#include "swerve/model/automaton.h"
#include "swerve/monitor/reaction.h"
#include "swerve/monitor/scope.h"
#include "swerve/source/tracepoint.h"

namespace swerve {

namespace option {

struct Always {
  template <typename... Args>
  constexpr bool operator()(const Args&...) const noexcept {
    return true;
  }
};
template <typename F>
struct Key {
  F of;
};
template <typename F>
struct When {
  F holds;
};
template <typename F>
struct Start {
  F holds;
};
template <typename F>
struct StartRun {
  F holds;
};
template <typename F>
struct End {
  F holds;
};

/// An option that holds always as it stands, and sometimes when it is called with a condition.
template <template <typename> typename Option>
struct Switch : Option<Always> {
  template <typename F>
  constexpr Option<F> operator()(F condition) const {
    return {std::move(condition)};
  }
};

}  // namespace option

/// Object scope: which object the event is about. A number (integers, enumerations, pointers) is
/// best; else anything with std::hash and ==, by value.
template <typename F>
constexpr option::Key<F> key(F of) {
  return {std::move(of)};
}
/// Only then is it an event at all.
template <typename F>
constexpr option::When<F> when(F holds) {
  return {std::move(holds)};
}
/// The event starts an instance that is not monitoring, and is not processed itself: `start`, or
/// start(condition).
inline constexpr option::Switch<option::Start> start;
/// It starts an instance and is processed. Where both hold, this one wins.
inline constexpr option::Switch<option::StartRun> start_run;
/// Object scope: after the event the object is no more.
inline constexpr option::Switch<option::End> end;

namespace detail {

// Each finds the option of its kind among the bases of Choices.
template <typename F>
const F& key_of(const option::Key<F>& o) {
  return o.of;
}
template <typename F>
const F& when_of(const option::When<F>& o) {
  return o.holds;
}
template <typename F>
const F& start_of(const option::Start<F>& o) {
  return o.holds;
}
template <typename F>
const F& start_run_of(const option::StartRun<F>& o) {
  return o.holds;
}
template <typename F>
const F& end_of(const option::End<F>& o) {
  return o.holds;
}

template <typename... Options>
struct Choices : Options... {
  static constexpr bool kKey = requires(const Choices& c) { key_of(c); };
  static constexpr bool kWhen = requires(const Choices& c) { when_of(c); };
  static constexpr bool kStart = requires(const Choices& c) { start_of(c); };
  static constexpr bool kStartRun = requires(const Choices& c) { start_run_of(c); };
  static constexpr bool kEnd = requires(const Choices& c) { end_of(c); };
  static_assert(kKey + kWhen + kStart + kStartRun + kEnd == sizeof...(Options),
                "the options of a binding are key, when, start, start_run and end, each once");

  template <typename... Args>
  Handler handler(const Args&... args) const {
    if constexpr (kStartRun) {
      if (start_run_of(*this)(args...)) return Handler::start_run;
    }
    if constexpr (kStart) {
      if (start_of(*this)(args...)) return Handler::start;
    }
    return Handler::event;
  }
};

template <typename Choice, typename... Args>
using KeyTypeOf = std::remove_cvref_t<decltype(key_of(std::declval<const Choice&>())(
    std::declval<const Args&>()...))>;

/// What typeid says of a key, as ProgramMonitor wants it.
template <typename Key>
std::type_index key_type() {
  if constexpr (kNumberKey<Key>) {
    return typeid(void);
  } else {
    return typeid(KeptKey<Key>);
  }
}

}  // namespace detail

/// An event of the model, by its number or its name.
struct EventRef {
  /// By its number.
  EventRef(EventId event) : id(event) {}  // NOLINT(google-explicit-constructor)
  /// By its name.
  EventRef(std::string_view event) : name(event) {}  // NOLINT(google-explicit-constructor)
  /// By its name.
  EventRef(const char* event) : name(event) {}  // NOLINT(google-explicit-constructor)
  /// By its name.
  EventRef(const std::string& event) : name(event) {}  // NOLINT(google-explicit-constructor)
  /// Where it is known.
  EventId id = kNoEvent;
  /// Where it is looked for.
  std::string name;
};

/// A value; Session::add() makes a monitor of it, and says what is wrong with it.
class MonitorSpec {
 public:
  /// A monitor with no binding yet.
  MonitorSpec(std::string name, Automaton model, Scope scope)
      : name_(std::move(name)), model_(std::move(model)), scope_(scope) {}
  /// With a model that was made at compile time (model/dot.h).
  template <typename StaticModel>
  requires requires(const StaticModel& m) {
    { to_automaton(m) } -> std::same_as<Automaton>;
  }
  MonitorSpec(std::string name, const StaticModel& model, Scope scope)
      : MonitorSpec(std::move(name), to_automaton(model), scope) {}

  /// One line for people.
  MonitorSpec& description(std::string text) {
    description_ = std::move(text);
    return *this;
  }
  /// The container that it is nested in (Session::add_container()).
  MonitorSpec& parent(std::string name) {
    parent_ = std::move(name);
    return *this;
  }
  /// What is done about a violation; "nop" at first. Session::Options says which reactors there
  /// are.
  MonitorSpec& reactor(std::string name, std::map<std::string, std::string> options = {}) {
    reaction_.reactor = std::move(name);
    reaction_.options = std::move(options);
    return *this;
  }
  /// At most so many reactions: `burst` at once, then `per_second`; 200 and 100 at first.
  MonitorSpec& reaction_limit(std::uint32_t per_second, std::uint32_t burst) {
    reaction_.per_second = per_second;
    reaction_.burst = burst;
    return *this;
  }
  /// Object scope: at most so many instances at once; starts beyond it are refused and counted.
  /// 16384 at first.
  MonitorSpec& max_instances(std::uint32_t most) {
    max_instances_ = most;
    return *this;
  }

  /// When `tracepoint` tells of an event, `event` happens to the instance that it is about.
  /// Bindings of one tracepoint run in the order in which they were written. Options: key, when,
  /// start, start_run, end, each at most once.
  template <typename... Args, typename... Options>
  MonitorSpec& on(Tracepoint<void(Args...)>& tracepoint, EventRef event, Options... options) {
    using Choice = detail::Choices<std::remove_cvref_t<Options>...>;
    Bound bound;
    bound.tracepoint = &tracepoint;
    bound.event = std::move(event);
    bound.keyed = Choice::kKey;
    bound.ends = Choice::kEnd;
    if constexpr (Choice::kKey) {
      static_assert(std::is_invocable_v<decltype(detail::key_of(std::declval<const Choice&>())),
                                        const Args&...>,
                    "the key is a function of the tracepoint's arguments");
      use_keys(detail::key_type<detail::KeyTypeOf<Choice, Args...>>());
    }
    bound.attach = [&tracepoint, choice = Choice{std::move(options)...}](ProgramMonitor& monitor,
                                                                         EventId id) {
      return tracepoint.attach(
          [&monitor, id, choice](const Emission& emission, const Args&... args) {
            if constexpr (Choice::kWhen) {
              if (!detail::when_of(choice)(args...)) return;
            }
            const Handler handler = choice.handler(args...);
            if constexpr (Choice::kKey) {
              bool ends = false;
              if constexpr (Choice::kEnd) ends = detail::end_of(choice)(args...);
              monitor.happen_to(emission.thread, emission.where, detail::key_of(choice)(args...),
                                id, handler, ends);
            } else {
              monitor.happen(emission.thread, emission.where, id, handler);
            }
          });
    };
    bindings_.push_back(std::move(bound));
    return *this;
  }

  /// Object scope, for a monitor that is stepped directly: the type of its objects' keys, where
  /// they are no numbers and no binding says it.
  template <typename Key>
  MonitorSpec& keys() {
    use_keys(detail::key_type<Key>());
    return *this;
  }

 private:
  friend class Session;

  struct Bound {
    const AnyTracepoint* tracepoint = nullptr;
    EventRef event{kNoEvent};
    bool keyed = false;
    bool ends = false;
    std::function<Attachment(ProgramMonitor&, EventId)> attach;
  };

  void use_keys(std::type_index type) {
    if (key_known_ && type != key_type_) keys_differ_ = true;
    key_known_ = true;
    key_type_ = type;
  }

  std::string name_, description_, parent_;
  Automaton model_;
  Scope scope_;
  ReactionSetting reaction_;
  std::uint32_t max_instances_ = 16384;
  std::vector<Bound> bindings_;
  bool key_known_ = false, keys_differ_ = false;
  std::type_index key_type_ = typeid(void);
};

}  // namespace swerve
