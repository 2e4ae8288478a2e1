// app/cli.h - the command line: the only place that knows CLI11.
#pragma once

namespace swerve {

/// Reads the arguments, runs the command that they name and returns the exit status.
int run_command_line(int argc, char** argv);

}  // namespace swerve
