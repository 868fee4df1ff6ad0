/* The address, the Host and the cookies of a request from anybody. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "http/head.h"
#include "http/host_name.h"
#include "http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(spd_str text)
{
    assert(str_is_utf8(text));
    for (size_t i = 0; i < text.len; i++)
        assert((unsigned char)text.ptr[i] >= 0x20 && text.ptr[i] != 0x7F);
}

static void check_path(spd_str path)
{
    check_text(path);
    assert(path.len > 0 && path.ptr[0] == '/');
    str_cut(&path, '/');
    while (path.len > 0) {
        spd_str segment = str_cut(&path, '/');
        assert(segment.len > 0 && !str_is(segment, ".") &&
               !str_is(segment, ".."));
    }
}

static void put_encoded(struct buf *out, spd_str text, bool is_path)
{
    for (size_t i = 0; i < text.len; i++)
        if (is_path && text.ptr[i] == '/')
            buf_put_char(out, '/');
        else
            buf_printf(out, "%%%02X", (unsigned char)text.ptr[i]);
}

/* What was understood reads the same when it is written out again. */
static void check_again(const struct url *url)
{
    struct buf text = { 0 };
    struct url again = { 0 };
    put_encoded(&text, url->path, true);
    for (size_t i = 0; i < url->pair_count; i++) {
        buf_put_char(&text, i == 0 ? '?' : '&');
        put_encoded(&text, url->pairs[i].name, false);
        buf_put_char(&text, '=');
        put_encoded(&text, url->pairs[i].value, false);
    }
    if (text.len <= URL_MAX_BYTES) {
        const char *fault = url_read(&again, buf_str(&text));
        assert(fault == NULL && str_equal(again.path, url->path));
        assert(again.pair_count == url->pair_count);
        for (size_t i = 0; i < url->pair_count; i++)
            assert(str_equal(again.pairs[i].value, url->pairs[i].value));
    }
    url_fini(&again);
    buf_fini(&text);
}

static void read_url(spd_str input)
{
    struct url url = { 0 };
    if (url_read(&url, input) == NULL) {
        check_path(url.path);
        for (size_t i = 0; i < url.pair_count; i++) {
            check_text(url.pairs[i].name);
            check_text(url.pairs[i].value);
        }
        check_again(&url);
    }
    url_fini(&url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const hosts[] = { "farm.example", NULL };
    if (size == 0)
        return 0;
    char *copy = malloc(size); /* so that a byte too far is seen */
    assert(copy != NULL);
    memcpy(copy, data, size);
    spd_str input = { copy, size };
    read_url(input);
    host_name_is_ours(input, hosts);
    struct head head = { .cookie = input };
    head_cookie(&head, STR("spoold_session"));
    free(copy);
    return 0;
}
