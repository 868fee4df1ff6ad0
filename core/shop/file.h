/* Files: sliced, uploaded, and read for what they hold. */
#ifndef SPOOLD_SHOP_FILE_H
#define SPOOLD_SHOP_FILE_H

#include "shop/shop.h"
#include "shop/sliced.h"

struct file {
    int64_t id, user_id;
    spd_str name, sha256;
    int64_t size;
    struct list plates; /* of struct sliced_plate */
    int64_t created_at;
};

extern const struct kind file_kind;

/* One plate of a file; NULL when it has none of that number. */
const struct sliced_plate *file_plate(const struct file *file, int64_t plate);

/* Where its bytes lie. */
void file_path(const struct shop *shop, const struct file *file,
               char out[4096]);

spd_err file_add_ops(struct shop *shop, struct spd_error *err);

#endif
