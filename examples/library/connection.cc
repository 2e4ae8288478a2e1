// A server that keeps the protocol of its connections under watch: hello, then a login, then data.
//
// The server's code says what happens, with two words a place. What may happen when stands in the
// model, once. Prints the report on the client that sends data before it has logged in.
#include <cstdint>
#include <string_view>

#include "swerve/swerve.h"

SWERVE_TRACEPOINT(message_received, std::uint32_t id, std::string_view kind);
SWERVE_TRACEPOINT(connection_closed, std::uint32_t id);

namespace {

constexpr auto handshake = swerve::dot(R"(digraph handshake {
  __init_connected -> connected;
  connected -> greeted  [label = "hello"];
  greeted   -> ready    [label = "login"];
  ready     -> ready    [label = "data"];
  connected -> connected [label = "close"]; greeted -> connected [label = "close"]; ready -> connected [label = "close"];
})");

// What a real server does besides is left out.
class Server {
 public:
  void receive(std::uint32_t id, std::string_view kind) { SWERVE_EMIT(message_received, id, kind); }
  void close(std::uint32_t id) { SWERVE_EMIT(connection_closed, id); }
};

swerve::MonitorSpec handshake_monitor() {
  using namespace swerve;
  const auto id = [](std::uint32_t connection, auto...) { return connection; };
  const auto is = [](std::string_view wanted) {
    return when([wanted](std::uint32_t, std::string_view kind) { return kind == wanted; });
  };
  MonitorSpec spec("handshake", handshake, Scope::object);
  spec.description("a client says hello, logs in, then sends data")
      .on(message_received, handshake["hello"], key(id), is("hello"), start_run)
      .on(message_received, handshake["login"], key(id), is("login"))
      .on(message_received, handshake["data"], key(id), is("data"), start_run)
      .on(connection_closed, handshake["close"], key(id), swerve::end)
      .reactor("log");
  return spec;
}

}  // namespace

int main() {
  swerve::Session session;
  swerve::Monitor monitor = session.add(handshake_monitor()).value();
  monitor.enable().value();

  Server server;
  server.receive(1, "hello");
  server.receive(2, "hello");
  server.receive(1, "login");
  server.receive(1, "data");
  server.receive(2, "data");  // too early: reported
  server.close(1);
  server.close(2);
  return monitor.stats().violations == 1 ? 0 : 1;
}
