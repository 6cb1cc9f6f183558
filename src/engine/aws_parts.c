#include "engine/aws_parts.h"

/* Identity Store and Identity Center's administration share what an account may call; others use
 * it too (contracts/aws.md 1.4). */
#define CALLS_A_SECOND      5
#define METADATA_SILENCE_MS (5 * TIME_SECOND)

void aws_parts_init(struct aws_parts *parts, const struct aws_parts_options *options)
{
    const struct aws_settings *settings = &options->settings->aws;
    /* The calls are tried again by aws/, which knows the service's own words for "later". */
    const struct http_options http = {.remote = "aws", .max_tries = 1, .seed = options->seed};
    const struct http_options metadata = {.remote = "the metadata service",
                                          .max_tries = 1,
                                          .patience_ms = METADATA_SILENCE_MS,
                                          .seed = options->seed};

    *parts = (struct aws_parts){
        .http = http_new(&http, options->transport, options->clock),
        .metadata = http_new(&metadata, options->metadata, options->clock),
    };
    const struct aws_creds_options creds = {
        .profile = settings->profile,
        .credentials_file = settings->credentials_file,
        .role_arn = settings->role_arn,
        .region = settings->region,
        .sts_url = settings->endpoint_sts,
        .env = options->env,
        .http = parts->http,
        .metadata = parts->metadata,
        .clock = options->clock,
        .seed = options->seed,
    };
    const struct aws_options calls = {
        .region = settings->region,
        .kiro_region = settings->kiro_region,
        .endpoints = {[AWS_IDENTITYSTORE] = settings->endpoint_identitystore,
                      [AWS_SSO] = settings->endpoint_sso,
                      [AWS_STS] = settings->endpoint_sts,
                      [AWS_SUBSCRIPTIONS] = settings->endpoint_subscriptions,
                      [AWS_Q] = settings->endpoint_q},
        .per_second = CALLS_A_SECOND,
        .seed = options->seed,
    };
    const struct identity_options identity = {.instance_arn = settings->instance_arn,
                                              .region = settings->region};

    parts->creds = aws_creds_new(&creds);
    parts->aws = aws_new(&calls, parts->http, parts->creds, options->clock);
    parts->identity = identity_new(&identity, parts->aws, options->clock);
    if (settings->subscriptions == SUBSCRIPTIONS_OFF)
        return;
    const struct subs_options subs = {
        .instance_arn = settings->instance_arn,
        .kiro_region = settings->kiro_region,
        .application_arn = settings->application_arn,
        .account = settings->account,
    };
    parts->subs = subs_new(&subs, parts->aws, options->clock);
}

void aws_parts_fini(struct aws_parts *parts)
{
    subs_free(parts->subs);
    identity_free(parts->identity);
    aws_free(parts->aws);
    aws_creds_free(parts->creds);
    http_free(parts->metadata);
    http_free(parts->http);
    *parts = (struct aws_parts){0};
}

void aws_parts_join(const struct aws_parts *parts, struct world *world)
{
    world->aws = parts->aws;
    world->aws_http = parts->http;
    world->identity = parts->identity;
    world->subs = parts->subs;
}
