// SPDX-License-Identifier: Apache-2.0

/// A client of either protocol, as a world sees it.
protocol SimulatedVisitor: AnyObject {
    /// Nothing is left to be sent or answered.
    var isDone: Bool { get }
    /// Each of its requests got its answer from the API server, or the refusal that it deserved.
    var allCompleted: Bool { get }
    /// Requests that wait for something that has no end of its own, from somebody who is there and says nothing.
    var watches: Int { get }
    /// At the end of all worlds: nobody is there any more.
    func depart()
}
