// SPDX-License-Identifier: Apache-2.0

internal import CCurl
internal import Shared

/// One document on its way: an easy handle and what has arrived.
@safe final class KeyTransfer {
    let issuer: Int
    private let easy: UnsafeMutableRawPointer
    private let headers: UnsafeMutablePointer<curl_slist>?
    private var body: [UInt8] = []
    private var isTooLarge = false

    init?(issuer: Int, url: String, authority: IssuerPolicy.Authority, milliseconds: Int) {
        guard let easy = unsafe curl_easy_init() else { return nil }
        self.issuer = issuer
        unsafe self.easy = easy
        unsafe headers = unsafe curl_slist_append(nil, "Accept: application/json")
        configure(url: url, authority: authority, milliseconds: milliseconds)
    }

    deinit {
        unsafe curl_easy_cleanup(easy)
        unsafe curl_slist_free_all(headers)
    }

    private func configure(url: String, authority: IssuerPolicy.Authority, milliseconds: Int) {
        set(CURLOPT_URL, url)
        set(CURLOPT_PROTOCOLS_STR, "https")
        set(CURLOPT_REDIR_PROTOCOLS_STR, "https")
        set(CURLOPT_FOLLOWLOCATION, 1)
        set(CURLOPT_MAXREDIRS, KeyFetcher.maximumRedirects)
        set(CURLOPT_SSL_VERIFYPEER, 1)
        set(CURLOPT_SSL_VERIFYHOST, 2)
        set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2)
        trust(authority)
        set(CURLOPT_CA_CACHE_TIMEOUT, 0)
        set(CURLOPT_FORBID_REUSE, 1)
        set(CURLOPT_TIMEOUT_MS, milliseconds)
        set(CURLOPT_CONNECTTIMEOUT_MS, min(milliseconds, 5_000))
        set(CURLOPT_MAXFILESIZE, KeyFetcher.maximumBytes)
        set(CURLOPT_NOSIGNAL, 1)
        set(CURLOPT_USERAGENT, "lychgate/" + Version.current)
        _ = unsafe lychgate_easy_set_list(easy, CURLOPT_HTTPHEADER, headers)
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        _ = unsafe lychgate_easy_set_pointer(easy, CURLOPT_WRITEDATA, context)
        _ = unsafe lychgate_easy_set_write(easy) { data, size, count, context in
            guard let data = unsafe data, let context = unsafe context else { return 0 }
            let bytes = unsafe UnsafeRawBufferPointer(start: data, count: size * count)
            return unsafe Unmanaged<KeyTransfer>.fromOpaque(context).takeUnretainedValue().take(bytes)
        }
    }

    /// Only the configured authorities, if there are any: the default ones would still count beside them.
    private func trust(_ authority: IssuerPolicy.Authority) {
        switch authority {
        case .system: return
        case .file(let path): set(CURLOPT_CAINFO, path)
        case .pem(let text):
            let result = unsafe lychgate_easy_set_blob(easy, CURLOPT_CAINFO_BLOB, text, text.utf8.count)
            precondition(result == CURLE_OK, "curl refuses certificates in memory")
            _ = unsafe lychgate_easy_set_string(easy, CURLOPT_CAINFO, nil)
        }
        _ = unsafe lychgate_easy_set_string(easy, CURLOPT_CAPATH, nil)
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

    func attach(to multi: UnsafeMutableRawPointer) {
        _ = unsafe curl_multi_add_handle(multi, easy)
    }

    func detach(from multi: UnsafeMutableRawPointer) {
        _ = unsafe curl_multi_remove_handle(multi, easy)
    }

    func isCurl(_ other: UnsafeMutableRawPointer) -> Bool { unsafe other == easy }

    /// Bytes taken; fewer than came end the transfer.
    private func take(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard body.count + bytes.count <= KeyFetcher.maximumBytes else {
            isTooLarge = true
            return 0
        }
        unsafe body.append(contentsOf: bytes)
        return bytes.count
    }

    /// What the answer's Cache-Control fields allow; nil: they do not say.
    var maxAge: Duration? {
        var lines: [String] = []
        var header: UnsafeMutablePointer<curl_header>?
        while lines.count < 8,
            unsafe curl_easy_header(easy, "Cache-Control", lines.count, UInt32(CURLH_HEADER), -1, &header) == CURLHE_OK,
            let found = unsafe header
        {
            lines.append(unsafe String(cString: found.pointee.value))
        }
        return CacheControl.maxAge(lines)
    }

    func outcome(_ result: CURLcode) -> Result<[UInt8], FetchFailure> {
        if isTooLarge || result == CURLE_FILESIZE_EXCEEDED { return .failure(.tooLarge) }
        if result == CURLE_OPERATION_TIMEDOUT { return .failure(.timedOut) }
        guard result == CURLE_OK else {
            return .failure(.transfer(unsafe String(cString: curl_easy_strerror(result))))
        }
        var status = 0
        _ = unsafe lychgate_easy_get_long(easy, CURLINFO_RESPONSE_CODE, &status)
        return status == 200 ? .success(body) : .failure(.status(status))
    }
}
