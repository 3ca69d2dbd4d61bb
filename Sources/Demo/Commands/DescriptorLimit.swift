// SPDX-License-Identifier: Apache-2.0

import Foundation

/// The process's limit on open descriptors.
enum DescriptorLimit {
    /// Raises the soft limit to the hard one: thousands of requests may be held at once.
    static func raise() {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
