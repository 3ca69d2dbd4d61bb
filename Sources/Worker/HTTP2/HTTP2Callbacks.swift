// SPDX-License-Identifier: Apache-2.0

import CNghttp2
import Shared

/// nghttp2's way to the engine that it serves.
enum HTTP2Callbacks {
    private static func engine(_ data: UnsafeMutableRawPointer?) -> HTTP2Engine? {
        guard let data = unsafe data else { return nil }
        return unsafe Unmanaged<HTTP2Engine>.fromOpaque(data).takeUnretainedValue()
    }

    static var provider: nghttp2_data_provider {
        unsafe nghttp2_data_provider(
            source: nghttp2_data_source(), read_callback: { unsafe HTTP2Callbacks.read($1, $2, $3, $4, $6) })
    }

    static func install(in callbacks: OpaquePointer?) {
        unsafe nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks) { _, frame, data in
            guard let frame = unsafe frame else { return 0 }
            unsafe HTTP2Callbacks.engine(data)?.owner.blockBegins(frame.pointee.hd.stream_id)
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_header_callback(callbacks) {
            _, frame, name, length, value, count, _, data in
            guard let frame = unsafe frame else { return 0 }
            let goesOn = unsafe HTTP2Callbacks.engine(data)?.owner.field(
                ByteView(UnsafeRawBufferPointer(start: name, count: length)),
                ByteView(UnsafeRawBufferPointer(start: value, count: count)), of: frame.pointee.hd.stream_id)
            return goesOn == false ? NGHTTP2_ERR_PAUSE.rawValue : 0
        }
        // Without this one nghttp2 would drop an invalid field and take the rest for a request.
        unsafe nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks) { _, _, _, _, _, _, _, _ in
            NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
        }
        unsafe nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks) { _, frame, data in
            guard let header = unsafe frame?.pointee.hd, let owner = unsafe HTTP2Callbacks.engine(data)?.owner else {
                return 0
            }
            HTTP2Callbacks.received(header, owner)
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks) {
            _, _, stream, bytes, count, data in
            unsafe HTTP2Callbacks.engine(data)?.owner.dataArrived(
                ByteView(UnsafeRawBufferPointer(start: bytes, count: count)), of: stream)
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(callbacks) { _, frame, _, data in
            guard let frame = unsafe frame else { return 0 }
            unsafe HTTP2Callbacks.engine(data)?.owner.ruleBroken(on: frame.pointee.hd.stream_id)
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_stream_close_callback(callbacks) { _, stream, code, data in
            unsafe HTTP2Callbacks.engine(data)?.streamClosed(stream, code: code)
            return 0
        }
        unsafe nghttp2_session_callbacks_set_on_frame_send_callback(callbacks) { _, frame, data in
            guard let header = unsafe frame?.pointee.hd, let engine = unsafe HTTP2Callbacks.engine(data) else {
                return 0
            }
            if header.type == NGHTTP2_RST_STREAM.rawValue { engine.resetWritten(header.stream_id) }
            if header.type == NGHTTP2_GOAWAY.rawValue {
                let code = unsafe frame?.pointee.goaway.error_code ?? HTTP2Code.noError.rawValue
                engine.owner.goAwayWritten(code)
            }
            let isBody = header.type == NGHTTP2_DATA.rawValue || header.type == NGHTTP2_HEADERS.rawValue
            if isBody, UInt32(header.flags) & NGHTTP2_FLAG_END_STREAM.rawValue != 0 {
                engine.sentEnd(of: header.stream_id)
            }
            return 0
        }
        unsafe nghttp2_session_callbacks_set_data_source_read_length_callback(callbacks) {
            _, _, _, connectionWindow, streamWindow, frameSize, data in
            guard let engine = unsafe HTTP2Callbacks.engine(data) else { return 0 }
            return min(engine.dataRoom, Int(connectionWindow), Int(streamWindow), Int(frameSize))
        }
    }

    private static func received(_ header: nghttp2_frame_hd, _ owner: any HTTP2EngineOwner) {
        let isFlagged = { (flag: nghttp2_flag) in UInt32(header.flags) & flag.rawValue != 0 }
        switch UInt32(header.type) {
        case NGHTTP2_DATA.rawValue:
            if isFlagged(NGHTTP2_FLAG_END_STREAM) { owner.streamEnded(header.stream_id) }
        case NGHTTP2_HEADERS.rawValue:
            owner.blockEnds(header.stream_id, endsStream: isFlagged(NGHTTP2_FLAG_END_STREAM))
        case NGHTTP2_SETTINGS.rawValue:
            if !isFlagged(NGHTTP2_FLAG_ACK) { owner.settingsArrived() }
        case NGHTTP2_PING.rawValue:
            if isFlagged(NGHTTP2_FLAG_ACK) { owner.pingAnswered() }
        case NGHTTP2_GOAWAY.rawValue: owner.goAwayArrived()
        default: break
        }
    }

    /// Gives nghttp2 the next bytes of a message.
    private static func read(
        _ id: Int32, _ target: UnsafeMutablePointer<UInt8>?, _ length: Int,
        _ flags: UnsafeMutablePointer<UInt32>?, _ data: UnsafeMutableRawPointer?
    ) -> Int {
        guard let engine = unsafe engine(data), let stream = engine.owner.stream(id), let target = unsafe target else {
            return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
        }
        let count = unsafe stream.send.withBytes { bytes in
            let count = min(bytes.count, length)
            unsafe UnsafeMutableRawPointer(target).copyMemory(
                from: bytes.baseAddress ?? UnsafeRawPointer(target), byteCount: count)
            return count
        }
        switch stream.took(count) {
        case .more: return count > 0 ? count : Int(NGHTTP2_ERR_DEFERRED.rawValue)
        case .end(let trailers):
            unsafe flags?.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
            if !trailers.isEmpty {
                let submitted = ByteView.of(trailers) { lines in
                    engine.fields.fill(trailers: lines)
                    return engine.submitTrailers(id)
                }
                if submitted { unsafe flags?.pointee |= NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue }
            }
            return count
        }
    }
}

extension HTTP2FieldList {
    /// Fills the list with trailer lines that were checked before.
    fileprivate func fill(trailers lines: ByteView) {
        begin()
        var position = 0
        while position < lines.count {
            guard let field = try? FieldLine.read(lines, from: position, refusingTwins: true) else { return begin() }
            append(lines[field.name], lines[field.value])
            position = Int(field.lineEnd)
        }
    }
}
