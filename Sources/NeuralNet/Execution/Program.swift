import TensorCore

/// A graph compiled for slices of a given size: what each thread does with each of its slices, in which
/// order, where the threads must meet, and where the slice's buffers lie.
///
/// A batch norm can be applied only when the statistics of the whole shard are known. So the work is cut in
/// stages; within a stage a thread carries slice after slice through all its works, and between two stages
/// the threads meet and each combines the slices' channel sums by itself, in slice order. A value's stage is
/// the number of batch norms before it on the longest path; backwards, the number between it and the loss.
struct Program {
    struct Stage: Equatable {
        /// Norms whose sums over the shard are complete when the stage begins and are first needed in it.
        var norms: [Int] = []
        var works: [Work] = []
    }

    /// Images of a slice.
    let slice: Int
    let classes: Int
    var convolutions: [ConvolutionLayer] = []
    var linears: [LinearLayer] = []
    var norms: [NormLayer] = []
    var pools: [PoolGeometry] = []
    var averages: [AverageLayer] = []
    /// All norms' channels.
    var normChannels = 0

    var forward: [Stage] = []
    /// Empty if the program is for evaluation only. The first stage begins with the loss.
    var backward: [Stage] = []
    /// Floats of each buffer.
    var bufferCounts: [Int] = []
    /// Where each buffer begins in a slice's part of the arena, in floats.
    var bufferOffsets: [Int] = []
    /// Floats of a slice's part of the arena.
    var arenaCount = 0
    var logits: Buffer = 0

    var works: [Work] { (forward + backward).flatMap(\.works) }

    init(_ graph: Graph, slice: Int, training: Bool) {
        precondition(slice > 0, "a slice of \(slice) images")
        self.slice = slice
        classes = graph.outputCount
        var builder = ProgramBuilder(graph, slice: slice)
        builder.buildForward(into: &self)
        if training { builder.buildBackward(into: &self) }
        planMemory()
    }

    mutating func makeBuffer(_ count: Int) -> Buffer {
        bufferCounts.append(count)
        return bufferCounts.count - 1
    }

    private mutating func planMemory() {
        var intervals = bufferCounts.map { MemoryPlan.Interval(count: $0, first: .max, last: .min) }
        let works = works
        for (position, work) in works.enumerated() {
            for buffer in work.buffers {
                intervals[buffer].first = min(intervals[buffer].first, position)
                intervals[buffer].last = max(intervals[buffer].last, position)
            }
        }
        // The logits of a forward pass are read after it.
        intervals[logits].last = max(intervals[logits].last, works.count)
        let plan = MemoryPlan(intervals)
        bufferOffsets = plan.offsets
        arenaCount = plan.count
    }
}
