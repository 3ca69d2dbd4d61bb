// SPDX-License-Identifier: Apache-2.0

import Shared

/// A TokenReview on its way in.
final class ReviewIntake {
    /// Where the body's framing is taken off.
    let buffer: Buffer
    private var body: [UInt8] = []
    /// More of the body is to come.
    private(set) var isOpen = true
    private(set) var request: ReceivedTokenReview?
    private(set) var problem: ReceivedTokenReview.Problem?

    /// Twice the longest token that is judged.
    static let longestBody = 32_768

    init(pool: BufferPool) {
        buffer = Buffer(pool: pool)
    }

    /// Keeps what is in the buffer; false: it is too much.
    func keep() -> Bool {
        guard body.count + buffer.count <= Self.longestBody else { return false }
        buffer.view { $0.append(to: &body) }
        buffer.discardAll()
        return true
    }

    /// All has come; false: it is no TokenReview.
    func close() -> Bool {
        isOpen = false
        do throws(ReceivedTokenReview.Problem) {
            request = try ReceivedTokenReview(body)
        } catch {
            problem = error
        }
        body = []
        return request != nil
    }

    func authenticate(by plane: Plane, claimed: [UInt8]?) -> AuthenticationOutcome? {
        request.map {
            plane.authenticator.authenticate(
                $0.token.span, now: Double(plane.reactor.kernel.wallClock()), claimed: claimed)
        }
    }
}
