import ClusterCore
import Collective
import Transport

/// What comes from other workers: blocks of the step under way, or a feed.
extension WorkerNode {
    func receiveData(_ frames: [Frame], from identity: [UInt8]) throws {
        guard let first = frames.first, frames.count <= 2 else {
            return try damaged(identity, "\(frames.count) frames")
        }
        guard first.withUnsafeBytes(BlockHeader.begins) else {
            return try receiveFeed(frames, from: identity)
        }
        let header: BlockHeader
        do {
            header = try first.withUnsafeBytes { bytes throws(CollectiveError) in
                try BlockHeader(decoding: bytes)
            }
        } catch {
            return try damaged(identity, "\(error)")
        }
        guard header.run == machine.run?.bytes else { return }
        guard frames.count == 2 else { return try damaged(identity, "a block without a payload") }
        if header.kind == .history {
            guard !machine.isMember, feedReceiver.takes(header.generation, from: identity) else { return }
            return replica.send(.history(header, frames[1]))
        }
        try place(EarlyBlocks.Block(header: header, payload: frames[1], sender: identity))
    }

    /// A message that cannot be used counts as lost; a stranger's is none of the run's business.
    func damaged(_ identity: [UInt8], _ problem: String) throws {
        note("dropped a data message from \(Remote.peer(dataHub, identity: identity)): \(problem)")
        if machine.isMember, let worker = peers.worker(called: identity) {
            try tell(.peerDamaged(worker))
        } else {
            damagedEarly.insert(identity)
        }
        if !machine.isMember, feedReceiver.listens(to: identity) {
            feedReceiver.end()
            replica.send(.abandonFeed)
        }
    }

    // MARK: Blocks

    private func place(_ block: EarlyBlocks.Block) throws {
        switch machine.placing(
            generation: block.header.generation, step: Int(clamping: block.header.step),
            attempt: block.header.attempt)
        {
        case .stale: return
        case .early:
            guard early.keep(block, bytesMax: Self.earlyBytesMax) else {
                return try damaged(block.sender, "over \(Self.earlyBytesMax >> 20) MiB too early")
            }
        case .current: try reduce(block)
        }
    }

    /// What came early and is current now.
    func replayEarly() throws {
        for block in early.take() { try place(block) }
    }

    private func reduce(_ block: EarlyBlocks.Block) throws {
        guard let reduction, reduction.context.generation == block.header.generation,
            UInt64(reduction.context.step) == block.header.step,
            reduction.context.attempt == block.header.attempt
        else { return }
        do {
            try sendOut(reduction.receive(block.header, block.payload))
        } catch let error as CollectiveError {
            try damaged(block.sender, "\(error)")
        }
    }

    func sendOut(_ outgoing: [Reduction.Outgoing]) throws {
        for message in outgoing {
            for worker in message.workers {
                guard let link = peers.link(to: worker) else { continue }
                try sender.send(message.frames, to: .link(link), switchboard)
            }
        }
    }

    func checkGathered() throws {
        guard let reduction, reduction.isComplete else { return }
        try tell(.gathered(step: reduction.context.step, attempt: reduction.context.attempt))
    }

    // MARK: Feeds

    /// The head of a state, or a chunk of it.
    private func receiveFeed(_ frames: [Frame], from identity: [UInt8]) throws {
        let message: ControlMessage
        do throws(ControlMessageError) {
            message = try ControlMessage(decoding: frames[0].bytes)
        } catch {
            return try damaged(identity, "\(error)")
        }
        guard !machine.isMember, let run = machine.run, message.run == run else { return }
        switch message.body {
        case .loadState(let head) where head.feed != 0:
            guard feedReceiver.begins(head.feed, from: identity, run: run) else { return }
            replica.send(.load(head))
        case .stateChunk(let chunk) where chunk.feed != 0:
            guard feedReceiver.takes(chunk.feed, from: identity) else { return }
            guard frames.count == 2 else { return try damaged(identity, "a chunk without a payload") }
            replica.send(.chunk(chunk, frames[1]))
        default: break
        }
    }
}
