// SPDX-License-Identifier: Apache-2.0

import Testing

/// The parent of all tests with the real programs: they measure, so only one of them runs at a time.
@Suite(.serialized)
enum Integration {}
