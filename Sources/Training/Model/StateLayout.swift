import Hypernet
import NeuralNet

/// The names, shapes and places of the tensors in a model's flat state: parameters first, running statistics
/// last. It is what checkpoints and state transfers go by, in both phases.
public struct StateLayout: Equatable, Sendable {
    public struct Tensor: Equatable, Sendable {
        public let name: String
        public let shape: [Int]
        public let offset: Int
        public let count: Int
    }

    public let tensors: [Tensor]
    /// Elements that have a momentum.
    public let parameterCount: Int
    public let count: Int

    init(_ layout: ParameterLayout) {
        tensors = layout.tensors.map {
            Tensor(name: $0.name, shape: $0.shape, offset: $0.offset, count: $0.count)
        }
        parameterCount = layout.parameterCount
        count = layout.count
    }

    init(_ layout: HyperLayout) {
        tensors = layout.tensors.map {
            Tensor(name: $0.name, shape: $0.shape, offset: $0.offset, count: $0.count)
        }
        parameterCount = layout.parameterCount
        count = layout.count
    }

    /// The tensors that the optimizer keeps a momentum for.
    public var parameters: ArraySlice<Tensor> {
        tensors.prefix { $0.offset < parameterCount }
    }
}
