/* empty_programs - attaches a BPF program that does nothing to each tracepoint named, says so, and
 * waits for a signal: what it costs to be called at all.
 *
 *   empty_programs TRACEPOINT...
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char** argv) {
  const struct bpf_insn nothing[] = {
      {.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
      {.code = BPF_JMP | BPF_EXIT},
  };
  for (int i = 1; i < argc; ++i) {
    LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_RAW_TP);
    const int type = libbpf_find_vmlinux_btf_id(argv[i], BPF_TRACE_RAW_TP);
    options.attach_btf_id = (unsigned)type;
    const int program = type < 0 ? -1
                                 : bpf_prog_load(BPF_PROG_TYPE_TRACING, "nothing", "GPL", nothing,
                                                 sizeof nothing / sizeof *nothing, &options);
    if (program < 0 || bpf_raw_tracepoint_open(NULL, program) < 0) {
      perror(argv[i]);
      return 1;
    }
  }
  puts("attached");
  fflush(stdout);
  pause();
  return 0;
}
