// A device that must be opened, configured and closed in this order. Each object is watched for as
// long as it lives: its instance is a member, so it ends with the object, also when that is moved.
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "swerve/swerve.h"

namespace {

constexpr auto order = swerve::dot(R"(digraph device {
  __init_closed -> closed;
  closed     -> opened     [label = "open"];
  opened     -> configured [label = "configure"];
  configured -> configured [label = "use"];
  opened -> closed [label = "close"]; configured -> closed [label = "close"];
})");

swerve::Session& session() {
  static swerve::Session all;
  return all;
}

swerve::Monitor& devices() {
  static swerve::Monitor monitor =
      session()
          .add(swerve::MonitorSpec("devices", order, swerve::Scope::object)
                   .description("open, configure, use, close")
                   .reactor("throw"))
          .value();
  return monitor;
}

class Device {
 public:
  explicit Device(int number) : watched_(devices().object(number)) {}
  void open() { watched_.step(order["open"]); }
  void configure() { watched_.step(order["configure"]); }
  void use() { watched_.step(order["use"]); }
  void close() { watched_.step(order["close"]); }

 private:
  swerve::Object<int> watched_;
};

}  // namespace

int main() {
  devices().enable().value();
  Device good(1);
  good.open();
  good.configure();
  Device moved = std::move(good);
  moved.use();
  moved.close();

  Device bad(2);
  bad.open();
  try {
    bad.use();
  } catch (const swerve::ViolationError& error) {
    std::puts(error.what());  // devices: 'use' is not allowed in state 'opened'; ...
    return EXIT_SUCCESS;
  }
  return EXIT_FAILURE;
}
