// swerve/control/verdict_streams.h - verdicts as lines, for any number of readers at once.
//
// What `trace_pipe` and its likes are: each reader has a stream of its own from the moment at which
// it opened it. A reader that is too slow loses lines for itself alone; where they would have stood
// it reads how many.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "swerve/base/api.h"
#include "swerve/monitor/verdict.h"

namespace swerve {

/// What a stream shows.
struct StreamShape {
  /// Steps and violations, or violations alone.
  enum class Content { everything, violations };
  /// Lines for people, or one JSON object a line.
  enum class Form { text, json };
  Content content = Content::everything;  // which verdicts
  // text: the lines of `swerve mon -t`, or with violations alone the reports of `swerve mon`.
  Form form = Form::text;
  // The monitors that it shows; empty: all. More than one, or all: lines say which ("event_wwnr").
  std::vector<std::string> monitors;
  // So many bytes may wait to be read: some of the portions in which an engine hands over steps (of
  // 4096, a megabyte of JSON). A line is taken whole or not at all.
  static constexpr std::size_t kBytesMost = 8U << 20;
  std::size_t bytes_most = kBytesMost;  // see kBytesMost
};

/// One reader's stream. Any thread.
class SWERVE_API VerdictStream {
 public:
  /// As a StreamShape has it, unless it says otherwise.
  static constexpr std::size_t kBytesMost = StreamShape::kBytesMost;

  ~VerdictStream();
  /// What there is, at most `most` bytes; empty when there is nothing yet.
  std::string read(std::size_t most);
  /// Whether read() has something to answer.
  bool readable() const;
  /// `call` is called, from whatever thread, each time that the stream becomes readable. It must
  /// not call back into the stream. Null: nobody is told any more, from the return on.
  void when_readable(std::function<void()> call);

 private:
  friend class VerdictStreams;
  struct Shared;
  explicit VerdictStream(std::shared_ptr<Shared> shared);
  std::shared_ptr<Shared> shared_;
};

/// Takes verdicts from engines and hands their lines to the streams that are open, each made once
/// however many show it. It must outlive its streams. Any thread.
class SWERVE_API VerdictStreams final : public VerdictSink {
 public:
  VerdictStreams();
  ~VerdictStreams() override;

  /// A stream of what comes from now on; closed by being destroyed.
  std::unique_ptr<VerdictStream> open(StreamShape shape);
  /// How many are open.
  std::size_t count() const;
  /// Whether any stream shows steps: only then are engines asked for them.
  bool wants_steps() const;
  /// `call` is called, from whatever thread opens or closes, when that changes.
  void when_wanting(std::function<void(bool)> call);

  /// The description that reports of this monitor carry.
  void describe(const std::string& monitor, const std::string& description);
  /// The monitor is no more, and its description with it.
  void forget(std::string_view monitor);

  /// To every stream that shows steps of this monitor.
  void on_step(const Step& step) override;
  /// To every stream that shows this monitor.
  void on_violation(const Violation& violation) override;
  /// `reports` of this monitor's found the engine's ring full: every stream that shows it says so.
  void on_lost(const std::string& monitor, std::uint64_t reports);

 private:
  friend class VerdictStream;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace swerve
