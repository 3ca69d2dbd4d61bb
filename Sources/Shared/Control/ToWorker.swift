// SPDX-License-Identifier: Apache-2.0

/// What the supervisor says to a child.
package enum ToWorker: ControlMessage {
    /// An accepted client connection; its socket comes along. `id` never repeats within one supervisor.
    case connection(id: UInt64, listener: UInt16, peer: SocketAddress)
    /// The issuers' keys; a sealed memory file comes along.
    case keys(generation: UInt64)
    /// To the keyring: a worker met a key identifier that it does not know. `issuer`: whose it would be, a place in the
    /// configuration; nil: any issuer's.
    case refreshKeys(issuer: UInt16?)
    /// Certificate, key, CA or token files may have changed.
    case credentialsChanged
    /// Accept nothing new, let what is in flight end, cut it at `deadline`.
    case drain(deadline: Instant)
    /// End one exchange.
    case cancel(exchange: UInt64)
    /// Cut everything and exit now.
    case stop
    /// To the admin process: a panel of that process (slot and generation name it), to read from now on; its memory
    /// file comes along.
    case panel(PanelOwner)
    /// To the admin process: that process is gone, and its panel will not change any more.
    case panelGone(PanelOwner)

    package var carriesDescriptor: Bool {
        switch self {
        case .connection, .keys, .panel: true
        case .refreshKeys, .credentialsChanged, .drain, .cancel, .stop, .panelGone: false
        }
    }

    private enum Kind: UInt16 {
        case connection = 1
        case keys = 2
        case refreshKeys = 3
        case credentialsChanged = 4
        case drain = 5
        case cancel = 6
        case stop = 7
        case panel = 8
        case panelGone = 9
        case refreshIssuer = 10
    }

    package func encode(into writer: inout RecordWriter) {
        switch self {
        case .connection(let id, let listener, let peer):
            writer.write(Kind.connection.rawValue)
            writer.write(id)
            writer.write(listener)
            writer.write(peer)
        case .keys(let generation):
            writer.write(Kind.keys.rawValue)
            writer.write(generation)
        case .refreshKeys(nil):
            writer.write(Kind.refreshKeys.rawValue)
        case .refreshKeys(let issuer?):
            writer.write(Kind.refreshIssuer.rawValue)
            writer.write(issuer)
        case .credentialsChanged:
            writer.write(Kind.credentialsChanged.rawValue)
        case .drain(let deadline):
            writer.write(Kind.drain.rawValue)
            writer.write(deadline.nanoseconds)
        case .cancel(let exchange):
            writer.write(Kind.cancel.rawValue)
            writer.write(exchange)
        case .stop:
            writer.write(Kind.stop.rawValue)
        case .panel(let owner):
            writer.write(Kind.panel.rawValue)
            owner.encode(into: &writer)
        case .panelGone(let owner):
            writer.write(Kind.panelGone.rawValue)
            owner.encode(into: &writer)
        }
    }

    package init(from reader: inout RecordReader) throws(RecordError) {
        let raw: UInt16 = try reader.read()
        guard let kind = Kind(rawValue: raw) else { throw .unknownKind(raw) }
        switch kind {
        case .connection:
            self = .connection(id: try reader.read(), listener: try reader.read(), peer: try reader.readAddress())
        case .keys: self = .keys(generation: try reader.read())
        case .refreshKeys: self = .refreshKeys(issuer: nil)
        case .refreshIssuer: self = .refreshKeys(issuer: try reader.readIssuer())
        case .credentialsChanged: self = .credentialsChanged
        case .drain: self = .drain(deadline: Instant(nanoseconds: try reader.read()))
        case .cancel: self = .cancel(exchange: try reader.read())
        case .stop: self = .stop
        case .panel: self = .panel(try PanelOwner(from: &reader))
        case .panelGone: self = .panelGone(try PanelOwner(from: &reader))
        }
        try reader.finish()
    }
}
