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

#include "swerve/monitor/verdict.h"

namespace swerve {

/// What a stream shows.
struct StreamShape {
  enum class Content { everything, violations };  // steps and violations, or these alone
  enum class Form { text, json };
  Content content = Content::everything;
  // text: the lines of `swerve mon -t`, or with violations alone the reports of `swerve mon`.
  Form form = Form::text;
  // The monitors that it shows; empty: all. More than one, or all: lines say which ("event_wwnr").
  std::vector<std::string> monitors;
  // So many bytes may wait to be read: some of the portions in which an engine hands over steps (of
  // 4096, a megabyte of JSON). A line is taken whole or not at all.
  static constexpr std::size_t kBytesMost = 8U << 20;
  std::size_t bytes_most = kBytesMost;
};

/// One reader's stream. Any thread.
class VerdictStream {
 public:
  static constexpr std::size_t kBytesMost = StreamShape::kBytesMost;

  ~VerdictStream();
  /// What there is, at most `most` bytes; empty when there is nothing yet.
  std::string read(std::size_t most);
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
class VerdictStreams final : public VerdictSink {
 public:
  VerdictStreams();
  ~VerdictStreams() override;

  std::unique_ptr<VerdictStream> open(StreamShape shape);
  /// How many are open.
  std::size_t count() const;
  /// Whether any stream shows steps: only then are engines asked for them.
  bool wants_steps() const;
  /// `call` is called, from whatever thread opens or closes, when that changes.
  void when_wanting(std::function<void(bool)> call);

  /// The description that reports of this monitor carry.
  void describe(const std::string& monitor, const std::string& description);
  void forget(std::string_view monitor);

  void on_step(const Step& step) override;
  void on_violation(const Violation& violation) override;
  /// `reports` of this monitor's found the engine's ring full: every stream that shows it says so.
  void on_lost(const std::string& monitor, std::uint64_t reports);

 private:
  friend class VerdictStream;
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace swerve
