#include "source/tracedat/file.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <set>

#include "base/text.h"
#include "source/tracedat/bytes.h"

namespace swerve::tracedat {

namespace {

constexpr std::string_view kMagic("\x17\x08\x44tracing", 10);

/// No file comes near to these; so memory is bounded, whatever a file claims.
constexpr std::uint32_t kMostUnpacked = 32U << 20;  // bytes of a section
constexpr std::uint32_t kMostPage = 16U << 20;
constexpr std::uint32_t kMostCpus = 8192;
constexpr std::size_t kMostBuffers = 256;
constexpr std::size_t kMostOptions = 1000;     // sections of them
constexpr std::size_t kMostFormats = 0x10000;  // as many as there are types of events

/// Numbers of options, and of the sections that they lead to.
enum Option : std::uint16_t {
  kDone = 0,
  kDate = 1,
  kCpuStat = 2,
  kBuffer = 3,
  kTraceClock = 4,
  kOffset = 7,
  kCpuCount = 8,
  kTscToNs = 14,
  kHeaderInfo = 16,
  kFtraceEvents = 17,
  kEventFormats = 18,
  kCommandLines = 21,
  kBufferText = 22,
  kSavedTgids = 32,  // of gpuvis' trace-cmd
};
constexpr std::uint16_t kFlyrecordSection = 3;
constexpr std::uint16_t kPackedSection = 1;  // a flag

struct Buffer {
  std::string_view name;
  std::uint64_t offset = 0;
  std::string_view clock;
  bool is_text = false;
  std::uint32_t page_size = 0;  // 0: the file's
  std::vector<StreamPlace> streams;
  bool is_empty() const { return !is_text && streams.empty(); }
};

/// "local [global] counter" -> "global"
std::string_view chosen(std::string_view clocks) {
  const std::size_t open = clocks.find('[');
  if (open == std::string_view::npos) return {};
  const std::size_t close = clocks.find(']', open);
  return close == std::string_view::npos ? "" : clocks.substr(open + 1, close - open - 1);
}

/// Without what stands behind the first NUL.
std::string_view until_nul(std::string_view text) { return text.substr(0, text.find('\0')); }

std::optional<std::uint64_t> number_in(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  return value;
}

/// As strtoll() with base 0 does: "-0x1f", "012", "17".
std::uint64_t signed_number(std::string_view text) {
  return static_cast<std::uint64_t>(std::strtoll(std::string(text).c_str(), nullptr, 0));
}

class Reader {
 public:
  Reader(std::string_view bytes, const std::string& wanted)
      : wanted_(wanted), whole_(bytes, false, 0, ""), unpacker_(Packing::none) {
    out_.bytes = bytes;
  }

  Result<TraceFile> read() {
    SWERVE_TRY(read_start());
    SWERVE_TRY(out_.version == 6 ? read_v6() : read_v7());
    SWERVE_TRY(choose_buffer());
    return std::move(out_);
  }

 private:
  /// What stands at the beginning of both versions.
  Result<> read_start() {
    SWERVE_TRY_ASSIGN(const std::string_view magic, whole_.bytes(kMagic.size(), "the magic"));
    if (magic != kMagic) return whole_.wrong(0, "not a trace.dat");
    SWERVE_TRY_ASSIGN(const std::string_view version, whole_.text("the version"));
    if (version != "6" && version != "7") {
      return Error(ErrorCode::unsupported, cat("version ", escape(version.substr(0, 20)),
                                               " of trace.dat is not known; 6 and 7 are"));
    }
    out_.version = version == "6" ? 6 : 7;
    SWERVE_TRY_ASSIGN(const std::uint8_t big, whole_.u8("the endianness"));
    if (big > 1) return whole_.wrong(whole_.offset() - 1, cat("no endianness has number ", big));
    out_.swap = (big == 1) != (std::endian::native == std::endian::big);
    SWERVE_TRY_ASSIGN(const std::uint8_t long_size, whole_.u8("the size of long"));
    if (long_size != 4 && long_size != 8) {
      return whole_.wrong(whole_.offset() - 1, cat("a long of ", long_size, " bytes"));
    }
    whole_ = ByteReader(out_.bytes, out_.swap, 0, "");
    SWERVE_TRY(whole_.bytes(kMagic.size() + 4, "the beginning"));
    SWERVE_TRY_ASSIGN(out_.page.size, whole_.u32("the page size"));
    return check_page_size(whole_.offset() - 4, out_.page.size);
  }

  Result<> check_page_size(std::uint64_t offset, std::uint32_t size) const {
    if (size >= 64 && size <= kMostPage) return {};
    return whole_.wrong(offset, cat("a page of ", size, " bytes"));
  }

  // Version 6: one part after the other.

  Result<> read_v6() {
    SWERVE_TRY(read_header_info(whole_));
    SWERVE_TRY(read_formats(whole_, "ftrace"));
    SWERVE_TRY(read_event_formats(whole_));
    for (const char* const what : {"the symbols of the kernel", "the formats of trace_printk"}) {
      SWERVE_TRY_ASSIGN(const std::uint32_t size, whole_.u32(what));
      SWERVE_TRY(whole_.bytes(size, what));
    }
    SWERVE_TRY(read_command_lines(whole_));
    SWERVE_TRY_ASSIGN(cpus_, read_cpus(whole_));
    SWERVE_TRY_ASSIGN(std::string_view tag, whole_.bytes(10, "the kind of the file"));
    if (tag.starts_with("options")) {
      SWERVE_TRY(read_v6_options());
      SWERVE_TRY_ASSIGN(tag, whole_.bytes(10, "the kind of the file"));
    }
    Buffer top;
    SWERVE_TRY(read_v6_buffer(whole_, tag, top));
    for (Buffer& buffer : buffers_) {
      ByteReader at = whole_at(buffer.offset);
      SWERVE_TRY_ASSIGN(std::string_view its_tag, at.bytes(10, "the kind of a buffer"));
      SWERVE_TRY(read_v6_buffer(at, its_tag, buffer));
    }
    buffers_.push_back(std::move(top));
    return {};
  }

  Result<> read_v6_options() {
    for (;;) {
      SWERVE_TRY_ASSIGN(const std::uint16_t id, whole_.u16("an option"));
      if (id == kDone) return {};
      SWERVE_TRY_ASSIGN(const std::uint32_t size, whole_.u32("an option's size"));
      const std::uint64_t offset = whole_.offset();
      SWERVE_TRY_ASSIGN(const std::string_view data, whole_.bytes(size, "an option"));
      SWERVE_TRY(take_option(id, ByteReader(data, out_.swap, offset, ""), data));
    }
  }

  /// The places of the CPUs' events, and the clock behind them.
  Result<> read_v6_buffer(ByteReader& from, std::string_view tag, Buffer& buffer) {
    if (tag.starts_with("latency")) {
      buffer.is_text = true;
      return {};
    }
    if (!tag.starts_with("flyrecord")) {
      return from.wrong(from.offset() - 10, "neither \"flyrecord\" nor \"latency\" stands here");
    }
    for (std::uint32_t cpu = 0; cpu < cpus_; ++cpu) {
      StreamPlace place{.cpu = cpu};
      SWERVE_TRY_ASSIGN(place.offset, from.u64("the place of a CPU's events"));
      SWERVE_TRY_ASSIGN(place.size, from.u64("the size of a CPU's events"));
      if (place.size != 0) buffer.streams.push_back(place);
    }
    if (clock_given_) {
      SWERVE_TRY_ASSIGN(const std::uint64_t size, from.u64("the size of the clock's name"));
      SWERVE_TRY_ASSIGN(const std::string_view clocks, from.bytes(size, "the clock's name"));
      buffer.clock = chosen(until_nul(clocks));
    }
    return {};
  }

  // Version 7: options that lead to sections.

  Result<> read_v7() {
    SWERVE_TRY_ASSIGN(const std::string_view packing, whole_.text("the name of the compression"));
    SWERVE_TRY(whole_.text("the version of the compression"));
    if (packing == "zlib") {
      out_.packing = Packing::zlib;
    } else if (packing == "zstd") {
      out_.packing = Packing::zstd;
    } else if (packing != "none") {
      return Error(ErrorCode::unsupported,
                   cat("it is compressed with ", escape(packing.substr(0, 40)),
                       ", which is not known; zlib and zstd are"));
    }
    unpacker_ = Unpacker(out_.packing);
    SWERVE_TRY_ASSIGN(std::uint64_t next, whole_.u64("the place of the options"));
    std::set<std::uint64_t> seen;
    while (next != 0) {
      if (!seen.insert(next).second) return whole_.wrong(next, "the options lead in a circle");
      if (seen.size() > kMostOptions) return whole_.wrong(next, "too many sections of options");
      SWERVE_TRY_ASSIGN(next, read_v7_options(next));
    }
    if (!sections_.contains(kHeaderInfo)) {
      return whole_.wrong(0, "the options lead to no header_page");
    }
    for (const auto& [id, offset] : sections_) {
      SWERVE_TRY_ASSIGN(ByteReader from, section(id, offset));
      switch (id) {
        case kHeaderInfo:
          SWERVE_TRY(read_header_info(from));
          break;
        case kFtraceEvents:
          SWERVE_TRY(read_formats(from, "ftrace"));
          break;
        case kEventFormats:
          SWERVE_TRY(read_event_formats(from));
          break;
        default:
          SWERVE_TRY(read_command_lines(from));
      }
    }
    return {};
  }

  /// Where the next options are; 0: nowhere.
  Result<std::uint64_t> read_v7_options(std::uint64_t offset) {
    SWERVE_TRY_ASSIGN(ByteReader options, section(kDone, offset));
    for (;;) {
      SWERVE_TRY_ASSIGN(const std::uint16_t id, options.u16("an option"));
      SWERVE_TRY_ASSIGN(const std::uint32_t size, options.u32("an option's size"));
      const std::uint64_t at = options.offset();
      SWERVE_TRY_ASSIGN(const std::string_view data, options.bytes(size, "an option"));
      ByteReader option(data, out_.swap, at, "");
      if (id == kDone) return option.u64("the place of the next options");
      SWERVE_TRY(take_option(id, option, data));
    }
  }

  /// What is in the section at `offset`, unpacked.
  Result<ByteReader> section(std::uint16_t wanted, std::uint64_t offset) {
    ByteReader from = whole_at(offset);
    SWERVE_TRY_ASSIGN(const std::uint16_t id, from.u16("a section's number"));
    if (id != wanted) {
      return from.wrong(offset, cat("section ", id, " stands where ", wanted, " should"));
    }
    SWERVE_TRY_ASSIGN(const std::uint16_t flags, from.u16("a section's flags"));
    SWERVE_TRY(from.u32("a section's description"));
    SWERVE_TRY_ASSIGN(const std::uint64_t size, from.u64("a section's size"));
    const std::uint64_t start = from.offset();
    SWERVE_TRY_ASSIGN(const std::string_view bytes, from.bytes(size, "a section"));
    if ((flags & kPackedSection) == 0) return ByteReader(bytes, out_.swap, start, "");

    ByteReader packed(bytes, out_.swap, start, "");
    SWERVE_TRY_ASSIGN(const std::uint32_t packed_size, packed.u32("a compressed size"));
    SWERVE_TRY_ASSIGN(const std::uint32_t full_size, packed.u32("an uncompressed size"));
    if (full_size > kMostUnpacked) {
      return from.wrong(start + 4, cat("a section of ", full_size, " bytes, uncompressed"));
    }
    SWERVE_TRY_ASSIGN(const std::string_view data, packed.bytes(packed_size, "compressed data"));
    std::string& full = out_.unpacked.emplace_back(full_size, '\0');
    if (const std::string why = unpacker_.unpack(data, full.data(), full.size()); !why.empty()) {
      return from.wrong(start + 8, why);
    }
    return ByteReader(full, out_.swap, 0, cat("the section at ", hex(offset), " uncompressed"));
  }

  // What both versions hold.

  Result<> take_option(std::uint16_t id, ByteReader option, std::string_view data) {
    switch (id) {
      case kDate:  // wall clock's time at 0 of the trace, in microseconds
        out_.time.offset += signed_number(until_nul(data)) * 1000;
        shifted_to_ = "unix";
        return {};
      case kOffset:
        out_.time.offset += signed_number(until_nul(data));
        if (!shifted_to_) shifted_to_ = "";
        return {};
      case kCpuStat:
        take_cpu_stat(until_nul(data));
        return {};
      case kTraceClock:
        clock_given_ = true;
        clock_ = chosen(until_nul(data));
        return {};
      case kCpuCount: {
        SWERVE_TRY_ASSIGN(cpus_, read_cpus(option));
        return {};
      }
      case kTscToNs: {
        SWERVE_TRY_ASSIGN(out_.time.multiplier, option.u32("the multiplier of the TSC"));
        SWERVE_TRY_ASSIGN(out_.time.shift, option.u32("the shift of the TSC"));
        if (out_.time.shift < 64) return {};
        return option.wrong(option.offset() - 4, cat("a shift of ", out_.time.shift, " bits"));
      }
      case kHeaderInfo:
      case kFtraceEvents:
      case kEventFormats:
      case kCommandLines: {
        SWERVE_TRY_ASSIGN(sections_[id], option.u64("the place of a section"));
        return {};
      }
      case kSavedTgids:
        take_tgids(until_nul(data));
        return {};
      case kBuffer:
      case kBufferText:
        return take_buffer(id == kBufferText, option);
      default:  // of no use here, or newer than this
        return {};
    }
  }

  Result<> take_buffer(bool is_text, ByteReader& option) {
    Buffer buffer{.is_text = is_text};
    SWERVE_TRY_ASSIGN(buffer.offset, option.u64("the place of a buffer"));
    SWERVE_TRY_ASSIGN(buffer.name, option.text("the name of a buffer"));
    if (out_.version == 7) {
      SWERVE_TRY_ASSIGN(buffer.clock, option.text("the clock of a buffer"));
      if (!is_text) {
        SWERVE_TRY_ASSIGN(buffer.page_size, option.u32("the page size of a buffer"));
        SWERVE_TRY(check_page_size(option.offset() - 4, buffer.page_size));
        SWERVE_TRY_ASSIGN(const std::uint32_t cpus, read_cpus(option));
        for (std::uint32_t i = 0; i < cpus; ++i) {
          StreamPlace place;
          SWERVE_TRY_ASSIGN(place.cpu, option.u32("a CPU's number"));
          if (place.cpu >= kMostCpus) {
            return option.wrong(option.offset() - 4, cat("a CPU of number ", place.cpu));
          }
          SWERVE_TRY_ASSIGN(place.offset, option.u64("the place of a CPU's events"));
          SWERVE_TRY_ASSIGN(place.size, option.u64("the size of a CPU's events"));
          if (place.size != 0) buffer.streams.push_back(place);
        }
      }
    }
    if (buffers_.size() == kMostBuffers) return option.wrong(option.offset(), "too many buffers");
    buffers_.push_back(std::move(buffer));
    return {};
  }

  static Result<std::uint32_t> read_cpus(ByteReader& from) {
    SWERVE_TRY_ASSIGN(const std::uint32_t cpus, from.u32("the number of CPUs"));
    if (cpus <= kMostCpus) return cpus;
    return from.wrong(from.offset() - 4, cat(cpus, " CPUs"));
  }

  /// The kernel's per_cpu/cpuN/stats, one CPU after the other; "Buffer: NAME" stands in front of
  /// those of another buffer than the top one.
  void take_cpu_stat(std::string_view text) {
    while (!text.empty()) {
      const std::string_view line = take_line(text);
      const std::size_t colon = line.find(": ");
      if (colon == std::string_view::npos) continue;
      const std::string_view name = line.substr(0, colon);
      const std::string_view value = line.substr(colon + 2);
      if (name == "Buffer") {
        stat_buffer_ = value;
        stat_cpu_.reset();
        continue;
      }
      const std::optional<std::uint64_t> number = number_in(value);
      if (!number) continue;
      if (name == "CPU") {
        stat_cpu_.reset();
        if (*number < kMostCpus) stat_cpu_ = static_cast<std::uint32_t>(*number);
      } else if (stat_cpu_ && *number > 0) {
        StreamPlace& loss = losses_[stat_buffer_][*stat_cpu_];
        if (name == "overrun") loss.overrun = true;
        if (name == "commit overrun" || name == "dropped events") loss.dropped = true;
      }
    }
  }

  void take_tgids(std::string_view text) {
    while (!text.empty()) {
      const std::string_view line = take_line(text);
      const std::size_t space = line.find(' ');
      if (space == std::string_view::npos) continue;
      const std::optional<std::uint64_t> tid = number_in(line.substr(0, space));
      const std::optional<std::uint64_t> tgid = number_in(line.substr(space + 1));
      if (tid && tgid) {
        out_.tgids[static_cast<std::uint32_t>(*tid)] = static_cast<std::uint32_t>(*tgid);
      }
    }
  }

  Result<> read_header_info(ByteReader& from) {
    const std::uint64_t start = from.offset();
    SWERVE_TRY_ASSIGN(const std::string_view name, from.text("the name of header_page"));
    if (name != "header_page") return from.wrong(start, "no header_page stands here");
    SWERVE_TRY_ASSIGN(const std::uint64_t size, from.u64("the size of header_page"));
    const std::uint64_t at = from.offset();
    SWERVE_TRY_ASSIGN(const std::string_view text, from.bytes(size, "header_page"));
    const std::optional<std::uint64_t> stamp_bytes = page_field(text, "timestamp", "size");
    const std::optional<std::uint64_t> stamp_offset = page_field(text, "timestamp", "offset");
    const std::optional<std::uint64_t> commit_offset = page_field(text, "commit", "offset");
    const std::optional<std::uint64_t> commit_bytes = page_field(text, "commit", "size");
    const std::optional<std::uint64_t> data_offset = page_field(text, "data", "offset");
    if (stamp_bytes != 8 || stamp_offset != 0 || !commit_offset || *commit_offset < 8 ||
        (commit_bytes != 4 && commit_bytes != 8) || !data_offset ||
        *data_offset < *commit_offset + *commit_bytes || *data_offset > 64) {
      return from.wrong(at, "a header_page that is none of the kernel's ring buffer");
    }
    out_.page.commit_offset = static_cast<std::uint32_t>(*commit_offset);
    out_.page.commit_bytes = static_cast<std::uint32_t>(*commit_bytes);
    out_.page.data_offset = static_cast<std::uint32_t>(*data_offset);
    // header_event says what the kernel's ring buffer has always been.
    SWERVE_TRY(from.text("the name of header_event"));
    SWERVE_TRY_ASSIGN(const std::uint64_t event_size, from.u64("the size of header_event"));
    SWERVE_TRY(from.bytes(event_size, "header_event"));
    return {};
  }

  /// Of the line "field: local_t NAME; offset:8; size:8; signed:1;" the number behind `what`.
  static std::optional<std::uint64_t> page_field(std::string_view text, std::string_view name,
                                                 std::string_view what) {
    while (!text.empty()) {
      const std::string_view line = take_line(text);
      const std::size_t end = line.find(';');
      if (end == std::string_view::npos || !line.substr(0, end).ends_with(cat(" ", name))) continue;
      const std::size_t at = line.find(cat(what, ":"), end);
      if (at == std::string_view::npos) return std::nullopt;
      return number_in(line.substr(at + what.size() + 1));
    }
    return std::nullopt;
  }

  Result<> read_formats(ByteReader& from, std::string_view system) {
    SWERVE_TRY_ASSIGN(const std::uint32_t count, from.u32("the number of event formats"));
    for (std::uint32_t i = 0; i < count; ++i) {
      SWERVE_TRY_ASSIGN(const std::uint64_t size, from.u64("the size of an event's format"));
      SWERVE_TRY_ASSIGN(const std::string_view text, from.bytes(size, "an event's format"));
      if (out_.formats.size() == kMostFormats) {
        return from.wrong(from.offset() - size, "too many event formats");
      }
      out_.formats.push_back({system, text});
    }
    return {};
  }
  Result<> read_event_formats(ByteReader& from) {
    SWERVE_TRY_ASSIGN(const std::uint32_t systems, from.u32("the number of event systems"));
    for (std::uint32_t i = 0; i < systems; ++i) {
      SWERVE_TRY_ASSIGN(const std::string_view system, from.text("the name of an event system"));
      SWERVE_TRY(read_formats(from, system));
    }
    return {};
  }

  /// Lines "PID NAME".
  Result<> read_command_lines(ByteReader& from) {
    SWERVE_TRY_ASSIGN(const std::uint64_t size, from.u64("the size of the tasks' names"));
    SWERVE_TRY_ASSIGN(std::string_view text, from.bytes(size, "the tasks' names"));
    text = until_nul(text);
    while (!text.empty()) {
      const std::string_view line = take_line(text);
      const std::size_t space = line.find(' ');
      const std::optional<std::uint64_t> tid = number_in(line.substr(0, space));
      if (space == std::string_view::npos || !tid) continue;
      out_.comms[static_cast<std::uint32_t>(*tid)] = line.substr(space + 1);
    }
    return {};
  }

  /// Finds the buffer that is wanted.
  Result<> choose_buffer() {
    const Buffer* found = nullptr;
    std::vector<const Buffer*> others;
    for (const Buffer& buffer : buffers_) {
      if (buffer.name == wanted_) {
        found = &buffer;
      } else {
        others.push_back(&buffer);
      }
    }
    // Who records into an instance gets an empty top buffer, too: that is not what is meant.
    if (wanted_.empty() && !others.empty() && (found == nullptr || found->is_empty())) {
      std::erase_if(others, [](const Buffer* b) { return b->is_empty(); });
      if (others.size() == 1) {
        found = others[0];
        wanted_ = found->name;
        others.clear();
      } else if (!others.empty()) {
        return Error(ErrorCode::not_found,
                     cat("the top buffer is empty; name the one that you mean: ", names(others)));
      }
    }
    if (found == nullptr && wanted_.empty()) {
      return Error(ErrorCode::not_found, "it holds no buffer with events");
    }
    if (found == nullptr) {
      return Error(ErrorCode::not_found, cat("no buffer ", quoted(wanted_), "; there is ",
                                             others.empty() ? "none" : names(others)));
    }
    if (found->is_text) {
      return Error(ErrorCode::unsupported,
                   "it holds the text of a latency tracer and no recorded events");
    }
    if (!wanted_.empty()) {
      out_.which = cat(", buffer ", quoted(wanted_));
    } else if (!others.empty()) {
      out_.which = cat(", the top buffer (there is also ", names(others), ")");
    }
    return take_streams(*found);
  }
  static std::string quoted(std::string_view name) { return cat("'", escape(name), "'"); }
  static std::string names(const std::vector<const Buffer*>& buffers) {
    std::vector<std::string> out;
    for (const Buffer* buffer : buffers) {
      out.push_back(buffer->name.empty() ? "the top buffer" : quoted(buffer->name));
    }
    return join(out);
  }

  Result<> take_streams(const Buffer& buffer) {
    // Of every buffer trace-cmd writes the clock that the top one had: of another it says nothing.
    const std::string_view recorded_with = !buffer.name.empty()   ? ""
                                           : buffer.clock.empty() ? clock_
                                                                  : buffer.clock;
    out_.clock = shifted_to_.value_or(recorded_with);
    if (buffer.page_size != 0) out_.page.size = buffer.page_size;
    if (out_.page.size < out_.page.data_offset + 8) {
      return whole_.wrong(buffer.offset, cat("a page of ", out_.page.size, " bytes"));
    }
    if (out_.version == 7) {
      ByteReader header = whole_at(buffer.offset);
      SWERVE_TRY_ASSIGN(const std::uint16_t id, header.u16("a section's number"));
      if (id != kFlyrecordSection) {
        return header.wrong(buffer.offset, "no section of events stands here");
      }
      SWERVE_TRY_ASSIGN(const std::uint16_t flags, header.u16("a section's flags"));
      out_.streams_packed = (flags & kPackedSection) != 0;
    }
    std::map<std::uint32_t, StreamPlace> by_cpu;
    for (const StreamPlace& place : buffer.streams) {
      if (!by_cpu.emplace(place.cpu, place).second) {
        return whole_.wrong(buffer.offset, cat("CPU ", place.cpu, " is there twice"));
      }
    }
    for (const auto& [cpu, loss] : losses_[wanted_]) {
      StreamPlace& place = by_cpu[cpu];  // a CPU of which all is lost has a place, too
      place.cpu = cpu;
      place.overrun = loss.overrun;
      place.dropped = loss.dropped;
    }
    for (const auto& [cpu, place] : by_cpu) out_.streams.push_back(place);
    return {};
  }

  /// From `offset` in the file.
  ByteReader whole_at(std::uint64_t offset) const {
    const std::size_t at = std::min<std::uint64_t>(offset, out_.bytes.size());
    return ByteReader(out_.bytes.substr(at), out_.swap, offset, "");
  }

  std::string wanted_;
  ByteReader whole_;
  Unpacker unpacker_;
  TraceFile out_;
  std::vector<Buffer> buffers_;
  std::uint32_t cpus_ = 0;    // version 6
  bool clock_given_ = false;  // version 6: the clock's name stands behind the CPUs' places
  std::string_view clock_;
  std::optional<std::string_view> shifted_to_;       // the clock, where an option changes the times
  std::map<std::uint16_t, std::uint64_t> sections_;  // where they are, by number
  std::string stat_buffer_;
  std::optional<std::uint32_t> stat_cpu_;
  std::map<std::string, std::map<std::uint32_t, StreamPlace>> losses_;  // by buffer and CPU
};

}  // namespace

Result<TraceFile> read_trace_file(std::string_view bytes, const std::string& buffer) {
  return Reader(bytes, buffer).read();
}

}  // namespace swerve::tracedat
