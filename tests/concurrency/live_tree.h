// tests/concurrency/live_tree.h - what the daemon is made of, in a test: live monitors behind a
// control tree, with a reactor that counts.
#pragma once

#include <poll.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "control/live/kernel_instrumentation.h"
#include "control/live/loader.h"
#include "marks.h"
#include "swerve/control/registry.h"
#include "swerve/control/tree.h"
#include "swerve/control/verdict_streams.h"
#include "swerve/react/reactions.h"

namespace swerve::live {

/// Counts its reactions.
class CountingReactor final : public Reactor {
 public:
  std::string_view name() const override { return "count"; }
  std::string_view description() const override { return "counts"; }
  Result<> react(const Reaction&) override {
    ++done;
    return {};
  }
  std::atomic<std::uint64_t> done{0};
};

/// Hands violations to the reactions and everything to the streams.
class Verdicts final : public VerdictSink {
 public:
  Verdicts(Reactions& reactions, VerdictStreams& streams)
      : reactions_(reactions), streams_(streams) {}
  void on_step(const Step& step) override {
    ++steps;
    streams_.on_step(step);
  }
  void on_violation(const Violation& violation) override {
    ++violations;
    reactions_.on_violation(violation);
    streams_.on_violation(violation);
  }
  std::atomic<std::uint64_t> steps{0}, violations{0};

 private:
  Reactions& reactions_;
  VerdictStreams& streams_;
};

/// A folder for definitions that only root can change; removed at the end.
class TrustedFolder {
 public:
  TrustedFolder() {
    std::string name = "/tmp/swerve-test-XXXXXX";
    SWERVE_CHECK(::mkdtemp(name.data()) != nullptr, "no folder for a test");
    path_ = name;
  }
  ~TrustedFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  std::string path(const std::string& name) const { return path_ + "/" + name; }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name)) << text;
    ::chmod(path(name).c_str(), 0600);
    return path(name);
  }

 private:
  std::string path_;
};

class LiveTree {
 public:
  /// `folder` is where define() writes.
  explicit LiveTree(const TrustedFolder& definitions)
      : folder(definitions), verdicts(reactions, streams) {
    ReactorSet reactors = ReactorSet::standard();
    SWERVE_CHECK(reactors.add(counting).has_value(), "the reactor was refused");
    auto made = KernelInstrumentation::create(
        catalog(),
        {&verdicts, [this](const std::string& m, std::uint64_t n) { streams.on_lost(m, n); },
         [this](const std::string& m) { return reactions.allowance(m); }},
        0);
    SWERVE_CHECK(made.has_value(), "no engine");
    instrumentation = std::move(made).value();
    registry = std::make_unique<Registry>(std::move(reactors), reactions);
    loader = std::make_unique<LiveLoader>(catalog(), *instrumentation, *registry, streams);
    tree = std::make_unique<ControlTree>(*registry, streams, loader.get());
    streams.when_wanting([this](bool on) { instrumentation->report_steps(on); });
    drainer_ = std::thread([this] {
      while (!stop_) {
        pollfd ready{instrumentation->poll_fd(), POLLIN, 0};
        (void)::poll(&ready, 1, 10);
        const std::lock_guard lock(draining);
        while (instrumentation->drain()) {
        }
      }
    });
  }
  ~LiveTree() {
    stop_ = true;
    drainer_.join();
    tree.reset();
    loader.reset();
    registry.reset();
  }

  /// Writes the definition of a monitor of our own marks; returns its path.
  std::string define(const std::string& name, const char* scope) const {
    folder.write(name + ".dot",
                 "digraph steps {\n  __init_off -> off;\n  __init_off [shape=none];\n"
                 "  off [label=off, shape=doublecircle];\n  on [label=on];\n"
                 "  off -> on [label=begin];\n  on -> on [label=\"begin\\nstep\"];\n"
                 "  off -> off [label=bad];\n}\n");
    std::string text = cat("name = \"", name, "\"\ndescription = \"our own marks\"\nscope = \"",
                           scope, "\"\nmodel = \"", name, ".dot\"\nreactor = \"count\"\n");
    const auto on = [&](const char* event, Mark mark, const char* more) {
      text +=
          cat("\n[[on]]\nprobe = \"syscall:prctl\"\nevent = \"", event, "\"\nwhen = \"", said(mark),
              "\"\n", more, std::string_view(scope) == "object" ? "key = \"arg3\"\n" : "");
    };
    on("begin", Mark::begin, "start_run = true\n");
    on("step", Mark::step, "");
    on("bad", Mark::bad, "");
    return folder.write(name + ".toml", text);
  }

  Result<> write(const std::string& path, const std::string& text, bool truncate = false) {
    SWERVE_TRY_ASSIGN(const auto file, tree->open(path, {false, true, truncate}));
    SWERVE_TRY(file->write(text));
    return {};
  }
  Result<std::string> read(const std::string& path) {
    SWERVE_TRY_ASSIGN(const auto file, tree->open(path, {true, false, false}));
    return file->read(0, 1U << 20);
  }

  const TrustedFolder& folder;
  std::shared_ptr<CountingReactor> counting = std::make_shared<CountingReactor>();
  Reactions reactions;
  VerdictStreams streams;
  Verdicts verdicts;
  std::mutex draining;  // who holds it keeps verdicts in the ring
  std::unique_ptr<KernelInstrumentation> instrumentation;
  std::unique_ptr<Registry> registry;
  std::unique_ptr<LiveLoader> loader;
  std::unique_ptr<ControlTree> tree;

 private:
  std::atomic<bool> stop_{false};
  std::thread drainer_;
};

}  // namespace swerve::live
