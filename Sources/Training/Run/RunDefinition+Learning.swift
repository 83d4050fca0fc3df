import ImageData
package import NeuralNet
import Recipe

/// How a run's steps change the weights.
extension RunDefinition {
    package var optimizer: Optimizer { Optimizer(recipe.optimizer) }

    /// The learning rate of step `step`, counted from 0 over both phases. The search runs at the first
    /// epoch's, without a warm-up.
    /// - Parameter searchEnd: the plan's step; nil in the search.
    func learningRate(step: Int, searchEnd: Int?) -> Float {
        let schedule = LearningRateSchedule(recipe)
        guard let searchEnd else { return schedule.rate(epoch: 0) }
        let step = phaseStep(step, searchEnd: searchEnd)
        return schedule.rate(
            epoch: step * recipe.batch / train.count, step: step, warmupSteps: warmupSteps)
    }

    /// Steps of the converge phase at its start in which the rate grows: the warm-up's epochs, rounded up.
    var warmupSteps: Int {
        Int((recipe.schedule.warmupEpochs * Double(train.count) / Double(recipe.batch)).rounded(.up))
    }

    /// The same as the decimal number that people wrote: 0.1, not the nearest float's 0.10000000149.
    func shownLearningRate(step: Int, searchEnd: Int?) -> Double {
        Double("\(learningRate(step: step, searchEnd: searchEnd))") ?? 0
    }

    /// What the optimizer goes by in step `step`, counted from 0 over both phases.
    func optimizerStep(_ step: Int, searchEnd: Int?) -> OptimizerStep {
        OptimizerStep(
            rate: learningRate(step: step, searchEnd: searchEnd),
            number: phaseStep(step, searchEnd: searchEnd) + 1)
    }
}

extension Optimizer {
    init(_ settings: Recipe.Optimizer) {
        let kind: Kind =
            switch settings.kind {
            case .sgd: .sgd(momentum: settings.momentum, isNesterov: settings.nesterov)
            case .adam:
                .adam(beta1: settings.beta1, beta2: settings.beta2, epsilon: settings.epsilon)
            case .rmsprop:
                .rmsprop(alpha: settings.alpha, epsilon: settings.epsilon, momentum: settings.momentum)
            }
        self.init(kind, weightDecay: settings.weightDecay, clipNorm: settings.clipNorm)
    }
}

extension LearningRateSchedule {
    init(_ recipe: Recipe) {
        let base = Float(recipe.optimizer.learningRate)
        switch recipe.schedule.course {
        case .constant: self = .constant(base: base)
        case .step(_, let factor):
            let epochs = recipe.schedule.milestoneEpochs(epochs: recipe.epochs)
            self = .milestones(base: base, epochs: epochs.map { Int($0.rounded(.up)) }, factor: Float(factor))
        case .cosine:
            self = .cosine(base: base, epochs: recipe.epochs)
        }
    }
}
