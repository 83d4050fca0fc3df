import TensorCore

// Values that the backward pass reads and that were not kept: they are computed again.
extension ProgramBuilder {
    /// By node, whether its value lasts. The output of a norm, a concatenation or a scale is computed again
    /// from its inputs, which costs one pass over memory, rather than kept, which costs a third to a half of
    /// all memory. See ``ProgramOptions`` for where that ends.
    func kept(_ options: ProgramOptions) -> [Bool] {
        var depths = [Int](repeating: 0, count: graph.nodes.count)
        // A concatenation of concatenations is made of their inputs, however many there are in a row.
        var sourceDepths = depths
        for unit in units where isRepeatable(unit) {
            let inputs = unit.inputs.map {
                depths[$0] > 0 && isPart($0, of: unit.last) ? sourceDepths[$0] : depths[$0]
            }
            let depth = 1 + (inputs.max() ?? 0)
            guard depth <= options.blocksAgain else { continue }
            depths[unit.last] = depth
            sourceDepths[unit.last] = depth - 1
        }
        return depths.map { $0 == 0 }
    }

    private func isRepeatable(_ unit: Unit) -> Bool {
        switch graph.nodes[unit.node].operation {
        case .batchNorm, .concatenate, .scale: true
        default: false
        }
    }

    /// Whether both are concatenations, of one type.
    private func isPart(_ input: Int, of node: Int) -> Bool {
        graph.nodes[node].operation == .concatenate && graph.nodes[input].operation == .concatenate
            && types[input] == types[node]
    }

    /// The works of a repeatable unit, forward or again.
    /// - Parameter layer: of a concatenation, its first part; there is one for each of `inputs`.
    func repeatableWorks(of unit: Unit, layer: Int, _ inputs: [Buffer], output: Buffer) -> [Work] {
        switch graph.nodes[unit.node].operation {
        case .batchNorm:
            return [
                .normalize(
                    layer: layer, input: inputs[0], residual: unit.residual == nil ? nil : inputs[1],
                    output: output)
            ]
        case .concatenate:
            return inputs.enumerated().map { place, input in
                .concatenate(part: layer + place, input: input, output: output)
            }
        case .scale:
            return [.scale(layer: layer, input: inputs[0], gate: inputs[1], output: output)]
        default:
            preconditionFailure("\(graph.nodes[unit.node].name) is not computed twice")
        }
    }

    /// The value of a node as the unit reads it, in the backward pass; works that compute it again are
    /// appended.
    mutating func recall(
        _ node: Int, for unit: Unit, _ works: inout [Work], in program: inout Program
    ) -> Buffer? {
        guard wanted(of: node, by: unit) == types[node] else { return converted[node] }
        return recall(node, &works, in: &program)
    }

    /// The value of a node in its own type, likewise.
    mutating func recall(_ node: Int, _ works: inout [Work], in program: inout Program) -> Buffer? {
        if isKept[node] { return values[node] }
        if let known = recalled[node] { return known }
        guard let unit = units.first(where: { $0.last == node }) else { return nil }
        let sources = sources(of: unit)
        let inputs = sources.compactMap { recall($0, for: unit, &works, in: &program) }
        guard inputs.count == sources.count else { return nil }
        let buffer = program.makeBuffer(count(node), types[node])
        recalled[node] = buffer
        var layer = layers[unit.node]
        if sources != unit.inputs { layer = appendParts(sources, node: node, to: &program) }
        works += repeatableWorks(of: unit, layer: layer, inputs, output: buffer)
        return buffer
    }

    /// What a value is made of when it is computed again: the unit's inputs, or in place of a concatenation
    /// that was not kept, the inputs of that.
    private func sources(of unit: Unit) -> [Int] {
        unit.inputs.flatMap { input in
            guard !isKept[input], isPart(input, of: unit.last) else { return [input] }
            return units.first { $0.last == input }.map { sources(of: $0) } ?? []
        }
    }
}
