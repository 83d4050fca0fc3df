import TensorCore

/// The network's state as the passes want it, but for convolution weights (see ``PackedWeights``): linear
/// weights with their inputs in NHWC order, everything else as it comes.
///
/// Unchecked: all threads set tensors of their own, and read others' only after they have met.
final class WeightStore: @unchecked Sendable {
    private let parameters: ParameterLayout
    private let linears: [LinearLayer]
    /// By tensor: its linear layer, for weights; where it begins in `plain`, for all but convolution weights.
    private let layers: [Int?]
    private let plainOffsets: [Int?]
    private let plain: AlignedBuffer<Float>
    /// The caller's: the whole state, in the parameter layout's order.
    private var given: UnsafePointer<Float>?

    init(_ program: Program, parameters: ParameterLayout) throws(EngineError) {
        self.parameters = parameters
        linears = program.linears
        var layers = [Int?](repeating: nil, count: parameters.tensors.count)
        for (layer, linear) in program.linears.enumerated() { layers[linear.weight] = layer }
        self.layers = layers
        var plainCount = 0
        plainOffsets = parameters.tensors.map { tensor in
            guard tensor.role != .convolutionWeight else { return nil }
            defer { plainCount += MemoryPlan.aligned(tensor.count, of: .fp32) }
            return plainCount
        }
        plain = try AlignedBuffer(attempting: plainCount)
    }

    var byteCount: Int { plain.count * MemoryLayout<Float>.stride }

    /// Convolution weights are read from it for every shard.
    var state: UnsafePointer<Float> {
        guard let given else { preconditionFailure("no weights were set") }
        return given
    }

    /// A tensor that is not a convolution weight.
    func tensor(_ index: Int) -> UnsafePointer<Float> {
        guard let offset = plainOffsets[index] else {
            preconditionFailure("\(parameters.tensors[index].name) is kept packed")
        }
        return UnsafePointer(plain.pointer + offset)
    }

    func use(_ state: UnsafePointer<Float>) { given = state }

    /// Takes over one tensor of the state, unless it is a convolution weight; different tensors by different
    /// threads at once.
    func set(_ index: Int) {
        guard let offset = plainOffsets[index] else { return }
        let tensor = parameters.tensors[index]
        let (source, target) = (state + tensor.offset, plain.pointer + offset)
        if tensor.role == .linearWeight, let layer = layers[index] {
            linears[layer].permute(source, into: target)
        } else {
            target.update(from: source, count: tensor.count)
        }
    }
}

extension LinearLayer {
    /// From (out, channels, pixels), PyTorch's order, to (out, pixels, channels), that of activations.
    func permute(_ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>) {
        guard pixels > 1 else { return target.update(from: source, count: outFeatures * inFeatures) }
        for row in 0..<outFeatures {
            let (from, to) = (source + row * inFeatures, target + row * inFeatures)
            for pixel in 0..<pixels {
                for channel in 0..<channels {
                    to[pixel * channels + channel] = from[channel * pixels + pixel]
                }
            }
        }
    }
}
