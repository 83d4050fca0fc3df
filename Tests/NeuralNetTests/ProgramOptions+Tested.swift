public import NeuralNet
public import Testing

extension ProgramOptions {
    /// The usual ones, and ones that cut even small networks in tiles.
    static let tested = [ProgramOptions(), small]

    private static let small: ProgramOptions = {
        var options = ProgramOptions()
        options.tileBytes = 0
        options.tileBytesPerWeightByte = 0
        options.gradientPixelsMin = 0
        options.blocksAgain = 2
        return options
    }()
}

extension ProgramOptions: CustomTestStringConvertible {
    public var testDescription: String { tileBytes == 0 ? "small" : "usual" }
}
