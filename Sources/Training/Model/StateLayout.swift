import Hypernet
import NeuralNet

/// The names, shapes and places of the tensors in a model's flat state: parameters first, running statistics
/// last; and of what the optimizer remembers beside it. It is what checkpoints and state transfers go by, in
/// both phases.
public struct StateLayout: Equatable, Sendable {
    public struct Tensor: Equatable, Sendable {
        public let name: String
        public let shape: [Int]
        public let offset: Int
        public let count: Int
    }

    public let tensors: [Tensor]
    /// Elements that the optimizer updates.
    public let parameterCount: Int
    public let count: Int
    /// The parameters' moments, by slot; offsets are in the moments' own vector. SGD's momentum has the
    /// parameter's name, others add PyTorch's name for what they are.
    public let moments: [Tensor]
    /// Elements of ``moments``.
    public let momentCount: Int

    init(_ layout: ParameterLayout, slots: [Optimizer.Slot]) {
        self.init(
            layout.tensors.map {
                Tensor(name: $0.name, shape: $0.shape, offset: $0.offset, count: $0.count)
            }, parameterCount: layout.parameterCount, count: layout.count, slots: slots)
    }

    init(_ layout: HyperLayout, slots: [Optimizer.Slot]) {
        self.init(
            layout.tensors.map {
                Tensor(name: $0.name, shape: $0.shape, offset: $0.offset, count: $0.count)
            }, parameterCount: layout.parameterCount, count: layout.count, slots: slots)
    }

    private init(_ tensors: [Tensor], parameterCount: Int, count: Int, slots: [Optimizer.Slot]) {
        self.tensors = tensors
        self.parameterCount = parameterCount
        self.count = count
        momentCount = slots.count * parameterCount
        moments = slots.enumerated().flatMap { index, slot in
            tensors.prefix { $0.offset < parameterCount }.map {
                Tensor(
                    name: $0.name + Self.suffix(slot, of: slots), shape: $0.shape,
                    offset: index * parameterCount + $0.offset, count: $0.count)
            }
        }
    }

    private static func suffix(_ slot: Optimizer.Slot, of slots: [Optimizer.Slot]) -> String {
        switch slot {
        case .momentum: slots.count == 1 ? "" : ".momentum_buffer"
        case .firstMoment: ".exp_avg"
        case .secondMoment: slots.contains(.firstMoment) ? ".exp_avg_sq" : ".square_avg"
        }
    }
}
