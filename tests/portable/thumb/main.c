// MicroPython on the RP2040's instruction set, with the host (thumb_machine.py) in place of the chip.
//
// It runs /main.py. Files and printing are the host's: it carries out a call as soon as the
// call's number is written to HOST->call.

#include <string.h>

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

typedef struct {
    volatile uint32_t address;
    volatile uint32_t length;
    volatile uint32_t call;
} host_t;

#define HOST ((host_t *)0xf0000000)

// The numbers are thumb_machine.py's too.
enum { CALL_EXIT = 1, CALL_PRINT = 2, CALL_STAT = 3, CALL_OPEN = 4 };

extern char heap_start, heap_end, stack_top, stack_size;

static void host_call(uint32_t call, const void *address, size_t length) {
    HOST->address = (uint32_t)address;
    HOST->length = length;
    HOST->call = call;
}

NORETURN static void host_exit(int status) {
    host_call(CALL_EXIT, NULL, status);
    for (;;) {
    }
}

void mp_hal_stdout_tx_strn_cooked(const char *text, size_t length) {
    host_call(CALL_PRINT, text, length);
}

// Answered in HOST->length: 0 for nothing, 1 for a folder, 2 for a file.
mp_import_stat_t mp_import_stat(const char *path) {
    host_call(CALL_STAT, path, strlen(path));
    return HOST->length;
}

void mp_reader_new_file(mp_reader_t *reader, qstr filename) {
    size_t length;
    const byte *path = qstr_data(filename, &length);
    host_call(CALL_OPEN, path, length);
    if (HOST->address == 0) {
        mp_raise_OSError(MP_ENOENT);
    }
    mp_reader_new_mem(reader, (const byte *)HOST->address, HOST->length, MP_READER_IS_ROM);
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
    mp_cstack_init_with_top(&stack_top, (size_t)&stack_size);
    gc_init(&heap_start, &heap_end);
    mp_init();
    host_exit(run_main());
}
