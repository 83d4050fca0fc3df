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
        var runs: [Run] = []
    }

    /// Where a buffer lies.
    enum Home {
        /// In the slice's part of the arena.
        case slice
        /// Needed in one run only: in memory of the thread, one tile after another in the same place.
        case tile
    }

    /// Images of a slice.
    let slice: Int
    /// Of convolutions, and of what hangs on them without a linear layer or a global average in between.
    let precision: ElementType
    let classes: Int
    let options: ProgramOptions
    var convolutions: [ConvolutionLayer] = []
    var linears: [LinearLayer] = []
    var norms: [NormLayer] = []
    var pools: [(geometry: PoolGeometry, type: ElementType)] = []
    var averages: [AverageLayer] = []
    var parts: [ChannelPart] = []
    var scales: [ScaleLayer] = []
    /// All norms' channels.
    var normChannels = 0

    var forward: [Stage] = []
    /// Empty if the program is for evaluation only. The first stage begins with the loss.
    var backward: [Stage] = []
    /// Elements of each buffer, and their type.
    var bufferCounts: [Int] = []
    var bufferTypes: [ElementType] = []
    /// Where each buffer lies, and where it begins there, in bytes.
    var bufferHomes: [Home] = []
    var bufferOffsets: [Int] = []
    /// Bytes of a slice's part of the arena, and of a thread's memory.
    var arenaByteCount = 0
    var threadByteCount = 0
    /// In fp32.
    var logits: Buffer = 0
    /// Of nodes whose values are wanted beside the logits; in fp32.
    var features: [Buffer] = []

    var works: [Work] { (forward + backward).flatMap(\.works) }

    /// - Parameter features: nodes whose values the loss takes, or, in a program for evaluation only, that
    ///   are read after the pass.
    init(
        _ graph: Graph, slice: Int, precision: ElementType = .fp32, training: Bool,
        features: [Int] = [], options: ProgramOptions = ProgramOptions()
    ) {
        precondition(slice > 0, "a slice of \(slice) images")
        self.slice = slice
        self.precision = precision
        self.options = options
        classes = graph.outputCount
        var builder = ProgramBuilder(graph, slice: slice, precision: precision, features: features, options)
        builder.buildForward(into: &self)
        if training { builder.buildBackward(into: &self) }
        planMemory()
    }

    mutating func makeBuffer(_ count: Int, _ type: ElementType) -> Buffer {
        bufferCounts.append(count)
        bufferTypes.append(type)
        return bufferCounts.count - 1
    }

    func byteCount(of buffer: Buffer) -> Int { bufferCounts[buffer] * bufferTypes[buffer].byteCount }

    private mutating func planMemory() {
        for index in forward.indices { forward[index].runs = cutInRuns(forward[index]) }
        for index in backward.indices { backward[index].runs = cutInRuns(backward[index]) }
        let lives = lives()
        bufferHomes = lives.indices.map { home($0, lives[$0]) }
        func plan(_ home: Home) -> MemoryPlan {
            MemoryPlan(
                lives.indices.map {
                    let tiles = home == .tile ? lives[$0].tiles : 1
                    return MemoryPlan.Interval(
                        byteCount: bufferHomes[$0] == home ? byteCount(of: $0) / tiles : 0,
                        first: lives[$0].first, last: lives[$0].last)
                })
        }
        let (shared, own) = (plan(.slice), plan(.tile))
        arenaByteCount = shared.byteCount
        threadByteCount = own.byteCount
        bufferOffsets = lives.indices.map {
            bufferHomes[$0] == .slice ? shared.offsets[$0] : own.offsets[$0]
        }
    }

    /// When a buffer is needed, in runs from the first forward to the last backward: within a run the tiles
    /// take turns, so whatever the run touches is needed all the time.
    private struct Life {
        var first = Int.max
        var last = Int.min
        /// Of the last run.
        var tiles = 1
    }

    private func lives() -> [Life] {
        var lives = [Life](repeating: Life(), count: bufferCounts.count)
        var position = 0
        for stage in forward + backward {
            for run in stage.runs {
                for buffer in stage.works[run.works].flatMap(\.buffers) {
                    lives[buffer].first = min(lives[buffer].first, position)
                    lives[buffer].last = position
                    lives[buffer].tiles = run.tiles
                }
                position += 1
            }
        }
        // The logits of a forward pass are read after it.
        lives[logits].last = max(lives[logits].last, position)
        if backward.isEmpty {
            for buffer in features { lives[buffer].last = max(lives[buffer].last, position) }
        }
        return lives
    }

    private func home(_ buffer: Buffer, _ life: Life) -> Home {
        buffer != logits && life.first == life.last ? .tile : .slice
    }
}
