package import Collective
package import Transport

/// The sockets' thread's side of one step's all-reduce: sums contributions to the parts that this worker
/// owns, passes complete blocks on, and gathers the whole vector. Knows nothing of sockets: what to send
/// comes back as messages.
package final class Reduction {
    /// A message for each of these workers.
    package struct Outgoing {
        package let workers: [UInt32]
        package let frames: [Frame]
    }

    package private(set) var context: ReductionContext
    private let elements: Int
    private let shards: Int
    private let owners: [UInt32]
    private let others: [UInt32]
    private var reducers: [Int: PartReducer] = [:]
    private let gathering: Gathering
    private let workspace = BlockWorkspace()
    package private(set) var bytesSent: UInt64 = 0
    package private(set) var bytesUncoded: UInt64 = 0

    /// - Parameters:
    ///   - elements: of the vector.
    ///   - shards: of a global batch.
    ///   - owners: of the parts.
    ///   - others: all workers but this one.
    package init(
        _ context: ReductionContext, elements: Int, shards: Int, owners: [UInt32], others: [UInt32]
    ) {
        self.context = context
        self.elements = elements
        self.shards = shards
        self.owners = owners
        self.others = others
        gathering = Gathering(partition: context.partition, parts: owners.count, count: elements)
        for (part, owner) in owners.enumerated() where owner == context.worker {
            reducers[part] = PartReducer(
                range: context.partition.range(ofPart: part), blocks: context.partition.blocks(ofPart: part),
                shards: shards)
        }
    }

    /// Whether the same objects serve another step: nothing but step and attempt have changed.
    func fits(_ context: ReductionContext, elements: Int, shards: Int, owners: [UInt32]) -> Bool {
        self.elements == elements && self.shards == shards && self.owners == owners
            && self.context.partition == context.partition && self.context.run == context.run
            && self.context.worker == context.worker && self.context.generation == context.generation
    }

    /// Starts over for another step or attempt.
    package func restart(_ context: ReductionContext) {
        self.context = context
        for reducer in reducers.values { reducer.reset() }
        gathering.reset()
        (bytesSent, bytesUncoded) = (0, 0)
    }

    /// Counts what an older generation sent for the same step.
    func carry(bytesSent: UInt64, bytesUncoded: UInt64) {
        self.bytesSent += bytesSent
        self.bytesUncoded += bytesUncoded
    }

    package var isComplete: Bool { gathering.isComplete }

    /// The gathered vector with this worker's traffic. Leave the reduction alone until the step is applied.
    package var gathered: GatheredSums {
        GatheredSums(
            gathering, step: context.step, bytesSent: bytesSent, bytesUncoded: bytesUncoded)
    }

    // MARK: Events

    /// This worker's own contributions: its own parts are summed, the others' messages come back to be sent.
    package func contribute(_ contributions: Contributions) throws(CollectiveError) -> [Outgoing] {
        var outgoing = contributions.messages.map { message in
            note(sent: message.frames, elements: message.elements, receivers: 1)
            return Outgoing(workers: [message.owner], frames: message.frames)
        }
        for own in contributions.own {
            guard let reducer = reducers[own.part] else { continue }
            let outcome = try own.values.withUnsafeBufferPointer { values throws(CollectiveError) in
                try reducer.contribute(block: own.block, shards: contributions.shards, values: values)
            }
            outgoing += try follow(outcome, reducer, part: own.part)
        }
        return outgoing
    }

    /// A data message of the present step and attempt.
    package func receive(_ header: BlockHeader, _ payload: Frame) throws(CollectiveError) -> [Outgoing] {
        let (part, block) = (Int(header.part), Int(header.block))
        switch header.kind {
        case .contribution:
            guard let reducer = reducers[part] else { return [] }
            let outcome = try payload.withUnsafeBytes { bytes throws(CollectiveError) in
                try reducer.contribute(
                    block: block, shards: header.shards, bytes: bytes, workspace: workspace)
            }
            return try follow(outcome, reducer, part: part)
        case .reduced:
            _ = try payload.withUnsafeBytes { bytes throws(CollectiveError) in
                try gathering.take(part: part, block: block, bytes: bytes, workspace: workspace)
            }
            return []
        case .history:
            return []
        }
    }

    /// A block that is complete goes to everyone, this worker included.
    private func follow(
        _ outcome: PartReducer.Outcome, _ reducer: PartReducer, part: Int
    ) throws(CollectiveError) -> [Outgoing] {
        guard case .blockComplete(let block) = outcome else { return [] }
        let values = reducer.values(ofBlock: block)
        _ = try gathering.take(part: part, block: block, values: values)
        guard !others.isEmpty else { return [] }
        let header = context.header(
            .reduced, part: part, block: block, elements: values.count, shards: ShardSet(0..<shards))
        let frames = context.message(header, values, workspace, raw: context.near.isSuperset(of: others))
        note(sent: frames, elements: values.count, receivers: others.count)
        return [Outgoing(workers: others, frames: frames)]
    }

    private func note(sent frames: [Frame], elements: Int, receivers: Int) {
        bytesSent += UInt64(frames.reduce(0) { $0 + $1.count } * receivers)
        bytesUncoded += UInt64(elements * 4 * receivers)
    }
}
