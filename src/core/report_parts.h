#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "core/finding.h"

/* What the writers of text share. */

/* Address space for what one text is made of; a list is written a few hundred rows at a time. */
#define REPORT_SCRATCH ((size_t)16 << 20)

/* A block per finding: what it is, the details, the next command. */
void report_put_findings(const struct finding *findings, size_t n, unsigned indent, struct buf *out,
                         struct arena *scratch);
