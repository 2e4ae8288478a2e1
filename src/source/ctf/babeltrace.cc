#include "source/ctf/babeltrace.h"

#include <algorithm>
#include <map>
#include <string_view>
#include <utility>

#include "base/text.h"

namespace swerve {
namespace {

using Plugin = BabeltraceRef<const bt_plugin, bt_plugin_put_ref>;
using Value = BabeltraceRef<bt_value, bt_value_put_ref>;

Result<Plugin> plugin(const char* name) {
  const bt_plugin* found = nullptr;
  // Not those in the user's home: under sudo these may be somebody else's.
  const bt_plugin_find_status status =
      bt_plugin_find(name, BT_TRUE, BT_FALSE, BT_TRUE, BT_TRUE, BT_FALSE, &found);
  if (status == BT_PLUGIN_FIND_STATUS_OK) return Plugin(found);
  bt_current_thread_clear_error();
  return Error(ErrorCode::unsupported, cat("reading CTF needs babeltrace2's plugin '", name,
                                           "', which is not installed (Debian: libbabeltrace2-0)"));
}

/// The traces of one recording session (of one UUID) are one, cut in pieces: only read together
/// does babeltrace see what was lost between them. Empty: the trace has no UUID.
std::string group_of(const bt_component_class_source& reader, const std::string& folder) {
  const Value params(bt_value_map_create());
  bt_value_map_insert_string_entry(params.get(), "input", folder.c_str());
  bt_value_map_insert_string_entry(params.get(), "type", "directory");
  const BabeltraceRef<bt_query_executor, bt_query_executor_put_ref> query(
      bt_query_executor_create(bt_component_class_source_as_component_class_const(&reader),
                               "babeltrace.support-info", params.get()));
  const bt_value* result = nullptr;
  if (query == nullptr || bt_query_executor_query(query.get(), &result) != 0) {
    bt_current_thread_clear_error();  // opening it will say it again
    return {};
  }
  const BabeltraceRef<const bt_value, bt_value_put_ref> answer(result);
  if (!bt_value_is_map(answer.get())) return {};
  const bt_value* const group = bt_value_map_borrow_entry_value_const(answer.get(), "group");
  return group != nullptr && bt_value_is_string(group) ? bt_value_string_get(group) : std::string();
}

/// A cause as babeltrace words it: "What failed: some-addr=0x5589, offset=12".
std::string without_addresses(std::string_view cause) {
  std::string out;
  for (std::size_t at = 0; at < cause.size();) {
    const std::size_t end = std::min(cause.find(' ', at), cause.size() - 1) + 1;
    const std::string_view word = cause.substr(at, end - at);
    if (word.find("-addr=") == word.npos) out += word;
    at = end;
  }
  while (out.ends_with(' ') || out.ends_with(',') || out.ends_with('.')) out.pop_back();
  return escape(out);
}

}  // namespace

Error babeltrace_error(ErrorCode code) {
  const std::unique_ptr<const bt_error, decltype(&bt_error_release)> error(
      bt_current_thread_take_error(), &bt_error_release);
  std::vector<std::string> causes;
  const std::uint64_t count = error == nullptr ? 0 : bt_error_get_cause_count(error.get());
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::string_view cause =
        bt_error_cause_get_message(bt_error_borrow_cause_by_index(error.get(), i));
    // From here on it is the graph that says in which of its parts the others happened.
    if (cause.starts_with("Component") && !causes.empty()) break;
    causes.push_back(without_addresses(cause));
  }
  return Error(code, causes.empty() ? "babeltrace2 failed and says no reason" : join(causes, "; "));
}

Result<std::unique_ptr<MessageStream>> MessageStream::open(
    const std::vector<std::string>& folders) {
  std::unique_ptr<MessageStream> stream(new MessageStream);
  SWERVE_TRY(stream->build(folders));
  return stream;
}

Result<> MessageStream::build(const std::vector<std::string>& folders) {
  SWERVE_TRY_ASSIGN(ctf_, plugin("ctf"));
  SWERVE_TRY_ASSIGN(utils_, plugin("utils"));
  const bt_component_class_source* const reader =
      bt_plugin_borrow_source_component_class_by_name_const(ctf_.get(), "fs");
  const bt_component_class_filter* const muxer_class =
      bt_plugin_borrow_filter_component_class_by_name_const(utils_.get(), "muxer");
  if (reader == nullptr || muxer_class == nullptr)
    return Error(ErrorCode::unsupported,
                 "this babeltrace2 has no component class source.ctf.fs or filter.utils.muxer");

  graph_.reset(bt_graph_create(0));
  if (graph_ == nullptr) return babeltrace_error(ErrorCode::exhausted);
  const bt_component_filter* muxer = nullptr;
  if (bt_graph_add_filter_component(graph_.get(), muxer_class, "muxer", nullptr,
                                    BT_LOGGING_LEVEL_NONE, &muxer) != 0)
    return babeltrace_error(ErrorCode::invalid);
  const bt_component_sink* sink = nullptr;
  if (bt_graph_add_simple_sink_component(graph_.get(), "swerve", nullptr, &consume, nullptr, this,
                                         &sink) != 0)
    return babeltrace_error(ErrorCode::invalid);

  std::map<std::string, std::vector<std::string>> groups;
  for (const std::string& folder : folders) {
    const std::string group = group_of(*reader, folder);
    groups[group.empty() ? "in " + folder : group].push_back(folder);
  }
  for (const auto& [group, members] : groups) SWERVE_TRY(add_trace(*reader, members, *muxer));

  if (bt_graph_connect_ports(
          graph_.get(), bt_component_filter_borrow_output_port_by_index_const(muxer, 0),
          bt_component_sink_borrow_input_port_by_index_const(sink, 0), nullptr) != 0)
    return babeltrace_error(ErrorCode::invalid);
  return {};
}

Result<> MessageStream::add_trace(const bt_component_class_source& reader,
                                  const std::vector<std::string>& folders,
                                  const bt_component_filter& muxer) {
  const Value params(bt_value_map_create());
  bt_value* inputs = nullptr;
  if (bt_value_map_insert_empty_array_entry(params.get(), "inputs", &inputs) != 0)
    return babeltrace_error(ErrorCode::exhausted);
  for (const std::string& folder : folders)
    bt_value_array_append_string_element(inputs, folder.c_str());
  const bt_component_source* source = nullptr;
  if (bt_graph_add_source_component(graph_.get(), &reader, cat("trace ", ++components_).c_str(),
                                    params.get(), BT_LOGGING_LEVEL_NONE, &source) != 0)
    return babeltrace_error(ErrorCode::invalid);
  const std::uint64_t ports = bt_component_source_get_output_port_count(source);
  for (std::uint64_t i = 0; i < ports; ++i) {
    // The muxer has always one free port: its last.
    const std::uint64_t last = bt_component_filter_get_input_port_count(&muxer) - 1;
    if (bt_graph_connect_ports(
            graph_.get(), bt_component_source_borrow_output_port_by_index_const(source, i),
            bt_component_filter_borrow_input_port_by_index_const(&muxer, last), nullptr) != 0)
      return babeltrace_error(ErrorCode::invalid);
  }
  return {};
}

MessageStream::~MessageStream() {
  for (; at_ < count_; ++at_) bt_message_put_ref(messages_[at_]);
}

bt_graph_simple_sink_component_consume_func_status MessageStream::consume(
    bt_message_iterator* iterator, void* self) {
  MessageStream& stream = *static_cast<MessageStream*>(self);
  stream.at_ = 0;
  stream.count_ = 0;
  // Both enumerations have the values of babeltrace's common statuses.
  return static_cast<bt_graph_simple_sink_component_consume_func_status>(
      bt_message_iterator_next(iterator, &stream.messages_, &stream.count_));
}

Result<const bt_message*> MessageStream::next() {
  current_.reset();
  while (at_ == count_ && !ended_) {
    switch (bt_graph_run_once(graph_.get())) {
      case BT_GRAPH_RUN_ONCE_STATUS_OK:
        break;
      case BT_GRAPH_RUN_ONCE_STATUS_END:
        ended_ = true;
        break;
      case BT_GRAPH_RUN_ONCE_STATUS_AGAIN:
        ended_ = true;
        return Error(ErrorCode::io, "babeltrace2 waits for more data, which files do not have");
      case BT_GRAPH_RUN_ONCE_STATUS_MEMORY_ERROR:
        ended_ = true;
        return babeltrace_error(ErrorCode::exhausted);
      case BT_GRAPH_RUN_ONCE_STATUS_ERROR:
        ended_ = true;
        return babeltrace_error(ErrorCode::invalid);
    }
  }
  if (at_ == count_) return static_cast<const bt_message*>(nullptr);
  current_.reset(messages_[at_++]);
  return current_.get();
}

}  // namespace swerve
