// One definition, one sequence of events, three ways: emitted in this program, told to the engine
// of the host, and recorded as JSON lines and checked afterwards. The verdicts are the same.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "bind/host_engine.h"
#include "bind/recorded/recorded_catalog.h"
#include "bind/recorded/recorded_engine.h"
#include "bind/toml/monitor_reader.h"
#include "control/inproc/program_catalog.h"
#include "source/any/open_recording.h"
#include "swerve/control/inproc/session.h"

namespace swerve {
namespace {

SWERVE_TRACEPOINT(handle_opened, int handle, std::string_view path, bool writes);
SWERVE_TRACEPOINT(handle_used, int handle, unsigned char how);
SWERVE_TRACEPOINT(handle_closed, int handle);

constexpr const char* kModel = R"(digraph handles {
  __init_closed -> closed;
  closed -> open [label = "open"];
  open -> open [label = "read"]; open -> dirty [label = "write"];
  dirty -> dirty [label = "read"]; dirty -> dirty [label = "write"]; dirty -> open [label = "sync"];
  open -> closed [label = "close"];
})";

std::string definition(bool of_objects) {
  const std::string key = of_objects ? "key = \"handle\"\n" : "";
  return cat(R"(
name = "handles"
model = "handles.dot"
scope = ")",
             of_objects ? "object" : "global", R"("
[[on]]
probe = "inproc:handle_opened"
event = "open"
when = 'path == "/a" || (writes && handle > 0)'
start_run = true
)",
             key, R"([[on]]
probe = "inproc:handle_used"
event = "read"
when = "how == 0"
start = "handle == 2"
)",
             key, R"([[on]]
probe = "inproc:handle_used"
event = "write"
when = "how == 200"
)",
             key, R"([[on]]
probe = "inproc:handle_used"
event = "sync"
when = "how > 0 && how < 200 && handle >= 0"
)",
             key, R"([[on]]
probe = "inproc:handle_closed"
event = "close"
)",
             key, of_objects ? "end = \"handle < 2\"\n" : "");
}

/// Something that happens: which tracepoint, and its arguments.
struct Happens {
  int what = 0;  // 0: opened, 1: used, 2: closed
  int handle = 0;
  std::string path;
  bool writes = false;
  unsigned char how = 0;
};

std::vector<Happens> any_sequence() {
  std::vector<Happens> out(static_cast<std::size_t>(*rc::gen::inRange(0, 60)));
  for (Happens& one : out) {
    one.what = *rc::gen::weightedElement<int>({{3, 0}, {5, 1}, {2, 2}});
    one.handle = *rc::gen::inRange(-1, 4);
    one.path = *rc::gen::element<std::string>("/a", "/b", "", "\"/\\a");
    one.writes = *rc::gen::arbitrary<bool>();
    one.how = *rc::gen::element<unsigned char>(0, 0, 1, 199, 200, 255);
  }
  return out;
}

/// A violation as far as all three can know it.
std::string words(const Violation& v) {
  std::string out = cat(v.monitor, " ", v.id.key, ": ", v.state, " ", v.event, ", allowed ",
                        join(v.expected), ", after ", v.events);
  for (const PathStep& step : v.path) out += cat("; ", step.state, " ", step.event, " ", step.next);
  return out;
}
struct Collected : VerdictSink {
  void on_step(const Step&) override {}
  void on_violation(const Violation& v) override { said.push_back(words(v)); }
  void on_inconclusive(const Inconclusive& i) override {
    said.push_back(cat("inconclusive ", i.state, " ", i.event));
  }
  std::vector<std::string> said;
};

std::vector<std::string> emitted(const std::string& file, const std::vector<Happens>& sequence) {
  std::vector<std::string> said;
  Session session(
      {.log = {}, .callback = [&](const Reaction& r) { said.push_back(words(r.violation)); }});
  const Result<Monitor> loaded = session.load(file);
  RC_ASSERT(loaded.has_value());
  Monitor monitor = *loaded;
  RC_ASSERT(session.registry().choose_reactor("handles", "callback").has_value());
  RC_ASSERT(monitor.enable().has_value());
  for (const Happens& one : sequence) {
    if (one.what == 0) SWERVE_EMIT(handle_opened, one.handle, one.path, one.writes);
    if (one.what == 1) SWERVE_EMIT(handle_used, one.handle, one.how);
    if (one.what == 2) SWERVE_EMIT(handle_closed, one.handle);
  }
  RC_ASSERT(monitor.stats().violations == said.size());
  return said;
}

std::vector<std::string> fed(const std::string& file, const std::vector<Happens>& sequence) {
  const BindOutcome bound = bind_read(read_monitor(file), ProgramCatalog());
  RC_ASSERT(bound.monitor.has_value());
  Collected sink;
  HostEngine engine = HostEngine::make(*bound.monitor, sink, {}).value();
  for (const Happens& one : sequence) {
    Event event;
    event.probe = one.what == 0   ? "inproc:handle_opened"
                  : one.what == 1 ? "inproc:handle_used"
                                  : "inproc:handle_closed";
    event.arguments = {static_cast<std::uint64_t>(one.handle)};
    if (one.what == 0) {
      event.arguments.push_back(1);
      event.arguments.push_back(one.writes ? 1 : 0);
      event.fields.push_back({"path", one.path});
    } else if (one.what == 1) {
      event.arguments.push_back(one.how);
    }
    engine.feed(event);
  }
  return sink.said;
}

std::string as_json_lines(const std::vector<Happens>& sequence) {
  // One of each first, on a handle that no binding starts: a recording has all that is needed.
  std::vector<Happens> all = {
      {0, -1, "", false, 0}, {1, -1, "", false, 255}, {2, -1, "", false, 0}};
  all.insert(all.end(), sequence.begin(), sequence.end());
  std::string out;
  std::uint64_t ts = 1000;
  for (const Happens& one : all) {
    std::string path;
    for (const char c : one.path) path += c == '"' || c == '\\' ? cat("\\", c) : std::string(1, c);
    out += cat(R"({"ts":)", ++ts, R"(,"cpu":0,"pid":7,"comm":"t","event":)");
    if (one.what == 0) {
      out += cat(R"("handle_opened","fields":{"handle":)", one.handle, R"(,"path":")", path,
                 R"(","writes":)", one.writes ? "1" : "0", "}}\n");
    } else if (one.what == 1) {
      out += cat(R"("handle_used","fields":{"handle":)", one.handle, R"(,"how":)",
                 static_cast<int>(one.how), "}}\n");
    } else {
      out += cat(R"("handle_closed","fields":{"handle":)", one.handle, "}}\n");
    }
  }
  return out;
}

/// As `swerve check` does it.
std::vector<std::string> checked(const std::string& file, const std::string& recording_path) {
  const WantAll all;
  Batch batch;
  {
    auto opened = open_recording(recording_path, all, {});
    RC_ASSERT(opened.has_value());
    RC_ASSERT((*opened)->next(batch).value());
  }
  const RecordedCatalog catalog(nullptr, *batch.kinds);
  const BindOutcome bound = bind_read(read_monitor(file), catalog);
  for (const Diagnostic& d : bound.diagnostics) RC_LOG() << d.to_string() << "\n";
  RC_ASSERT(bound.monitor.has_value());
  Collected sink;
  const auto engine = RecordedEngine::make(*bound.monitor, catalog, sink, {}).value();
  auto opened = open_recording(recording_path, *engine, {});
  RC_ASSERT(opened.has_value());
  for (;;) {
    const Result<bool> more = (*opened)->next(batch);
    RC_ASSERT(more.has_value());
    if (!*more) break;
    const Result<> done = engine->feed(batch, **opened);
    if (!done) RC_FAIL(done.error().message());
  }
  return sink.said;
}

void compare(bool of_objects) {
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) /
      cat("inproc_differential_", ::getpid(), of_objects ? "_objects" : "_global");
  std::filesystem::create_directories(folder);
  const std::string file = folder / "handles.toml", recording = folder / "events.json";
  std::ofstream(folder / "handles.dot") << kModel;
  std::ofstream(file) << definition(of_objects);
  const std::vector<Happens> sequence = any_sequence();
  std::ofstream(recording) << as_json_lines(sequence);
  const std::vector<std::string> here = emitted(file, sequence);
  RC_TAG(here.empty() ? "no violation" : "violations");
  RC_ASSERT(fed(file, sequence) == here);
  RC_ASSERT(checked(file, recording) == here);
  std::filesystem::remove_all(folder);
}

RC_GTEST_PROP(TheSameEvents, HaveTheSameVerdictsEachWayOfObjects, ()) { compare(true); }
RC_GTEST_PROP(TheSameEvents, HaveTheSameVerdictsEachWayGlobally, ()) { compare(false); }

}  // namespace
}  // namespace swerve
