import Foundation
import Testing

@testable import NeuralNet

/// The fixed-point code follows the gradients, and redoes few steps while it does.
struct FixedPointStateTests {
    static let graph: Graph = {
        var graph = Graph(name: "two tensors", channels: 1, height: 1, width: 1)
        graph.add(
            "norm", .batchNorm(BatchNorm()),
            graph.add("conv", .convolution(.init(outChannels: 2, kernel: 1)), 0))
        return graph
    }()
    static let layout = ReductionLayout(ParameterLayout(graph))

    /// Contributions to the first segment go through the code as an executor and a cluster do it.
    struct Simulation {
        var state: FixedPointState
        var redone = 0
        var largest = 0

        init(slices: Int = 64, bits: Int = 24) {
            state = FixedPointState(uncalibrated: layout, gradientBits: bits, slices: slices, shards: slices)
        }

        mutating func step(_ contributions: [Float]) throws {
            var sum: Int32 = 0
            while true {
                let (scale, limit) = (state.scale(of: 0), state.limit(for: .gradientOfSlice))
                let magnitude = contributions.map(\.magnitude).max() ?? 0
                guard state.codes[0].exponent == nil || magnitude * scale > limit else {
                    for value in contributions { sum += Int32((value * scale).rounded(.toNearestOrEven)) }
                    break
                }
                redone += 1
                try state.raise(for: [Overflow(segment: 0, magnitude: magnitude)], layout: layout)
            }
            var reduced = [Int32](repeating: 0, count: layout.count)
            reduced[0] = sum
            largest = Int(sum.magnitude)
            reduced.withUnsafeBufferPointer { state.adapt(to: $0, layout: layout) }
        }
    }

    @Test(arguments: [1, 4, 64, 1024], [16, 24, 30])
    func settlesInBand(slices: Int, bits: Int) throws {
        var simulation = Simulation(slices: slices, bits: bits)
        let contributions = (0..<slices).map { Float($0 % 3 == 0 ? -1 : 2) * 3e-5 }
        for _ in 0..<60 { try simulation.step(contributions) }
        let aim = simulation.state.aim(for: .gradientOfSlice)
        #expect(simulation.redone == 1)
        #expect(simulation.largest <= 1 << aim && simulation.largest >= 1 << (aim - 3))
        let before = simulation.state.codes[0].exponent
        for _ in 0..<20 { try simulation.step(contributions) }
        #expect(simulation.state.codes[0].exponent == before)
    }

    /// A bias before a batch norm: slices cancel, so any exponent looks too small.
    @Test func cancellingContributionsOverflowRarely() throws {
        var simulation = Simulation()
        for step in 0..<5000 {
            let size = Float(1 + step % 7)
            try simulation.step((0..<64).map { $0 % 2 == 0 ? size : -size })
        }
        #expect(simulation.redone <= 12)
    }

    @Test func suddenGrowthCostsOneStep() throws {
        var simulation = Simulation()
        for _ in 0..<100 { try simulation.step(Array(repeating: 1e-6, count: 64)) }
        let before = simulation.redone
        for _ in 0..<100 { try simulation.step(Array(repeating: 1e-2, count: 64)) }
        #expect(simulation.redone == before + 1)
    }

    /// A lone huge gradient must not leave the code coarse for long.
    @Test func recoversFromASpike() throws {
        var simulation = Simulation()
        for _ in 0..<100 { try simulation.step(Array(repeating: 1e-4, count: 64)) }
        try simulation.step(Array(repeating: 1, count: 64))
        for _ in 0..<30 { try simulation.step(Array(repeating: 1e-4, count: 64)) }
        #expect(simulation.largest >= 1 << 18)
        #expect(simulation.redone == 2)
    }

    @Test func zeroGradientsClimbToTheBoundAndComeBack() throws {
        var simulation = Simulation()
        for _ in 0..<300 { try simulation.step(Array(repeating: 0, count: 64)) }
        #expect(simulation.state.codes[0].exponent == FixedPointState.exponentRange.upperBound)
        for size: Float in [.leastNonzeroMagnitude, 1, .greatestFiniteMagnitude] {
            try simulation.step(Array(repeating: size, count: 64))
        }
        for _ in 0..<300 { try simulation.step(Array(repeating: 1, count: 64)) }
        #expect(simulation.largest >= 1 << 18)
        #expect(simulation.redone <= 5)
    }

    @Test func refusesWhatNoExponentMeets() {
        let layout = Self.layout
        var state = FixedPointState(uncalibrated: layout, slices: 4, shards: 1)
        let before = state
        #expect(throws: FixedPointError.notFinite(tensor: "conv.weight")) {
            try state.raise(
                for: [Overflow(segment: 1, magnitude: 1), Overflow(segment: 0, magnitude: .nan)],
                layout: layout)
        }
        for segment in [-1, layout.segments.count] {
            #expect(throws: FixedPointError.unknownSegment(segment, segments: layout.segments.count)) {
                try state.raise(for: [Overflow(segment: segment, magnitude: 1)], layout: layout)
            }
        }
        #expect(state == before)
    }

    @Test func reportsMergeInAnyOrder() {
        let reports = [(2, 1), (0, 3), (2, 5), (0, 2)].map { Overflow(segment: $0, magnitude: Float($1)) }
        let merged = [Overflow(segment: 0, magnitude: 3), Overflow(segment: 2, magnitude: 5)]
        #expect(Overflow.merged(reports) == merged)
        #expect(Overflow.merged(reports.reversed()) == merged)
    }

    @Test(arguments: [1, 2, 3, 7, 64, 127, 1000, 1 << 20])
    func sumsOfContributionsStayIn32Bits(contributions: Int) {
        let state = FixedPointState(uncalibrated: Self.layout, slices: contributions, shards: 1)
        let limit = state.limit(for: .gradientOfSlice)
        #expect(limit == limit.rounded() && Int(limit) * contributions <= Int(Int32.max))
        #expect(Int(limit.nextUp) * contributions > Int(Int32.max) - 128 * contributions)
        #expect(1 << state.aim(for: .gradientOfSlice) <= Int(limit) / 2)
    }

    @Test func survivesJSON() throws {
        var simulation = Simulation()
        for step in 0..<20 { try simulation.step([Float(step)]) }
        let data = try JSONEncoder().encode(simulation.state)
        #expect(try JSONDecoder().decode(FixedPointState.self, from: data) == simulation.state)
        #expect(simulation.state.fits(Self.layout, slices: 64, shards: 64))
        #expect(!simulation.state.fits(Self.layout, slices: 64, shards: 32))
    }

    @Test(arguments: [
        #""gradientBits":24"#: #""gradientBits":64"#, #""slices":64"#: #""slices":0"#,
        #""wait":0"#: #""wait":-1"#, #""exponent":16"#: #""exponent":4000"#, #""codes":["#: #""codes":[7,"#,
    ])
    func refusesCorruptJSON(_ sound: String, _ corrupt: String) throws {
        let state = FixedPointState(uncalibrated: Self.layout, slices: 64, shards: 64)
        let text = String(decoding: try JSONEncoder().encode(state), as: UTF8.self)
        let broken = text.replacingOccurrences(of: sound, with: corrupt)
        #expect(broken != text)
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(FixedPointState.self, from: Data(broken.utf8))
        }
    }
}
