// SPDX-License-Identifier: Apache-2.0

import NIOHTTP1

/// exec, attach and port-forward of the stand-in's pods, by WebSocket.
final class PodStreams {
    private static let channels = ["v5.channel.k8s.io", "v4.channel.k8s.io"]
    /// Ports that one request may forward.
    private static let maximumPorts = 16

    private let cluster: ClusterState

    init(_ cluster: ClusterState) {
        self.cluster = cluster
    }

    /// What serves a request for a WebSocket; nil: nothing does, and it is answered as an ordinary one.
    func service(for request: Request) -> WebSocketService? {
        guard request.path.count == 7, Array(request.path.prefix(3)) == ["api", "v1", "namespaces"],
            request.path[4] == "pods", hasPod(request.path[5], in: request.path[3])
        else { return nil }
        switch request.path[6] {
        case "exec": return shell(request, request.values("command"))
        case "attach": return shell(request, [])
        case "portforward": return forward(request)
        default: return nil
        }
    }

    /// The same paths without a WebSocket.
    func routes() -> [Route] {
        ["exec", "attach", "portforward"].map { name in
            Route(nil, "/api/v1/namespaces/{namespace}/pods/{name}/\(name)") { _, names in
                guard self.hasPod(names[1], in: names[0]) else {
                    return BufferedEndpoint(.failure(.notFound, "pods \"\(names[1])\" not found"))
                }
                return BufferedEndpoint(
                    .failure(.badRequest, "Upgrade request required: the stand-in speaks channel.k8s.io by WebSocket"))
            }
        }
    }

    private func hasPod(_ name: String, in namespace: String) -> Bool {
        cluster.pods(in: namespace).contains { $0["metadata"]?["name"]?.text == name }
    }

    private func shell(_ request: Request, _ command: [String]) -> WebSocketService? {
        guard let subprotocol = WebSocketService.subprotocol(of: request, among: Self.channels) else { return nil }
        let shell = EchoShell(
            command: command, hasInput: request.isTrue("stdin"), isTerminal: request.isTrue("tty"))
        let hasErrors = request.isTrue("stderr") && !request.isTrue("tty")
        return WebSocketService(subprotocol: subprotocol) {
            StreamsHandler(ShellConversation(shell, hasErrors: hasErrors))
        }
    }

    private func forward(_ request: Request) -> WebSocketService? {
        let ports = request.values("ports").flatMap { $0.split(separator: ",") }.compactMap { UInt16($0) }
        guard !ports.isEmpty, ports.count <= Self.maximumPorts,
            let subprotocol = WebSocketService.subprotocol(of: request, among: ["v4.channel.k8s.io"])
        else { return nil }
        return WebSocketService(subprotocol: subprotocol) {
            StreamsHandler(PortForwardConversation(ports: ports))
        }
    }
}
