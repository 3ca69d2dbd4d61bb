// SPDX-License-Identifier: Apache-2.0

/// Why a text is not JSON that we accept.
enum JSONError: Error, Equatable {
    case syntax
    case duplicateMember
    case tooDeep
    case invalidUTF8
    case numberOutOfRange
}
