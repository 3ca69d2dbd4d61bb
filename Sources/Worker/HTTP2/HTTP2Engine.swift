// SPDX-License-Identifier: Apache-2.0

import CNghttp2
import Shared

/// What an engine tells of, while it reads or writes: its owner only notes it then, and acts when the engine is done.
protocol HTTP2EngineOwner: AnyObject {
    /// A frame was read whole, and by its type it is one of these.
    func settingsArrived()
    func pingAnswered()
    /// The peer begins nothing new on this connection, and takes nothing new.
    func goAwayArrived()
    /// A header block begins: a message's head, or its trailers.
    func blockBegins(_ stream: Int32)
    /// False: nothing more is to be read.
    func field(_ name: ByteView, _ value: ByteView, of stream: Int32) -> Bool
    func blockEnds(_ stream: Int32, endsStream: Bool)
    func dataArrived(_ data: ByteView, of stream: Int32)
    func streamEnded(_ stream: Int32)
    /// A frame broke a rule.
    func ruleBroken(on stream: Int32)
    /// nghttp2 has reset a stream by itself, for whatever the peer did.
    func resetProvoked(on stream: Int32)
    func streamClosed(_ stream: Int32, code: UInt32)
    /// GOAWAY was written, with this code.
    func goAwayWritten(_ code: UInt32)
    /// A server's last frame on a stream was written, while its request has not ended.
    func responseCameFirst(on stream: Int32)
    /// The stream with this number, whose message has bytes to be taken.
    func stream(_ stream: Int32) -> (any HTTP2BodySource)?
}

extension HTTP2EngineOwner {
    /// A client's says nothing that its streams' ends do not.
    func goAwayArrived() {}
}

/// The one owner of an `nghttp2_session`: frames, HPACK, flow control, the states of streams. It reads from one buffer
/// and writes to another, and knows neither sockets nor requests.
@safe final class HTTP2Engine {
    private let session: OpaquePointer
    private let role: Role
    /// It owns this engine, and so outlives it. Each look through a reference that checks this is two atomic
    /// instructions, and there are some ten looks a request.
    private unowned(unsafe) let ownerReference: any HTTP2EngineOwner
    var owner: any HTTP2EngineOwner { unsafe ownerReference }
    /// A chunk of frames that did not fit into the output.
    private var pending: (bytes: UnsafePointer<UInt8>, count: Int)?
    /// The first frame is out.
    private var settingsWritten = false
    /// What a DATA frame may carry so that it fits into the record at hand.
    var dataRoom = 0
    let fields: HTTP2FieldList
    /// Streams whose reset was our own idea.
    private var ownResets: Set<Int32> = []

    /// Why reading cannot go on.
    enum Failure: Equatable {
        /// The peer does not speak HTTP/2.
        case badPreface
        /// More frames of one kind than nghttp2 takes.
        case flooded
        /// The owner wanted no more.
        case stopped
        case failed
    }

    /// Which end of the connection it is.
    enum Role {
        /// Towards a client.
        case server
        /// Towards the API server.
        case client
    }

    /// - Parameter headLimit: for SETTINGS_MAX_HEADER_LIST_SIZE, in bytes.
    init?(_ role: Role = .server, owner: any HTTP2EngineOwner, fields: HTTP2FieldList, headLimit: Int) {
        self.role = role
        unsafe ownerReference = owner
        self.fields = fields
        var made: OpaquePointer?
        var callbacks: OpaquePointer?
        var option: OpaquePointer?
        guard unsafe nghttp2_session_callbacks_new(&callbacks) == 0, unsafe nghttp2_option_new(&option) == 0 else {
            return nil
        }
        defer {
            unsafe nghttp2_session_callbacks_del(callbacks)
            unsafe nghttp2_option_del(option)
        }
        unsafe HTTP2Callbacks.install(in: callbacks)
        unsafe nghttp2_option_set_no_auto_window_update(option, 1)
        unsafe nghttp2_option_set_no_closed_streams(option, 1)
        unsafe nghttp2_option_set_max_continuations(option, HTTP2Limits.continuations)
        // A head of the API server's may be as large as the largest buffer; the default is less once encoded.
        unsafe nghttp2_option_set_max_send_header_block_length(option, 262_144)
        // Ours (AbuseBudget) counts resets among everything else; nghttp2's own stands far behind it.
        unsafe nghttp2_option_set_stream_reset_rate_limit(option, 10_000, 1_000)
        let result =
            switch role {
            case .server: unsafe nghttp2_session_server_new2(&made, callbacks, nil, option)
            case .client: unsafe nghttp2_session_client_new2(&made, callbacks, nil, option)
            }
        guard result == 0, let made = unsafe made else { return nil }
        unsafe session = made
        unsafe nghttp2_session_set_user_data(session, Unmanaged.passUnretained(self).toOpaque())
        let own: (nghttp2_settings_id, Int) =
            switch role {
            case .server: (NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, HTTP2Limits.concurrentStreams)
            case .client: (NGHTTP2_SETTINGS_ENABLE_PUSH, 0)
            }
        let extended = role == .server ? [(NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1)] : []
        let settings: [(nghttp2_settings_id, Int)] =
            extended + [
                own,
                (NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, HTTP2Limits.streamWindow),
                (NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, headLimit),
                (NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1),
            ]
        let entries = settings.map { id, value in
            nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: UInt32(clamping: value))
        }
        _ = unsafe nghttp2_submit_settings(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), entries, entries.count)
        _ = unsafe nghttp2_session_set_local_window_size(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), 0, Int32(HTTP2Limits.connectionWindow))
    }

    deinit {
        // Whatever nghttp2 has to tell of its end, nobody hears.
        unsafe nghttp2_session_set_user_data(session, nil)
        unsafe nghttp2_session_del(session)
    }

    // MARK: Bytes

    /// Reads all of the bytes; nil: and could go on.
    func receive(_ bytes: ByteView) -> Failure? {
        let result = unsafe bytes.withPointer { start in
            unsafe nghttp2_session_mem_recv(session, start.assumingMemoryBound(to: UInt8.self), bytes.count)
        }
        guard result < 0 else { return result < bytes.count ? .stopped : nil }
        switch Int32(truncatingIfNeeded: result) {
        case NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue: return .badPreface
        case NGHTTP2_ERR_FLOODED.rawValue, NGHTTP2_ERR_TOO_MANY_CONTINUATIONS.rawValue,
            NGHTTP2_ERR_TOO_MANY_SETTINGS.rawValue:
            return .flooded
        default: return .failed
        }
    }

    enum FillOutcome: Equatable {
        /// There is no more to send now.
        case done
        /// The output holds as much as is sent at once.
        case full
        /// The buffer pool is at its limit, or the session is broken.
        case failed
    }

    /// Writes frames into the output until it holds one record's worth.
    func fill(_ output: Buffer) -> FillOutcome {
        while true {
            if let pending = unsafe pending {
                guard unsafe output.reserve(pending.count) else { return .failed }
                unsafe output.fill { room in
                    unsafe room.copyMemory(from: UnsafeRawBufferPointer(start: pending.bytes, count: pending.count))
                    if !settingsWritten { unsafe withholdExtendedConnect(in: room) }
                    return unsafe pending.count
                }
                unsafe self.pending = nil
            }
            // Nine bytes are the frame's header.
            dataRoom = HTTP2Limits.recordSize - output.count - 9
            guard dataRoom >= HTTP2Limits.leastData else { return .full }
            var bytes: UnsafePointer<UInt8>?
            let count = unsafe nghttp2_session_mem_send(session, &bytes)
            guard count >= 0 else { return .failed }
            guard count > 0, let bytes = unsafe bytes else { return .done }
            unsafe pending = (bytes, count)
        }
    }

    /// Extended CONNECT (RFC 8441) is not offered: the setting goes out as 0, which is its default. nghttp2 itself was
    /// told 1, since it would otherwise reset a stream with `:protocol` before anybody could answer it 400.
    private func withholdExtendedConnect(in frame: UnsafeMutableRawBufferPointer) {
        settingsWritten = true
        // Behind nine bytes of frame header the first entry: two bytes of identifier, four of value.
        guard role == .server, frame.count >= 15, unsafe frame[10] == 8 else { return }
        for index in 11..<15 { unsafe frame[index] = 0 }
    }

    /// Whether the session, by the protocol's rules, still has a use.
    var isOver: Bool {
        unsafe nghttp2_session_want_read(session) == 0 && nghttp2_session_want_write(session) == 0
    }

    var wantsWrite: Bool { unsafe nghttp2_session_want_write(session) != 0 }

    /// Control frames that wait to be sent.
    var queuedFrames: Int { unsafe nghttp2_session_get_outbound_queue_size(session) }

    // MARK: Streams

    /// Submits the request's head that `fields` holds. `endsStream`: no body follows. nil: it cannot be.
    func submitRequest(endsStream: Bool) -> Int32? {
        guard !fields.overflowed else { return nil }
        let stream = unsafe fields.withEntries { entries, count in
            if endsStream { return unsafe nghttp2_submit_request(session, nil, entries, count, nil, nil) }
            var provider = unsafe HTTP2Callbacks.provider
            return unsafe nghttp2_submit_request(session, nil, entries, count, &provider, nil)
        }
        return stream > 0 ? stream : nil
    }

    /// Submits the response's head that `fields` holds. `endsStream`: no body follows. False: it cannot be.
    func submitResponse(_ stream: Int32, endsStream: Bool) -> Bool {
        guard !fields.overflowed else { return false }
        return unsafe fields.withEntries { entries, count in
            if endsStream { return unsafe nghttp2_submit_response(session, stream, entries, count, nil) == 0 }
            var provider = unsafe HTTP2Callbacks.provider
            return unsafe nghttp2_submit_response(session, stream, entries, count, &provider) == 0
        }
    }

    /// Submits an interim response.
    func submitInterim(_ stream: Int32) -> Bool {
        guard !fields.overflowed else { return false }
        return unsafe fields.withEntries { entries, count in
            unsafe nghttp2_submit_headers(
                session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, nil, entries, count, nil) == 0
        }
    }

    /// Submits the trailers that `fields` holds; the body has been sent.
    func submitTrailers(_ stream: Int32) -> Bool {
        guard !fields.overflowed, fields.count > 0 else { return false }
        return unsafe fields.withEntries { entries, count in
            unsafe nghttp2_submit_trailer(session, stream, entries, count) == 0
        }
    }

    /// The stream's response has bytes again, or its end.
    func resume(_ stream: Int32) {
        _ = unsafe nghttp2_session_resume_data(session, stream)
    }

    func reset(_ stream: Int32, _ code: HTTP2Code) {
        ownResets.insert(stream)
        _ = unsafe nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, code.rawValue)
    }

    /// RST_STREAM was written. Not each rule that a client breaks is told of by a callback of its own; this is.
    func resetWritten(_ stream: Int32) {
        if ownResets.remove(stream) == nil { owner.resetProvoked(on: stream) }
    }

    func streamClosed(_ stream: Int32, code: UInt32) {
        ownResets.remove(stream)
        owner.streamClosed(stream, code: code)
    }

    /// Gives the connection's window back what arrived of any stream's data.
    func consumedByConnection(_ bytes: Int) {
        _ = unsafe nghttp2_session_consume_connection(session, bytes)
    }

    /// Gives the stream's window back what has gone on to the API server.
    func consumed(_ bytes: Int, by stream: Int32) {
        _ = unsafe nghttp2_session_consume_stream(session, stream, bytes)
    }

    /// The message's last frame was written.
    func sentEnd(of stream: Int32) {
        if role == .server, unsafe nghttp2_session_get_stream_remote_close(session, stream) == 0 {
            owner.responseCameFirst(on: stream)
        }
    }

    // MARK: The connection

    /// The streams that the peer lets us open at once.
    var peerStreams: Int {
        unsafe Int(nghttp2_session_get_remote_settings(session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS))
    }

    /// A new stream may be begun: there was no GOAWAY, and numbers are left.
    var takesRequests: Bool { unsafe nghttp2_session_check_request_allowed(session) != 0 }

    func ping() {
        _ = unsafe nghttp2_submit_ping(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nil)
    }

    /// Says that the connection will end, while everything that comes is still served.
    func announceEnd() {
        _ = unsafe nghttp2_submit_shutdown_notice(session)
    }

    /// Says which stream is the last that will be served.
    func goAway() {
        _ = unsafe nghttp2_submit_goaway(
            session, UInt8(NGHTTP2_FLAG_NONE.rawValue), nghttp2_session_get_last_proc_stream_id(session),
            HTTP2Code.noError.rawValue, nil, 0)
    }

    /// Ends everything once the last GOAWAY, with this code, is out.
    func terminate(_ code: HTTP2Code) {
        _ = unsafe nghttp2_session_terminate_session(session, code.rawValue)
    }
}
