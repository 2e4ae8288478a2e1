// treeops ROOT FILE - does what each line of FILE says to the control files under ROOT, and prints
// the line with what came of it. Lines:
//   put PATH TEXT   opened with O_TRUNC, TEXT written (with \n, \t)
//   add PATH TEXT   opened with O_APPEND
//   get PATH        read to the end; NUL bytes are left out
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static size_t unescape(char* text) {
  char* to = text;
  for (const char* from = text; *from != 0; ++from) {
    if (*from == '\\' && (from[1] == 'n' || from[1] == 't')) {
      *to++ = *++from == 'n' ? '\n' : '\t';
    } else {
      *to++ = *from;
    }
  }
  return (size_t)(to - text);
}

static void show(const char* text, size_t length) {
  for (size_t i = 0; i < length; ++i) {
    if (text[i] == '\n') {
      fputs("\\n", stdout);
    } else if (text[i] != 0) {
      putchar(text[i]);
    }
  }
}

static void read_whole(int fd) {
  static char text[1 << 16];
  size_t length = 0;
  ssize_t got;
  while ((got = read(fd, text + length, sizeof text - length)) > 0) length += (size_t)got;
  if (got < 0) {
    printf("%s", strerrorname_np(errno));
  } else {
    show(text, length);
  }
}

int main(int argc, char** argv) {
  FILE* const file = argc == 3 ? fopen(argv[2], "r") : NULL;
  if (file == NULL) return 2;
  char line[4096];
  while (fgets(line, sizeof line, file) != NULL) {
    line[strcspn(line, "\n")] = 0;
    printf("%s -> ", line);
    char path[8192], name[4096], *text = line + 4;
    const size_t length = strcspn(text, " ");
    snprintf(name, sizeof name, "%.*s", (int)length, text);
    snprintf(path, sizeof path, "%s/%s", argv[1], name);
    text += length + (text[length] == ' ');
    const int get = strncmp(line, "get", 3) == 0;
    const int fd = open(path, get ? O_RDONLY : O_WRONLY | (line[0] == 'p' ? O_TRUNC : O_APPEND));
    if (fd < 0) {
      printf("open %s", strerrorname_np(errno));
    } else if (get) {
      read_whole(fd);
    } else {
      const ssize_t put = write(fd, text, unescape(text));
      if (put < 0) {
        printf("%s", strerrorname_np(errno));
      } else {
        printf("%zd", put);
      }
    }
    if (fd >= 0) close(fd);
    putchar('\n');
  }
  return 0;
}
