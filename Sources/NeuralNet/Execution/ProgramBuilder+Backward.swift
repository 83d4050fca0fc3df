import TensorCore

extension ProgramBuilder {
    /// A piece of a unit's backward pass. The norms' second piece follows a meeting of the threads.
    private struct Job {
        var unit: Unit
        var stage: Int
        var isNormApply = false
    }

    mutating func buildBackward(into program: inout Program) {
        let jobs = backwardJobs()
        program.backward = Array(repeating: Program.Stage(), count: (jobs.map(\.stage).max() ?? 0) + 1)
        var gradients = GradientBuffers(jobs: jobs.map { ($0.unit, $0.isNormApply) })
        let last = graph.nodes.count - 1
        let seed = program.makeBuffer(count(last), .fp32)
        program.backward[0].works.append(.loss(logits: program.logits, gradient: seed))
        let (gradient, works) = convert(seed, for: last, &program)
        gradients.buffers[last] = gradient
        program.backward[0].works += works
        for (number, node) in features.enumerated() {
            let seed = program.makeBuffer(count(node), .fp32)
            program.backward[0].works.append(
                .featureLoss(feature: number, output: program.features[number], gradient: seed))
            let (gradient, works) = convert(seed, for: node, &program)
            gradients.buffers[node] = gradient
            program.backward[0].works += works
        }
        for (position, job) in jobs.enumerated() {
            let works = backwardWorks(of: job, position: position, &gradients, &program)
            program.backward[job.stage].works += works
            if job.unit.isNorm, !job.isNormApply, needsGradient[job.unit.node] {
                program.backward[job.stage + 1].norms.append(layers[job.unit.node])
            }
        }
    }

    /// Jobs in the order in which each slice does them: by stage, then against the graph.
    private func backwardJobs() -> [Job] {
        var stageOf = [Int?](repeating: nil, count: graph.nodes.count)
        for node in features + [graph.nodes.count - 1] { stageOf[node] = 0 }
        var jobs: [Job] = []
        for unit in units.reversed() {
            guard let stage = stageOf[unit.last], needsGradient[unit.last] else { continue }
            jobs.append(Job(unit: unit, stage: stage))
            if unit.isNorm { jobs.append(Job(unit: unit, stage: stage + 1, isNormApply: true)) }
            for (place, input) in unit.inputs.enumerated() where needsGradient[input] {
                let contribution = unit.isNorm && place == 0 ? stage + 1 : stage
                stageOf[input] = max(stageOf[input] ?? 0, contribution)
            }
        }
        return jobs.enumerated().sorted {
            ($0.element.stage, $1.element.unit.last, $0.offset)
                < ($1.element.stage, $0.element.unit.last, $1.offset)
        }.map(\.element)
    }

    private mutating func backwardWorks(
        of job: Job, position: Int, _ gradients: inout GradientBuffers, _ program: inout Program
    ) -> [Work] {
        let unit = job.unit
        guard let gradient = gradients.buffers[unit.last] else { return [] }
        let layer = layers[unit.node]
        var works: [Work] = []
        func pass(_ body: (Buffer) -> Work) {
            works += contribute(to: unit.inputs[0], from: unit, &gradients, &program, body)
        }
        func input() -> Buffer { recall(unit.inputs[0], for: unit, &works, in: &program) ?? gradient }
        switch graph.nodes[unit.node].operation {
        case .input:
            break
        case .convolution:
            let input = input()
            works.append(.convolveBackWeights(layer: layer, input: input, outputGradient: gradient))
            pass { .convolveBackData(layer: layer, outputGradient: gradient, inputGradient: $0) }
        case .linear:
            let input = input()
            works.append(.multiplyBackWeights(layer: layer, input: input, outputGradient: gradient))
            pass { .multiplyBackData(layer: layer, outputGradient: gradient, inputGradient: $0) }
        case .maxPool, .averagePool:
            let workspace = workspaces[unit.node]
            pass {
                .poolBack(layer: layer, outputGradient: gradient, workspace: workspace, inputGradient: $0)
            }
        case .globalAveragePool:
            pass { .averageBack(layer: layer, outputGradient: gradient, inputGradient: $0) }
        case .activation(let activation):
            let input = input()
            works.append(.activateBack(activation, gradient: gradient, input: input, count: count(unit.last)))
            works += hand(gradient, to: unit.inputs[0], from: position, until: position, &gradients, &program)
        case .add:
            works += copy(gradient, to: unit.inputs[1], &gradients, &program)
            works += hand(gradient, to: unit.inputs[0], from: position, until: position, &gradients, &program)
        case .concatenate:
            works += concatenationWorks(of: unit, gradient: gradient, &gradients, &program)
        case .scale:
            works += scaleWorks(of: unit, position: position, gradient: gradient, &gradients, &program)
        case .batchNorm:
            works += normWorks(of: job, position: position, gradient: gradient, &gradients, &program)
        }
        return works
    }

    private mutating func normWorks(
        of job: Job, position: Int, gradient: Buffer, _ gradients: inout GradientBuffers,
        _ program: inout Program
    ) -> [Work] {
        let unit = job.unit
        var works: [Work] = []
        guard let input = recall(unit.inputs[0], for: unit, &works, in: &program) else { return [] }
        let layer = layers[unit.node]
        guard job.isNormApply else {
            let output = unit.changesGradientInPlace ? recall(unit.last, &works, in: &program) : nil
            works.append(.normBackSums(layer: layer, gradient: gradient, output: output, input: input))
            guard let residual = unit.residual else { return works }
            let apply = gradients.lastPosition(of: unit)
            return works + hand(gradient, to: residual, from: position, until: apply, &gradients, &program)
        }
        if isFree(gradient, of: unit, for: unit.inputs[0], after: position, gradients) {
            gradients.buffers[unit.inputs[0]] = gradient
            let apply = Work.normBackApply(
                layer: layer, gradient: gradient, input: input, inputGradient: gradient)
            return works + [apply]
        }
        return works
            + contribute(to: unit.inputs[0], from: unit, &gradients, &program) {
                .normBackApply(layer: layer, gradient: gradient, input: input, inputGradient: $0)
            }
    }

    /// Each input's channels of the gradient.
    private func concatenationWorks(
        of unit: Unit, gradient: Buffer, _ gradients: inout GradientBuffers, _ program: inout Program
    ) -> [Work] {
        var works: [Work] = []
        for (part, input) in zip(layers[unit.node]..., unit.inputs) {
            func work(_ inputGradient: Buffer, accumulates: Bool) -> Work {
                .concatenateBack(
                    part: part, outputGradient: gradient, inputGradient: inputGradient,
                    accumulates: accumulates)
            }
            if let sum = gradients.buffers[input], types[input] == types[unit.last] {
                works.append(work(sum, accumulates: true))
            } else {
                works += contribute(to: input, from: unit, &gradients, &program) {
                    work($0, accumulates: false)
                }
            }
        }
        return works
    }

    private mutating func scaleWorks(
        of unit: Unit, position: Int, gradient: Buffer, _ gradients: inout GradientBuffers,
        _ program: inout Program
    ) -> [Work] {
        var works: [Work] = []
        let layer = layers[unit.node]
        guard let input = recall(unit.inputs[0], for: unit, &works, in: &program),
            let gate = recall(unit.inputs[1], for: unit, &works, in: &program)
        else { return [] }
        works += contribute(to: unit.inputs[1], from: unit, &gradients, &program) {
            .scaleBackGate(layer: layer, outputGradient: gradient, input: input, gateGradient: $0)
        }
        func back(_ inputGradient: Buffer) -> Work {
            .scaleBackInput(layer: layer, outputGradient: gradient, gate: gate, inputGradient: inputGradient)
        }
        if isFree(gradient, of: unit, for: unit.inputs[0], after: position, gradients) {
            gradients.buffers[unit.inputs[0]] = gradient
            return works + [back(gradient)]
        }
        return works + contribute(to: unit.inputs[0], from: unit, &gradients, &program, back)
    }

    /// Whether the gradient of a unit's value may be turned into that of its input, in place.
    private func isFree(
        _ gradient: Buffer, of unit: Unit, for input: Int, after position: Int, _ gradients: GradientBuffers
    ) -> Bool {
        gradients.buffers[input] == nil && needsGradient[input]
            && !gradients.isNeeded(gradient, byOthersThan: unit.last, after: position)
    }

    /// Works that add to the gradient of `node` what `body`, a pass of `unit`, writes: straight into its
    /// buffer if it is the first.
    private func contribute(
        to node: Int, from unit: Unit, _ gradients: inout GradientBuffers, _ program: inout Program,
        _ body: (Buffer) -> Work
    ) -> [Work] {
        guard needsGradient[node] else { return [] }
        let written = program.makeBuffer(count(node), wanted(of: node, by: unit))
        let (fresh, conversion) = convert(written, for: node, &program)
        let works = [body(written)] + conversion
        guard let sum = gradients.buffers[node] else {
            gradients.buffers[node] = fresh
            return works
        }
        return works + [.accumulate(from: fresh, into: sum, count: count(node))]
    }

    /// A gradient in the type that gradients of `node` have, and the work that makes it so.
    private func convert(
        _ gradient: Buffer, for node: Int, _ program: inout Program
    ) -> (buffer: Buffer, works: [Work]) {
        guard program.bufferTypes[gradient] != types[node] else { return (gradient, []) }
        let fresh = program.makeBuffer(count(node), types[node])
        return (fresh, [.convert(from: gradient, to: fresh, count: count(node))])
    }

    /// Adds the contents of a buffer to the gradient of `node`, and leaves the buffer alone.
    private func copy(
        _ gradient: Buffer, to node: Int, _ gradients: inout GradientBuffers, _ program: inout Program
    ) -> [Work] {
        guard needsGradient[node] else { return [] }
        let (same, conversion) = convert(gradient, for: node, &program)
        if let sum = gradients.buffers[node] {
            return conversion + [.accumulate(from: same, into: sum, count: count(node))]
        }
        guard conversion.isEmpty else {
            gradients.buffers[node] = same
            return conversion
        }
        let fresh = program.makeBuffer(count(node), types[node])
        gradients.buffers[node] = fresh
        return [.copy(from: gradient, to: fresh, count: count(node))]
    }

    /// As `copy`, by the job at `start`; but the buffer itself becomes the gradient of `node` if nothing
    /// changes that before the job at `end`, the last to read the buffer for what it was.
    private func hand(
        _ gradient: Buffer, to node: Int, from start: Int, until end: Int, _ gradients: inout GradientBuffers,
        _ program: inout Program
    ) -> [Work] {
        guard needsGradient[node], gradients.buffers[node] == nil,
            program.bufferTypes[gradient] == types[node], gradients.isUntouched(node, from: start, until: end)
        else { return copy(gradient, to: node, &gradients, &program) }
        gradients.buffers[node] = gradient
        return []
    }
}
