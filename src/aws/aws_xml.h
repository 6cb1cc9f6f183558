#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/*
 * XML as STS answers it, strictly: elements, attributes, text and the predefined entities.
 * Comments, CDATA, DOCTYPE and processing instructions (but the first line) are refused, and so is
 * anything that is not exactly one balanced element. Pure.
 */

struct aws_xml_want {
    const char *path; /* `AssumeRoleResponse/AssumeRoleResult/Credentials/AccessKeyId` */
    struct str value; /* text of that element, entities resolved, trimmed; in arena */
    unsigned found;   /* how often it was there; twice is refused */
};

/* Fills the values. ERR_REMOTE, in one sentence without any of the text. An element that is missing
 * is the caller's business. */
bool aws_xml_read(struct str text, struct aws_xml_want *wants, size_t n, struct arena *arena,
                  struct err *err);
