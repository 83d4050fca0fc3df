/// Finds the one global threshold on importance that meets a budget (METHODS, section 2.5).
package struct ThresholdSearch: Sendable {
    /// One threshold that was tried, and the network it gives.
    package struct Trial: Equatable, Sendable {
        package let threshold: Double
        package let cost: Int
        /// Of the widened network's cost.
        package let ratio: Double
    }

    package struct Outcome: Equatable, Sendable {
        package let threshold: Double
        /// Per vector, ascending.
        package let kept: [[Int]]
        package let cost: Int
        package let ratio: Double
        /// Exact: the cost is within the budget. Reference: it came within the tolerance.
        package let isReached: Bool
        package let trials: [Trial]
    }

    private let rule: KeepRule
    private let model: CostModel
    /// The widened network's cost.
    private let widened: Int

    package init(rule: KeepRule, model: CostModel, widened: Int) {
        self.rule = rule
        self.model = model
        self.widened = widened
    }

    private func trial(_ threshold: Double) -> Trial {
        let cost = model.cost(rule.counts(Float(threshold)))
        return Trial(threshold: threshold, cost: cost, ratio: Double(cost) / Double(widened))
    }

    private func outcome(_ threshold: Double, isReached: Bool, _ trials: [Trial]) -> Outcome {
        let last = trial(threshold)
        return Outcome(
            threshold: threshold, kept: rule.kept(Float(threshold)), cost: last.cost, ratio: last.ratio,
            isReached: isReached, trials: trials)
    }

    /// The smallest threshold whose network costs at most `limit`, by bisection over the ranks of the
    /// importances. If the floors alone cost more, the network of the floors.
    package func exact(limit: Int) -> Outcome {
        let candidates = rule.candidates
        var trials: [Trial] = []
        func fits(_ index: Int) -> Bool {
            trials.append(trial(Double(candidates[index])))
            return trials[trials.count - 1].cost <= limit
        }
        var (low, high) = (0, candidates.count - 1)
        guard fits(high) else { return outcome(Double(candidates[high]), isReached: false, trials) }
        while low < high {
            let middle = (low + high) / 2
            if fits(middle) { high = middle } else { low = middle + 1 }
        }
        return outcome(Double(candidates[high]), isReached: true, trials)
    }

    /// The released code's bisection, threshold by threshold: from 0.005 in steps of 0.01, halved at each
    /// crossing of the target, at most 100 times.
    ///
    /// Where it does not come within the tolerance, the threshold is one update beyond the last one tried;
    /// where the un-pruned network is within it, nothing is tried and 0.005 it is.
    package func reference(target: Double) -> Outcome {
        var threshold = Reference.start
        var step = Reference.step
        var wasAbove: Bool?
        var trials: [Trial] = []
        guard abs(1 - target) > Reference.tolerance else {
            return outcome(threshold, isReached: false, trials)
        }
        while trials.count < Reference.trialsMax {
            let current = trial(threshold)
            trials.append(current)
            if abs(current.ratio - target) <= Reference.tolerance {
                return outcome(threshold, isReached: true, trials)
            }
            let isAbove = current.ratio > target
            if let wasAbove, wasAbove != isAbove { step /= 2 }
            wasAbove = isAbove
            threshold = isAbove ? threshold + step : max(threshold - step, 0)
        }
        return outcome(threshold, isReached: false, trials)
    }

    private enum Reference {
        static let start = 0.005
        static let step = 0.01
        static let tolerance = 0.001
        static let trialsMax = 100
    }
}
