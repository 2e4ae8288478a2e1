#!/usr/bin/env python3
"""Writes src/bind/syscalls_x86_64.inc: number, 32-bit number, name and arguments of every system call.

The names and types of arguments are read from a running kernel's tracefs (events/syscalls/*/format), the
numbers from the C library's headers. Run it as root on a recent kernel and check the difference in.

usage: gen_syscalls.py > src/bind/syscalls_x86_64.inc
"""
import glob
import re
import subprocess

TRACEFS = "/sys/kernel/tracing/events/syscalls"
# The kernel's function names differ from the names of the calls here.
ALIASES = {"newstat": "stat", "newfstat": "fstat", "newlstat": "lstat", "newuname": "uname",
           "sendfile64": "sendfile", "umount": "umount2"}
# Calls that a kernel of this configuration has no format for.
MANUAL = {
    "mmap": "unsigned long addr, unsigned long len, unsigned long prot, unsigned long flags, "
            "unsigned long fd, unsigned long off",
    "rt_sigreturn": "", "clone": "unsigned long clone_flags, unsigned long newsp, int * parent_tidptr, "
                    "int * child_tidptr, unsigned long tls",
    "arch_prctl": "int option, unsigned long arg2", "iopl": "unsigned int level",
    "ioperm": "unsigned long from, unsigned long num, int turn_on",
    "modify_ldt": "int func, void * ptr, unsigned long bytecount",
    "uselib": "const char * library",
    "delete_module": "const char * name_user, unsigned int flags",
    "init_module": "void * umod, unsigned long len, const char * uargs",
    "finit_module": "int fd, const char * uargs, int flags",
    "kexec_load": "unsigned long entry, unsigned long nr_segments, void * segments, unsigned long flags",
    "kexec_file_load": "int kernel_fd, int initrd_fd, unsigned long cmdline_len, "
                       "const char * cmdline_ptr, unsigned long flags",
    "lookup_dcookie": "u64 cookie64, char * buf, size_t len",
}
# Newer than Debian 12's headers; these have one number on every architecture.
NEWER = {"cachestat": 451, "fchmodat2": 452, "futex_wake": 454, "futex_wait": 455,
         "futex_requeue": 456, "statmount": 457, "listmount": 458, "lsm_get_self_attr": 459,
         "lsm_set_self_attr": 460, "lsm_list_modules": 461, "mseal": 462, "setxattrat": 463,
         "getxattrat": 464, "listxattrat": 465, "removexattrat": 466, "open_tree_attr": 467,
         "file_getattr": 468, "file_setattr": 469}


def numbers(header):
    text = subprocess.run(["gcc", "-E", "-dM", "-include", header, "-x", "c", "/dev/null"],
                          capture_output=True, text=True, check=True).stdout
    return {m[1]: int(m[2]) for m in re.finditer(r"#define __NR_(\w+) (\d+)", text)}


def formats():
    found = {}
    for path in glob.glob(TRACEFS + "/sys_enter_*/format"):
        name = path.split("sys_enter_")[1].split("/")[0]
        fields = re.findall(r"field:([^;]+);\s*offset:(\d+)", open(path).read())
        arguments = [f.strip() for f, offset in fields if int(offset) >= 16]
        found[ALIASES.get(name, name)] = ", ".join(" ".join(a.split()) for a in arguments)
    return found


def main():
    native, compat, known = numbers("asm/unistd_64.h"), numbers("asm/unistd_32.h"), formats()
    native, compat = {**native, **NEWER}, {**compat, **NEWER}
    print("// Made by tools/gen_syscalls.py: SYSCALL(number, 32-bit number or -1, name, arguments).")
    for name, number in sorted(native.items()):
        arguments = known.get(name, MANUAL.get(name))
        if arguments is None:
            continue  # reserved or removed: no kernel of today has it
        print(f'SYSCALL({number}, {compat.get(name, -1)}, "{name}", "{arguments}")')


main()
