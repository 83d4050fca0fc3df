import NeuralNet

/// What a convolution's groups mean for the wiring.
enum GroupForm {
    /// One group: the outputs are new channels.
    case one
    /// A group a channel: the outputs are the inputs' channels.
    case depthwise
    /// Groups of several channels that go as wholes; the outputs are the inputs' channels.
    case whole
    /// Groups of several channels that all narrow alike; the outputs are new channels.
    case narrow

    /// Nil for forms that have no wiring: other group widths of outputs than of inputs, if they are to go
    /// together.
    init?(_ convolution: Convolution, inputs: Int) {
        let keepsWidth = convolution.outChannels == inputs
        if convolution.groups == 1 {
            self = .one
        } else if convolution.groups < inputs, convolution.groupPruning == .narrow {
            self = .narrow
        } else if keepsWidth {
            self = convolution.groups == inputs ? .depthwise : .whole
        } else {
            return nil
        }
    }
}
