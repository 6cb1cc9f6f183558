#include "settings/settings_check.h"

/* -- Okta: one way of signing in, and the whole of it -- */

static bool is_given(const struct checker *checker, struct spot okta, const char *key)
{
    return spot_key(checker, okta, key).is_there;
}

static void check_application(struct checker *checker, struct spot okta)
{
    static const char *const keys[] = {"client_id", "key_id"};

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct spot spot = spot_key(checker, okta, keys[i]);

        if (!spot.is_there)
            spot_complain(checker, spot, "is required to sign in as an OAuth service application");
    }
    if (!is_given(checker, okta, "key_file") && !is_given(checker, okta, "key_env") &&
        !is_given(checker, okta, "key")) {
        spot_complain(checker, spot_key(checker, okta, "key"),
                      "is required to sign in as an OAuth service application: `key_file` or "
                      "`key_env`");
    }
}

static void check_okta(struct checker *checker)
{
    struct spot okta = spot_key(checker, spot_top(checker), "okta");
    struct str url = checker->bound->settings.okta.url;
    bool has_token, has_application;

    if (!okta.is_there || okta.node->kind != NODE_MAP)
        return;
    /* A secret that stands in place was reported, and still says which way was meant. */
    has_token = is_given(checker, okta, "token_file") || is_given(checker, okta, "token_env") ||
                is_given(checker, okta, "token");
    has_application = is_given(checker, okta, "client_id") || is_given(checker, okta, "key_id") ||
                      is_given(checker, okta, "key_file") || is_given(checker, okta, "key_env") ||
                      is_given(checker, okta, "key");
    if (has_token && has_application) {
        spot_complain(checker, okta,
                      "signs in twice: give either the application (`client_id`, "
                      "`key_file`, `key_id`) or `token_file`, not both");
    } else if (has_application) {
        check_application(checker, okta);
    } else if (!has_token) {
        spot_complain(checker, okta,
                      "does not say how to sign in: give `client_id`, `key_file` "
                      "and `key_id`, or `token_file`");
    }
    if (str_ends(url, STR("-admin.okta.com"))) {
        spot_complain(checker, spot_key(checker, okta, "url"),
                      "is the address of the administrators' pages: leave out `-admin`");
    }
}

/* -- AWS: names of the right kind, and of one account -- */

/* `arn:aws:SERVICE:REGION:ACCOUNT:REST`; the rest may hold further colons. */
enum arn_field { ARN_SERVICE = 2, ARN_ACCOUNT = 4, ARN_REST = 5 };

static struct str arn_field(struct str arn, enum arn_field field)
{
    struct str rest = arn;

    for (unsigned i = 0; i < (unsigned)field; i++)
        (void)str_cut(&rest, ':');
    return field == ARN_REST ? rest : str_cut(&rest, ':');
}

struct arn_kind {
    const char *key, *service, *resource, *example;
};

/* False when the ARN, which is one, is that of another kind of thing; that is then reported. */
static bool check_arn(struct checker *checker, struct spot aws, const struct arn_kind *kind,
                      struct str arn)
{
    if (arn.len == 0 || (str_is(arn_field(arn, ARN_SERVICE), kind->service) &&
                         str_starts(arn_field(arn, ARN_REST), str_of(kind->resource))))
        return true;
    spot_complain(checker, spot_key(checker, aws, kind->key),
                  "is the ARN of another kind of thing: it must be one such as %s", kind->example);
    return false;
}

static void check_aws(struct checker *checker)
{
    static const struct arn_kind instance = {"instance_arn", "sso", "instance/",
                                             "arn:aws:sso:::instance/ssoins-0123456789abcdef"};
    static const struct arn_kind application = {
        "application_arn", "sso", "application/",
        "arn:aws:sso::111122223333:application/ssoins-0123456789abcdef/apl-0123456789abcdef"};
    static const struct arn_kind role = {"role_arn", "iam", "role/",
                                         "arn:aws:iam::111122223333:role/seatkeeper"};
    struct spot spot = spot_key(checker, spot_top(checker), "aws");
    struct aws_settings *aws = &checker->bound->settings.aws;
    struct str account = arn_field(aws->role_arn, ARN_ACCOUNT);

    aws->present = spot.is_there;
    (void)check_arn(checker, spot, &instance, aws->instance_arn);
    (void)check_arn(checker, spot, &application, aws->application_arn);
    /* Whoever assumes a role is in its account from then on. */
    if (check_arn(checker, spot, &role, aws->role_arn) && aws->role_arn.len > 0 &&
        aws->account.len > 0 && !str_eq(account, aws->account)) {
        spot_complain(checker, spot_key(checker, spot, "role_arn"),
                      "is a role of another account than `account`, which is the one to be met");
    }
}

/* -- Slack -- */

static void check_slack(struct checker *checker)
{
    struct spot slack = spot_key(checker, spot_top(checker), "slack");
    bool has_socket =
        is_given(checker, slack, "app_token_file") || is_given(checker, slack, "app_token_env");
    bool has_http = is_given(checker, slack, "signing_secret_file") ||
                    is_given(checker, slack, "signing_secret_env");

    if (slack.is_there && has_socket && has_http) {
        spot_complain(checker, slack,
                      "gets its deliveries twice: give either `app_token_file` or "
                      "`signing_secret_file`, not both");
    }
}

/* -- Tokens of programs -- */

static void check_token(struct checker *checker, struct spot spot, size_t i)
{
    const struct token_row *tokens = checker->bound->tokens;

    for (size_t j = 0; j < i; j++) {
        if (tokens[i].name.len > 0 && str_eq(tokens[j].name, tokens[i].name)) {
            spot_complain(checker, spot_key(checker, spot, "name"),
                          "is the name of another token too");
        }
    }
    struct spot confirm = spot_key(checker, spot, "confirm");
    if (confirm.is_there && str_is(confirm.node->text, "none") && tokens[i].n_logins == 0) {
        spot_complain(checker, confirm,
                      "`none` is for a token that is bound to people by "
                      "`people.logins`");
    }
}

static void check_tokens(struct checker *checker)
{
    struct spot server = spot_key(checker, spot_top(checker), "server");
    struct spot tokens = spot_key(checker, server, "tokens");

    for (size_t i = 0; i < checker->bound->n_tokens; i++)
        check_token(checker, spot_item(checker, tokens, i), i);
}

void check_site(struct checker *checker)
{
    check_okta(checker);
    check_aws(checker);
    check_slack(checker);
    check_tokens(checker);
}
