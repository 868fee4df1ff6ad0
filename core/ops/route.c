/* Routes: a tree of path segments, with the methods at its leaves. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "ops/ops_internal.h"

struct leaf {
    spd_str method;
    const struct op *op;
    struct leaf *next;
};

struct route_node {
    spd_str segment;             /* "" for a parameter */
    struct route_node *literals; /* children by their text */
    struct route_node *param;    /* the child that takes any text */
    struct route_node *next;     /* sibling */
    struct leaf *leaves;
};

void routes_free(struct route_node *node)
{
    if (node == NULL)
        return;
    routes_free(node->literals);
    routes_free(node->param);
    routes_free(node->next);
    while (node->leaves != NULL) {
        struct leaf *leaf = node->leaves;
        node->leaves = leaf->next;
        free(leaf);
    }
    free(node);
}

static bool is_param(spd_str segment)
{
    return segment.len > 2 && segment.ptr[0] == '{';
}

static struct route_node *literal_child(const struct route_node *node,
                                        spd_str segment)
{
    struct route_node *child = node->literals;
    while (child != NULL && !str_equal(child->segment, segment))
        child = child->next;
    return child;
}

static struct route_node *child_for(struct route_node *node, spd_str segment)
{
    if (is_param(segment)) {
        if (node->param == NULL)
            node->param = mem_new(sizeof(*node->param));
        return node->param;
    }
    struct route_node *child = literal_child(node, segment);
    if (child == NULL) {
        child = mem_new(sizeof(*child));
        child->segment = segment;
        child->next = node->literals;
        node->literals = child;
    }
    return child;
}

/* "GET /api/jobs/{id}" in its two halves; the path without its first slash. */
static spd_str split_route(const char *route, spd_str *path)
{
    *path = str_of(route);
    spd_str method = str_cut(path, ' ');
    str_cut(path, '/');
    return method;
}

spd_err routes_add(struct route_node **root, const struct op *op,
                   struct spd_error *err)
{
    if (*root == NULL)
        *root = mem_new(sizeof(**root));
    spd_str path, method = split_route(op->route, &path);
    struct route_node *node = *root;
    while (path.len > 0)
        node = child_for(node, str_cut(&path, '/'));
    for (struct leaf *leaf = node->leaves; leaf != NULL; leaf = leaf->next)
        if (str_equal(leaf->method, method))
            return error_set(err, SPD_EEXIST,
                             "the route \"%s\" of %s belongs to %s already",
                             op->route, op->name, leaf->op->name);
    struct leaf *leaf = mem_new(sizeof(*leaf));
    *leaf = (struct leaf){ method, op, node->leaves };
    node->leaves = leaf;
    return SPD_OK;
}

/* The values met on the way down, before their names are known. */
struct walk {
    spd_str values[ROUTE_PARAMS_MAX];
    size_t count;
};

/* A literal goes before a parameter; there is no way back up, so two routes
 * must not differ only behind such a fork. */
static const struct route_node *find_node(const struct route_node *node,
                                          spd_str path, struct walk *walk)
{
    while (path.len > 0 && node != NULL) {
        spd_str segment = str_cut(&path, '/');
        const struct route_node *child = literal_child(node, segment);
        if (child == NULL && walk->count < ROUTE_PARAMS_MAX &&
            segment.len > 0) {
            child = node->param;
            walk->values[walk->count++] = segment;
        }
        node = child;
    }
    return node;
}

/* Each operation names its path's parameters as it likes. */
static void name_params(struct route *route, const struct walk *walk)
{
    spd_str path;
    split_route(route->op->route, &path);
    while (path.len > 0 && route->param_count < walk->count) {
        spd_str segment = str_cut(&path, '/');
        if (!is_param(segment))
            continue;
        route->params[route->param_count] = (struct pair){
            { segment.ptr + 1, segment.len - 2 },
            walk->values[route->param_count],
        };
        route->param_count++;
    }
}

struct route ops_route(const struct ops *ops, spd_str method, spd_str path)
{
    struct route route = { 0 };
    struct walk walk = { 0 };
    if (ops->routes == NULL || path.len == 0 || path.ptr[0] != '/')
        return route;
    str_cut(&path, '/');
    const struct route_node *node = find_node(ops->routes, path, &walk);
    if (node == NULL || node->leaves == NULL)
        return route;
    route.path_known = true;
    for (const struct leaf *l = node->leaves; l != NULL; l = l->next)
        if (str_equal(l->method, method))
            route.op = l->op;
    if (route.op != NULL)
        name_params(&route, &walk);
    return route;
}

bool op_has_in_path(const struct op *op, const char *name)
{
    spd_str path;
    split_route(op->route, &path);
    while (path.len > 0) {
        spd_str segment = str_cut(&path, '/');
        if (is_param(segment) &&
            str_is((spd_str){ segment.ptr + 1, segment.len - 2 }, name))
            return true;
    }
    return false;
}
