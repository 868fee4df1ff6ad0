#include "engine/queue/pools.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum { COLOR_BYTES = 7 }; /* "#RRGGBB"; the opacity behind it, no slot knows */

static int small(char c)
{
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : (unsigned char)c;
}

static int compare_folded(spd_str a, spd_str b)
{
    for (size_t i = 0; i < a.len && i < b.len; i++)
        if (small(a.ptr[i]) != small(b.ptr[i]))
            return small(a.ptr[i]) - small(b.ptr[i]);
    return a.len < b.len ? -1 : a.len > b.len;
}

static spd_str color_of(const struct filament *filament)
{
    spd_str color = filament->color;
    return (spd_str){ color.ptr,
                      color.len < COLOR_BYTES ? color.len : COLOR_BYTES };
}

int filament_compare(const struct filament *a, const struct filament *b)
{
    int types = compare_folded(a->type, b->type);
    return types != 0 ? types : compare_folded(color_of(a), color_of(b));
}

static int by_filament(const void *a, const void *b)
{
    return filament_compare(&((const struct pool *)a)->of,
                            &((const struct pool *)b)->of);
}

/* Its texts lie behind it. */
static struct pool *pool_new(const struct filament *of)
{
    spd_str type = of->type, color = color_of(of);
    struct pool *pool = mem_new(sizeof(*pool) + type.len + color.len);
    char *texts = (char *)(pool + 1);
    if (type.len > 0)
        memcpy(texts, type.ptr, type.len);
    if (color.len > 0)
        memcpy(texts + type.len, color.ptr, color.len);
    pool->of.type = (spd_str){ texts, type.len };
    pool->of.color = (spd_str){ texts + type.len, color.len };
    return pool;
}

struct pool *pools_join(struct pools *pools, const struct filament *of)
{
    const struct pool sought = { .of = *of };
    struct pool **node = tfind(&sought, &pools->tree, by_filament);
    struct pool *pool = node != NULL ? *node : pool_new(of);
    if (node == NULL)
        tsearch(pool, &pools->tree, by_filament);
    pool->asks++;
    return pool;
}

void pools_leave(struct pools *pools, struct pool *pool)
{
    if (--pool->asks > 0)
        return;
    tdelete(pool, &pools->tree, by_filament);
    free(pool);
}

struct visit {
    void (*fn)(void *arg, const struct pool *pool);
    void *arg;
};

static void visit_node(const void *node, VISIT order, void *arg)
{
    const struct visit *visit = arg;
    if (order == postorder || order == leaf)
        visit->fn(visit->arg, *(struct pool *const *)node);
}

void pools_each(const struct pools *pools,
                void (*fn)(void *arg, const struct pool *pool), void *arg)
{
    struct visit visit = { fn, arg };
    twalk_r(pools->tree, visit_node, &visit);
}

static void copy_sums(void *arg, const struct pool *from)
{
    struct pools *pools = arg;
    struct pool **node = tfind(from, &pools->tree, by_filament);
    if (node == NULL)
        return;
    (*node)->waiting_mg = from->waiting_mg;
    (*node)->jobs = from->jobs;
}

void pools_copy_sums(struct pools *pools, const struct pools *from)
{
    pools_each(from, copy_sums, pools);
}

void pools_fini(struct pools *pools)
{
    tdestroy(pools->tree, free);
}
