// SPDX-License-Identifier: Apache-2.0

/// A connection that writes once a turn what all its streams have to say (`Plane.flushAtTurnEnd`).
protocol TurnEndWriter: AnyObject {
    var plane: Plane { get }
    /// The plane knows that it wants to write in this turn.
    var isScheduled: Bool { get set }
    /// It is just writing.
    var isPumping: Bool { get }
    var isEnded: Bool { get }
    /// Writes what there is.
    func pump()
}

extension TurnEndWriter {
    /// Writes at the end of the turn.
    func schedule() {
        guard !isScheduled, !isEnded, !isPumping else { return }
        isScheduled = true
        plane.flushAtTurnEnd(self)
    }

    /// The turn's end has come.
    func flush() {
        isScheduled = false
        pump()
    }
}
