// SPDX-License-Identifier: Apache-2.0

/// What the API server has said of one SubjectAccessReview.
struct AccessVerdict: LookupAnswer, Equatable {
    let isAllowed: Bool

    var isPositive: Bool { isAllowed }
    var believedUntil: Double { .infinity }
}
