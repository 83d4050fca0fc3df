import NeuralNet

/// A family's member: what makes a graph.
protocol Architecture: Sendable {
    var name: String { get }

    func graph(_ options: GraphOptions) -> Graph
}
