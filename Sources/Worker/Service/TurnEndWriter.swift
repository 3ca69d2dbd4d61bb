// SPDX-License-Identifier: Apache-2.0

/// A connection that writes once a turn what all its streams have to say (`Plane.flushAtTurnEnd`).
protocol TurnEndWriter: AnyObject {
    /// The turn's end has come.
    func flush()
}

extension HTTP2Session: TurnEndWriter {}
