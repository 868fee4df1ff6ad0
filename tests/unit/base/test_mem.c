#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

static void an_arena_gives_zeroed_aligned_memory_of_any_size(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    for (size_t size = 0; size < 10000; size += 37) {
        unsigned char *memory = arena_new(&arena, size);
        assert_int_equal((uintptr_t)memory % alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(memory[i], 0);
        if (size > 0)
            memset(memory, 0xee, size);
    }
    arena_fini(&arena);
    arena_fini(&arena);
}

static void a_text_in_an_arena_ends_in_nul(void **state)
{
    (void)state;
    struct arena arena = { 0 };
    spd_str copy = arena_str(&arena, (spd_str){ "printer", 5 });
    assert_string_equal(copy.ptr, "print");
    assert_int_equal(copy.len, 5);
    assert_string_equal(arena_str(&arena, (spd_str){ NULL, 0 }).ptr, "");
    spd_str made = arena_printf(&arena, "%s/%d", "job", 7);
    assert_string_equal(made.ptr, "job/7");
    assert_int_equal(made.len, 5);
    arena_fini(&arena);
}

static void a_copy_of_a_view_ends_in_nul(void **state)
{
    (void)state;
    char *copy = mem_text((spd_str){ "printer", 5 });
    assert_string_equal(copy, "print");
    free(copy);
}

static void a_buffer_grows_and_keeps_what_is_in_it(void **state)
{
    (void)state;
    struct buf buf = { 0 };
    assert_true(str_is(buf_str(&buf), ""));
    for (int i = 0; i < 1000; i++)
        buf_printf(&buf, "%d,", i);
    buf_put(&buf, (spd_str){ NULL, 0 });
    buf_put_char(&buf, '.');
    assert_true(str_starts(buf_str(&buf), STR("0,1,2,3,")));
    assert_true(str_ends(buf_str(&buf), STR(",998,999,.")));
    assert_int_equal(buf.len, 3891);
    buf_fini(&buf);
}

static void a_cleared_buffer_keeps_its_memory(void **state)
{
    (void)state;
    struct buf buf = { 0 };
    buf_put(&buf, STR("text"));
    const char *memory = buf.ptr;
    buf_clear(&buf);
    assert_int_equal(buf.len, 0);
    buf_put(&buf, STR("more"));
    assert_ptr_equal(buf.ptr, memory);
    buf_fini(&buf);
}

static void
what_is_taken_from_a_buffer_ends_in_nul_and_leaves_it_empty(void **state)
{
    (void)state;
    struct buf buf = { 0 };
    buf_put(&buf, STR("text"));
    char *text = buf_take(&buf);
    assert_string_equal(text, "text");
    assert_int_equal(buf.len, 0);
    free(text);
    text = buf_take(&buf);
    assert_string_equal(text, "");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arena_gives_zeroed_aligned_memory_of_any_size),
        cmocka_unit_test(a_text_in_an_arena_ends_in_nul),
        cmocka_unit_test(a_copy_of_a_view_ends_in_nul),
        cmocka_unit_test(a_buffer_grows_and_keeps_what_is_in_it),
        cmocka_unit_test(a_cleared_buffer_keeps_its_memory),
        cmocka_unit_test(
            what_is_taken_from_a_buffer_ends_in_nul_and_leaves_it_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
