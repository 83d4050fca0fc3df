/// When a shard has added everything to a place of the sums: the backward pass goes from the last layer to the
/// first, and what it has left behind can be sent while it goes on.
extension Executor {
    /// After how many stages of the backward pass a range of the vector gets nothing more of a shard; nil:
    /// only at the step's end.
    public func settledStage(of range: Range<Int>) -> Int? {
        var last = 0
        for (index, segment) in layout.segments.enumerated() where segment.range.overlaps(range) {
            guard let stage = settledStages[index] else { return nil }
            last = max(last, stage)
        }
        return last
    }

    /// By segment.
    static func settledStages(_ program: Program, _ layout: ReductionLayout) -> [Int?] {
        // Statistics are added in the forward pass, metrics when the step is reported.
        var stages: [Int?] = layout.segments.map { $0.kind == .metric ? nil : 0 }
        for (number, stage) in program.backward.enumerated() {
            for norm in stage.norms.map({ program.norms[$0] }) {
                for segment in [norm.scale, norm.shift] { stages[segment] = number + 1 }
            }
            for work in stage.works {
                for segment in work.weightSegments(program) { stages[segment] = number + 1 }
            }
        }
        // The last stage has nobody to tell of its end but the step's end.
        return stages.map { $0 == program.backward.count ? nil : $0 }
    }
}

extension Work {
    /// Segments to which it adds gradients.
    fileprivate func weightSegments(_ program: Program) -> [Int] {
        switch self {
        case .convolveBackWeights(let layer, _, _):
            let convolution = program.convolutions[layer]
            return [convolution.weight] + (convolution.bias.map { [$0] } ?? [])
        case .multiplyBackWeights(let layer, _, _):
            return [program.linears[layer].weight, program.linears[layer].bias]
        default: return []
        }
    }
}
