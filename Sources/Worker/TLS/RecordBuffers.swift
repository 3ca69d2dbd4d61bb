// SPDX-License-Identifier: Apache-2.0

import CLinux
import COpenSSL

/// The buffers of OpenSSL's records. What makes an idle session small is that they are given back as soon as they are
/// empty (SSL_MODE_RELEASE_BUFFERS), which is twice for each request; malloc(3) joins blocks of their size with whatever
/// is free beside them, and cuts them out again, each time. Eight of them, 136 KiB, are kept for whoever is next.
enum RecordBuffers {
    /// To be called once, before anything else of OpenSSL, in a process of one thread.
    static func keepSome() {
        _ = unsafe CRYPTO_set_mem_functions(lg_record_malloc, lg_record_realloc, lg_record_free)
    }
}
