// SPDX-License-Identifier: Apache-2.0

import Shared

/// A client: makes one connection after the other until all its requests were sent, and leaves in one of many ways. What
/// it speaks is its subclass's.
class SimulatedClient: SocketWatcher {
    unowned let world: World
    /// Its name in traces and messages; clients of different protocols differ in it.
    let name: Int
    private let listener: Listener
    private let address: Int
    private let total: Int
    final var random: Random
    /// Not sent yet.
    final var waiting: [RequestPlan]
    private(set) final var endpoint: Endpoint?
    /// Connections so far.
    private(set) final var connections = 0
    final var completed = 0
    private(set) final var isPaused = false
    private(set) final var readsSlowly = false
    private var stepPlanned = false
    final var onConnected: (Endpoint, SocketAddress) -> Void = { _, _ in }

    /// - Parameters:
    ///   - address: the low bits of its address, by which the world tells who speaks what.
    ///   - stream: of its random numbers.
    init(world: World, name: Int, address: Int, stream: UInt64, plans: [RequestPlan], listener: Listener) {
        self.world = world
        self.name = name
        self.address = address
        self.listener = listener
        waiting = plans
        total = plans.count
        random = Random(seed: world.scenario.seed, stream: stream)
    }

    /// To be called once by the subclass.
    final func arriveSome() {
        let start = random.milliseconds(0...(world.scenario.activeSeconds * 900))
        world.after(start) { [weak self] in self?.connect() }
    }

    // MARK: What the subclass says

    /// Requests that were begun and not answered.
    var isBusy: Bool { false }
    /// Requests that wait for something that has no end of its own.
    var endless: Int { 0 }
    /// A connection begins, or the one there was is over: nothing is left of it.
    func begin() {}
    func forget() {}
    /// When it leaves.
    func planLeaving(_ manners: [Manner]) {}
    func received(_ bytes: [UInt8]) {}
    /// Whether the stream's end is a proper one.
    func streamEnded() -> Bool { false }
    /// What was not written yet never will be.
    func dropOutput() {}
    func write() {}
    /// The connection has become something else, which reads and writes by itself.
    var isDiverted: Bool { false }
    func stepOtherwise() {}
    /// It ends its stream here.
    func endsStream() {}

    // MARK: What the world sees

    /// Nothing is left to be sent or answered.
    final var isDone: Bool { waiting.isEmpty && !isBusy }
    /// Each of its requests got its answer from the API server, or the refusal that it deserved.
    final var allCompleted: Bool { completed == total }
    /// Requests that wait for something that has no end of its own, from somebody who is there and says nothing.
    final var watches: Int {
        guard let endpoint, !endpoint.isCutOff, endpoint.brokenBy == 0 else { return 0 }
        return endless
    }
    /// At the end of all worlds: nobody is there any more.
    final func depart() { drop() }

    // MARK: Connections

    private func connect() {
        guard !world.isSilent, endpoint == nil, !waiting.isEmpty else { return }
        connections += 1
        let (near, far) = Endpoint.pair(world: world, random: &random)
        let peer = SocketAddress(
            family: .ipv4, port: UInt16(1_000 + connections), high: 0, low: UInt64(0x0a01_0000 + address))
        endpoint = near
        near.watcher = self
        isPaused = false
        readsSlowly = world.scenario.has(.clientsReadSlowly) && random.chance(50)
        begin()
        let manners = Manner.all(in: world.scenario)
        if !manners.isEmpty, random.chance(45) { planLeaving(manners) }
        onConnected(far, peer)
        guard listener.arrive(far, from: peer) else {
            far.setLingerReset()
            far.release()
            return
        }
        planStep(after: .zero)
    }

    final func leave(_ manner: Manner) {
        guard let endpoint, !world.isSilent else { return }
        world.fault("client leaves", name, manner.rawValue)
        switch manner {
        case .finish: drop()
        case .halfClose:
            endsStream()
            dropOutput()
            endpoint.shutdownWrite()
        case .reset:
            endpoint.setLingerReset()
            drop()
        case .vanish:
            endpoint.cutOff()
            drop()
        case .stall: isPaused = true
        }
    }

    /// Leaves so at some time from now.
    final func leave(_ manner: Manner, within milliseconds: Int) {
        later(0...milliseconds) { $0.leave(manner) }
    }

    /// The same as long as that connection is there and somebody speaks.
    final func later(_ milliseconds: ClosedRange<Int>, _ body: @escaping (SimulatedClient) -> Void) {
        let connection = connections
        world.after(random.milliseconds(milliseconds)) { [weak self] in
            guard let self, connections == connection, endpoint != nil, !world.isSilent else { return }
            body(self)
        }
    }

    /// The connection is over for us; what was not answered never will be.
    final func drop() {
        guard let endpoint else { return }
        endsStream()
        self.endpoint = nil
        endpoint.watcher = nil
        endpoint.release()
        forget()
        guard !waiting.isEmpty else { return }
        world.after(random.milliseconds(1...800)) { [weak self] in self?.connect() }
    }

    final func lost() {
        world.check(
            !isBusy || !world.scenario.troubles.isEmpty, "client \(name) is cut off in a world without troubles")
        drop()
    }

    // MARK: Steps

    final func changed(_ endpoint: Endpoint) {
        planStep(after: readsSlowly ? random.milliseconds(5...1_500) : random.microseconds(10...800))
    }

    final func planStep(after delay: Duration) {
        guard !stepPlanned else { return }
        stepPlanned = true
        world.after(delay) { [weak self] in
            self?.stepPlanned = false
            self?.step()
        }
    }

    private func step() {
        guard endpoint != nil, !isPaused, !world.isSilent else { return }
        if isDiverted { return stepOtherwise() }
        read()
        guard endpoint != nil, !isPaused else { return }
        if isDiverted { return stepOtherwise() }
        write()
    }

    private func read() {
        for _ in 0..<(readsSlowly ? 1 : 20) {
            guard let endpoint, !isPaused, !isDiverted else { return }
            switch endpoint.read(readsSlowly ? random.pick([1, 50, 900]) : 16_000) {
            case nil: return
            case .failure: return lost()
            case .success(let bytes) where bytes.isEmpty: return streamEnded() ? drop() : lost()
            case .success(let bytes):
                world.note("client reads", name, bytes.count)
                received(bytes)
            }
        }
        if endpoint?.readable ?? false { planStep(after: random.milliseconds(1...300)) }
    }

    /// Writes a piece of what is to go out: how much of it went; nil: no more for now.
    final func writePiece(of output: [UInt8], from offset: Int, most: Int? = nil) -> Int? {
        guard let endpoint else { return nil }
        let size = min(output.count - offset, most ?? .max, random.pick([3, 60, 2_000, 30_000]))
        switch endpoint.write(Array(output[offset..<offset + size])) {
        case nil: return nil
        case .failure:
            planStep(after: .microseconds(100))
            return nil
        case .success(let count): return count
        }
    }
}
