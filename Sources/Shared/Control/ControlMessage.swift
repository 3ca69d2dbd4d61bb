// SPDX-License-Identifier: Apache-2.0

/// One direction of the control channel: an enum that says everything that may be said there.
package protocol ControlMessage: Equatable, Sendable {
    /// Whether exactly one descriptor travels with this message; with every other, none may.
    var carriesDescriptor: Bool { get }
    func encode(into writer: inout RecordWriter)
    init(from reader: inout RecordReader) throws(RecordError)
}

/// The control channel's constants.
package enum ControlProtocol {
    /// Sent in `hello`. A supervisor starts no workers that speak another one.
    package static let version: UInt32 = 2
    /// What a supervisor still understands of workers that it took over from the build before it: within this range,
    /// kinds of messages are only added, and a supervisor sends an older worker none that is newer than it.
    package static let understood: ClosedRange<UInt32> = 1...version
    /// The first version in which keys are asked for by issuer.
    package static let namesIssuers: UInt32 = 2
    /// Issuers are named by their places in the configuration, of which there are no more (kube-apiserver's own limit).
    package static let maxIssuers = 64
    /// No record is longer.
    package static let maxRecord = 1_024
    /// Identifiers in one `claimed` or `closed`.
    package static let maxBatch = 64

    /// In a child's environment: what its supervisor calls it, SLOT.GENERATION. (A child of an older build does not look.)
    package static let workerVariable = "LYCHGATE_WORKER"

    /// Descriptor numbers in a child, and what they are.
    package static let channelDescriptor: Int32 = 3
    package static let scoreboardDescriptor: Int32 = 4
    package static let configurationDescriptor: Int32 = 5
}
