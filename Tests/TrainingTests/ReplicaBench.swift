import ClusterCore
import Collective
import NeuralNet
import Recipe
import Synchronization
import Transport

@testable import Training

/// What runs on a replica's thread, on this one, with its outputs in a list.
final class ReplicaBench {
    private final class Outputs: Sendable {
        let list = Mutex<[ReplicaOutput]>([])
    }

    let worker: ReplicaWorker
    let run: RunID
    private let outputs = Outputs()
    private let queue = ShardQueue()

    init(_ definition: RunDefinition, run: RunID) throws {
        self.run = run
        worker = ReplicaWorker(threads: 1) { [outputs] output in outputs.list.withLock { $0.append(output) } }
        var welcome = WireWelcome()
        welcome.recipe = definition.recipe.yaml
        try worker.perform(.prepare(welcome, run: run))
    }

    /// What came out since the last call.
    func take() -> [ReplicaOutput] {
        outputs.list.withLock { list in
            defer { list = [] }
            return list
        }
    }

    /// The last thing that it said of what it holds, of what came out since the last call.
    func takeReady() -> WireReady? {
        take().reversed().lazy.compactMap { output -> WireReady? in
            if case .event(.prepared(let ready)) = output { ready } else { nil }
        }.first
    }

    func loadSeed() throws {
        var head = WireLoadState()
        head.fromSeed = true
        try worker.perform(.load(head))
    }

    /// Takes a step alone, as the only member of a generation.
    /// - Returns: the vector for those that it feeds.
    func step() throws -> HistoryVector? {
        let replica = try worker.held()
        let (step, elements) = (replica.step, replica.reduction.count)
        var (attempt, overflows, vector) = (UInt32(0), [WireOverflow](), HistoryVector?.none)
        repeat {
            let work = StepWork(
                step: step, attempt: attempt, generation: 1, shards: [0, 1, 2, 3], partOwners: [1],
                overflows: overflows)
            let context = ReductionContext(
                run: run, generation: 1, worker: 1, partition: Partition(count: elements, parts: 1),
                step: step, attempt: attempt)
            try worker.compute(work, context, queue, queue.add(work))
            overflows = take().flatMap { output -> [WireOverflow] in
                if case .event(.computed(let computed)) = output { computed.overflows } else { [] }
            }
            attempt += 1
            guard overflows.isEmpty else { continue }
            try worker.perform(.contribute(work, context))
            let reduction = Reduction(context, elements: elements, shards: 4, owners: [1], others: [])
            for case .contributions(let contributions) in take() {
                _ = try reduction.contribute(contributions)
            }
            try worker.perform(.apply(step: step, attempt: attempt - 1, reduction.gathered))
            for case .history(let history) in take() { vector = history }
        } while !overflows.isEmpty
        return vector
    }

    /// Begins a feed.
    /// - Returns: the state's messages.
    func feed(_ number: UInt64) throws -> [[Frame]] {
        var feed = WireFeed()
        feed.feed = number
        feed.step = UInt64(try worker.held().step)
        try worker.perform(.feed(feed))
        while true {
            for case .feedState(_, let snapshot, let digest) in take() {
                var stream = StateStream(snapshot, feed: number, digest: digest)
                var messages = [[Frame(envelope(.loadState(snapshot.head(feed: number))).encoded())]]
                while let (chunk, payload) = stream.next() {
                    messages.append([Frame(envelope(.stateChunk(chunk)).encoded()), payload])
                }
                return messages
            }
        }
    }

    func envelope(_ body: ControlMessage.Body) -> ControlMessage {
        ControlMessage(run: run, generation: 1, body: body)
    }

    /// Takes a message of a feed as a node hands it on.
    func receive(_ frames: [Frame]) throws {
        if frames[0].withUnsafeBytes(BlockHeader.begins) {
            let header = try frames[0].withUnsafeBytes { try BlockHeader(decoding: $0) }
            return try worker.perform(.history(header, frames[1]))
        }
        switch try ControlMessage(decoding: frames[0].bytes).body {
        case .loadState(let head): try worker.perform(.load(head))
        case .stateChunk(let chunk): try worker.perform(.chunk(chunk, frames[1]))
        default: break
        }
    }

    var digest: String {
        get throws { try worker.held().digest() }
    }
}
