#include "swerve/monitor/reaction.h"

#include <gtest/gtest.h>

#include <csignal>

namespace swerve {
namespace {

int number_of(const std::string& signal) {
  const auto got = signal_reaction({{"signal", signal}});
  return got ? got->number : 0;
}
std::string refusal(const std::map<std::string, std::string>& options) {
  const auto got = signal_reaction(options);
  if (got) return "accepted";
  EXPECT_EQ(got.error().code(), ErrorCode::invalid);
  return got.error().message();
}

TEST(SignalReaction, AsksAProcessToEndWhereNothingElseIsSaid) {
  EXPECT_EQ(signal_reaction({}).value(), (SignalReaction{SIGTERM, true}));
}

TEST(SignalReaction, ReadsNamesWithAndWithoutSigAndNumbers) {
  EXPECT_EQ(number_of("SIGTERM"), SIGTERM);
  EXPECT_EQ(number_of("TERM"), SIGTERM);
  EXPECT_EQ(number_of("15"), SIGTERM);
  EXPECT_EQ(number_of("SIGKILL"), SIGKILL);
  EXPECT_EQ(number_of("USR1"), SIGUSR1);
  EXPECT_EQ(number_of("SIGIO"), SIGIO);
  EXPECT_EQ(number_of("SIGPOLL"), SIGIO);
  EXPECT_EQ(number_of("SIGSYS"), SIGSYS);
  EXPECT_EQ(number_of("1"), 1);
  EXPECT_EQ(number_of("64"), 64);
}

TEST(SignalReaction, ReadsToWhom) {
  EXPECT_EQ(signal_reaction({{"to", "thread"}, {"signal", "STOP"}}).value(),
            (SignalReaction{SIGSTOP, false}));
  EXPECT_EQ(signal_reaction({{"to", "process"}}).value(), (SignalReaction{SIGTERM, true}));
}

TEST(SignalReaction, SaysWhatIsWrong) {
  const std::string no = "'signal' is the name of a signal or a number from 1 to 64, not '";
  EXPECT_EQ(refusal({{"signal", "SIGTREM"}}), no + "SIGTREM'; did you mean 'SIGTERM'?");
  EXPECT_EQ(refusal({{"signal", "sigterm"}}), no + "sigterm'; did you mean 'SIGTERM'?");
  EXPECT_EQ(refusal({{"signal", "term"}}), no + "term'; did you mean 'TERM'?");
  for (const char* const number : {"0", "65", "-1", "9x", "99999999999"}) {
    EXPECT_TRUE(refusal({{"signal", number}}).starts_with(no + number + "'")) << number;
  }
  EXPECT_TRUE(refusal({{"signal", ""}}).starts_with(no));
  EXPECT_TRUE(refusal({{"signal", "SIG"}}).starts_with(no));
  EXPECT_TRUE(refusal({{"signal", "a\nb"}}).starts_with(no + "a\\nb'"));
  EXPECT_EQ(refusal({{"to", "threads"}}),
            "'to' is 'process' or 'thread', not 'threads'; did you mean 'thread'?");
  EXPECT_EQ(refusal({{"singal", "TERM"}}),
            "the reactor 'signal' has no option 'singal'; did you mean 'signal'?");
}

TEST(CheckOptions, LetsNoOtherNamesThrough) {
  EXPECT_TRUE(check_options("exec", {}, {}));
  EXPECT_TRUE(check_options("exec", {{"a", "1"}, {"b", ""}}, {"b", "c", "a"}));
  EXPECT_EQ(check_options("nop", {{"loud", "yes"}}, {}).error().message(),
            "the reactor 'nop' has no option 'loud'");
  EXPECT_EQ(check_options("x", {{"comand", ""}}, {"command"}).error().message(),
            "the reactor 'x' has no option 'comand'; did you mean 'command'?");
}

}  // namespace
}  // namespace swerve
