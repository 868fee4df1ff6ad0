#include "plates.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

/* Sizes and offsets of PKWARE's APPNOTE, 4.3.12 and 4.3.16. */
enum zip {
    END_BYTES = 22,
    END_COMMENT_MAX = 65535,
    END_DIRECTORY_BYTES = 12,
    END_DIRECTORY_AT = 16,
    ENTRY_BYTES = 46,
    ENTRY_NAME_LEN = 28,
    ENTRY_EXTRA_LEN = 30,
    ENTRY_COMMENT_LEN = 32,
    DIRECTORY_MAX = 4 << 20,
};

static uint32_t little(const uint8_t *at, unsigned bytes)
{
    uint32_t number = 0;
    for (unsigned i = bytes; i-- > 0;)
        number = number << 8 | at[i];
    return number;
}

/* `bytes` of the file from `at`, or NULL; free() it. */
static uint8_t *read_part(int fd, uint64_t at, size_t bytes)
{
    uint8_t *part = mem_new(1, bytes);
    size_t have = 0;
    while (have < bytes) {
        ssize_t got = pread(fd, part + have, bytes - have, (off_t)(at + have));
        if (got <= 0) {
            free(part);
            return NULL;
        }
        have += (size_t)got;
    }
    return part;
}

static const uint8_t *find_end(const uint8_t *tail, size_t bytes)
{
    for (size_t back = END_BYTES; back <= bytes; back++)
        if (memcmp(tail + bytes - back, "PK\5\6", 4) == 0)
            return tail + bytes - back;
    return NULL;
}

static uint64_t plate_of(const uint8_t *name, size_t len)
{
    char text[40];
    unsigned plate;
    int used = 0;
    if (len >= sizeof text)
        return 0;
    memcpy(text, name, len);
    text[len] = '\0';
    if (sscanf(text, "Metadata/plate_%2u.gcode%n", &plate, &used) != 1 ||
        used != (int)len || plate > PLATES_MAX)
        return 0;
    return (uint64_t)1 << plate;
}

static bool walk(const uint8_t *at, size_t bytes, uint64_t *plates)
{
    const uint8_t *end = at + bytes;
    *plates = 0;
    while (end - at >= ENTRY_BYTES && memcmp(at, "PK\1\2", 4) == 0) {
        size_t name_len = little(at + ENTRY_NAME_LEN, 2);
        size_t entry = ENTRY_BYTES + name_len +
                       little(at + ENTRY_EXTRA_LEN, 2) +
                       little(at + ENTRY_COMMENT_LEN, 2);
        if ((size_t)(end - at) < entry)
            return false;
        *plates |= plate_of(at + ENTRY_BYTES, name_len);
        at += entry;
    }
    return at == end;
}

static bool read_directory(int fd, uint64_t bytes, uint64_t *plates)
{
    size_t tail_bytes = END_BYTES + END_COMMENT_MAX;
    if (bytes < tail_bytes)
        tail_bytes = (size_t)bytes;
    uint8_t *tail = read_part(fd, bytes - tail_bytes, tail_bytes);
    uint8_t *directory = NULL;
    bool ok = false;
    const uint8_t *end = tail != NULL ? find_end(tail, tail_bytes) : NULL;
    if (end == NULL)
        goto out;
    uint32_t size = little(end + END_DIRECTORY_BYTES, 4);
    uint32_t at = little(end + END_DIRECTORY_AT, 4);
    if (size > DIRECTORY_MAX || (uint64_t)at + size > bytes)
        goto out;
    directory = read_part(fd, at, size);
    ok = directory != NULL && walk(directory, size, plates);
out:
    free(directory);
    free(tail);
    return ok;
}

bool plates_read(int fd, uint64_t bytes, uint64_t *plates)
{
    uint8_t magic[4];
    *plates = 0;
    if (pread(fd, magic, sizeof magic, 0) != (ssize_t)sizeof magic ||
        memcmp(magic, "PK\3\4", sizeof magic) != 0)
        return false;
    if (!read_directory(fd, bytes, plates))
        *plates = 0;
    return true;
}
