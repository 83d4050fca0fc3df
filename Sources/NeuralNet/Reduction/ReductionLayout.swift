/// Where each quantity lies in the flat vector of Int32 that a step's reduction adds up.
///
/// Index-compatible with ``ParameterLayout``: gradients of the parameters, then batch statistics for the
/// running mean and variance, then four metrics. Each tensor is one segment, with one fixed-point exponent.
public struct ReductionLayout: Equatable, Sendable {
    public enum Kind: Equatable, Sendable {
        /// ∂L/∂parameter, added once a slice.
        case gradientOfSlice
        /// ∂L/∂γ or ∂L/∂β of a batch norm, added once a shard.
        case gradientOfShard
        /// A shard's mean or unbiased variance, divided by the number of shards of the global batch.
        case statistic
        /// Loss sum, correct answers, images; see ``StepMetrics``.
        case metric
    }

    public struct Segment: Equatable, Sendable {
        /// The tensor's name in ``ParameterLayout``, or the metric's.
        public let name: String
        public let kind: Kind
        public let offset: Int
        public let count: Int

        public var range: Range<Int> { offset..<offset + count }
    }

    public private(set) var segments: [Segment]
    /// Elements of the whole vector.
    public let count: Int
    /// Where the four metrics begin: the parameter layout's `count`.
    public let metricsOffset: Int

    public init(_ layout: ParameterLayout) {
        segments = layout.tensors.map { tensor in
            Segment(name: tensor.name, kind: Kind(tensor.role), offset: tensor.offset, count: tensor.count)
        }
        metricsOffset = layout.count
        for (index, name) in StepMetrics.names.enumerated() {
            segments.append(Segment(name: name, kind: .metric, offset: layout.count + index, count: 1))
        }
        count = layout.count + StepMetrics.names.count
    }
}

extension ReductionLayout.Kind {
    init(_ role: ParameterLayout.Role) {
        switch role {
        case .convolutionWeight, .convolutionBias, .linearWeight, .linearBias: self = .gradientOfSlice
        case .normScale, .normShift: self = .gradientOfShard
        case .runningMean, .runningVariance: self = .statistic
        }
    }
}
