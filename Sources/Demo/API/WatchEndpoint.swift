// SPDX-License-Identifier: Apache-2.0

import NIOCore

/// A watch: ADDED for every object, unless the client has listed them (a `resourceVersion`), then each second a MODIFIED
/// of one object after the other and, if the client allows them, a BOOKMARK; to the end of `timeoutSeconds`.
final class WatchEndpoint: Endpoint {
    private let cluster: ClusterState
    private let objects: [JSON]
    private let statistics: StandInStatistics
    private let deadline: NIODeadline
    private var tick = 0

    init(_ cluster: ClusterState, _ objects: [JSON], _ request: Request, _ statistics: StandInStatistics) {
        self.cluster = cluster
        self.objects = objects
        self.statistics = statistics
        // As kube-apiserver's: without a figure of the client's, half an hour to an hour.
        self.deadline = .now() + .seconds(Int64(min(request.count("timeoutSeconds") ?? 1_800, 86_400)))
    }

    func begin(_ reply: Reply) {
        statistics.watching += 1
    }

    func receivedEnd(_ reply: Reply) {
        reply.begin(contentType: "application/json")
        let version = reply.request.query["resourceVersion"] ?? ""
        if version.isEmpty || version == "0" {
            for object in objects { send("ADDED", object, reply) }
        }
        wait(reply)
    }

    func cancel() {
        statistics.watching -= 1
    }

    private func wait(_ reply: Reply) {
        reply.after(min(.seconds(1), max(.nanoseconds(0), deadline - .now()))) { self.step(reply) }
    }

    private func step(_ reply: Reply) {
        guard .now() < deadline else {
            statistics.watching -= 1
            reply.finish()
            return
        }
        // A client that does not read misses events: this cluster has no history to send later.
        if reply.isWritable { sendNext(reply) }
        wait(reply)
    }

    private func sendNext(_ reply: Reply) {
        let version = cluster.nextVersion()
        if !objects.isEmpty {
            var object = objects[tick % objects.count]
            tick += 1
            var metadata = object["metadata"] ?? [:]
            metadata["resourceVersion"] = .string(version)
            metadata["annotations"] = ["lychgate.example/tick": .string(String(tick))]
            object["metadata"] = metadata
            send("MODIFIED", object, reply)
        }
        if reply.request.isTrue("allowWatchBookmarks"), !Table.isWanted(by: reply.request) {
            let bookmark: JSON = [
                "kind": "Pod", "apiVersion": "v1", "metadata": ["resourceVersion": .string(version)],
            ]
            reply.write(JSON.object(["type": "BOOKMARK", "object": bookmark]).line() + "\n")
        }
    }

    private func send(_ type: JSON, _ object: JSON, _ reply: Reply) {
        let version = object["metadata"]?["resourceVersion"]?.text ?? ""
        let sent = Table.isWanted(by: reply.request) ? Table.of([object], resourceVersion: version) : object
        reply.write(JSON.object(["type": type, "object": sent]).line() + "\n")
    }
}
