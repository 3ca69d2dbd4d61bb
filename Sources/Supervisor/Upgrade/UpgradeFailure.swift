// SPDX-License-Identifier: Apache-2.0

import Shared

/// Why one program of the supervisor cannot take over from another.
enum UpgradeFailure: Error, Equatable, CustomStringConvertible {
    case noState
    case format(Int, version: String)
    case unreadable(version: String)
    case protocolVersion(UInt32, version: String)
    case configuration(String)
    case worker(String)
    case adoption(String)

    var description: String {
        switch self {
        case .noState: "version \(Version.current) was given no state that it can read"
        case .format(let format, let version):
            "version \(Version.current) does not take over from version \(version) (its state has format \(format), "
                + "not \(UpgradeState.format)); restart the service"
        case .unreadable(let version):
            "version \(Version.current) cannot read the state of version \(version); restart the service"
        case .protocolVersion(let number, let version):
            "the workers of version \(version) speak version \(number) of the control protocol, which version "
                + "\(Version.current) does not; restart the service"
        case .configuration(let text): text
        case .worker(let text): text
        case .adoption(let text): text
        }
    }
}
