/* calls - how long a system call takes, in nanoseconds: getppid and getuid in turns, on one CPU.
 *
 *   calls CPU
 *
 * Prints the middle one of many short stretches, so that a stretch in which something else ran does
 * not count.
 */
#define _GNU_SOURCE
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { kStretches = 400, kPairs = 2000 };

static double now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static int smaller(const void* a, const void* b) {
  const double x = *(const double*)a, y = *(const double*)b;
  return (x > y) - (x < y);
}

int main(int argc, char** argv) {
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(argc > 1 ? atoi(argv[1]) : 0, &one);
  if (sched_setaffinity(0, sizeof one, &one) != 0) {
    perror("sched_setaffinity");
    return 1;
  }
  static double took[kStretches];
  for (int i = 0; i < kStretches; ++i) {
    const double begin = now_ns();
    for (int j = 0; j < kPairs; ++j) {
      syscall(SYS_getppid);
      syscall(SYS_getuid);
    }
    took[i] = (now_ns() - begin) / (2.0 * kPairs);
  }
  qsort(took, kStretches, sizeof *took, smaller);
  printf("%.2f\n", took[kStretches / 10]);
  return 0;
}
