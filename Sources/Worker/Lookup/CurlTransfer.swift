// SPDX-License-Identifier: Apache-2.0

internal import CCurl
internal import Shared

/// One transfer: the only owner of a curl easy handle, and what has arrived. Over http or https as its URL says, TLS 1.2
/// at least, certificates and names always checked, no proxies (those of the environment included), no cookies, nothing
/// from ~/.netrc.
@safe final class CurlTransfer {
    private let easy: UnsafeMutableRawPointer
    private let maximumBytes: Int
    private var fields: UnsafeMutablePointer<curl_slist>?
    private var route: UnsafeMutablePointer<curl_slist>?
    private var body: [UInt8] = []
    private var isTooLarge = false

    /// nil: curl has no memory.
    init?(_ request: CurlRequest) {
        guard let easy = unsafe curl_easy_init() else { return nil }
        unsafe self.easy = easy
        maximumBytes = request.maximumBytes
        limit(request)
        trust(request.trust)
        ask(request)
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        _ = unsafe lychgate_easy_set_pointer(easy, CURLOPT_WRITEDATA, context)
        _ = unsafe lychgate_easy_set_write(easy) { data, size, count, context in
            guard let data = unsafe data, let context = unsafe context else { return 0 }
            let bytes = unsafe UnsafeRawBufferPointer(start: data, count: size * count)
            return unsafe Unmanaged<CurlTransfer>.fromOpaque(context).takeUnretainedValue().take(bytes)
        }
    }

    deinit {
        unsafe curl_easy_cleanup(easy)
        unsafe curl_slist_free_all(fields)
        unsafe curl_slist_free_all(route)
    }

    // MARK: Options

    private func limit(_ request: CurlRequest) {
        set(CURLOPT_PROTOCOLS_STR, request.requiresTLS ? "https" : "http")
        set(CURLOPT_REDIR_PROTOCOLS_STR, "https")
        set(CURLOPT_FOLLOWLOCATION, request.redirects > 0 ? 1 : 0)
        set(CURLOPT_MAXREDIRS, request.redirects)
        // The empty text also takes out what the environment says.
        set(CURLOPT_PROXY, "")
        set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        set(CURLOPT_FORBID_REUSE, request.keepsConnection ? 0 : 1)
        set(CURLOPT_TIMEOUT_MS, request.milliseconds)
        set(CURLOPT_CONNECTTIMEOUT_MS, request.connectMilliseconds)
        set(CURLOPT_MAXFILESIZE, request.maximumBytes)
        set(CURLOPT_NOSIGNAL, 1)
        // Without it a cancelled look-up of a name would hold the loop until its thread has ended.
        set(CURLOPT_QUICK_EXIT, 1)
    }

    private func trust(_ trust: LookupTrust) {
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        if trust.authorities != nil || trust.authoritiesFile != nil {
            // Only those: the default file and directory of authorities would still count beside them.
            _ = unsafe lychgate_easy_set_string(easy, CURLOPT_CAINFO, nil)
            _ = unsafe lychgate_easy_set_string(easy, CURLOPT_CAPATH, nil)
        }
        if let authorities = trust.authorities { setBlob(CURLOPT_CAINFO_BLOB, authorities) }
        if let file = trust.authoritiesFile {
            set(CURLOPT_CAINFO, file)
            // It may have changed since.
            set(CURLOPT_CA_CACHE_TIMEOUT, 0)
        }
        if let certificate = trust.certificate, let key = trust.key {
            setBlob(CURLOPT_SSLCERT_BLOB, certificate)
            setBlob(CURLOPT_SSLKEY_BLOB, key)
        }
    }

    private func ask(_ request: CurlRequest) {
        set(CURLOPT_URL, request.url)
        set(CURLOPT_USERAGENT, "lychgate/" + Version.current)
        // `Expect: 100-continue` would cost a round trip.
        unsafe fields = unsafe list(request.fields + ["Accept: application/json", "Expect:"])
        _ = unsafe lychgate_easy_set_list(easy, CURLOPT_HTTPHEADER, fields)
        if let address = request.address {
            let host = address.family == .ipv6 ? "[\(address.host)]" : address.host
            unsafe route = unsafe list(["::\(host):\(address.port)"])
            _ = unsafe lychgate_easy_set_list(easy, CURLOPT_CONNECT_TO, route)
        }
        guard let bytes = request.body else { return }
        let result = unsafe bytes.withUnsafeBytes { body in
            unsafe lychgate_easy_set_body(easy, body.baseAddress, body.count)
        }
        precondition(result == CURLE_OK, "curl refuses a body")
    }

    private func set(_ option: CURLoption, _ value: Int) {
        let result = unsafe lychgate_easy_set_long(easy, option, value)
        // A protection that this curl does not know must not be missing silently.
        precondition(result == CURLE_OK, "curl refuses an option")
    }

    private func set(_ option: CURLoption, _ value: String) {
        let result = unsafe lychgate_easy_set_string(easy, option, value)
        precondition(result == CURLE_OK, "curl refuses an option")
    }

    private func setBlob(_ option: CURLoption, _ bytes: [UInt8]) {
        let result = unsafe bytes.withUnsafeBytes { blob in
            unsafe lychgate_easy_set_blob(
                easy, option, blob.baseAddress?.assumingMemoryBound(to: CChar.self), blob.count)
        }
        precondition(result == CURLE_OK, "curl refuses an option")
    }

    private func list(_ values: [String]) -> UnsafeMutablePointer<curl_slist>? {
        var list: UnsafeMutablePointer<curl_slist>?
        for value in values { unsafe list = unsafe curl_slist_append(list, value) }
        return unsafe list
    }

    // MARK: The transfer

    func attach(to multi: UnsafeMutableRawPointer) {
        _ = unsafe curl_multi_add_handle(multi, easy)
    }

    /// Takes it out of the multi handle. One that has not ended closes its connection thereby.
    func detach(from multi: UnsafeMutableRawPointer) {
        _ = unsafe curl_multi_remove_handle(multi, easy)
    }

    func isCurl(_ other: UnsafeMutableRawPointer) -> Bool { unsafe other == easy }

    /// Bytes taken; fewer than came end the transfer.
    private func take(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard body.count + bytes.count <= maximumBytes else {
            isTooLarge = true
            return 0
        }
        unsafe body.append(contentsOf: bytes)
        return bytes.count
    }

    /// The values of a field of the last answer, of eight lines of it at most.
    func values(of field: String) -> [String] {
        var lines: [String] = []
        var header: UnsafeMutablePointer<curl_header>?
        while lines.count < 8,
            unsafe curl_easy_header(easy, field, lines.count, UInt32(CURLH_HEADER), -1, &header) == CURLHE_OK,
            let found = unsafe header
        {
            lines.append(unsafe String(cString: found.pointee.value))
        }
        return lines
    }

    func outcome(_ result: CURLcode) -> Result<LookupReply, CurlFailure> {
        if isTooLarge || result == CURLE_FILESIZE_EXCEEDED { return .failure(.tooLarge) }
        if result == CURLE_OPERATION_TIMEDOUT { return .failure(.timedOut) }
        guard result == CURLE_OK else {
            return .failure(.transfer(unsafe String(cString: curl_easy_strerror(result))))
        }
        var status = 0
        _ = unsafe lychgate_easy_get_long(easy, CURLINFO_RESPONSE_CODE, &status)
        return .success(LookupReply(status: status, body: body))
    }
}
