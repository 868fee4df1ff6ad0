/* A sliced file on its way in: read on a worker, kept by its content, and then
 * written down. */
#ifndef SPOOLD_SHOP_FILE_UPLOAD_H
#define SPOOLD_SHOP_FILE_UPLOAD_H

#include "shop/file.h"

extern const struct fields file_upload_fields;
op_fn file_upload;

/* The file of these bytes (hex), 0 when there is none yet. */
int64_t file_with_sum(spd_txn *txn, spd_str sha256);

#endif
