// app/notify.h - what a service tells the one who started it: sd_notify(3), without its library.
#pragma once

#include <string>
#include <string_view>

#include "swerve/base/result.h"

namespace swerve {

/// Sends states ("READY=1") to the socket that the environment names in NOTIFY_SOCKET.
class ServiceManager {
 public:
  /// Takes the variable out of the environment, so that commands started later do not speak for us.
  ServiceManager();

  /// Nothing when nobody asked to be told. Errors: those of the socket.
  Result<> tell(std::string_view state) const;

 private:
  std::string socket_;  // a path, or '@' and an abstract name; empty: nobody asked
};

}  // namespace swerve
