import TensorCore
import Testing

@testable import NeuralNet

/// How graphs are compiled: fusion, stages, memory.
struct ProgramTests {
    @Test func fusesNormsWithAddsAndRectifiers() {
        let graph = TestNetworks.residual
        func index(_ name: String) -> Int { graph.nodes.firstIndex { $0.name == name } ?? -1 }
        let norms = Unit.all(of: graph).filter(\.isNorm)
        func unit(_ name: String) -> Unit? { norms.first { $0.node == index(name) } }
        #expect(unit("stem.norm")?.last == index("stem.relu"))
        #expect(unit("block1.norm")?.last == index("block1.relu"))
        #expect(unit("block1.norm")?.residual == index("stem.relu"))
        // Of the two norms that are added, the later takes the add; the other stands alone.
        #expect(unit("block2.downnorm")?.residual == index("block2.norm"))
        #expect(unit("block2.norm")?.last == index("block2.norm"))
        #expect(unit("block2.norm")?.activation == nil)
    }

    /// After an add only those activations are fused whose output tells the slope.
    @Test func fusesActivations() {
        let graph = TestNetworks.activations
        for activation in Activation.allCases {
            func unit(_ name: String) -> Unit? {
                let node = graph.nodes.firstIndex { $0.name == "\(activation)\(name)" } ?? -1
                return Unit.all(of: graph).first { $0.isNorm && $0.node == node }
            }
            #expect(unit(".norm")?.activation == activation)
            let isFused = activation == .relu || activation == .relu6
            #expect(unit(".body")?.activation == (isFused ? activation : nil))
            #expect(unit(".body")?.residual != nil)
        }
    }

    /// Outputs of norms do not last into the backward pass, but for every fifth of a row of residual blocks.
    @Test func outputsOfNormsAreComputedAgain() {
        var options = ProgramOptions()
        options.blocksAgain = 4
        let program = Program(TestNetworks.blocks, slice: 1, training: true, options: options)
        func normalized(_ stages: [Program.Stage]) -> [Int: Int] {
            let works = stages.flatMap(\.works)
            return Dictionary(
                uniqueKeysWithValues: works.compactMap {
                    if case .normalize(let layer, _, _, let output) = $0 { (layer, output) } else { nil }
                })
        }
        let (ahead, again) = (normalized(program.forward), normalized(program.backward))
        let read = Set(program.backward.flatMap(\.works).flatMap(\.buffers))
        #expect(ahead.count == 11)
        let kept = ahead.filter { read.contains($0.value) }
        #expect(kept.count == 1)
        #expect(Set(kept.keys).isDisjoint(with: again.keys))
        // Nobody reads the last block's output back.
        #expect(kept.count + again.count == ahead.count - 1)
    }

    /// A norm's sums are taken before its stage, and it is applied in or after it, forward and backward.
    @Test(arguments: TestNetworks.all)
    func normsWaitForTheirSums(_ graph: Graph) {
        let program = Program(graph, slice: 2, training: true)
        for (stages, isForward) in [(program.forward, true), (program.backward, false)] {
            var summed = Set<Int>()
            var combined = Set<Int>()
            for stage in stages {
                #expect(summed.isSuperset(of: stage.norms))
                combined.formUnion(stage.norms)
                for work in stage.works {
                    switch work {
                    case .normSums(let layer, _), .normBackSums(let layer, _, _, _): summed.insert(layer)
                    case .normalize(let layer, _, _, _) where isForward, .normBackApply(let layer, _, _, _):
                        #expect(combined.contains(layer))
                    default: break
                    }
                }
            }
            #expect(combined == summed)
            #expect(summed.count == program.norms.count || !isForward && graph.name == "dead end")
        }
    }

    /// Runs take a stage's works in order, and only works that can be go in tiles, which are small enough
    /// unless they are of one image or there is none between them.
    @Test(arguments: TestNetworks.all, ProgramOptions.tested)
    func runsTakeAllWorks(_ graph: Graph, _ options: ProgramOptions) {
        let program = Program(graph, slice: 6, training: true, options: options)
        for stage in program.forward + program.backward {
            #expect(stage.runs.flatMap { Array($0.works) } == Array(stage.works.indices))
            for run in stage.runs {
                #expect(program.slice % run.tiles == 0 || run.tiles % program.slice == 0)
                let works = stage.works[run.works]
                #expect(works.count { $0.makesWeightGradient } <= 1 || works.count == 1)
                for work in works { expect(work, of: program, in: run, options) }
            }
        }
    }

    private func expect(_ work: Work, of program: Program, in run: Run, _ options: ProgramOptions) {
        let weightBytes = 4 * (program.convolutions.map(\.geometry.weightCount).max() ?? 0)
        let bytesMax = max(options.tileBytes, options.tileBytesPerWeightByte * weightBytes)
        for buffer in work.buffers { #expect(program.bufferCounts[buffer] % run.tiles == 0) }
        let bytes = Set(work.buffers).reduce(0) { $0 + program.byteCount(of: $1) }
        switch work {
        case .convolve(let layer, _, _):
            #expect(program.convolutions[layer].tiles.forward == run.tiles)
        case .convolveBackData(let layer, _, _):
            #expect(program.convolutions[layer].tiles.inputGradient == run.tiles)
        case .convolveBackWeights(let layer, _, _):
            let layer = program.convolutions[layer]
            #expect(layer.tiles.weightGradient == run.tiles)
            #expect(run.tiles == 1 || layer.bias == nil)
        default:
            #expect(run.tiles == 1 || work.canBeTiled)
        }
        #expect(
            run.works.count == 1 || run.tiles >= program.slice || bytes / run.tiles <= bytesMax
                || work.makesWeightGradient)
    }

    /// Where every work takes pixels apart, large images go some rows at a time; and with them weights'
    /// gradients that can be added up.
    @Test func pixelsApartGoRowByRow() {
        let graph = TestNetworks.bottleneck
        let program = Program(graph, slice: 2, training: true, options: .tested[1])
        let rows = 2 * graph.shapes[0].height
        #expect(program.forward[1].runs.map(\.tiles) == [rows])
        let wide = program.convolutions[1]
        guard ConvolutionPaths(for: wide.geometry, .fp32).weightGradient.canAdd else { return }
        #expect(wide.tiles == ConvolutionTiles(forward: rows, inputGradient: rows, weightGradient: rows))
        let stage = program.backward.last { $0.works.contains(where: \.makesWeightGradient) }
        #expect(stage?.runs.count == 1)
    }

    /// Buffers that are alive at once do not overlap; whatever is read was written before.
    @Test(arguments: TestNetworks.all, ElementType.allCases)
    func buffersDoNotOverlap(_ graph: Graph, _ precision: ElementType) {
        for options in ProgramOptions.tested {
            for training in [true, false] {
                buffersDoNotOverlap(
                    Program(graph, slice: 3, precision: precision, training: training, options: options))
            }
        }
    }

    private func buffersDoNotOverlap(_ program: Program) {
        // In runs: within one, tiles take turns.
        let runs = (program.forward + program.backward).flatMap { stage in
            stage.runs.map { (works: stage.works[$0.works], tiles: $0.tiles) }
        }
        var lives: [Int: ClosedRange<Int>] = [:]
        for (position, run) in runs.enumerated() {
            for buffer in run.works.flatMap(\.buffers) {
                lives[buffer] = (lives[buffer]?.lowerBound ?? position)...position
            }
        }
        func bytes(_ buffer: Int, _ life: ClosedRange<Int>) -> Range<Int> {
            let start = program.bufferOffsets[buffer]
            guard program.bufferHomes[buffer] == .tile else {
                return start..<start + program.byteCount(of: buffer)
            }
            #expect(life.count == 1)
            return start..<start + program.byteCount(of: buffer) / runs[life.lowerBound].tiles
        }
        for (one, life) in lives {
            let (range, home) = (bytes(one, life), program.bufferHomes[one])
            let end = home == .slice ? program.arenaByteCount : program.threadByteCount
            #expect(range.upperBound <= end && range.lowerBound % 64 == 0)
            for (other, otherLife) in lives where other > one && life.overlaps(otherLife) {
                #expect(
                    home != program.bufferHomes[other] || !range.overlaps(bytes(other, otherLife)),
                    "\(one), \(other)")
            }
        }
    }

    /// An evaluation needs less memory than training, and both less than all buffers apart.
    @Test func memoryIsShared() {
        let training = Program(TestNetworks.residual, slice: 4, training: true)
        let evaluation = Program(TestNetworks.residual, slice: 4, training: false)
        #expect(evaluation.arenaByteCount * 2 < training.arenaByteCount)
        #expect(training.arenaByteCount < 4 * training.bufferCounts.reduce(0, +))
    }

    @Test func plansAreTight() {
        let plan = MemoryPlan([
            .init(byteCount: 400, first: 0, last: 1), .init(byteCount: 200, first: 1, last: 2),
            .init(byteCount: 400, first: 2, last: 3), .init(byteCount: 28, first: 0, last: 3),
        ])
        #expect(plan.byteCount == 448 + 256 + 64)
        #expect(plan.offsets == [0, 448, 0, 704])
        #expect(MemoryPlan([]).byteCount == 0)
    }

    @Test(arguments: [
        (1, 32, 8), (16, 32, 1), (1, 4, 1), (1, 1, 1), (1, 20, 4), (1, 22, 2), (1, 7, 1), (4, 64, 2),
    ])
    func slicesFollowTheWorkPerParameter(_ side: Int, _ shard: Int, _ slice: Int) {
        var graph = Graph(name: "sized", channels: 8, height: side * 4, width: side * 4)
        graph.classify(graph.add("conv", .convolution(Convolution(outChannels: 8, kernel: 3)), 0), classes: 4)
        #expect(Executor.sliceSize(for: graph, shard: shard) == slice)
        // Twice the arithmetic a second wants as much more work for the same coding.
        let half = Executor.sliceSize(for: graph, shard: shard, precision: .bf16)
        #expect(half == slice || half == 2 * slice)
    }
}
