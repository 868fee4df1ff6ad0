/* Feeds each file of a folder to a fuzz target, as the fuzzer would: a corpus
 * becomes a plain test.  A folder without files fails it. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_BYTES = 4 * 1024 * 1024 };

/* In memory of just its size, so that sanitizers see a step beyond it. */
static void feed(spd_str bytes)
{
    uint8_t *exact = malloc(bytes.len == 0 ? 1 : bytes.len);
    if (exact == NULL)
        abort();
    memcpy(exact, bytes.ptr, bytes.len);
    LLVMFuzzerTestOneInput(exact, bytes.len);
    free(exact);
}

static bool replay_file(const char *folder, const char *name)
{
    char path[4096];
    struct buf bytes = { 0 };
    struct spd_error err = { 0 };
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    printf("%s\n", path);
    fflush(stdout);
    spd_err rc = file_read(path, MAX_BYTES, &bytes, &err);
    if (rc == SPD_OK)
        feed(buf_str(&bytes));
    else
        fprintf(stderr, "%s\n", err.text);
    buf_fini(&bytes);
    return rc == SPD_OK;
}

static int replay_folder(const char *path)
{
    DIR *folder = opendir(path);
    if (folder == NULL) {
        fprintf(stderr, "cannot open the folder %s\n", path);
        return EXIT_FAILURE;
    }
    int files = 0;
    bool good = true;
    for (const struct dirent *e; (e = readdir(folder)) != NULL;) {
        if (e->d_name[0] == '.')
            continue;
        good = replay_file(path, e->d_name) && good;
        files++;
    }
    closedir(folder);
    printf("%d files\n", files);
    return good && files > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    if (argc == 2)
        return replay_folder(argv[1]);
    fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return EXIT_FAILURE;
}
