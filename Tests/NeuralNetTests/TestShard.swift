import NeuralNet
import Randomness
import TensorCore
import TestSupport

/// Random images and labels, a shard for the executor and for the reference alike.
struct TestShard: ShardSource {
    let graph: Graph
    let count: Int
    let seed: UInt64
    /// The image at which `write` throws.
    var failing: Set<Int> = []
    var badLabel: Int?

    struct Failure: Error, Equatable {
        var image: Int
    }

    init(_ graph: Graph, count: Int, seed: UInt64) {
        self.graph = graph
        self.count = count
        self.seed = seed
    }

    func label(_ index: Int) -> Int {
        if index == badLabel { return graph.outputCount }
        return CounterRandom(seed: seed, stream: 1).integer(UInt64(index), below: graph.outputCount)
    }

    func pixel(_ index: Int) -> Float { Float(CounterRandom(seed: seed, stream: 2).normal(UInt64(index))) }

    func write(_ index: Int, into pixels: UnsafeMutableBufferPointer<Float>) throws {
        if failing.contains(index) { throw Failure(image: index) }
        for place in pixels.indices { pixels[place] = pixel(index * pixels.count + place) }
    }

    var labels: [Int] { (0..<count).map(label) }
    var images: [Double] { (0..<count * graph.inputShape.count).map { Double(pixel($0)) } }
}

/// A state in which no tensor is trivial.
func testState(_ graph: Graph, seed: UInt64 = 5) -> [Float] {
    let layout = ParameterLayout(graph)
    var state = [Float](repeating: 0, count: layout.count)
    state.withUnsafeMutableBufferPointer { InitialWeights.fill($0, graph: graph, seed: seed) }
    let random = CounterRandom(seed: seed, stream: 77)
    for tensor in layout.tensors {
        for place in tensor.range {
            let draw = Float(random.normal(UInt64(place)))
            switch tensor.role {
            case .normScale: state[place] = 1 + draw / 4
            case .normShift, .runningMean: state[place] = draw / 4
            case .runningVariance: state[place] = 0.5 + draw * draw
            default: break
            }
        }
    }
    return state
}

extension Executor {
    /// Takes over a copy, which stays where it is: a few kilobytes are never freed.
    func setWeights(_ state: [Float]) {
        let copy = UnsafeMutableBufferPointer<Float>.allocate(capacity: state.count)
        _ = copy.initialize(from: state)
        if let address = copy.baseAddress { setWeights(UnsafePointer(address)) }
    }

    /// A step of several shards, coded as the cluster does it: once to measure, once to count.
    /// - Parameters:
    ///   - teachers: a teacher's logits of each shard, if the loss asks for them.
    ///   - features: its features of each shard, if the loss asks for them.
    func sums(
        of shards: [TestShard], gradientBits: Int = 28, slices: Int? = nil, teachers: [[Float]]? = nil,
        features: [[[Float]]] = []
    ) throws -> (sums: [Int32], exponents: FixedPointState) {
        let batch = shards.reduce(0) { $0 + $1.count }
        var exponents = FixedPointState(
            uncalibrated: layout, gradientBits: gradientBits, slices: batch / slice, shards: batch / shard)
        var sums = [Int32](repeating: 0, count: layout.count)
        for _ in 0..<2 {
            let reports = try step(exponents, globalBatch: batch, &sums) {
                for (index, shard) in shards.enumerated() {
                    guard let teachers else {
                        try train(shard)
                        continue
                    }
                    let values = features.isEmpty ? [] : features[index].map { kept($0) }
                    defer { for pointer in values { pointer.deallocate() } }
                    try teachers[index].withUnsafeBufferPointer {
                        try train(shard, teacher: $0.baseAddress, features: values)
                    }
                }
            }
            if reports.isEmpty { break }
            try exponents.raise(for: reports, layout: layout)
        }
        return (sums, exponents)
    }

    private func kept(_ values: [Float]) -> UnsafePointer<Float> {
        let copy = UnsafeMutablePointer<Float>.allocate(capacity: values.count)
        copy.initialize(from: values, count: values.count)
        return UnsafePointer(copy)
    }

    /// A step in which `body` trains.
    func step(
        _ exponents: FixedPointState, globalBatch: Int, _ sums: inout [Int32], _ body: () throws -> Void
    ) throws -> [Overflow] {
        try sums.withUnsafeMutableBufferPointer { vector in
            beginStep(exponents, globalBatch: globalBatch, sums: vector.baseAddress!)
            try body()
            return finishStep()
        }
    }
}
