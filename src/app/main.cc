// The swerve command; docs/command.md is its manual.
#include "app/cli.h"

int main(int argc, char** argv) { return swerve::run_command_line(argc, argv); }
