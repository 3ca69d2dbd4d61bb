// SPDX-License-Identifier: Apache-2.0

/// The bounds of one HTTP/2 connection that are the same everywhere.
enum HTTP2Limits {
    /// Streams open at once (SETTINGS_MAX_CONCURRENT_STREAMS). A client that wants more opens another connection.
    static let concurrentStreams = 128
    /// Body bytes of a request that we take before they have gone on to the API server (SETTINGS_INITIAL_WINDOW_SIZE):
    /// what the largest buffer holds.
    static let streamWindow = 65_535
    /// Body bytes of all streams on their way. It is given back as they arrive, so that a stream whose bytes wait for
    /// the API server holds nobody else up.
    static let connectionWindow = 1_048_576
    /// The payload of a frame that we take (SETTINGS_MAX_FRAME_SIZE), which is the default.
    static let frameSize = 16_384
    /// What is sent at once: one TLS record.
    static let recordSize = TLSSession.recordSize
    /// The smallest DATA frame worth beginning at the end of a record.
    static let leastData = 1_024
    /// Frames of ours that wait to be sent; above it nothing is read that could make more of them.
    static let queuedFrames = 512
    /// CONTINUATION frames of one header block.
    static let continuations = 8
    /// Header bytes, as a multiple of `limits.head`, behind which a client is not mistaken any more but malicious.
    static let oversizedHeadFactor = 4
    /// Reads in one event, so that one loud connection cannot keep the loop from the others.
    static let readsPerEvent = 32
    /// Requests of one connection that are begun in one turn, as long as its `AbuseBudget` is full; the rest of them
    /// waits for the next, behind everybody else's.
    static let beginsPerTurn = 32
    /// A peer with open streams that has said nothing for so long is asked (PING) whether it is there,
    static let pingInterval = Duration.seconds(15)
    /// and is taken for gone when it has said nothing for so long after that.
    static let pingTimeout = Duration.seconds(15)
    /// The same of the API server, so that one that dies without a sign is noticed within 20 s.
    static let upstreamPingInterval = Duration.seconds(10)
    static let upstreamPingTimeout = Duration.seconds(10)
    /// Streams on one connection to the API server, whatever more it allows.
    static let upstreamStreams = 256
    /// What a connection that is being set up will probably allow, before any has told.
    static let upstreamStreamsExpected = 100
    /// How long a stream may still wait for its END_STREAM when its response, by its length, is through.
    static let responseLinger = Duration.seconds(1)
    /// A response that is complete before its request is followed by RST_STREAM (RFC 9113 section 8.1), but not at once:
    /// curl, among others, drops a response that it reads together with the reset. Meanwhile the stream's window stays
    /// as it is, so that no more than a window's bytes come for nobody.
    static let requestLinger = Duration.seconds(1)
    /// Between the notice that a connection will end and its final GOAWAY, if the client's answer to PING does not come
    /// first: what is on its way meanwhile is still served.
    static let drainNotice = Duration.seconds(1)
}
