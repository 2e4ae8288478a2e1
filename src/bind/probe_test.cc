#include "bind/probe.h"

#include <gtest/gtest.h>

namespace swerve {
namespace {

TEST(ParseProbe, GoodOnesPrintAsTheyAreWritten) {
  using Kind = Probe::Kind;
  const std::pair<const char*, Probe> cases[] = {
      {"tracepoint:sched_switch", {Kind::tracepoint, "", "sched_switch"}},
      {"tracepoint:sched:sched_switch", {Kind::tracepoint, "sched", "sched_switch"}},
      {"tracepoint:9p:9p_client_req", {Kind::tracepoint, "9p", "9p_client_req"}},
      {"fentry:vfs_read", {Kind::fentry, "", "vfs_read"}},
      {"fexit:do_sys.part.0", {Kind::fexit, "", "do_sys.part.0"}},
      {"syscall:close", {Kind::syscall_enter, "", "close"}},
      {"syscall:close:exit", {Kind::syscall_exit, "", "close"}},
      {"syscall:exit", {Kind::syscall_enter, "", "exit"}},
      {"syscall:exit:exit", {Kind::syscall_exit, "", "exit"}}};
  for (const auto& [text, probe] : cases) {
    const Result<Probe> parsed = parse_probe(text);
    ASSERT_TRUE(parsed) << parsed.error().message();
    EXPECT_EQ(*parsed, probe) << text;
    EXPECT_EQ(parsed->text(), text);
  }
}

TEST(ParseProbe, BadOnesSayWhatIsExpected) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "a probe is written KIND:NAME, such as tracepoint:sched_switch; found ''"},
      {"sched_switch",
       "a probe is written KIND:NAME, such as tracepoint:sched_switch; found 'sched_switch'"},
      {"tracepont:sched_switch",
       "no kind of probe 'tracepont' (tracepoint, fentry, fexit, syscall, inproc); did you mean "
       "'tracepoint'?"},
      {"uprobe:x", "no kind of probe 'uprobe' (tracepoint, fentry, fexit, syscall, inproc)"},
      {"tracepoint", "expected tracepoint:[CATEGORY:]NAME, found 'tracepoint'"},
      {"tracepoint:", "expected tracepoint:[CATEGORY:]NAME, found 'tracepoint:'"},
      {"tracepoint:a:b:c", "expected tracepoint:[CATEGORY:]NAME, found 'tracepoint:a:b:c'"},
      {"tracepoint::b", "expected tracepoint:[CATEGORY:]NAME, found 'tracepoint::b'"},
      {"tracepoint:sched switch",
       "expected tracepoint:[CATEGORY:]NAME, found 'tracepoint:sched switch'"},
      {"tracepoint:../x", "expected tracepoint:[CATEGORY:]NAME, found 'tracepoint:../x'"},
      {"fentry:a:b", "expected fentry:NAME, found 'fentry:a:b'"},
      {"fexit:\x1b[1m", "expected fexit:NAME, found 'fexit:\\x1b[1m'"},
      {"syscall:close:exit:exit",
       "expected syscall:NAME or syscall:NAME:exit, found 'syscall:close:exit:exit'"},
      {"syscall:close:exti",
       "expected syscall:NAME or syscall:NAME:exit, found 'syscall:close:exti'; did you mean "
       "'exit'?"}};
  for (const auto& [text, message] : cases) {
    const Result<Probe> parsed = parse_probe(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().message(), message);
    EXPECT_EQ(parsed.error().code(), ErrorCode::invalid);
  }
}

TEST(SignatureText, NamesItsParameters) {
  EXPECT_EQ((Signature{"f", {}}).text(), "f()");
  EXPECT_EQ((Signature{"f", {{"a", kVoid}, {"", kVoid}, {"c", kVoid}}}).text(), "f(a, arg1, c)");
}

}  // namespace
}  // namespace swerve
