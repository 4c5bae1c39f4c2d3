// MicroPython with 32-bit numbers, as on the RP2040, and no chip around it: host.h has what it asks
// of whatever it runs on. It runs /main.py.

#include "py/builtin.h"
#include "py/compile.h"
#include "py/cstack.h"
#include "py/gc.h"
#include "py/lexer.h"
#include "py/mperrno.h"
#include "py/mphal.h"
#include "py/persistentcode.h"
#include "py/reader.h"
#include "py/runtime.h"
#include "shared/runtime/gchelper.h"

#include "host.h"

#ifdef __arm__
extern char heap_start, heap_end, stack_top, stack_size;
#define HEAP_START (&heap_start)
#define HEAP_END (&heap_end)
#define STACK_BYTES ((size_t)&stack_size)
#else
// As much as thumb.ld leaves on the other.
#define HEAP_BYTES (2000 * 1024)
static char heap[HEAP_BYTES] __attribute__((aligned(16)));
#define HEAP_START heap
#define HEAP_END (heap + HEAP_BYTES)
#define STACK_BYTES (64 * 1024)
#endif

void mp_hal_stdout_tx_strn_cooked(const char *text, size_t length) {
    host_print(text, length);
}

mp_import_stat_t mp_import_stat(const char *path) {
    switch (host_stat(path)) {
        case HOST_FOLDER:
            return MP_IMPORT_STAT_DIR;
        case HOST_FILE:
            return MP_IMPORT_STAT_FILE;
        default:
            return MP_IMPORT_STAT_NO_EXIST;
    }
}

void mp_reader_new_file(mp_reader_t *reader, qstr filename) {
    size_t length;
    const void *content = host_open(qstr_str(filename), &length);
    if (content == NULL) {
        mp_raise_OSError(MP_ENOENT);
    }
    mp_reader_new_mem(reader, content, length, MP_READER_IS_ROM);
}

mp_lexer_t *mp_lexer_new_from_file(qstr filename) {
    mp_reader_t reader;
    mp_reader_new_file(&reader, filename);
    return mp_lexer_new(filename, reader);
}

void gc_collect(void) {
    gc_collect_start();
    gc_helper_collect_regs_and_stack();
    gc_collect_end();
}

NORETURN void nlr_jump_fail(void *value) {
    (void)value;
    host_exit(2);
}

static int run_main(void) {
    nlr_buf_t nlr;
    if (nlr_push(&nlr) != 0) {
        mp_obj_print_exception(&mp_plat_print, MP_OBJ_FROM_PTR(nlr.ret_val));
        return 1;
    }
    mp_lexer_t *lexer = mp_lexer_new_from_file(qstr_from_str("/main.py"));
    mp_parse_tree_t tree = mp_parse(lexer, MP_PARSE_FILE_INPUT);
    mp_call_function_0(mp_compile(&tree, lexer->source_name, false));
    nlr_pop();
    return 0;
}

void start(void) {
    #ifdef __arm__
    mp_cstack_init_with_top(&stack_top, STACK_BYTES);
    #else
    mp_cstack_init_with_sp_here(STACK_BYTES);
    #endif
    gc_init(HEAP_START, HEAP_END);
    mp_init();
    host_exit(run_main());
}
