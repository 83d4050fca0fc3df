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
    var pools: [(geometry: PoolGeometry, type: ElementType)] = []
    var averages: [AverageLayer] = []
    /// All norms' channels.
    var normChannels = 0

    var forward: [Stage] = []
    /// Empty if the program is for evaluation only. The first stage begins with the loss.
    var backward: [Stage] = []
    /// Elements of each buffer, and their type.
    var bufferCounts: [Int] = []
    var bufferTypes: [ElementType] = []
    /// Where each buffer begins in a slice's part of the arena, in bytes.
    var bufferOffsets: [Int] = []
    /// Bytes of a slice's part of the arena.
    var arenaByteCount = 0
    /// In fp32.
    var logits: Buffer = 0

    var works: [Work] { (forward + backward).flatMap(\.works) }

    /// - Parameter precision: of convolutions, and of what hangs on them without a linear layer or a global
    ///   average in between.
    init(_ graph: Graph, slice: Int, precision: ElementType = .fp32, training: Bool) {
        precondition(slice > 0, "a slice of \(slice) images")
        self.slice = slice
        classes = graph.outputCount
        var builder = ProgramBuilder(graph, slice: slice, precision: precision)
        builder.buildForward(into: &self)
        if training { builder.buildBackward(into: &self) }
        planMemory()
    }

    mutating func makeBuffer(_ count: Int, _ type: ElementType) -> Buffer {
        bufferCounts.append(count)
        bufferTypes.append(type)
        return bufferCounts.count - 1
    }

    private mutating func planMemory() {
        var intervals = zip(bufferCounts, bufferTypes).map { count, type in
            MemoryPlan.Interval(byteCount: count * type.byteCount, first: .max, last: .min)
        }
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
        arenaByteCount = plan.byteCount
    }
}
