public import NeuralNet

/// A network in fp64, node by node in plain loops: what the executor is tested against. Slow; no fusion, no
/// slices.
///
/// Activations are [image][row][column][channel]. N images, H × W pixels, C channels, O output channels.
public struct ReferenceNetwork {
    public let graph: Graph
    public let layout: ParameterLayout

    /// Everything that one shard makes.
    public struct Pass {
        /// By node.
        public var values: [[Double]]
        /// Sum of the images' losses.
        public var lossSum = 0.0
        /// By element of the parameter layout: ∂(loss sum / global batch)/∂parameter, then the shard's mean
        /// and unbiased variance. Empty for a forward pass.
        public var gradients: [Double] = []
        /// By norm node: the mean and biased variance that it used.
        var moments: [Int: (mean: [Double], variance: [Double])] = [:]

        public var logits: [Double] { values[values.count - 1] }
    }

    public init(_ graph: Graph) {
        self.graph = graph
        layout = ParameterLayout(graph)
    }

    /// - Parameters:
    ///   - state: parameters and running statistics, in the layout's order.
    ///   - images: (N, H, W, C).
    ///   - training: batch norms use the images' statistics, else the running ones.
    public func forward(state: [Double], images: [Double], labels: [Int], training: Bool) -> Pass {
        var pass = Pass(values: [])
        for index in graph.nodes.indices {
            pass.values.append(
                value(index, state, images, count: labels.count, training: training, &pass))
        }
        for (image, label) in labels.enumerated() {
            let row = Array(pass.logits[image * graph.outputCount..<(image + 1) * graph.outputCount])
            pass.lossSum -= Self.logSoftmax(row)[label]
        }
        return pass
    }

    /// What features within the network are to become: nodes with another network's values for them.
    public struct Features {
        var targets: [Int: [Double]]
        var weight: Double

        public init(_ targets: [Int: [Double]], weight: Double) {
            (self.targets, self.weight) = (targets, weight)
        }
    }

    /// Forward in training mode, and backward.
    public func train(
        state: [Double], images: [Double], labels: [Int], globalBatch: Int, features: Features? = nil
    ) -> Pass {
        var pass = forward(state: state, images: images, labels: labels, training: true)
        pass.gradients = [Double](repeating: 0, count: layout.count)
        var deltas = pass.values.map { [Double](repeating: 0, count: $0.count) }
        for (image, label) in labels.enumerated() {
            let start = image * graph.outputCount
            let logs = Self.logSoftmax(Array(pass.logits[start..<start + graph.outputCount]))
            for (place, log) in logs.enumerated() {
                let target = place == label ? 1.0 : 0.0
                deltas[deltas.count - 1][start + place] = (exponential(log) - target) / Double(globalBatch)
            }
        }
        for (node, target) in features?.targets ?? [:] {
            let share = (features?.weight ?? 0) / Double(features?.targets.count ?? 1)
            let mean = share * Double(labels.count) / Double(target.count)
            for (place, wanted) in target.enumerated() {
                let difference = pass.values[node][place] - wanted
                pass.lossSum += mean * difference * difference
                deltas[node][place] += 2 * mean * difference / Double(globalBatch)
            }
        }
        for index in graph.nodes.indices.reversed() {
            backward(index, state, count: labels.count, &deltas, &pass)
        }
        return pass
    }

    static func logSoftmax(_ row: [Double]) -> [Double] {
        let peak = row.max() ?? 0
        let total = row.reduce(0) { $0 + exponential($1 - peak) }
        return row.map { $0 - peak - logarithm(total) }
    }

    func tensor(_ node: Int, _ role: ParameterLayout.Role) -> ParameterLayout.Tensor? {
        layout.tensors.first { $0.node == node && $0.role == role }
    }

    func parameters(_ node: Int, _ role: ParameterLayout.Role, _ state: [Double]) -> [Double]? {
        tensor(node, role).map { Array(state[$0.range]) }
    }
}
