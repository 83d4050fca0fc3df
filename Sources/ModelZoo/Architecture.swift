import NeuralNet

/// A family's member: what makes a graph for an input size, a number of classes and a width.
protocol Architecture: Sendable {
    var name: String { get }

    func graph(input: Int, classes: Int, width: Double, forHypernetwork: Bool) -> Graph
}

extension Architecture {
    /// `channels` times `width`, rounded, at least 1.
    static func scaled(_ channels: Int, width: Double) -> Int {
        max(1, Int((Double(channels) * width).rounded()))
    }
}
