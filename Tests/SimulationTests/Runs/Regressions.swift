// SPDX-License-Identifier: Apache-2.0

/// Worlds that went wrong once, and what they showed. (A change of the simulator makes other worlds of these seeds; they
/// are kept all the same.)
enum Regressions {
    static let seeds: [UInt64] = [
        // A refused head overwrote the fields of a request that waited for its upstream connection.
        1, 48,
        // A connection whose socket was lost at the descriptor limit stayed unclaimed.
        11, 45, 54, 59, 68,
        // Bytes that found no buffer were told of again and again.
        17, 26, 36,
        // A reset while an answer was flushed ended the worker.
        79,
        // Keys lost on their way before the keyring was ready were never asked for again.
        105, 118, 138, 185, 211,
        // An upstream connection that had failed was told of again and again while its client took nothing.
        226, 271, 292,
        // A timer behind a later one of its slot fired late, or never.
        242, 348,
        // Two vanished clients, one behind the other in the backlog of a worker with one credit: the simulator did not
        // wait for the second.
        20506, 73751,
        // The simulator let a child's start fail just before all were to be ready.
        53103,
        // The simulator let the workers of an edition die at rest that had been ready before they died.
        80771,
        // An HTTP/2 request that found no room overwrote the fields of one that waited.
        16, 91, 134,
        // A worker that was killed ended its tunnels towards the API server with a FIN, as if the clients had.
        45, 59, 160, 284, 858, 1158,
        // Neither edition started, and the pool kept more workers than the old one has.
        7811, 10407,
        // Where memory was short a piece of an HTTP/2 request's body got lost, and the API server was given what came behind.
        6588,
        // After a reload to more workers there was no free slot, and no worker was recycled any more.
        1850,
    ]
}
