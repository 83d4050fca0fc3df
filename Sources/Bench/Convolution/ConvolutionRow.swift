/// How fast one pass of one convolution goes by one path.
public struct ConvolutionRow: Equatable, Sendable, Encodable {
    public enum Pass: String, Sendable, Encodable, CaseIterable {
        case forward
        case inputGradient = "input_gradient"
        case weightGradient = "weight_gradient"
    }

    public let layer: String
    public let geometry: String
    public let pass: Pass
    public let path: String
    /// oneDNN's name of the code, or our own.
    public let implementation: String
    public let gflops: Double
    /// Bytes of input and output, without the weights.
    public let gbPerSecond: Double
    /// Whether training takes this path.
    public let isChosen: Bool
}
