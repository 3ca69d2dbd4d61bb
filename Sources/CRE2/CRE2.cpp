// SPDX-License-Identifier: Apache-2.0

#include "CRE2.h"

#include <climits>
#include <exception>
#include <new>

#include <re2/re2.h>

struct cre2_pattern {
    cre2_pattern(const re2::StringPiece &source, const RE2::Options &options) : expression(source, options) {}
    RE2 expression;
};

// No exception may leave this file: the caller is Swift, which cannot unwind. RE2 itself throws none, but the
// standard library does when memory runs out.

cre2_pattern *cre2_compile(const char *pattern, size_t length, size_t memory) {
    // RE2 counts in int.
    if (length > INT_MAX / 2) {
        return nullptr;
    }
    try {
        RE2::Options options(RE2::Quiet);
        options.set_max_mem(static_cast<int64_t>(memory));
        options.set_never_nl(false);
        auto *compiled = new cre2_pattern(re2::StringPiece(pattern, length), options);
        if (!compiled->expression.ok()) {
            delete compiled;
            return nullptr;
        }
        return compiled;
    } catch (const std::exception &) {
        return nullptr;
    }
}

void cre2_free(cre2_pattern *pattern) {
    delete pattern;
}

bool cre2_find(const cre2_pattern *pattern, const char *text, size_t length, size_t from, size_t *begin, size_t *end) {
    if (length > INT_MAX / 2 || from > length) {
        return false;
    }
    try {
        // An empty StringPiece without an address counts as "no text" in RE2; give it one.
        re2::StringPiece whole(text == nullptr ? "" : text, length);
        re2::StringPiece found;
        if (!pattern->expression.Match(whole, from, length, RE2::UNANCHORED, &found, 1)) {
            return false;
        }
        *begin = static_cast<size_t>(found.data() - whole.data());
        *end = *begin + found.size();
        return true;
    } catch (const std::exception &) {
        return false;
    }
}
