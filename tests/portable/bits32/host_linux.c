// The host is Linux on a PC, which runs programs of 32 bits without any library of 32 bits: five
// system calls are all that is asked of it. "/" is the folder in which the program is started.
#include <fcntl.h>
#include <stdint.h>
#include <string.h>

#include "host.h"

#define FILES_BYTES (2 << 20)

// From Linux's arch/x86/entry/syscalls/syscall_32.tbl and include/uapi.
enum { SYS_EXIT = 1, SYS_READ = 3, SYS_WRITE = 4, SYS_OPEN = 5, SYS_CLOSE = 6 };
#define O_RDONLY_FOLDER 0x10000

void start(void) __attribute__((noreturn));

static char files[FILES_BYTES] __attribute__((aligned(16)));
static size_t files_used;

static long system_call(long number, long a, long b, long c) {
    long result;
    __asm__ volatile ("int $0x80" : "=a" (result) : "a" (number), "b" (a), "c" (b), "d" (c) : "memory");
    return result;
}

void host_exit(int status) {
    for (;;) {
        system_call(SYS_EXIT, status, 0, 0);
    }
}

void host_print(const char *text, size_t length) {
    while (length > 0) {
        long done = system_call(SYS_WRITE, 1, (long)text, length);
        if (done <= 0) {
            host_exit(2);
        }
        text += done;
        length -= done;
    }
}

static long open_file(const char *path, long flags) {
    return system_call(SYS_OPEN, (long)(path + (path[0] == '/')), flags, 0);
}

int host_stat(const char *path) {
    int kind = HOST_FOLDER;
    long file = open_file(path, O_RDONLY_FOLDER);
    if (file < 0) {
        kind = HOST_FILE;
        file = open_file(path, 0);
    }
    if (file < 0) {
        return HOST_NOTHING;
    }
    system_call(SYS_CLOSE, file, 0, 0);
    return kind;
}

const void *host_open(const char *path, size_t *length) {
    long file = open_file(path, 0);
    if (file < 0) {
        return NULL;
    }
    char *content = files + files_used;
    *length = 0;
    for (;;) {
        long got = system_call(SYS_READ, file, (long)(content + *length), FILES_BYTES - files_used - *length);
        if (got <= 0) {
            break;
        }
        *length += got;
    }
    system_call(SYS_CLOSE, file, 0, 0);
    files_used += (*length + 15) & ~15u;
    return content;
}

// The stack that Linux gives is aligned to 16 bytes here; a function expects that after a call.
__asm__ (".globl _start\n_start:\n\txor %ebp, %ebp\n\tcall start\n");
