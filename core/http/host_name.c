#include "http/host_name.h"

#include <arpa/inet.h>
#include <string.h>

/* Cut ":8080" off the end; false when what follows the colon is no port. */
static bool cut_port(spd_str *host)
{
    size_t digits = 0;
    while (digits < host->len && host->ptr[host->len - 1 - digits] >= '0' &&
           host->ptr[host->len - 1 - digits] <= '9')
        digits++;
    bool has_colon =
        digits < host->len && host->ptr[host->len - 1 - digits] == ':';
    if (!has_colon)
        return true;
    host->len -= digits + 1;
    return digits >= 1 && digits <= 5;
}

static bool is_address(spd_str text, int family)
{
    char copy[INET6_ADDRSTRLEN];
    struct in6_addr address; /* room for either family */
    if (text.len >= sizeof(copy) || memchr(text.ptr, '\0', text.len) != NULL)
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return inet_pton(family, copy, &address) == 1;
}

/* "[::1]" or "[::1]:8080" */
static bool is_bracketed_address(spd_str host)
{
    spd_str rest = { host.ptr + 1, host.len - 1 };
    spd_str inside = str_cut(&rest, ']');
    if (inside.len + 1 == host.len || (rest.len > 0 && rest.ptr[0] != ':'))
        return false;
    return cut_port(&rest) && rest.len == 0 && is_address(inside, AF_INET6);
}

bool host_name_is_ours(spd_str host, const char *const *hosts)
{
    if (host.len > 0 && host.ptr[0] == '[')
        return is_bracketed_address(host);
    if (!cut_port(&host) || host.len == 0)
        return false;
    if (str_equal_fold(host, STR("localhost")) || is_address(host, AF_INET))
        return true;
    for (; hosts != NULL && *hosts != NULL; hosts++)
        if (str_equal_fold(host, str_of(*hosts)))
            return true;
    return false;
}
