#include "settings/settings_table.h"

#include "settings/settings_rows.h"

size_t settings_count(void)
{
    return rows_site_n + rows_daemon_n + rows_entitlement_n;
}

const struct setting *settings_row(size_t i)
{
    if (i < rows_site_n)
        return &rows_site[i];
    i -= rows_site_n;
    if (i < rows_daemon_n)
        return &rows_daemon[i];
    i -= rows_daemon_n;
    return i < rows_entitlement_n ? &rows_entitlement[i] : NULL;
}

const struct setting *setting_next_below(struct str prefix, size_t *at)
{
    for (const struct setting *row; (row = settings_row(*at)) != NULL;) {
        struct str path = str_of(row->path);

        ++*at;
        if (str_starts(path, prefix) && !str_has(str_sub(path, prefix.len, path.len), '.'))
            return row;
    }
    return NULL;
}

struct str setting_key(const struct setting *row)
{
    const char *dot = strrchr(row->path, '.');

    return str_of(dot ? dot + 1 : row->path);
}
