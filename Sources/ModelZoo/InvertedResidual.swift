import NeuralNet

/// A block that expands with 1×1, filters each channel, and projects with 1×1 and no activation; with an
/// addition where the shape stays (Sandler and others: MobileNetV2).
struct InvertedResidual: Sendable {
    /// Channels inside. As many as the input's: the expansion is missing.
    let inner: Int
    let channels: Int
    var kernel = 3
    let stride: Int
    let activation: Activation
    /// Between filter and projection.
    var gate: SqueezeExcite?
}

extension NetworkBuilder {
    mutating func add(_ block: InvertedResidual, _ names: ModuleNames) {
        var names = names
        let entry = last
        if block.inner != shape.channels {
            convolve(names.triple(), block.inner, kernel: 1, then: block.activation)
        }
        convolve(
            names.triple(), block.inner, kernel: block.kernel, stride: block.stride, groups: block.inner,
            then: block.activation)
        if let gate = block.gate { self.gate(names.next(), gate) }
        convolve(names.pair(), block.channels, kernel: 1)
        if block.stride == 1, graph.shapes[entry] == shape { merge("\(names.prefix).add", with: entry) }
    }
}
