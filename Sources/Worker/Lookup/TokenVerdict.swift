// SPDX-License-Identifier: Apache-2.0

/// What another service has said of a token.
enum TokenVerdict: LookupAnswer {
    case accepted(Identity)
    case refused(Refusal)

    var isPositive: Bool {
        if case .accepted = self { true } else { false }
    }

    var believedUntil: Double {
        if case .accepted(let identity) = self { identity.believedUntil } else { .infinity }
    }
}
