// SPDX-License-Identifier: Apache-2.0

import COpenSSL
import Shared

/// Records of one session that leave by one system call: OpenSSL writes each by itself, and each wakes a receiver that is
/// faster than the cipher.
///
/// What the socket does not take at once waits here. Until it has gone the plaintext counts as unsent, so that whoever sends
/// waits as ever; and OpenSSL can write nothing, since that would overtake it.
@safe struct RecordGatherer {
    /// Several records, as they go over the wire.
    private let records: Buffer
    /// The plaintext in them, in bytes.
    let plaintext: Int

    /// As much plaintext as is worth it.
    static let least = 2 * TLSSession.recordSize
    /// A record with what TLS adds, in any version.
    private static let record = TLSSession.recordSize + 256
    private static let room = 4 * record

    /// Takes what any session writes, while it has been told where to.
    private nonisolated(unsafe) static let collector = unsafe lg_gather_new()

    /// Encrypts the buffer's front, up to four records of it; nil: there is no memory. The session writes nowhere until
    /// `send` has sent all of it.
    ///
    /// - Parameter write: encrypts one record, given the plaintext; gives how much it took, 0: it cannot.
    init?(_ session: OpaquePointer, from buffer: Buffer, write: (UnsafeRawBufferPointer) -> Int) {
        records = buffer.sibling()
        guard let collector = unsafe Self.collector, records.reserve(Self.room) else { return nil }
        var taken = 0
        unsafe lg_ssl_divert(session, collector)
        unsafe records.fill { room in
            var gathered = unsafe lg_gathered(
                bytes: room.baseAddress?.assumingMemoryBound(to: UInt8.self), room: Int32(room.count), count: 0)
            return unsafe withUnsafeMutablePointer(to: &gathered) { place in
                unsafe BIO_set_data(collector, place)
                defer { unsafe BIO_set_data(collector, nil) }
                unsafe buffer.withBytes { bytes in
                    while taken < bytes.count, unsafe place.pointee.room - place.pointee.count >= Self.record {
                        let count = unsafe write(UnsafeRawBufferPointer(rebasing: bytes[taken...]))
                        guard count > 0 else { break }
                        taken += count
                    }
                }
                return unsafe Int(place.pointee.count)
            }
        }
        plaintext = taken
    }

    /// Sends what is left. Once that is nothing, the session writes to its socket again.
    func send(_ session: OpaquePointer) -> TLSSession.Outcome {
        while !records.isEmpty {
            let count = unsafe records.withBytes { bytes in
                unsafe Int(lg_ssl_send_records(session, bytes.baseAddress, Int32(bytes.count)))
            }
            if count < 0 { return .failed(.connectionLost) }
            if count == 0 { return .wantsWrite }
            records.consume(count)
        }
        unsafe lg_ssl_divert(session, nil)
        return .done(plaintext)
    }
}
