#include "address.h"

#include <stdio.h>
#include <string.h>

static spd_str trim(spd_str s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t'))
        s = (spd_str){ s.ptr + 1, s.len - 1 };
    while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
        s.len--;
    return s;
}

static bool is_made_of(spd_str s, const char *marks)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                        (c >= '0' && c <= '9');
        if (!is_plain && (c == '\0' || strchr(marks, c) == NULL))
            return false;
    }
    return s.len > 0;
}

/* RFC 5321's dot-string: quoted ones are nobody's address in earnest. */
static bool is_mail(spd_str s)
{
    const char *sign = memchr(s.ptr, '@', s.len);
    if (sign == NULL || s.len > ADDRESS_MAX_BYTES)
        return false;
    spd_str local = { s.ptr, (size_t)(sign - s.ptr) };
    spd_str domain = { sign + 1, s.len - local.len - 1 };
    return is_made_of(local, ".!#$%&'*+/=?^_`{|}~-") &&
           is_made_of(domain, ".-") && local.len <= 64 &&
           domain.ptr[0] != '.' && domain.ptr[domain.len - 1] != '.';
}

static bool read_one(spd_str s, struct address *out)
{
    const char *open = memchr(s.ptr, '<', s.len);
    if (open == NULL) {
        *out = (struct address){ { "", 0 }, s };
    } else {
        spd_str name = trim((spd_str){ s.ptr, (size_t)(open - s.ptr) });
        spd_str rest = { open + 1, s.len - (size_t)(open - s.ptr) - 1 };
        if (rest.len == 0 || rest.ptr[rest.len - 1] != '>')
            return false;
        if (name.len > 1 && name.ptr[0] == '"' && name.ptr[name.len - 1] == '"')
            name = (spd_str){ name.ptr + 1, name.len - 2 };
        *out = (struct address){ name, { rest.ptr, rest.len - 1 } };
    }
    return is_mail(out->mail);
}

/* Up to the next comma that is not within quotes. */
static spd_str cut(spd_str *list)
{
    size_t end = 0;
    bool quoted = false;
    for (; end < list->len && (quoted || list->ptr[end] != ','); end++)
        quoted = list->ptr[end] == '"' ? !quoted : quoted;
    spd_str one = { list->ptr, end };
    size_t skip = end < list->len ? end + 1 : end;
    *list = (spd_str){ list->ptr + skip, list->len - skip };
    return trim(one);
}

spd_err addresses_read(spd_str list, const char *what, struct addresses *out,
                       struct spd_error *err)
{
    out->count = 0;
    err->code = SPD_EINVAL;
    while (list.len > 0) {
        spd_str one = cut(&list);
        if (one.len == 0)
            continue;
        if (out->count == ADDRESSES_MAX) {
            (void)snprintf(err->text, sizeof(err->text),
                           "%s: %d addresses at most", what, ADDRESSES_MAX);
            return SPD_EINVAL;
        }
        if (!read_one(one, &out->at[out->count++])) {
            (void)snprintf(err->text, sizeof(err->text),
                           "%s: \"%.*s\" is no mail address", what,
                           (int)(one.len < 100 ? one.len : 100), one.ptr);
            return SPD_EINVAL;
        }
    }
    if (out->count > 0)
        return err->code = SPD_OK;
    (void)snprintf(err->text, sizeof(err->text), "%s: no address", what);
    return SPD_EINVAL;
}

spd_str address_domain(const struct address *address)
{
    const char *sign = memchr(address->mail.ptr, '@', address->mail.len);
    size_t before = (size_t)(sign - address->mail.ptr) + 1;
    return (spd_str){ sign + 1, address->mail.len - before };
}
