// source/ctf/trace_for_test.h - writes a small trace in CTF 1.8, in the way of LTTng: metadata as
// text, one file a stream, packets with the CPU and the number of discarded events.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

namespace swerve {

/// A folder that is removed in the end.
class Folder {
 public:
  Folder() {
    std::string path = (std::filesystem::temp_directory_path() / "ctf-XXXXXX").string();
    if (mkdtemp(path.data()) == nullptr) std::abort();
    path_ = path;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline void write_file(const std::filesystem::path& path, std::string_view content) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

/// Numbers as they stand in a packet: little-endian, each beginning at a byte.
class Bytes {
 public:
  template <typename T>
  Bytes& number(T value) {
    for (unsigned i = 0; i < sizeof value; ++i)
      data_ += static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i));
    return *this;
  }
  Bytes& raw(std::string_view text) {
    data_ += text;
    return *this;
  }
  /// As LTTng records a task's name: with NULs up to its width.
  Bytes& name(std::string text) {
    text.resize(16);
    return raw(text);
  }
  const std::string& data() const { return data_; }

 private:
  std::string data_;
};

/// What the metadata of a test's trace say beside the common beginning.
struct Metadata {
  std::string clock = "monotonic";
  std::uint64_t frequency = 1'000'000'000;
  std::int64_t offset = 1'600'000'000'000'000'000;
  std::string uuid = "d18e6374-35a1-cd42-8e70-a9cffa712793";
  std::string context;  // the common context's fields

  Metadata& event(int id, std::string_view name, std::string_view fields) {
    events_ += "event { name = \"" + std::string(name) + "\"; id = " + std::to_string(id) +
               "; stream_id = 0; fields := struct { " + std::string(fields) + " }; };\n";
    return *this;
  }

  std::string str() const {
    return R"(/* CTF 1.8 */
typealias integer { size = 8; align = 8; signed = false; } := uint8_t;
typealias integer { size = 16; align = 8; signed = false; } := uint16_t;
typealias integer { size = 32; align = 8; signed = false; } := uint32_t;
typealias integer { size = 64; align = 8; signed = false; } := uint64_t;
typealias integer { size = 32; align = 8; signed = true; } := int32_t;
typealias integer { size = 64; align = 8; signed = true; } := int64_t;
typealias integer { size = 8; align = 8; signed = false; encoding = UTF8; } := char_t;
trace { major = 1; minor = 8; uuid = ")" +
           uuid + R"("; byte_order = le;
  packet.header := struct { uint32_t magic; uint32_t stream_id; uint64_t stream_instance_id; }; };
env { hostname = "board"; domain = "kernel"; tracer_name = "lttng-modules"; tracer_major = 2;
  tracer_minor = 13; tracer_patchlevel = 0; };
clock { name = ")" +
           clock + R"("; uuid = "c5a8fc1b-1b3c-4a2c-9d0f-2a7b8f0b1d11"; freq = )" +
           std::to_string(frequency) + "; offset = " + std::to_string(offset) + R"(; };
typealias integer { size = 64; align = 8; signed = false; map = clock.)" +
           clock + R"(.value; } := clock_t;
stream { id = 0;
  event.header := struct { uint16_t id; clock_t timestamp; };
  packet.context := struct { clock_t timestamp_begin; clock_t timestamp_end;
    uint64_t content_size; uint64_t packet_size; uint64_t packet_seq_num;
    uint64_t events_discarded; uint32_t cpu_id; };
)" + (context.empty() ? "" : "  event.context := struct { " + context + " };\n") +
           "};\n" + events_;
  }

 private:
  std::string events_;
};

struct Packet {
  std::uint64_t begin = 0, end = 0;
  std::uint32_t cpu = 0;
  std::uint64_t number = 0;     // in its stream
  std::uint64_t discarded = 0;  // in its stream, up to its end
  std::string events = {};

  Packet& event(std::uint16_t id, std::uint64_t time, const Bytes& body) {
    events += Bytes().number(id).number(time).raw(body.data()).data();
    return *this;
  }
  std::string str() const {
    const std::uint64_t bits = 8 * (16 + 6 * 8 + 4 + events.size());
    return Bytes()
        .number(std::uint32_t{0xc1fc1fc1})
        .number(std::uint32_t{0})
        .number(std::uint64_t{cpu})  // one stream a CPU
        .number(begin)
        .number(end)
        .number(bits)
        .number(bits)
        .number(number)
        .number(discarded)
        .number(cpu)
        .raw(events)
        .data();
  }
};

}  // namespace swerve
