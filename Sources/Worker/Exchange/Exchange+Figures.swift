// SPDX-License-Identifier: Apache-2.0

import Shared

/// How an exchange is seen from outside: its row on the scoreboard, the figures that it counts in, its line in the log.
extension Exchange {
    /// Who really asks is known now.
    func showUser() {
        plane.panel.updateUser(row, original?.shownUser ?? FixedText())
    }

    /// Writes the whole row; what changes later is written by itself. No copy stays here: there may be thousands of
    /// watches, and a row is 300 bytes.
    func publish(_ info: RequestInfo) {
        var row = client.receive.view { ExchangeRow(head, info, in: $0, from: client.peer) }
        row.id = id
        row.phase = UInt64(machine.phase.rawValue)
        row.started = started
        row.deadline = deadlines.next
        row.lastProgress = plane.reactor.now
        row.kind = isLongRunning ? .longRunning : .ordinary
        plane.panel.writeRow(self.row, row)
    }

    /// Body bytes that have gone on to the API server. Most requests have none, and then the relay is not looked at: that
    /// would be a check at run time.
    private var bytesOfRequest: UInt64 { head.framing.isEmpty ? 0 : requestBody.moved }

    /// What has changed of the row since it was written whole.
    func show() {
        let tunnelled = tunnel?.bytes ?? (fromClient: 0, toClient: 0)
        let panel = plane.panel
        panel.updateRow(row, .phase, UInt64(machine.phase.rawValue))
        panel.updateRow(row, .deadline, deadlines.next.nanoseconds)
        panel.updateRow(row, .bytesFromClient, bytesOfRequest + tunnelled.fromClient)
        panel.updateRow(row, .bytesToClient, response.bodyBytes + tunnelled.toClient)
    }

    /// The response's status is known now, also where the gateway gave it.
    func countRequest(_ reason: EndReason) {
        let nanoseconds = plane.reactor.kernel.now().nanoseconds(since: started)
        plane.panel.count(.requests, RequestSeries(transport, verb, status: status).index)
        if hadTunnel { countTunnel(-1) }
        if isLongRunning {
            plane.panel.add(.longRunningInFlight, -1)
        } else if !hadTunnel {
            plane.panel.recordDuration(nanoseconds: nanoseconds)
        }
        log(reason, nanoseconds)
    }

    private func countCancellation(_ cause: CancellationSeries.Cause) {
        guard let phase = ExchangePhase(rawValue: UInt64(machine.lastPhase.rawValue)) else { return }
        plane.panel.count(.cancellations, CancellationSeries(cause, phase).index)
    }

    func count(_ reason: EndReason) {
        switch reason {
        case .completed, .answered: plane.panel.add(.requestsCompleted)
        case .clientGone:
            plane.panel.add(.cancelledByClient)
            countCancellation(.client)
            plane.panel.recordOrphanTime(plane.reactor.kernel.now().since(plane.reactor.happenedSince))
        case .deadline(let stage): plane.count(.exchange(stage))
        case .cut:
            plane.panel.add(.cutAtDrain)
            countCancellation(.gateway)
        case .cancelled: countCancellation(.operator)
        case .drained: plane.panel.add(.endedAtDrain)
        case .expired: plane.count(.exchange(.tokenExpiry))
        case .refused(.tooManyInFlight), .refused(.noBuffers), .refused(.tooManyKeyWaiters):
            plane.panel.add(.overloadRefusals)
        case .refused, .clientInvalid, .upstreamFailed, .upstreamInvalid: break
        }
    }

    private func log(_ reason: EndReason, _ nanoseconds: UInt64) {
        guard plane.requestLog.isOn else { return }
        var entry = RequestLog.Entry(client: client.peer, about: described)
        entry.id = id
        entry.auditID = auditID
        entry.user = user
        entry.impersonated = impersonation?.user ?? ""
        entry.status = status
        entry.reason = reason.name
        entry.bytesFromClient = bytesOfRequest + bytesTunnelled.fromClient
        entry.bytesToClient = response.bodyBytes + bytesTunnelled.toClient
        entry.nanoseconds = nanoseconds
        entry.isLongRunning = isLongRunning
        entry.retried = machine.retried
        plane.requestLog.record(entry)
    }
}
