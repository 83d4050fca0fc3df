import TensorCore

extension Executor {
    /// How a shard goes through the network.
    enum Mode {
        /// Batch norms use the shard's statistics; forward, loss and backward.
        case training
        /// Batch norms use the shard's statistics; forward only.
        case forwardOnShard
        /// Batch norms use running statistics; forward and loss.
        case evaluation
    }

    /// Forward, loss and backward of one whole shard; adds its contributions to the step's sums. Nothing is
    /// allocated for a slice or a layer, save for what `shard` and oneDNN's calls (some 50 bytes each) do.
    ///
    /// On an error (the first in slice order of what the source threw, or a ``ShardError``) the step's sums
    /// are spoilt: begin the step again.
    /// - Parameters:
    ///   - teacher: a teacher's logits of the shard, (images, classes), if the loss has a distillation.
    ///   - features: a teacher's features, for each of this network's (images, height, width, channels).
    ///   - settled: called by one of the compute threads while the others go on, with a number that grows:
    ///     nothing more of this shard will be added to where ``settledStage(of:)`` is at most that.
    public func train(
        _ shard: any ShardSource, teacher: UnsafePointer<Float>? = nil,
        features: [UnsafePointer<Float>] = [], settled: (@Sendable (Int) -> Void)? = nil
    ) throws {
        precondition(isTraining, "\(graph.name) was set up for evaluation only")
        precondition(step.isOpen, "train before beginStep, or after an error in the step")
        guard shard.count == self.shard else { throw ShardError.imageCount(shard.count, shard: self.shard) }
        precondition(
            (teacher == nil) == (loss.distillation == nil), "a teacher and no use for it, or the reverse")
        precondition(
            features.count == program.features.count,
            "\(features.count) features of a teacher, for \(program.features.count)")
        step.isOpen = false
        (self.teacher, teacherFeatures) = (teacher, features)
        defer { (self.teacher, teacherFeatures) = (nil, []) }
        try run(shard, .training, settled)
        step.isOpen = true
        for slice in 0..<slices { step.add(records.counts.pointer[slice]) }
    }

    /// Loss and correct answers of a shard, or of a shorter last one, by running statistics.
    public func evaluate(_ shard: any ShardSource) throws -> EvaluationCounts {
        try run(shard, .evaluation)
        return records.totalCounts
    }

    /// The logits of a shard, (images, classes), for tests.
    /// - Parameter training: whether batch norms use the shard's own statistics; then the shard must be
    ///   whole.
    public func logits(_ shard: any ShardSource, training: Bool) throws -> [Float] {
        if training, shard.count != self.shard {
            throw ShardError.imageCount(shard.count, shard: self.shard)
        }
        try run(shard, training ? .forwardOnShard : .evaluation)
        return (0..<shard.count).flatMap { image in
            let logits = logits(slice: image / slice) + image % slice * program.classes
            return (0..<program.classes).map { logits[$0] }
        }
    }

    /// Writes the logits of a shard by running statistics, (images, classes).
    /// - Parameter features: where the values of the executor's features go, each (images, height, width,
    ///   channels).
    public func writeLogits(
        of shard: any ShardSource, into target: UnsafeMutablePointer<Float>,
        features: [UnsafeMutablePointer<Float>] = []
    ) throws {
        precondition(!isTraining || features.isEmpty, "features of a network that is in training")
        try run(shard, .evaluation)
        for (number, feature) in features.enumerated() {
            let count = featureCount(number)
            for image in 0..<shard.count {
                let values = memory(program.features[number], slice: image / slice).fp32
                (feature + image * count).update(from: values + image % slice * count, count: count)
            }
        }
        for image in 0..<shard.count {
            let logits = logits(slice: image / slice) + image % slice * program.classes
            (target + image * program.classes).update(from: logits, count: program.classes)
        }
    }

    private func run(
        _ shard: any ShardSource, _ mode: Mode, _ settled: (@Sendable (Int) -> Void)? = nil
    ) throws {
        guard shard.count <= self.shard else { throw ShardError.imageCount(shard.count, shard: self.shard) }
        runMeasured(as: .linearAndLoss, Carrying(executor: self, shard: shard, mode: mode, settled: settled))
        if let error = records.takeError() { throw error }
    }

    private struct Carrying: ComputeWork {
        let executor: Executor
        let shard: any ShardSource
        let mode: Mode
        let settled: (@Sendable (Int) -> Void)?

        func run(thread: Int) {
            executor.carry(shard, mode, thread: thread, settled: thread == 0 ? settled : nil)
        }
    }

    /// One thread's part of a shard.
    private func carry(
        _ shard: any ShardSource, _ mode: Mode, thread: Int, settled: (@Sendable (Int) -> Void)?
    ) {
        let lane = lanes[thread]
        let own = Self.slices(of: thread, threads: pool.threads, slices: slices)
        pack(stage: 0, lane, thread: thread)
        if mode == .evaluation { setRunningCoefficients(lane) }
        for (number, stage) in program.forward.enumerated() {
            meet(lane)
            if mode != .evaluation {
                for norm in stage.norms {
                    combineForward(norm, lane, codes: mode == .training, thread: thread)
                }
                lane.timer?.lap(.normCombine)
            }
            if mode == .training || number + 1 < program.forward.count {
                pack(stage: number + 1, lane, thread: thread)
            }
            perform(stage, number: number, own, lane) { performForward($0, $1, lane, shard, mode) }
        }
        if mode == .evaluation {
            for slice in own { performLoss(slice, shard, into: nil) }
        }
        guard mode == .training else { return }
        if let similarity, let teacher { compare(own, similarity, teacher, lane) }
        for (number, stage) in program.backward.enumerated() {
            meet(lane)
            settled?(number)
            for norm in stage.norms { combineBackward(norm, lane, thread: thread) }
            lane.timer?.lap(.normCombine)
            pack(stage: program.forward.count + number + 1, lane, thread: thread)
            perform(stage, number: program.forward.count + number, own, lane) { performBackward($0, $1, lane, shard) }
        }
    }

    private func pack(stage: Int, _ lane: Lane, thread: Int) {
        packed.pack(stage: stage, of: weights.state, thread: thread)
        lane.timer?.lap(.packing)
    }

    func meet(_ lane: Lane) {
        pool.barrier()
        lane.timer?.lap(.waiting)
    }

    /// A stage's works, slice after slice and, within a run, tile after tile. Every other stage begins with the
    /// last slice: that is what the one before has left in the caches.
    @inline(__always)
    private func perform(
        _ stage: Program.Stage, number: Int, _ slices: Range<Int>, _ lane: Lane, _ body: (Work, Tile) -> Void
    ) {
        for index in 0..<slices.count {
            let slice = number % 2 == 0 ? slices.lowerBound + index : slices.upperBound - 1 - index
            for run in stage.runs {
                for index in 0..<run.tiles {
                    for work in stage.works[run.works] {
                        body(work, Tile(slice: slice, index: index, count: run.tiles))
                        lane.timer?.lap(work.kind)
                    }
                }
            }
        }
    }

    /// A tile of a buffer.
    @inline(__always)
    func memory(_ buffer: Buffer, _ tile: Tile, _ lane: Lane) -> UnsafeMutableRawPointer {
        switch program.bufferHomes[buffer] {
        case .slice:
            memory(buffer, slice: tile.slice) + program.byteCount(of: buffer) / tile.count * tile.index
        case .tile:
            UnsafeMutableRawPointer(lane.memory.pointer) + program.bufferOffsets[buffer]
        }
    }

    /// A buffer of a slice.
    @inline(__always)
    private func memory(_ buffer: Buffer, slice: Int) -> UnsafeMutableRawPointer {
        UnsafeMutableRawPointer(arena.pointer)
            + (slice * program.arenaByteCount + program.bufferOffsets[buffer])
    }

    /// The logits of a slice.
    @inline(__always)
    func logits(slice: Int) -> UnsafeMutablePointer<Float> {
        memory(program.logits, slice: slice).assumingMemoryBound(to: Float.self)
    }
}
