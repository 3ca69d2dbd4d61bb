// SPDX-License-Identifier: Apache-2.0

/// Why a keys document cannot be used at all. (A single bad key is only left out.)
enum KeySetError: Error, Equatable {
    case json(JSONError)
    case malformed(String)
}
