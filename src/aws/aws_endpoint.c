#include "aws/aws_endpoint.h"

#include "base/attr.h"
#include "http/url.h"

#define FORM_TYPE "application/x-www-form-urlencoded"

static const struct aws_service_row services[AWS_SERVICE_COUNT] = {
    [AWS_IDENTITYSTORE] = {"identitystore", "identitystore", "identitystore", "AWSIdentityStore",
                           "application/x-amz-json-1.1", false},
    [AWS_SSO] = {"sso", "sso", "sso", "SWBExternalService", "application/x-amz-json-1.1", false},
    [AWS_STS] = {"sts", "sts", "sts", NULL, FORM_TYPE, false},
    [AWS_SUBSCRIPTIONS] = {"user-subscriptions", "service.user-subscriptions", "user-subscriptions",
                           "AWSZornControlPlaneService", "application/x-amz-json-1.0", false},
    [AWS_Q] = {"q", "codewhisperer", "q", "AmazonQDeveloperService", "application/x-amz-json-1.0",
               true},
    [AWS_CODEWHISPERER] = {"codewhisperer", "codewhisperer", "codewhisperer",
                           "AWSCodeWhispererService", "application/x-amz-json-1.0", true},
};

const struct aws_service_row *aws_service_row(enum aws_service service)
{
    return &services[service];
}

struct str aws_service_region(const struct aws_options *options, enum aws_service service)
{
    return services[service].is_kiro && options->kiro_region.len > 0 ? options->kiro_region
                                                                     : options->region;
}

/* The partition is told by how its regions begin. */
static const char *suffix_of(struct str region)
{
    static const struct {
        struct str begins;
        const char *suffix;
    } partitions[] = {
        {{"cn-", 3}, "amazonaws.com.cn"},
        {{"eusc-", 5}, "amazonaws.eu"},
    };

    for (size_t i = 0; i < ARRAY_LEN(partitions); i++) {
        if (str_starts(region, partitions[i].begins))
            return partitions[i].suffix;
    }
    return "amazonaws.com";
}

struct str aws_endpoint(const struct aws_options *options, enum aws_service service,
                        struct arena *arena)
{
    struct str region = aws_service_region(options, service);

    if (options->endpoints[service].len > 0)
        return arena_str(arena, options->endpoints[service]);
    return arena_printf(arena, "https://%s.%.*s.%s", services[service].host, STR_ARG(region),
                        suffix_of(region));
}

/* As libcurl writes the Host header. */
static struct str host_header(const struct url *url, struct arena *arena)
{
    unsigned usual = str_ieq(url->scheme, STR("https")) ? 443 : 80;

    if (url->port == usual)
        return arena_str(arena, url->host);
    return arena_printf(arena, "%.*s:%u", STR_ARG(url->host), url->port);
}

bool aws_site_of(struct str base, struct arena *arena, struct aws_site *out, struct err *err)
{
    struct str text;
    struct url url;

    if (!url_check_base(base, &text, err) || !url_parse(text, &url))
        return err_wrap(err, "endpoint");
    out->host = host_header(&url, arena);
    out->path = url.path.len > 0 ? arena_str(arena, url.path) : STR("/");
    out->url =
        url.path.len > 0 ? arena_str(arena, text) : arena_printf(arena, "%.*s/", STR_ARG(text));
    return true;
}
