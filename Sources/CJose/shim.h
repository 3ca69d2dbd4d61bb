// SPDX-License-Identifier: Apache-2.0
#pragma once

// cjose.h names jansson's json_t only as an incomplete type, so jansson.h is not needed here.
#include <cjose/cjose.h>

#include <openssl/evp.h>
#include <openssl/err.h>
