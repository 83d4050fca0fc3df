import CKernels

// Activations as the kernels of CKernels take them.

extension UnsafeRawPointer {
    var fp32: UnsafePointer<Float> { assumingMemoryBound(to: Float.self) }
    var bf16: UnsafePointer<UInt16> { assumingMemoryBound(to: UInt16.self) }
}

extension UnsafeMutableRawPointer {
    var fp32: UnsafeMutablePointer<Float> { assumingMemoryBound(to: Float.self) }
    var bf16: UnsafeMutablePointer<UInt16> { assumingMemoryBound(to: UInt16.self) }
}

extension Activation {
    /// The number that it has in CKernels.
    var code: Int32 {
        let kind =
            switch self {
            case .relu: ESPALIER_RELU
            case .relu6: ESPALIER_RELU6
            case .swish: ESPALIER_SWISH
            case .hardSwish: ESPALIER_HARD_SWISH
            case .sigmoid: ESPALIER_SIGMOID
            case .hardSigmoid: ESPALIER_HARD_SIGMOID
            }
        return Int32(kind.rawValue)
    }
}

extension Activation? {
    var code: Int32 { self?.code ?? Int32(ESPALIER_NO_ACTIVATION.rawValue) }
}
