import TensorCore

/// The network's state as the passes want it: linear weights with their inputs in NHWC order, everything else
/// but convolution weights as it comes. Those are packed for the passes of one direction at a time, in the
/// same memory: forward when they are set, and again whenever the direction changes.
///
/// Unchecked: all threads set and pack tensors of their own, and read others' only after they have met.
final class WeightStore: @unchecked Sendable {
    enum Direction {
        case forward
        case backward
    }

    /// For which passes the convolution weights are packed at present.
    var direction = Direction.forward
    private let parameters: ParameterLayout
    private let convolutions: [ConvolutionLayer]
    private let linears: [LinearLayer]
    private let kernels: [ConvolutionKernel]
    /// By tensor: its layer, for weights; where it begins in `plain`, for all but convolution weights.
    private let layers: [Int?]
    private let plainOffsets: [Int?]
    /// By convolution, in bytes.
    private let packedOffsets: [Int]
    private let plain: AlignedBuffer<Float>
    private let packed: AlignedBuffer<UInt8>
    /// The caller's.
    private var state: UnsafePointer<Float>?

    init(
        _ program: Program, parameters: ParameterLayout, kernels: [ConvolutionKernel]
    ) throws(EngineError) {
        self.parameters = parameters
        self.kernels = kernels
        convolutions = program.convolutions
        linears = program.linears
        var layers = [Int?](repeating: nil, count: parameters.tensors.count)
        for (layer, convolution) in program.convolutions.enumerated() { layers[convolution.weight] = layer }
        for (layer, linear) in program.linears.enumerated() { layers[linear.weight] = layer }
        self.layers = layers
        var plainCount = 0
        plainOffsets = parameters.tensors.map { tensor in
            guard tensor.role != .convolutionWeight else { return nil }
            defer { plainCount += MemoryPlan.aligned(tensor.count, of: .fp32) }
            return plainCount
        }
        var packedCount = 0
        var packedOffsets: [Int] = []
        for kernel in kernels {
            packedOffsets.append(packedCount)
            let larger = max(kernel.forwardWeightCount, kernel.backwardWeightCount)
            packedCount += MemoryPlan.aligned(larger * kernel.elements.byteCount)
        }
        self.packedOffsets = packedOffsets
        plain = try AlignedBuffer(attempting: plainCount)
        packed = try AlignedBuffer(attempting: packedCount)
    }

    var byteCount: Int { plain.count * MemoryLayout<Float>.stride + packed.count }

    /// A tensor that is not a convolution weight.
    func tensor(_ index: Int) -> UnsafePointer<Float> {
        guard let offset = plainOffsets[index] else {
            preconditionFailure("\(parameters.tensors[index].name) is kept packed")
        }
        return UnsafePointer(plain.pointer + offset)
    }

    /// A convolution's weight, for the passes of the present direction.
    func convolution(_ layer: Int) -> UnsafeRawPointer {
        UnsafeRawPointer(packed.pointer + packedOffsets[layer])
    }

    /// - Parameter state: the whole state, in the parameter layout's order; read whenever the direction
    ///   changes.
    func use(_ state: UnsafePointer<Float>) {
        self.state = state
        direction = .forward
    }

    /// Takes over one tensor of the state, or packs it for the other direction; different tensors by
    /// different threads at once.
    func set(_ index: Int, for direction: Direction) {
        guard let state else { preconditionFailure("no weights were set") }
        let tensor = parameters.tensors[index]
        let source = state + tensor.offset
        if tensor.role == .convolutionWeight {
            guard let layer = layers[index] else { return }
            let target = packed.pointer + packedOffsets[layer]
            switch direction {
            case .forward: kernels[layer].packForward(source, into: target)
            case .backward where kernels[layer].needsInputGradient:
                kernels[layer].packBackward(source, into: target)
            case .backward: break
            }
            return
        }
        guard direction == .forward, let offset = plainOffsets[index] else { return }
        if tensor.role == .linearWeight, let layer = layers[index] {
            linears[layer].permute(source, into: plain.pointer + offset)
        } else {
            (plain.pointer + offset).update(from: source, count: tensor.count)
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
