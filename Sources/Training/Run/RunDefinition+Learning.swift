import Hypernet
import ImageData
package import NeuralNet
import Recipe

/// How a run's steps change the weights.
extension RunDefinition {
    package var optimizer: Optimizer { Optimizer(recipe.optimizer) }

    /// Steps since the phase began, of one that is counted from 0 over both phases. Learning rates and the
    /// optimizer's step numbers go by it.
    /// - Parameter plan: nil in the search phase, and in a run without shrink.
    func phaseStep(_ step: Int, plan: Plan?) -> Int {
        let isSearch = recipe.shrink != nil && plan == nil
        return isSearch ? step : max(step - searchSteps, 0)
    }

    /// The learning rate of step `step`, counted from 0 over both phases. The search runs at the first
    /// epoch's, without a warm-up.
    func learningRate(step: Int, plan: Plan?) -> Float {
        let schedule = LearningRateSchedule(recipe)
        if recipe.shrink != nil, plan == nil { return schedule.rate(epoch: 0) }
        let step = phaseStep(step, plan: plan)
        return schedule.rate(
            epoch: step * recipe.batch / train.count, step: step, warmupSteps: warmupSteps)
    }

    /// Steps of the converge phase at its start in which the rate grows: the warm-up's epochs, rounded up.
    var warmupSteps: Int {
        Int((recipe.schedule.warmupEpochs * Double(train.count) / Double(recipe.batch)).rounded(.up))
    }

    /// The same as the decimal number that people wrote: 0.1, not the nearest float's 0.10000000149.
    func shownLearningRate(step: Int, plan: Plan?) -> Double {
        Double("\(learningRate(step: step, plan: plan))") ?? 0
    }

    /// What the optimizer goes by in step `step`, counted from 0 over both phases.
    func optimizerStep(_ step: Int, plan: Plan?) -> OptimizerStep {
        OptimizerStep(
            rate: learningRate(step: step, plan: plan), number: phaseStep(step, plan: plan) + 1)
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
