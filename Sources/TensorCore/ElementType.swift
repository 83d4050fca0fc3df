internal import COneDNN

/// How activations and their gradients are stored. Weights outside of convolutions, statistics and sums are
/// fp32 or more either way.
public enum ElementType: String, Hashable, Sendable, CaseIterable {
    case fp32
    /// The upper half of an fp32, rounded to nearest even.
    case bf16

    public var byteCount: Int {
        switch self {
        case .fp32: 4
        case .bf16: 2
        }
    }

    var dnnl: dnnl_data_type_t {
        switch self {
        case .fp32: dnnl_f32
        case .bf16: dnnl_bf16
        }
    }

    /// The lowest instruction level at which the type is computed with; nil: any.
    public var instructionLevel: String? {
        switch self {
        case .fp32: nil
        case .bf16: "avx512_core_bf16"
        }
    }
}
