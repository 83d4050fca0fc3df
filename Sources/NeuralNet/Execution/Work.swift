/// A buffer of one slice, by its index in the program; where it lies is the memory plan's business.
typealias Buffer = Int

/// What a compute thread does with one slice in one go. Layers are indices into the program's tables; buffers
/// hold NHWC activations of the slice's images, or their gradients.
enum Work: Equatable {
    /// Asks the shard's source for the slice's images.
    case load(into: Buffer)
    case convolve(layer: Int, input: Buffer, output: Buffer)
    case multiply(layer: Int, input: Buffer, output: Buffer)
    case pool(layer: Int, input: Buffer, output: Buffer, workspace: Buffer?)
    case average(layer: Int, input: Buffer, output: Buffer)
    case activate(Activation, input: Buffer, output: Buffer, count: Int)
    case add(first: Buffer, second: Buffer, output: Buffer, count: Int)
    /// One input of a concatenation to its channels of the output. Also in the backward pass.
    case concatenate(part: Int, input: Buffer, output: Buffer)
    /// Also in the backward pass.
    case scale(layer: Int, input: Buffer, gate: Buffer, output: Buffer)
    /// Channel sums of a norm's input, straight after the input was written. Skipped in evaluation.
    case normSums(layer: Int, input: Buffer)
    /// output = act(norm(input) + residual). Also in the backward pass, for outputs that were not kept.
    case normalize(layer: Int, input: Buffer, residual: Buffer?, output: Buffer)

    /// Loss, ranks and the logits' gradient.
    case loss(logits: Buffer, gradient: Buffer)
    /// The loss of features within the network, and their gradient.
    case featureLoss(feature: Int, output: Buffer, gradient: Buffer)
    case convolveBackWeights(layer: Int, input: Buffer, outputGradient: Buffer)
    case convolveBackData(layer: Int, outputGradient: Buffer, inputGradient: Buffer)
    case multiplyBackWeights(layer: Int, input: Buffer, outputGradient: Buffer)
    case multiplyBackData(layer: Int, outputGradient: Buffer, inputGradient: Buffer)
    case poolBack(layer: Int, outputGradient: Buffer, workspace: Buffer?, inputGradient: Buffer)
    case averageBack(layer: Int, outputGradient: Buffer, inputGradient: Buffer)
    /// In place: the gradient of the activation's input.
    case activateBack(Activation, gradient: Buffer, input: Buffer, count: Int)
    /// Channel sums of the gradient of the normalised value. With `output`, which is given if an activation
    /// comes after a fused add, `gradient` becomes that gradient; otherwise it stays that of the activation's
    /// output.
    case normBackSums(layer: Int, gradient: Buffer, output: Buffer?, input: Buffer)
    /// `gradient` as the sums left it; `inputGradient` may be `gradient`.
    case normBackApply(layer: Int, gradient: Buffer, input: Buffer, inputGradient: Buffer)
    /// The gradient of one input of a concatenation, overwritten or added to.
    case concatenateBack(part: Int, outputGradient: Buffer, inputGradient: Buffer, accumulates: Bool)
    /// The gradient of a scale's gate.
    case scaleBackGate(layer: Int, outputGradient: Buffer, input: Buffer, gateGradient: Buffer)
    /// `inputGradient` may be `outputGradient`.
    case scaleBackInput(layer: Int, outputGradient: Buffer, gate: Buffer, inputGradient: Buffer)
    /// From one element type to the other.
    case convert(from: Buffer, to: Buffer, count: Int)
    case copy(from: Buffer, to: Buffer, count: Int)
    case accumulate(from: Buffer, into: Buffer, count: Int)

    /// Every buffer that the work reads or writes.
    var buffers: [Buffer] {
        switch self {
        case .load(let into): [into]
        case .convolve(_, let input, let output), .multiply(_, let input, let output),
            .average(_, let input, let output), .activate(_, let input, let output, _),
            .concatenate(_, let input, let output):
            [input, output]
        case .pool(_, let input, let output, let workspace): [input, output] + [workspace].compactMap(\.self)
        case .add(let first, let second, let output, _): [first, second, output]
        case .scale(_, let input, let gate, let output): [input, gate, output]
        case .normSums(_, let input): [input]
        case .normalize(_, let input, let residual, let output):
            [input, output] + [residual].compactMap(\.self)
        case .loss(let logits, let gradient): [logits, gradient]
        case .featureLoss(_, let output, let gradient): [output, gradient]
        case .convolveBackWeights(_, let input, let outputGradient),
            .multiplyBackWeights(_, let input, let outputGradient):
            [input, outputGradient]
        case .convolveBackData(_, let outputGradient, let inputGradient),
            .multiplyBackData(_, let outputGradient, let inputGradient),
            .averageBack(_, let outputGradient, let inputGradient),
            .concatenateBack(_, let outputGradient, let inputGradient, _):
            [outputGradient, inputGradient]
        case .poolBack(_, let outputGradient, let workspace, let inputGradient):
            [outputGradient, inputGradient] + [workspace].compactMap(\.self)
        case .activateBack(_, let gradient, let input, _): [gradient, input]
        case .normBackSums(_, let gradient, let output, let input):
            [gradient, input] + [output].compactMap(\.self)
        case .normBackApply(_, let gradient, let input, let inputGradient): [gradient, input, inputGradient]
        case .scaleBackGate(_, let outputGradient, let input, let gateGradient):
            [outputGradient, input, gateGradient]
        case .scaleBackInput(_, let outputGradient, let gate, let inputGradient):
            [outputGradient, gate, inputGradient]
        case .convert(let from, let to, _), .copy(let from, let to, _): [from, to]
        case .accumulate(let from, let into, _): [from, into]
        }
    }
}
