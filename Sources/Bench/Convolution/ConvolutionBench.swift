import NeuralNet
import TensorCore

/// The passes of a network's convolutions one by one, on one thread, by every path that
/// `ConvolutionPaths` can take: what its rule was made from.
public struct ConvolutionBench {
    private let layers: [(name: String, geometry: ConvolutionGeometry)]
    private let elements: ElementType
    private let seconds: Double
    private let memory: ColdMemory

    /// - Parameters:
    ///   - images: of a call; as many as a slice has.
    ///   - keep: nil: the whole network; else pruned at random to this share of its FLOPs.
    ///   - seconds: of a measurement.
    /// - Throws: `ModelZooError`, `ShrinkError`, or `EngineError` if memory runs out.
    public init(
        network: String, input: Int, images: Int, width: Double = 1, keep: Double? = nil,
        precision: StepSettings.Precision, seconds: Double = 0.05, coldBytes: Int = 192 << 20
    ) throws {
        var settings = StepSettings(network: network)
        settings.input = input
        settings.classes = 10
        settings.width = width
        settings.pruning = keep.map { .random(keep: $0) }
        let graph = try StepNetwork(settings).graph
        var seen: Set<ConvolutionGeometry> = []
        layers = Self.convolutions(of: graph, images: images).filter { seen.insert($0.geometry).inserted }
        elements = precision.elements
        self.seconds = seconds
        let largest = layers.map { ($0.geometry.inputCount + $0.geometry.outputCount) * 4 }.max() ?? 0
        memory = try ColdMemory(byteCount: max(coldBytes, 2 * largest + 256))
    }

    /// - Throws: `EngineError`.
    public func run(_ report: (ConvolutionRow) -> Void) throws {
        for (name, geometry) in layers {
            let chosen = ConvolutionPaths(for: geometry, elements)
            var done: Set<String> = []
            for paths in [chosen] + ConvolutionPaths.all(for: geometry, elements) {
                let probe = try PassProbe(geometry, elements, paths)
                for pass in ConvolutionRow.Pass.allCases {
                    let (path, implementation) = probe.names(pass)
                    // Two paths may lead to the same code.
                    guard done.insert("\(pass) \(implementation)").inserted else { continue }
                    memory.fill()
                    let time = measure { probe.run(pass, memory) }
                    report(
                        ConvolutionRow(
                            layer: name, geometry: "\(geometry)", pass: pass, path: path,
                            implementation: implementation, gflops: probe.gflop / time,
                            gbPerSecond: probe.gigabytes / time, isChosen: paths == chosen))
                }
            }
        }
    }

    /// The least mean time of a call over some calls.
    private func measure(_ body: () -> Void) -> Double {
        let callsTogether = 8
        body()
        let whole = Stopwatch()
        var least = Double.infinity
        repeat {
            let watch = Stopwatch()
            for _ in 0..<callsTogether { body() }
            least = min(least, watch.seconds / Double(callsTogether))
        } while whole.seconds < seconds
        return max(least, 1e-9)
    }

    private static func convolutions(
        of graph: Graph, images: Int
    ) -> [(name: String, geometry: ConvolutionGeometry)] {
        graph.nodes.compactMap { node in
            guard case .convolution(let layer) = node.operation else { return nil }
            let input = graph.shapes[node.inputs[0]]
            return (
                node.name,
                ConvolutionGeometry(
                    images: images, inChannels: input.channels, inHeight: input.height,
                    inWidth: input.width, outChannels: layer.outChannels, kernel: layer.kernel,
                    stride: layer.stride, padding: layer.padding, groups: layer.groups)
            )
        }
    }
}
