// SPDX-License-Identifier: Apache-2.0

#ifndef LYCHGATE_CRE2_H
#define LYCHGATE_CRE2_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A compiled regular expression (re2::RE2). Matching takes time linear in the text.
typedef struct cre2_pattern cre2_pattern;

/// Compiles a pattern in RE2's (which is Go's) syntax, UTF-8. `memory` bounds the compiled program and the caches of
/// matching, in bytes. Returns NULL if the pattern is not well formed, too big, or there is no memory.
cre2_pattern *cre2_compile(const char *pattern, size_t length, size_t memory);

/// Releases a pattern. NULL is allowed.
void cre2_free(cre2_pattern *pattern);

/// Looks for the first (leftmost) match at or after `from`. True if there is one, with its byte offsets.
bool cre2_find(const cre2_pattern *pattern, const char *text, size_t length, size_t from, size_t *begin, size_t *end);

#ifdef __cplusplus
}
#endif

#endif
