#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "core/catalogue.h"
#include "settings/settings.h"

/*
 * One row a setting: where it stands, what it may be, what it is when left out, what it means, and
 * where its value goes. Loading, printing, the digest of the rules and the manual's reference all
 * come from these rows.
 */

enum setting_type {
    SETTING_MAP,  /* holds further settings */
    SETTING_LIST, /* of maps, each holding further settings */
    SETTING_TEXT, /* of a form */
    SETTING_PATH, /* of a file; relative ones begin at the settings file's folder */
    SETTING_BOOL,
    SETTING_INT,
    SETTING_SPAN,     /* a duration */
    SETTING_WORD,     /* one of a few */
    SETTING_MONEY,    /* decimal text in the catalogue's currency, kept in minor units */
    SETTING_RATE,     /* decimal text, kept in millionths */
    SETTING_SECRET,   /* the pair KEY_file and KEY_env; the path names KEY */
    SETTING_WHO,      /* a login, or {okta_group: NAME} */
    SETTING_DICT,     /* free keys, each with a text */
    SETTING_APPROVAL, /* a word, or a map from plan to word */
};

enum setting_flags {
    SETTING_REQUIRED = 1 << 0,
    SETTING_OPTIONAL = 1 << 1, /* of a map: when left out, what it holds has no defaults either */
    SETTING_MANY = 1 << 2,     /* a list of these */
    SETTING_FILLED = 1 << 3,   /* of a list or dict: not an empty one */
    SETTING_RULE = 1 << 4,     /* decides access: part of policy.digest */
    SETTING_OFF = 1 << 5,      /* of a span: `off` is allowed */
    SETTING_EMPTY = 1 << 6,    /* of a text: may be empty */
};

/* What a text has to look like. */
struct text_form {
    const char *name; /* for the reference: "URL" */
    /* NULL when fine, else what it must be: "must be ...", static. */
    const char *(*wrong)(struct str text);
    bool is_private; /* somebody may have put a secret here by mistake: never repeat it */
};

extern const struct text_form form_text, form_name, form_login, form_domain, form_url, form_date,
    form_time, form_zone, form_region, form_account, form_arn, form_env, form_sha256, form_listen,
    form_command, form_currency, form_channel, form_path;

/* Where the value goes, in the structure that the nearest list (or the top) fills. */
struct setting_field {
    size_t at;
    size_t size; /* 0: nowhere; the value is checked and left */
    size_t n_at; /* of a list: its count */
};

struct setting {
    const char *path; /* `entitlements[].mode` */
    enum setting_type type;
    unsigned flags;
    const char *initial; /* when left out, as it would be written; items of a list by blanks */
    int64_t min, max;    /* of numbers and spans */
    const char *words;   /* of SETTING_WORD, by blanks, in the order of the enum */
    const struct text_form *form;
    const char *later; /* words that this version refuses, by blanks; they may be in `words` too */
    const char *instead; /* what to do instead of those, a sentence's end */
    const char *unused;  /* what `check` calls it when it has no effect yet */
    struct setting_field field;
    size_t item_size;  /* of a list of maps */
    const void *blank; /* an item before anything is read into it; NULL: zeroes */
    const char *meaning;
};

size_t settings_count(void);
/* In the order of printing; NULL past the last. Static. */
const struct setting *settings_row(size_t i);

/* Rows directly below a prefix such as "", "okta." or "entitlements[].": from `*at` on, NULL after
 * the last. */
const struct setting *setting_next_below(struct str prefix, size_t *at);
/* The last word of the path: its key. Static. */
struct str setting_key(const struct setting *row);

/*
 * What the rows fill: the settings themselves, and what needs a second look before it becomes part
 * of them.
 */
struct plan_override {
    struct str plan, family, title;
    int64_t rank, price_minor, credits; /* -1: not said */
    const struct str *read_as;
    size_t n_read_as;
};

struct token_row {
    struct str name;
    const struct str *entitlements, *logins;
    size_t n_entitlements, n_logins;
};

struct bound {
    struct settings settings;
    const struct catalogue_family *families;
    size_t n_families;
    const struct plan_override *plans;
    size_t n_plans;
    const struct token_row *tokens;
    size_t n_tokens;
};
