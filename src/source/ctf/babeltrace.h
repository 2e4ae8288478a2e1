// source/ctf/babeltrace.h - libbabeltrace2 as a stream of messages: its graph, and what it says of
// errors.
#pragma once

#include <babeltrace2/babeltrace.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "swerve/base/result.h"

namespace swerve {

template <auto put>
struct BabeltracePut {
  template <typename T>
  void operator()(T* object) const {
    put(object);
  }
};
/// One reference to an object of babeltrace.
template <typename T, auto put>
using BabeltraceRef = std::unique_ptr<T, BabeltracePut<put>>;

/// What this thread's last failed call left behind, in one line; the cause that was found first
/// stands first.
Error babeltrace_error(ErrorCode code);

/// The messages of some traces, in the order of their times. One thread.
class MessageStream {
 public:
  /// `folders`: each holds one trace (a file `metadata` and its data). Errors: unsupported (a
  /// plugin is missing), invalid.
  static Result<std::unique_ptr<MessageStream>> open(const std::vector<std::string>& folders);
  ~MessageStream();

  /// The next message; it lives until the next call. Null at the end, and from then on. Errors:
  /// invalid.
  Result<const bt_message*> next();

 private:
  MessageStream() = default;
  Result<> build(const std::vector<std::string>& folders);
  Result<> add_trace(const bt_component_class_source& reader,
                     const std::vector<std::string>& folders, const bt_component_filter& muxer);
  static bt_graph_simple_sink_component_consume_func_status consume(bt_message_iterator* iterator,
                                                                    void* self);

  BabeltraceRef<const bt_plugin, bt_plugin_put_ref> ctf_, utils_;
  BabeltraceRef<bt_graph, bt_graph_put_ref> graph_;
  int components_ = 0;  // their names must differ

  // What the last call of consume() gave; the first `at_` of them are no longer ours.
  bt_message_array_const messages_ = nullptr;
  std::uint64_t count_ = 0, at_ = 0;
  BabeltraceRef<const bt_message, bt_message_put_ref> current_;
  bool ended_ = false;
};

}  // namespace swerve
