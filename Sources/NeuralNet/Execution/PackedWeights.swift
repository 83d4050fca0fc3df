import TensorCore

/// The convolution weights of two stages as the passes want them: of the one under way, and of the next,
/// which the threads pack meanwhile. Stages count from the first forward to the last backward.
///
/// Unchecked: each thread packs items of its own, over those of the stage before the one under way, and the
/// threads meet before every stage.
final class PackedWeights: @unchecked Sendable {
    private enum Direction: Hashable {
        case forward
        case backward
    }

    /// Rows of a weight, all those that are not to be cut.
    private struct Item {
        var layer: Int
        var direction: Direction
        var rows: Range<Int>
        var elements: Int
    }

    /// Elements of an item, about: enough work to be worth a call.
    private static let itemElements = 1 << 15

    private let kernels: [ConvolutionKernel]
    /// By layer: where its weight begins in the caller's state.
    private let sources: [Int]
    /// By layer: where it is packed, in bytes.
    private var forwardOffsets: [Int]
    private var backwardOffsets: [Int]
    /// By stage and thread.
    private var items: [[[Item]]] = []
    private let memory: AlignedBuffer<UInt8>

    init(
        _ program: Program, parameters: ParameterLayout, kernels: [ConvolutionKernel], threads: Int
    ) throws(EngineError) {
        self.kernels = kernels
        sources = program.convolutions.map { parameters.tensors[$0.weight].offset }
        forwardOffsets = Array(repeating: 0, count: kernels.count)
        backwardOffsets = forwardOffsets
        // Stages take turns with the two parts of the memory.
        var sizes = [0, 0]
        let weights = (program.forward + program.backward).map { Self.weights(of: $0) }
        for (stage, weights) in weights.enumerated() {
            var size = 0
            for (layer, direction) in weights {
                let (kernel, isForward) = (kernels[layer], direction == .forward)
                if isForward { forwardOffsets[layer] = size } else { backwardOffsets[layer] = size }
                let count = isForward ? kernel.forwardWeightCount : kernel.backwardWeightCount
                size += MemoryPlan.aligned(count * kernel.elements.byteCount)
            }
            sizes[stage % 2] = max(sizes[stage % 2], size)
            let items = weights.flatMap { Self.items(kernels[$0.layer], layer: $0.layer, $0.direction) }
            self.items.append(
                Executor.share(items.map(\.elements), among: threads).map { $0.map { items[$0] } })
        }
        for (stage, weights) in weights.enumerated() where stage % 2 == 1 {
            for (layer, direction) in weights {
                if direction == .forward {
                    forwardOffsets[layer] += sizes[0]
                } else {
                    backwardOffsets[layer] += sizes[0]
                }
            }
        }
        memory = try AlignedBuffer(attempting: sizes[0] + sizes[1])
    }

    var byteCount: Int { memory.count }

    /// Packs one thread's share of what a stage reads. Nothing if there is no such stage.
    /// - Parameter state: the whole state, in the parameter layout's order.
    func pack(stage: Int, of state: UnsafePointer<Float>, thread: Int) {
        guard stage < items.count else { return }
        for item in items[stage][thread] {
            let (kernel, source) = (kernels[item.layer], state + sources[item.layer])
            switch item.direction {
            case .forward:
                kernel.packForward(
                    source, rows: item.rows, into: memory.pointer + forwardOffsets[item.layer])
            case .backward:
                kernel.packBackward(
                    source, rows: item.rows, into: memory.pointer + backwardOffsets[item.layer])
            }
        }
    }

    /// Within the stage that reads it.
    func forward(_ layer: Int) -> UnsafeRawPointer {
        UnsafeRawPointer(memory.pointer + forwardOffsets[layer])
    }

    func backward(_ layer: Int) -> UnsafeRawPointer {
        UnsafeRawPointer(memory.pointer + backwardOffsets[layer])
    }

    private static func weights(of stage: Program.Stage) -> [(layer: Int, direction: Direction)] {
        stage.works.compactMap { work in
            switch work {
            case .convolve(let layer, _, _): (layer, .forward)
            case .convolveBackData(let layer, _, _): (layer, .backward)
            default: nil
            }
        }
    }

    private static func items(_ kernel: ConvolutionKernel, layer: Int, _ direction: Direction) -> [Item] {
        let rows = direction == .forward ? kernel.forwardWeightRows : kernel.backwardWeightRows
        let elements = kernel.geometry.weightCount
        // Sixteen rows are packed together.
        let wanted = max(itemElements / max(elements / rows, 1) / 16, 1) * 16
        return stride(from: 0, to: rows, by: wanted).map { first in
            let taken = first..<min(first + wanted, rows)
            return Item(
                layer: layer, direction: direction, rows: taken, elements: elements / rows * taken.count)
        }
    }
}
