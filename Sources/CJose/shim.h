// SPDX-License-Identifier: Apache-2.0
#pragma once

// cjose.h names jansson's json_t only as an incomplete type, so jansson.h is not needed here.
#include <cjose/cjose.h>

#include <openssl/evp.h>
#include <openssl/err.h>
#include <openssl/sha.h>

// SHA-256 into 32 bytes. OpenSSL 3.0's EVP allocates a context at each start of a digest, also of one that is used again;
// this, which it deprecates, allocates nothing and runs the same code, with the processor's SHA instructions.
#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wdeprecated-declarations"
static inline int lg_sha256(const void *bytes, size_t count, unsigned char *digest) {
    SHA256_CTX context;
    return SHA256_Init(&context) == 1 && SHA256_Update(&context, bytes, count) == 1 &&
           SHA256_Final(digest, &context) == 1;
}
#pragma clang diagnostic pop
