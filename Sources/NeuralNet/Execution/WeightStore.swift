import TensorCore

/// The network's state as the passes want it: convolution weights packed for oneDNN, linear weights with
/// their inputs in NHWC order, everything else as it comes.
final class WeightStore {
    private let parameters: ParameterLayout
    private let convolutions: [ConvolutionLayer]
    private let linears: [LinearLayer]
    private let kernels: [ConvolutionKernel]
    /// By tensor: where it begins in `plain`; nil for convolution weights.
    private let plainOffsets: [Int?]
    /// By convolution, in bytes.
    private let forwardOffsets: [Int]
    private let backwardOffsets: [Int]
    private let plain: AlignedBuffer<Float>
    private let forward: AlignedBuffer<UInt8>
    private let backward: AlignedBuffer<UInt8>

    init(
        _ program: Program, parameters: ParameterLayout, kernels: [ConvolutionKernel]
    ) throws(EngineError) {
        self.parameters = parameters
        self.kernels = kernels
        convolutions = program.convolutions
        linears = program.linears
        var plainCount = 0
        plainOffsets = parameters.tensors.map { tensor in
            guard tensor.role != .convolutionWeight else { return nil }
            defer { plainCount += MemoryPlan.aligned(tensor.count, of: .fp32) }
            return plainCount
        }
        var (forwardCount, backwardCount) = (0, 0)
        var (forwardOffsets, backwardOffsets) = ([Int](), [Int]())
        for kernel in kernels {
            forwardOffsets.append(forwardCount)
            backwardOffsets.append(backwardCount)
            forwardCount += MemoryPlan.aligned(kernel.forwardWeightCount * kernel.elements.byteCount)
            backwardCount += MemoryPlan.aligned(kernel.backwardWeightCount * kernel.elements.byteCount)
        }
        self.forwardOffsets = forwardOffsets
        self.backwardOffsets = backwardOffsets
        plain = try AlignedBuffer(attempting: plainCount)
        forward = try AlignedBuffer(attempting: forwardCount)
        backward = try AlignedBuffer(attempting: backwardCount)
    }

    var byteCount: Int { plain.count * MemoryLayout<Float>.stride + forward.count + backward.count }

    /// A tensor that is not a convolution weight.
    func tensor(_ index: Int) -> UnsafePointer<Float> {
        guard let offset = plainOffsets[index] else {
            preconditionFailure("\(parameters.tensors[index].name) is kept packed")
        }
        return UnsafePointer(plain.pointer + offset)
    }

    func packedForward(_ layer: Int) -> UnsafeRawPointer {
        UnsafeRawPointer(forward.pointer + forwardOffsets[layer])
    }

    func packedBackward(_ layer: Int) -> UnsafeRawPointer {
        UnsafeRawPointer(backward.pointer + backwardOffsets[layer])
    }

    /// Takes over one tensor of the state; different tensors may be set by different threads at once.
    /// - Parameter state: the whole state, in the parameter layout's order.
    func set(_ index: Int, from state: UnsafePointer<Float>) {
        let tensor = parameters.tensors[index]
        let source = state + tensor.offset
        switch tensor.role {
        case .convolutionWeight:
            guard let layer = convolutions.firstIndex(where: { $0.weight == index }) else { return }
            kernels[layer].packForward(source, into: forward.pointer + forwardOffsets[layer])
            if kernels[layer].needsInputGradient {
                kernels[layer].packBackward(source, into: backward.pointer + backwardOffsets[layer])
            }
        case .linearWeight:
            guard let layer = linears.first(where: { $0.weight == index }), let offset = plainOffsets[index]
            else { return }
            layer.permute(source, into: plain.pointer + offset)
        default:
            guard let offset = plainOffsets[index] else { return }
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
