// Random sequences of operations on the control tree, and on a model of it that is simple enough to
// be right by looking at it: after each operation both must say the same. RapidCheck makes a
// sequence that fails shorter.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstring>
#include <ostream>
#include <string>
#include <vector>

#include "control/fakes_test.h"
#include "swerve/control/tree.h"

namespace swerve {
namespace {

// All the monitors that there may be; a monitor's place here is its handle. c and d are containers.
const std::vector<std::string> kNames{"a", "b", "c", "d", "p", "q", "r"};
const std::vector<std::string> kReactors{"nop", "printk", "panic"};
bool is_container(const std::string& name) { return name == "c" || name == "d"; }
MonitorHandle handle_of(const std::string& name) {
  return static_cast<MonitorHandle>(std::find(kNames.begin(), kNames.end(), name) - kNames.begin());
}

struct Operation {
  enum class Kind { write, truncate, fail };
  Kind kind = Kind::write;
  std::string monitor;  // empty: the root
  std::string file;
  std::string text;
  friend std::ostream& operator<<(std::ostream& out, const Operation& operation) {
    switch (operation.kind) {
      case Kind::truncate:
        return out << "truncate enabled_monitors";
      case Kind::fail:
        return out << "let attaching " << operation.monitor << " fail, or succeed again";
      case Kind::write:
        break;
    }
    return out << "write " << json_string(operation.text) << " to "
               << (operation.monitor.empty() ? "" : operation.monitor + "/") << operation.file;
  }
};

/// What the interface is, in the simplest words.
class Model {
 public:
  struct Monitor {
    std::string name, parent;
    bool enabled = false;
    std::string reactor = "nop";
    bool dry = false;
    std::string full() const { return parent.empty() ? name : parent + ":" + name; }
  };

  std::vector<Monitor> monitors;
  std::set<std::string> failing;
  bool monitoring = true, reacting = true;

  Monitor* find(const std::string& name) {
    for (Monitor& m : monitors)
      if (m.name == name) return &m;
    return nullptr;
  }
  std::string path_of(const std::string& name) {
    const Monitor* const m = find(name);
    if (m == nullptr || m->parent.empty()) return "monitors/" + name;
    return "monitors/" + m->parent + "/" + name;
  }

  /// "" or the name of the error.
  std::string apply(const Operation& op) {
    if (op.kind == Operation::Kind::truncate) {
      for (Monitor& m : monitors) m.enabled = false;
      return "";
    }
    if (op.kind == Operation::Kind::fail) {
      if (failing.erase(op.monitor) == 0) failing.insert(op.monitor);
      return "";
    }
    if (!op.monitor.empty() && find(op.monitor) == nullptr) return "ENOENT";
    if (op.text.empty()) return "EINVAL";
    if (op.file == "enabled_monitors") return enabled_monitors(op.text);
    if (op.file == "load") return load(stripped(op.text));
    if (op.file == "unload") return unload(stripped(op.text));
    if (op.file == "reactors") {
      if (op.text.size() > 33) return "EINVAL";
      const std::string reactor = stripped(op.text);
      if (reactor.empty()) return "";
      if (std::find(kReactors.begin(), kReactors.end(), reactor) == kReactors.end())
        return "EINVAL";
      return change(op.monitor, [&](Monitor& m) { m.reactor = reactor; });
    }
    if (op.text[0] != '0' && op.text[0] != '1') return "EINVAL";
    const bool on = op.text[0] == '1';
    if (op.file == "monitoring_on") monitoring = on;
    if (op.file == "reacting_on") reacting = on;
    if (op.file == "enable") return set_enabled(op.monitor, on);
    if (op.file == "dry_run") return change(op.monitor, [&](Monitor& m) { m.dry = on; });
    return "";
  }

 private:
  static std::string stripped(std::string text) {
    while (!text.empty() && std::strchr(" \t\n", text.back()) != nullptr) text.pop_back();
    while (!text.empty() && std::strchr(" \t\n", text.front()) != nullptr) text.erase(0, 1);
    return text;
  }

  /// The monitor itself, and what is in it.
  std::vector<Monitor*> all_of(const std::string& name) {
    std::vector<Monitor*> all;
    for (Monitor& m : monitors)
      if (m.name == name || m.parent == name) all.push_back(&m);
    return all;
  }

  std::string set_enabled(const std::string& name, bool on) {
    if (find(name) == nullptr) return "EINVAL";
    const std::vector<Monitor*> all = all_of(name);
    for (const Monitor* m : all) {
      if (!on || m->enabled || !failing.contains(m->name)) continue;
      for (Monitor* off : all) off->enabled = false;
      return "EBUSY";
    }
    for (Monitor* m : all) m->enabled = on;
    return "";
  }

  /// All that it is about change, or none; what was enabled starts anew with it, if it can.
  template <typename Change>
  std::string change(const std::string& name, Change make) {
    bool refused = false;
    for (Monitor* m : all_of(name)) {
      Monitor changed = *m;
      make(changed);
      const bool same = changed.reactor == m->reactor && changed.dry == m->dry;
      if (same || !m->enabled || !failing.contains(m->name)) continue;
      m->enabled = false;
      refused = true;
    }
    if (refused) return "EBUSY";
    for (Monitor* m : all_of(name)) make(*m);
    return "";
  }

  /// Takes the parent off a full name; false when it is not the right one.
  bool meant(std::string& name) {
    const std::size_t colon = name.find(':');
    if (colon == std::string::npos) return true;
    const std::string parent = name.substr(0, colon);
    name.erase(0, colon + 1);
    const Monitor* const m = find(name);
    return m != nullptr && !parent.empty() && m->parent == parent;
  }

  std::string enabled_monitors(const std::string& text) {
    if (text.size() > (text.find(':') == std::string::npos ? 33 : 65)) return "EINVAL";
    std::string name = stripped(text);
    const bool off = name.starts_with('!');
    if (off) name.erase(0, 1);
    if (name.empty()) return "";
    if (!meant(name)) return "EINVAL";
    return set_enabled(name, !off);
  }

  std::string load(std::string path) {
    if (!path.starts_with('/')) return "EINVAL";
    path.erase(0, 1);
    Monitor m;
    if (const std::size_t slash = path.find('/'); slash != std::string::npos) {
      m.parent = path.substr(0, slash);
      path.erase(0, slash + 1);
    }
    m.name = path;
    if (std::find(kNames.begin(), kNames.end(), m.name) == kNames.end()) return "EINVAL";
    if (find(m.name) != nullptr) return "EEXIST";
    if (m.parent.empty()) {
      monitors.push_back(m);
      return "";
    }
    if (is_container(m.name) || !is_container(m.parent) || find(m.parent) == nullptr)
      return "EINVAL";
    monitors.insert(monitors.begin() + (find(m.parent) - monitors.data()) + 1, m);
    return "";
  }

  std::string unload(std::string name) {
    if (!meant(name) || find(name) == nullptr) return "EINVAL";
    if (all_of(name).size() > 1) return "EBUSY";
    monitors.erase(monitors.begin() + (find(name) - monitors.data()));
    return "";
  }
};

/// "/NAME" and "/PARENT/NAME".
class Loader final : public MonitorLoader {
 public:
  Loader(Registry& registry, fake::Instrumentation& machine)
      : registry_(registry), machine_(machine) {}
  Result<> load(const std::string& path) override {
    MonitorEntry entry;
    const std::size_t slash = path.rfind('/');
    entry.name = path.substr(slash + 1);
    if (slash > 0) entry.parent = path.substr(1, slash - 1);
    if (std::find(kNames.begin(), kNames.end(), entry.name) == kNames.end())
      return Error(ErrorCode::invalid, "no such definition", EINVAL);
    entry.container = is_container(entry.name);
    if (!entry.container) entry.instrumentation = &machine_;
    entry.handle = handle_of(entry.name);
    return registry_.register_monitor(std::move(entry));
  }
  Result<> unload(const std::string& name) override { return registry_.unregister_monitor(name); }

 private:
  Registry& registry_;
  fake::Instrumentation& machine_;
};

/// The real one.
class Real {
 public:
  std::string write(const std::string& path, const std::string& text) {
    const auto file = tree.open(path, {.write = true});
    if (!file) return ::strerrorname_np(file.error().os_errno());
    const Result<std::size_t> written = (*file)->write(text);
    return written ? "" : ::strerrorname_np(written.error().os_errno());
  }
  std::string get(const std::string& path) const {
    const auto file = tree.open(path, {.read = true});
    if (!file) return "cannot be opened";
    return (*file)->read(0, 1U << 20).value();
  }

  fake::Instrumentation machine;
  fake::Reactors reactors;
  Reactions reactions;
  Registry registry{reactors.set(), reactions};
  VerdictStreams streams;
  Loader loader{registry, machine};
  mutable ControlTree tree{registry, streams, &loader};
};

void expect_same(Model& model, const Real& real) {
  std::string available, enabled;
  std::map<MonitorHandle, bool> attached;
  std::vector<std::string> top;
  for (const Model::Monitor& m : model.monitors) {
    available += m.full() + "\n";
    if (m.enabled) enabled += m.full() + "\n";
    if (m.enabled && !is_container(m.name)) attached[handle_of(m.name)] = model.monitoring;
    if (m.parent.empty()) top.push_back(m.name);
  }
  RC_ASSERT(real.get("available_monitors") == available);
  RC_ASSERT(real.get("enabled_monitors") == enabled);
  RC_ASSERT(real.get("monitoring_on") == (model.monitoring ? "1\n" : "0\n"));
  RC_ASSERT(real.get("reacting_on") == (model.reacting ? "1\n" : "0\n"));
  RC_ASSERT(real.tree.list("monitors").value() == top);
  RC_ASSERT(real.machine.attached == attached);
  for (const Model::Monitor& m : model.monitors) {
    const std::string path = model.path_of(m.name);
    RC_ASSERT(real.get(path + "/enable") == (m.enabled ? "1\n" : "0\n"));
    RC_ASSERT(real.get(path + "/dry_run") == (m.dry ? "1\n" : "0\n"));
    std::string reactors;
    for (const std::string& reactor : kReactors)
      reactors += reactor == m.reactor ? "[" + reactor + "]\n" : reactor + "\n";
    RC_ASSERT(real.get(path + "/reactors") == reactors);
    RC_ASSERT(real.get(path + "/status") == (!m.enabled         ? "off\n"
                                             : model.monitoring ? "running\n"
                                                                : "paused: monitoring_on is 0\n"));
    if (m.enabled && !is_container(m.name)) {
      const ReactionSetting& told = real.machine.settings.at(handle_of(m.name));
      RC_ASSERT(told.reactor == m.reactor);
      RC_ASSERT(told.dry_run == m.dry);
    }
  }
}

// Making operations.

rc::Gen<std::string> known_name() { return rc::gen::elementOf(kNames); }
rc::Gen<std::string> around(rc::Gen<std::string> text) {
  return rc::gen::apply([](const std::string& before, const std::string& what,
                           const std::string& after) { return before + what + after; },
                        rc::gen::weightedElement<std::string>({{8, ""}, {1, " "}, {1, "\t\n"}}),
                        std::move(text),
                        rc::gen::weightedElement<std::string>({{4, ""}, {4, "\n"}, {1, " \n"}}));
}
rc::Gen<std::string> name_text() {
  return around(rc::gen::apply(
      [](const std::string& sign, const std::string& parent, const std::string& name) {
        return sign + parent + name;
      },
      rc::gen::weightedElement<std::string>({{6, ""}, {4, "!"}, {1, "!!"}, {1, "! "}}),
      rc::gen::weightedElement<std::string>({{8, ""}, {3, "c:"}, {2, "d:"}, {1, ":"}, {1, "a:"}}),
      rc::gen::weightedOneOf<std::string>(
          {{12, known_name()},
           {1, rc::gen::elementOf(std::vector<std::string>{"", "A", "nosuch", "a b"})},
           {1, rc::gen::map(rc::gen::inRange(29, 67),
                            [](int size) { return std::string(size, 'x'); })}})));
}
rc::Gen<std::string> boolean_text() {
  return rc::gen::weightedElement<std::string>(
      {{8, "1\n"}, {8, "0\n"}, {1, "1"}, {1, "00"}, {1, ""}, {1, " 1"}, {1, "2"}, {1, "o"}});
}

rc::Gen<Operation> written(rc::Gen<std::string> monitor, const std::string& file,
                           rc::Gen<std::string> text) {
  return rc::gen::apply(
      [file](std::string m, std::string t) {
        return Operation{Operation::Kind::write, std::move(m), file, std::move(t)};
      },
      std::move(monitor), std::move(text));
}

rc::Gen<Operation> operations() {
  const auto root = rc::gen::just(std::string());
  const auto path = around(rc::gen::apply(
      [](const std::string& folder, const std::string& name) { return folder + name; },
      rc::gen::weightedElement<std::string>(
          {{4, "/"}, {4, "/c/"}, {2, "/d/"}, {1, "/a/"}, {1, ""}}),
      rc::gen::weightedOneOf<std::string>(
          {{9, known_name()}, {1, rc::gen::just<std::string>("x")}})));
  const auto reactor = around(rc::gen::weightedOneOf<std::string>(
      {{9, rc::gen::elementOf(kReactors)},
       {1, rc::gen::elementOf(std::vector<std::string>{"", "x", "[nop]", std::string(34, ' ')})}}));
  return rc::gen::weightedOneOf<Operation>({
      {6, written(root, "load", path)},
      {2, written(root, "unload", name_text())},
      {6, written(root, "enabled_monitors", name_text())},
      {6, written(known_name(), "enable", boolean_text())},
      {4, written(known_name(), "reactors", reactor)},
      {2, written(known_name(), "dry_run", boolean_text())},
      {2, written(root, "monitoring_on", boolean_text())},
      {1, written(root, "reacting_on", boolean_text())},
      {1, rc::gen::just(Operation{Operation::Kind::truncate, "", "", ""})},
      {2, rc::gen::map(rc::gen::element<std::string>("a", "b", "p", "q", "r"),
                       [](std::string name) {
                         return Operation{Operation::Kind::fail, std::move(name), "", ""};
                       })},
  });
}

RC_GTEST_PROP(TreePropertyTest, IsAsItsModelSaysAfterEveryOperation, ()) {
  // Most of the monitors are there from the beginning.
  std::vector<Operation> all;
  for (const char* path : {"/a", "/c", "/b", "/d", "/c/p", "/c/q", "/d/r"})
    all.push_back({Operation::Kind::write, "", "load", path});
  const auto random = *rc::gen::container<std::vector<Operation>>(operations());
  all.insert(all.end(), random.begin(), random.end());

  Model model;
  Real real;
  std::string done;
  for (const Operation& operation : all) {
    std::string answer;
    const std::string path = operation.monitor.empty()
                                 ? operation.file
                                 : model.path_of(operation.monitor) + "/" + operation.file;
    if (operation.kind == Operation::Kind::write) {
      answer = real.write(path, operation.text);
    } else if (operation.kind == Operation::Kind::truncate) {
      RC_ASSERT(real.tree.open("enabled_monitors", {.write = true, .truncate = true}).has_value());
    } else if (real.machine.failing.erase(handle_of(operation.monitor)) == 0) {
      real.machine.failing.insert(handle_of(operation.monitor));
    }
    RC_ASSERT(answer == model.apply(operation));
    expect_same(model, real);
  }
}

}  // namespace
}  // namespace swerve
