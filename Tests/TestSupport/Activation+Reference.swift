import NeuralNet

extension Activation {
    /// The function and its derivative, as PyTorch has them at the corners.
    package func reference(_ x: Double) -> (value: Double, slope: Double) {
        let sigmoid = 1 / (1 + exponential(-x))
        switch self {
        case .relu:
            return x > 0 ? (x, 1) : (0, 0)
        case .relu6:
            return (min(max(x, 0), 6), x > 0 && x < 6 ? 1 : 0)
        case .swish:
            return (x * sigmoid, sigmoid * (1 + x * (1 - sigmoid)))
        case .hardSwish:
            if x <= -3 { return (0, 0) }
            return x < 3 ? (x * (x + 3) / 6, (2 * x + 3) / 6) : (x, 1)
        case .sigmoid:
            return (sigmoid, sigmoid * (1 - sigmoid))
        case .hardSigmoid:
            return (min(max(x + 3, 0), 6) / 6, x > -3 && x < 3 ? 1.0 / 6 : 0)
        }
    }
}
