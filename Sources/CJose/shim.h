// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cjose/cjose.h>
#include <jansson.h>
