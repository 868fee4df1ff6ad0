#include "announce.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "loose.h"

static const struct {
    const char *header;
    size_t offset, size;
} texts[] = {
#define AT(m)                                                                  \
    offsetof(struct announcement, m), sizeof(((struct announcement *)0)->m)
    { "USN", AT(serial) },
    { "Location", AT(host) },
    { "DevModel.bambu.com", AT(code) },
    { "DevName.bambu.com", AT(name) },
    { "DevVersion.bambu.com", AT(firmware) },
};

static const char kind[] = "urn:bambulab-com:device:3dprinter:1";

static spd_str trim(spd_str text)
{
    while (text.len > 0 && strchr(" \t", text.ptr[0]) != NULL)
        text = (spd_str){ text.ptr + 1, text.len - 1 };
    while (text.len > 0 && strchr(" \t\r", text.ptr[text.len - 1]) != NULL)
        text.len--;
    return text;
}

static bool is_header(spd_str name, const char *header)
{
    return name.len == strlen(header) &&
           strncasecmp(name.ptr, header, name.len) == 0;
}

/* Nothing but what stands on a screen in one line. */
static bool is_plain(spd_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.ptr[i] < ' ' || text.ptr[i] == 0x7f)
            return false;
    return true;
}

static void take(struct announcement *out, spd_str name, spd_str value,
                 bool *is_printer)
{
    if (!is_plain(value))
        return;
    for (size_t i = 0; i < SPD_COUNT(texts); i++)
        if (is_header(name, texts[i].header))
            text_copy((char *)out + texts[i].offset, texts[i].size, value);
    if (is_header(name, "NT") || is_header(name, "ST"))
        *is_printer |= text_equals(value, kind);
    if (is_header(name, "DevConnect.bambu.com"))
        out->cloud = text_equals(value, "cloud");
    if (is_header(name, "DevBind.bambu.com"))
        out->occupied = text_equals(value, "occupied");
}

static bool is_serial(const char *text)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    size_t len = strlen(text);
    return len >= 4 && strspn(text, allowed) == len;
}

/* A bare address; one that is a name or a URL is none of theirs. */
static bool is_address(const char *text)
{
    return text[0] != '\0' &&
           strspn(text, "0123456789abcdefABCDEF.:") == strlen(text);
}

bool announce_read(struct announcement *out, spd_str datagram)
{
    bool is_printer = false;
    memset(out, 0, sizeof(*out));
    while (datagram.len > 0) {
        const char *end = memchr(datagram.ptr, '\n', datagram.len);
        size_t len = end != NULL ? (size_t)(end - datagram.ptr) : datagram.len;
        const char *colon = memchr(datagram.ptr, ':', len);
        if (colon != NULL) {
            size_t at = (size_t)(colon - datagram.ptr);
            take(out, trim((spd_str){ datagram.ptr, at }),
                 trim((spd_str){ colon + 1, len - at - 1 }), &is_printer);
        }
        if (end == NULL)
            break;
        datagram = (spd_str){ datagram.ptr + len + 1, datagram.len - len - 1 };
    }
    return is_printer && is_serial(out->serial) && is_address(out->host);
}
