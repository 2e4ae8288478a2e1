#include "swerve/control/verdict_streams.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <utility>

#include "base/text.h"
#include "monitor/columns.h"
#include "monitor/verdict_json.h"
#include "swerve/base/time.h"
#include "swerve/monitor/violation_text.h"

namespace swerve {
namespace {

using Content = StreamShape::Content;
using Form = StreamShape::Form;

std::string lost_lines(const StreamShape& shape, std::uint64_t lines) {
  if (shape.form == Form::json)
    return lost_lines_json(shape.monitors.size() == 1 ? shape.monitors[0] : "", lines);
  return cat("[LOST ", lines, " lines: this reader is too slow]\n");
}

std::string lost_reports(Form form, const std::string& monitor, std::uint64_t reports) {
  if (form == Form::json) return lost_reports_json(monitor, reports);
  return cat("[LOST ", reports, " reports of ", escape(monitor), ": the ring was full]\n");
}

}  // namespace

/// What a stream is made of: VerdictStreams holds it to fill it, the reader to empty it.
///
/// Two locks, so that a callback may wait for somebody who reads at this moment: `data` is never
/// held during a callback, `told` is, and only by those who call it or change it.
struct SWERVE_LOCAL VerdictStream::Shared {
  Shared(StreamShape what, VerdictStreams& streams_in)
      : shape(std::move(what)), streams(streams_in) {
    std::sort(shape.monitors.begin(), shape.monitors.end());
  }

  bool several() const { return shape.monitors.size() != 1; }
  bool shows(const std::string& monitor) const {
    return shape.monitors.empty() ||
           std::binary_search(shape.monitors.begin(), shape.monitors.end(), monitor);
  }
  bool shows_steps() const { return shape.content == Content::everything; }

  /// Appends a line if there is room for it, and says to the reader that there is something.
  void add(const std::string& line) {
    {
      const std::lock_guard lock(data);
      const bool was_readable = readable();
      append(line);
      if (was_readable || !readable()) return;
    }
    const std::lock_guard lock(told);
    if (call) call();
  }

  std::string take(std::size_t most) {
    const std::lock_guard lock(data);
    std::string out = text.substr(taken, most);
    taken += out.size();
    if (taken == text.size()) {
      text.clear();
      taken = 0;
      if (lost != 0) append("");  // the reader hears of it even when no line follows
    } else if (taken > text.size() / 2) {
      text.erase(0, taken);
      taken = 0;
    }
    return out;
  }

  bool readable() const { return taken != text.size(); }

  /// Appends `line`, after it was said what was lost before it. Under `data`.
  void append(std::string_view line) {
    const std::string marker = lost == 0 ? "" : lost_lines(shape, lost);
    if (text.size() - taken + marker.size() + line.size() > shape.bytes_most) {
      ++lost;
      return;
    }
    text += marker;
    text += line;
    lost = 0;
  }

  StreamShape shape;
  VerdictStreams& streams;
  mutable std::mutex data;  // over what follows
  std::string text;         // what waits stands from `taken` on
  std::size_t taken = 0;
  std::uint64_t lost = 0;  // lines since the last one that found room

  std::mutex told;  // over `call`, and held while it runs
  std::function<void()> call;
};

struct SWERVE_LOCAL VerdictStreams::State {
  using Stream = std::shared_ptr<VerdictStream::Shared>;
  using Streams = std::vector<Stream>;

  std::shared_ptr<const Streams> open_streams() const {
    const std::lock_guard lock(mutex);
    return streams;
  }
  std::string description_of(const std::string& monitor) const {
    const std::lock_guard lock(mutex);
    const auto found = descriptions.find(monitor);
    return found == descriptions.end() ? "" : found->second;
  }

  /// Exchanges the list of streams, and tells when steps begin or cease to be wanted.
  template <typename Change>
  void change_streams(Change change) {
    const std::lock_guard telling(wanting);
    bool wants = false;
    {
      const std::lock_guard lock(mutex);
      auto changed = std::make_shared<Streams>(*streams);
      change(*changed);
      wants = std::any_of(changed->begin(), changed->end(),
                          [](const Stream& stream) { return stream->shows_steps(); });
      streams = std::move(changed);
    }
    if (wants == wants_steps.exchange(wants)) return;
    if (tell) tell(wants);
  }

  // Never held while a line is made or a callback runs.
  mutable std::mutex mutex;
  std::shared_ptr<const Streams> streams = std::make_shared<Streams>();
  std::map<std::string, std::string, std::less<>> descriptions;

  std::mutex wanting;  // over `tell` and the order of its calls
  std::function<void(bool)> tell;
  std::atomic<bool> wants_steps = false;
};

VerdictStream::VerdictStream(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

VerdictStream::~VerdictStream() {
  when_readable(nullptr);
  shared_->streams.state_->change_streams([this](auto& streams) { std::erase(streams, shared_); });
}

std::string VerdictStream::read(std::size_t most) { return shared_->take(most); }

bool VerdictStream::readable() const {
  const std::lock_guard lock(shared_->data);
  return shared_->readable();
}

void VerdictStream::when_readable(std::function<void()> call) {
  const std::lock_guard lock(shared_->told);
  shared_->call = std::move(call);
}

VerdictStreams::VerdictStreams() : state_(std::make_unique<State>()) {}
VerdictStreams::~VerdictStreams() = default;

std::unique_ptr<VerdictStream> VerdictStreams::open(StreamShape shape) {
  auto shared = std::make_shared<VerdictStream::Shared>(std::move(shape), *this);
  state_->change_streams([&](auto& streams) { streams.push_back(shared); });
  return std::unique_ptr<VerdictStream>(new VerdictStream(std::move(shared)));
}

std::size_t VerdictStreams::count() const { return state_->open_streams()->size(); }

bool VerdictStreams::wants_steps() const { return state_->wants_steps; }

void VerdictStreams::when_wanting(std::function<void(bool)> call) {
  const std::lock_guard lock(state_->wanting);
  state_->tell = std::move(call);
}

void VerdictStreams::describe(const std::string& monitor, const std::string& description) {
  const std::lock_guard lock(state_->mutex);
  state_->descriptions[monitor] = description;
}

void VerdictStreams::forget(std::string_view monitor) {
  const std::lock_guard lock(state_->mutex);
  if (const auto found = state_->descriptions.find(monitor); found != state_->descriptions.end())
    state_->descriptions.erase(found);
}

namespace {

/// A text that is made when it is asked for first.
class OnceMade {
 public:
  template <typename Make>
  const std::string& get(Make make) {
    if (!text_) text_ = make();
    return *text_;
  }

 private:
  std::optional<std::string> text_;
};

/// The line of a verdict in the columns of `swerve mon -t`, which differ by how many monitors the
/// stream shows.
class ColumnLines {
 public:
  template <typename Verdict>
  const std::string& get(bool several, const Verdict& verdict) {
    return lines_[several ? 1 : 0].get([&] {
      Columns columns;
      columns.several = several;
      columns.with_id = several || has_id(verdict.id.scope);
      return columns.line(verdict);
    });
  }

 private:
  std::array<OnceMade, 2> lines_;
};

}  // namespace

void VerdictStreams::on_step(const Step& step) {
  if (!wants_steps()) return;
  OnceMade json;
  ColumnLines columns;
  const auto streams = state_->open_streams();
  for (const State::Stream& stream : *streams) {
    if (!stream->shows_steps() || !stream->shows(step.monitor)) continue;
    stream->add(stream->shape.form == Form::json ? json.get([&] { return step_json(step); })
                                                 : columns.get(stream->several(), step));
  }
}

void VerdictStreams::on_violation(const Violation& violation) {
  OnceMade json, report;
  ColumnLines columns;
  const auto streams = state_->open_streams();
  for (const State::Stream& stream : *streams) {
    if (!stream->shows(violation.monitor)) continue;
    if (stream->shape.form == Form::json) {
      stream->add(json.get([&] { return violation_json(violation); }));
    } else if (stream->shape.content == Content::everything) {
      stream->add(columns.get(stream->several(), violation));
    } else {
      stream->add(report.get([&] {
        return violation_text(violation, state_->description_of(violation.monitor),
                              realtime_offset_ns());
      }));
    }
  }
}

void VerdictStreams::on_lost(const std::string& monitor, std::uint64_t reports) {
  OnceMade text, json;
  const auto streams = state_->open_streams();
  for (const State::Stream& stream : *streams) {
    if (!stream->shows(monitor)) continue;
    const Form form = stream->shape.form;
    stream->add((form == Form::json ? json : text).get([&] {
      return lost_reports(form, monitor, reports);
    }));
  }
}

}  // namespace swerve
