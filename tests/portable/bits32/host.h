// What main.c asks of the host around it.
#include <stddef.h>

enum { HOST_NOTHING = 0, HOST_FOLDER = 1, HOST_FILE = 2 };

void host_exit(int status) __attribute__((noreturn));
void host_print(const char *text, size_t length);
// One of the above.
int host_stat(const char *path);
// The content of a file, kept until the end; NULL when there is none.
const void *host_open(const char *path, size_t *length);
