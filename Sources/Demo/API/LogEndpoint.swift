// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// A pod's log: a few lines, and with `follow=true` one more each second until the client leaves.
final class LogEndpoint: Endpoint {
    private let pod: String
    private let statistics: StandInStatistics
    private var line = 0

    init(pod: String, _ statistics: StandInStatistics) {
        self.pod = pod
        self.statistics = statistics
    }

    func receivedEnd(_ reply: Reply) {
        let count = min(5, reply.request.count("tailLines") ?? 5)
        let past = (0..<count).map { _ in nextLine(reply) }.joined()
        guard reply.request.isTrue("follow") else {
            reply.answer(.text(past))
            return
        }
        statistics.following += 1
        reply.begin(contentType: "text/plain")
        reply.write(past)
        wait(reply)
    }

    func cancel() {
        statistics.following -= 1
    }

    private func wait(_ reply: Reply) {
        reply.after(.seconds(1)) {
            if reply.isWritable { reply.write(self.nextLine(reply)) }
            self.wait(reply)
        }
    }

    private func nextLine(_ reply: Reply) -> String {
        line += 1
        let time = reply.request.isTrue("timestamps") ? ClusterState.timestamp() + " " : ""
        return "\(time)\(pod): line \(line)\n"
    }
}
