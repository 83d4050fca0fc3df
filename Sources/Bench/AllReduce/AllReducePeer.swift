import ClusterCore
import Collective
import Training
import Transport

/// One worker of the measurement: its sockets, and its side of the reduction, as in a run.
final class AllReducePeer {
    let number: UInt32
    let endpoint: String
    private let settings: AllReduceSettings
    private let switchboard: ZeroMQSwitchboard
    private let sums: [Int32]
    private let run: RunID
    private let members: [UInt32]
    private var links: [UInt32: LinkID] = [:]
    private var outbox: PacedOutbox
    private var early: [(BlockHeader, Frame)] = []
    private var reduction: Reduction

    /// - Parameter run: the same for all.
    init(_ settings: AllReduceSettings, number: UInt32, run: RunID) throws {
        self.settings = settings
        self.number = number
        self.run = run
        members = (1...UInt32(settings.workers)).map { $0 }
        switchboard = try ZeroMQSwitchboard()
        endpoint = try switchboard.bind("tcp://127.0.0.1:*").endpoint
        sums = GradientSums.make(settings.elements, bits: settings.bits, worker: Int(number))
        outbox = PacedOutbox(rate: settings.rate)
        reduction = Reduction(
            Self.context(settings, number, run, members, step: 0), elements: settings.elements,
            shards: settings.workers, owners: members, others: members.filter { $0 != number })
    }

    private static func context(
        _ settings: AllReduceSettings, _ number: UInt32, _ run: RunID, _ members: [UInt32], step: Int
    ) -> ReductionContext {
        ReductionContext(
            run: run, generation: 1, worker: number,
            partition: Partition(count: settings.elements, parts: members.count), step: step, attempt: 0,
            near: settings.isCoded ? [] : Set(members))
    }

    /// Opens links to the others.
    func connect(to others: [UInt32: String]) throws {
        for (other, endpoint) in others.sorted(by: { $0.key < $1.key }) where other != number {
            links[other] = try switchboard.connect(
                endpoint, identity: [UInt8(number & 255), UInt8(number >> 8), UInt8(other & 255)])
        }
    }

    /// One all-reduce: contribute, reduce, gather, and send everything that others wait for.
    func reduce(step: Int) throws {
        let context = Self.context(settings, number, run, members, step: step)
        reduction.restart(context)
        let contributions = sums.withUnsafeBufferPointer {
            context.contributions(of: $0, shards: ShardSet([Int(number) - 1]), owners: members, pool: nil)
        }
        send(try reduction.contribute(contributions))
        let kept = early
        early = []
        for (header, payload) in kept { try take(header, payload) }
        while !reduction.isComplete || !outbox.isEmpty {
            try outbox.flush(switchboard)
            let wait = outbox.isEmpty || settings.rate == nil ? Duration.milliseconds(20) : .microseconds(200)
            for event in try switchboard.poll(timeout: wait) { try receive(event) }
        }
    }

    private func receive(_ event: TransportEvent) throws {
        guard case .message(_, let frames) = event, frames.count == 2 else { return }
        let header = try frames[0].withUnsafeBytes { bytes throws(CollectiveError) in
            try BlockHeader(decoding: bytes)
        }
        try take(header, frames[1])
    }

    private func take(_ header: BlockHeader, _ payload: Frame) throws {
        if Int(header.step) > reduction.context.step { return early.append((header, payload)) }
        send(try reduction.receive(header, payload))
    }

    private func send(_ outgoing: [Reduction.Outgoing]) {
        for message in outgoing {
            for worker in message.workers { outbox.add(message.frames, to: links[worker]!) }
        }
    }

    var bytesSent: Int { Int(reduction.bytesSent) }
    var bytesUncoded: Int { Int(reduction.bytesUncoded) }

    /// Whether what was gathered is the sum of everyone's.
    var isExact: Bool {
        var expected = [Int32](repeating: 0, count: settings.elements)
        for member in members {
            let other = GradientSums.make(settings.elements, bits: settings.bits, worker: Int(member))
            for index in expected.indices { expected[index] &+= other[index] }
        }
        return reduction.gathered.withSums { $0.elementsEqual(expected) }
    }

    func close() {
        switchboard.close(flush: .seconds(1))
    }
}
