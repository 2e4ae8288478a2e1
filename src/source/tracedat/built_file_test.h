// source/tracedat/built_file_test.h - a trace.dat for tests, built piece by piece: of any
// endianness, version and compression, with records that no kernel would write.
#pragma once

#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace swerve::built {

/// Appends numbers of either endianness.
class Bytes {
 public:
  explicit Bytes(bool big) : big_(big) {}
  template <typename T>
  Bytes& number(T value) {
    char raw[sizeof value];
    std::memcpy(raw, &value, sizeof value);
    if (big_ != (std::endian::native == std::endian::big)) std::reverse(raw, raw + sizeof value);
    out.append(raw, sizeof value);
    return *this;
  }
  Bytes& u16(std::uint16_t value) { return number(value); }
  Bytes& u32(std::uint32_t value) { return number(value); }
  Bytes& u64(std::uint64_t value) { return number(value); }
  Bytes& raw(std::string_view bytes) {
    out.append(bytes);
    return *this;
  }
  /// With a NUL at its end.
  Bytes& text(std::string_view bytes) {
    out.append(bytes).push_back('\0');
    return *this;
  }
  Bytes& put_u64(std::size_t at, std::uint64_t value) {
    out.replace(at, 8, Bytes(big_).u64(value).out);
    return *this;
  }
  std::string out;

 private:
  bool big_;
};

struct Buffer {
  std::string name;  // empty: the top one
  std::string clock = "mono";
  std::vector<std::pair<std::uint32_t, std::string>> streams;  // by CPU; version 6: 0, 1, 2...
  bool is_text = false;
};

struct Format {
  std::string system;
  std::string text;
};

/// The event that tests use: a field of every form.
inline const char* const kSampleFormat =
    "name: sample\n"
    "ID: 300\n"
    "format:\n"
    "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
    "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
    "\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\tsigned:0;\n"
    "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n"
    "\n"
    "\tfield:char comm[16];\toffset:8;\tsize:16;\tsigned:0;\n"
    "\tfield:s8 tiny;\toffset:24;\tsize:1;\tsigned:1;\n"
    "\tfield:bool flag;\toffset:25;\tsize:1;\tsigned:0;\n"
    "\tfield:short small;\toffset:26;\tsize:2;\tsigned:1;\n"
    "\tfield:pid_t pid;\toffset:28;\tsize:4;\tsigned:1;\n"
    "\tfield:unsigned int count;\toffset:32;\tsize:4;\tsigned:0;\n"
    "\tfield:umode_t mode;\toffset:36;\tsize:2;\tsigned:0;\n"
    "\tfield:const char * where;\toffset:40;\tsize:8;\tsigned:0;\n"
    "\tfield:__data_loc char[] path;\toffset:48;\tsize:4;\tsigned:1;\n"
    "\tfield:__rel_loc char[] name;\toffset:52;\tsize:4;\tsigned:1;\n"
    "\tfield:unsigned long args[2];\toffset:56;\tsize:16;\tsigned:0;\n"
    "\n"
    "print fmt: \"%s\", __get_str(path), (((REC->mode) & 0xf\n";

struct Sample {
  std::uint16_t type = 300;
  std::int32_t task = 1;
  std::string comm = "task";
  std::int8_t tiny = 0;
  std::uint8_t flag = 0;
  std::int16_t small = 0;
  std::int32_t pid = 0;
  std::uint32_t count = 0;
  std::uint16_t mode = 0;
  std::uint64_t where = 0;
  std::string path;
  std::string name;

  std::string bytes(bool big) const {
    Bytes b(big);
    b.u16(type).u16(0).number(task);
    b.raw((comm + std::string(16, '\0')).substr(0, 16));
    b.number(tiny).number(flag).number(small).number(pid).u32(count).u16(mode).u16(0).u64(where);
    const auto path_size = static_cast<std::uint32_t>(path.size() + 1);
    const auto name_size = static_cast<std::uint32_t>(name.size() + 1);
    b.u32(path_size << 16 | 72).u32(name_size << 16 | (72 + path_size - 56));
    b.u64(0).u64(0).text(path).text(name);
    return b.out;
  }
};

struct File {
  int version = 7;
  bool big = false;
  int commit_bytes = 8;
  std::uint32_t page_size = 4096;
  std::string packing = "none";  // none, zlib, zstd
  std::size_t pages_in_chunk = 3;
  bool count_in_size = false;  // the size of a packed stream has the four bytes of the count
  std::vector<Format> formats = {{"test", kSampleFormat}};
  std::string comms = "1 task\n";
  std::vector<std::pair<std::uint16_t, std::string>> options;
  std::vector<Buffer> buffers;
  std::uint32_t version_6_cpus = 0;  // 0: as many as the buffers have

  Bytes bytes() const { return Bytes(big); }

  std::string header_page() const {
    const std::string data = std::to_string(8 + commit_bytes);
    const std::string size = std::to_string(commit_bytes);
    return "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
           "\tfield: local_t commit;\toffset:8;\tsize:" +
           size +
           ";\tsigned:1;\n"
           "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
           "\tfield: char data;\toffset:" +
           data + ";\tsize:" + std::to_string(page_size - 8 - commit_bytes) + ";\tsigned:1;\n";
  }

  std::string packed(std::string_view from) const {
    if (packing == "zlib") {
      uLong size = compressBound(from.size());
      std::string to(size, '\0');
      compress(reinterpret_cast<Bytef*>(to.data()), &size,
               reinterpret_cast<const Bytef*>(from.data()), from.size());
      to.resize(size);
      return to;
    }
    std::string to(ZSTD_compressBound(from.size()), '\0');
    to.resize(ZSTD_compress(to.data(), to.size(), from.data(), from.size(), 1));
    return to;
  }

  std::string header_info() const {
    const std::string event = "# compressed entry header\n";
    return bytes()
        .text("header_page")
        .u64(header_page().size())
        .raw(header_page())
        .text("header_event")
        .u64(event.size())
        .raw(event)
        .out;
  }
  std::string ftrace_formats() const {
    Bytes b = bytes();
    std::uint32_t count = 0;
    for (const Format& f : formats) count += f.system == "ftrace" ? 1 : 0;
    b.u32(count);
    for (const Format& f : formats) {
      if (f.system == "ftrace") b.u64(f.text.size()).raw(f.text);
    }
    return b.out;
  }
  std::string event_formats() const {
    Bytes b = bytes();
    std::uint32_t count = 0;
    for (const Format& f : formats) count += f.system == "ftrace" ? 0 : 1;
    b.u32(count);  // each in a system of its own
    for (const Format& f : formats) {
      if (f.system != "ftrace") b.text(f.system).u32(1).u64(f.text.size()).raw(f.text);
    }
    return b.out;
  }
  std::string beginning() const {
    return bytes()
        .raw("\x17\x08\x44tracing")
        .text(std::to_string(version))
        .number<std::uint8_t>(big ? 1 : 0)
        .number<std::uint8_t>(8)
        .u32(page_size)
        .out;
  }

  std::string str() const { return version == 6 ? version_6() : version_7(); }

  std::string version_6() const {
    Bytes b = bytes();
    b.raw(beginning()).raw(header_info()).raw(ftrace_formats()).raw(event_formats());
    b.u32(5).raw("kalls").u32(6).raw("printk");
    b.u64(comms.size()).raw(comms);
    std::uint32_t cpus = version_6_cpus;
    std::vector<std::size_t> option_at(buffers.size());
    for (const Buffer& buffer : buffers) {
      cpus = std::max(cpus, static_cast<std::uint32_t>(buffer.streams.size()));
    }
    b.u32(cpus).raw(std::string_view("options  \0", 10));
    b.u16(4).u32(7).raw("[mono]\n");
    for (const auto& [id, data] : options) {
      b.u16(id).u32(static_cast<std::uint32_t>(data.size())).raw(data);
    }
    for (std::size_t i = 0; i < buffers.size(); ++i) {
      if (buffers[i].name.empty()) continue;
      b.u16(3).u32(static_cast<std::uint32_t>(9 + buffers[i].name.size()));
      option_at[i] = b.out.size();
      b.u64(0).text(buffers[i].name);
    }
    b.u16(0);
    // The top buffer stands right here.
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < buffers.size(); ++i) {
      order.insert(buffers[i].name.empty() ? order.begin() : order.end(), i);
    }
    for (const std::size_t i : order) {
      const Buffer& buffer = buffers[i];
      if (!buffer.name.empty()) b.put_u64(option_at[i], b.out.size());
      if (buffer.is_text) {
        b.raw(std::string_view("latency  \0", 10)).raw("# tracer: wakeup\n");
        continue;
      }
      b.raw(std::string_view("flyrecord\0", 10));
      const std::size_t table = b.out.size();
      b.raw(std::string(16 * cpus, '\0'));
      const std::string clock = "[" + buffer.clock + "]";
      b.u64(clock.size() + 1).text(clock);
      for (std::size_t cpu = 0; cpu < buffer.streams.size(); ++cpu) {
        align(b);
        b.put_u64(table + 16 * cpu, b.out.size());
        b.put_u64(table + 16 * cpu + 8, buffer.streams[cpu].second.size());
        b.raw(buffer.streams[cpu].second);
      }
    }
    return b.out;
  }

  std::string version_7() const {
    Bytes b = bytes();
    b.raw(beginning()).text(packing).text(packing == "none" ? "" : "1");
    const std::size_t options_at = b.out.size();
    b.u64(0);
    Bytes first = bytes();
    const auto lead_to = [&](std::uint16_t id, const std::string& content) {
      first.u16(id).u32(8).u64(b.out.size());
      section(b, id, content);
    };
    lead_to(16, header_info());
    lead_to(17, ftrace_formats());
    lead_to(18, event_formats());
    lead_to(21, bytes().u64(comms.size()).raw(comms).out);
    for (const auto& [id, data] : options) {
      first.u16(id).u32(static_cast<std::uint32_t>(data.size())).raw(data);
    }
    b.put_u64(options_at, b.out.size());
    // As trace-cmd does it: every buffer has options of its own, to which those before lead.
    std::size_t next_at = plain_options(b, first.out);
    for (const Buffer& buffer : buffers) {
      const std::string option = put_buffer(b, buffer);
      b.put_u64(next_at, b.out.size());
      next_at = plain_options(b, bytes()
                                     .u16(buffer.is_text ? 22 : 3)
                                     .u32(static_cast<std::uint32_t>(option.size()))
                                     .raw(option)
                                     .out);
    }
    return b.out;
  }

 private:
  void align(Bytes& b) const {
    b.out.resize((b.out.size() + page_size - 1) / page_size * page_size);
  }

  void section(Bytes& b, std::uint16_t id, const std::string& content) const {
    b.u16(id).u16(packing == "none" ? 0 : 1).u32(0);
    if (packing == "none") {
      b.u64(content.size()).raw(content);
    } else {
      const std::string small = packed(content);
      b.u64(small.size() + 8).u32(static_cast<std::uint32_t>(small.size()));
      b.u32(static_cast<std::uint32_t>(content.size())).raw(small);
    }
  }

  /// Where the place of the next options is to be put.
  std::size_t plain_options(Bytes& b, const std::string& content) const {
    b.u16(0).u16(0).u32(0).u64(content.size() + 14).raw(content).u16(0).u32(8).u64(0);
    return b.out.size() - 8;
  }

  std::string put_buffer(Bytes& b, const Buffer& buffer) const {
    Bytes option = bytes();
    option.u64(b.out.size()).text(buffer.name).text(buffer.clock);
    if (buffer.is_text) {
      section(b, 22, "# tracer: wakeup\n");
      return option.out;
    }
    b.u16(3).u16(packing == "none" ? 0 : 1).u32(0).u64(0);
    option.u32(page_size).u32(static_cast<std::uint32_t>(buffer.streams.size()));
    for (const auto& [cpu, pages] : buffer.streams) {
      align(b);
      std::string content = pages;
      std::size_t size = pages.size();
      if (packing != "none") {
        content = chunks(pages);
        size = content.size() - (count_in_size ? 0 : 4);
      }
      option.u32(cpu).u64(b.out.size()).u64(size);
      b.raw(content);
    }
    return option.out;
  }

  std::string chunks(const std::string& pages) const {
    Bytes b = bytes();
    const std::size_t in_one = page_size * pages_in_chunk;
    b.u32(static_cast<std::uint32_t>((pages.size() + in_one - 1) / in_one));
    for (std::size_t at = 0; at < pages.size(); at += in_one) {
      const std::string_view part = std::string_view(pages).substr(at, in_one);
      const std::string small = packed(part);
      b.u32(static_cast<std::uint32_t>(small.size())).u32(static_cast<std::uint32_t>(part.size()));
      b.raw(small);
    }
    return b.out;
  }
};

/// A sub-buffer.
class Page {
 public:
  Page(const File& file, std::uint64_t time) : file_(file), time_(time), data_(file.big) {}

  /// A record; one of more than 112 bytes says its length in a word of its own.
  Page& event(std::uint32_t delta, std::string record) {
    if (record.size() > 28 * 4) return long_event(delta, std::move(record));
    record.resize((record.size() + 3) / 4 * 4);
    head(static_cast<std::uint32_t>(record.size() / 4), delta);
    data_.raw(record);
    return *this;
  }
  Page& event(std::uint32_t delta, const Sample& sample) {
    return event(delta, sample.bytes(file_.big));
  }
  Page& long_event(std::uint32_t delta, std::string record) {
    head(0, delta);
    data_.u32(static_cast<std::uint32_t>(record.size() + 4));
    record.resize((record.size() + 3) / 4 * 4);
    data_.raw(record);
    return *this;
  }
  /// A discarded record that takes `bytes` in all.
  Page& padding(std::uint32_t delta, std::uint32_t bytes) {
    head(29, delta);
    data_.u32(bytes - 4).raw(std::string(bytes - 8, 'x'));
    return *this;
  }
  Page& extend(std::uint64_t delta) { return time(30, delta); }
  Page& stamp(std::uint64_t absolute) { return time(31, absolute); }
  Page& head(std::uint32_t type, std::uint32_t delta) {
    data_.u32(file_.big ? type << 27 | delta : delta << 5 | type);
    return *this;
  }
  Page& word(std::uint32_t value) {
    data_.u32(value);
    return *this;
  }
  /// Events were lost in front of it.
  Page& missed(std::optional<std::uint64_t> count = std::nullopt) {
    missed_ = count;
    flags_ = (~std::uint64_t{0} << 31) + (count ? 1U << 30 : 0);
    return *this;
  }
  Page& commit(std::uint64_t size) {
    commit_ = size;
    return *this;
  }
  std::size_t size() const { return data_.out.size(); }
  std::size_t room() const { return file_.page_size - 8 - file_.commit_bytes - size(); }

  std::string str() const {
    Bytes b(file_.big);
    // As the kernel adds them to a long: the highest flag is the sign of an int.
    const std::uint64_t commit = commit_.value_or(size()) + flags_;
    b.u64(time_);
    put_long(b, commit);
    b.raw(data_.out);
    if (missed_) put_long(b, *missed_);
    b.out.resize(file_.page_size);
    return b.out;
  }

 private:
  Page& time(std::uint32_t type, std::uint64_t value) {
    head(type, static_cast<std::uint32_t>(value & 0x7ffffff));
    data_.u32(static_cast<std::uint32_t>(value >> 27));
    return *this;
  }
  void put_long(Bytes& b, std::uint64_t value) const {
    if (file_.commit_bytes == 8) {
      b.u64(value);
    } else {
      b.u32(static_cast<std::uint32_t>(value));
    }
  }

  const File& file_;
  std::uint64_t time_;
  Bytes data_;
  std::uint64_t flags_ = 0;
  std::optional<std::uint64_t> missed_;
  std::optional<std::uint64_t> commit_;
};

}  // namespace swerve::built
