import TensorCore

extension Executor {
    func performForward(_ work: Work, _ tile: Tile, _ lane: Lane, _ shard: any ShardSource, _ mode: Mode) {
        let slice = tile.slice
        func at(_ index: Buffer) -> UnsafeMutableRawPointer { memory(index, tile, lane) }
        func floats(_ index: Buffer) -> UnsafeMutablePointer<Float> {
            at(index).assumingMemoryBound(to: Float.self)
        }
        func type(_ index: Buffer) -> ElementType { program.bufferTypes[index] }
        switch work {
        case .load(let into):
            load(shard, slice: slice, into: floats(into))
        case .convolve(let layer, let input, let output):
            lane.convolutions[layer].forward(
                input: at(input), weight: packed.forward(layer),
                bias: program.convolutions[layer].bias.map { weights.tensor($0) }, output: at(output))
        case .multiply(let layer, let input, let output):
            multiply(program.linears[layer], input: floats(input), output: floats(output))
        case .pool(let layer, let input, let output, let workspace):
            lane.pools[layer].forward(
                input: at(input), output: at(output),
                workspace: workspace.map(at))
        case .average(let layer, let input, let output):
            let average = program.averages[layer]
            type(input).globalAverage(
                at(input), into: floats(output), program.slice, average.pixels, average.channels)
        case .activate(let activation, let input, let output, let count):
            type(input).activate(activation, at(input), into: at(output), count / tile.count)
        case .add(let first, let second, let output, let count):
            type(output).add(at(first), at(second), into: at(output), count / tile.count)
        case .concatenate(let part, let input, let output):
            type(output).widen(program.parts[part], at(input), into: at(output), tiles: tile.count)
        case .scale(let layer, let input, let gate, let output):
            type(output).scale(
                at(input), gate: at(gate), into: at(output), program.slice / tile.count, program.scales[layer]
            )
        case .normSums(let layer, let input):
            guard mode != .evaluation else { return }
            let norm = program.norms[layer]
            let sums = records.forwardSums(norm, slice: slice)
            if tile.isFirst { sums.update(repeating: 0, count: 2 * norm.channels) }
            type(input).normSums(
                at(input), norm.rows / tile.count, norm.channels, sums, sums + norm.channels)
        case .normalize(let layer, let input, let residual, let output):
            type(input).normApply(
                program.norms[layer], lane.norms, at(input), residual: residual.map { at($0) },
                into: at(output), tiles: tile.count)
        case .convert(let from, let to, let count):
            type(from).convert(at(from), to: type(to), at(to), count / tile.count)
        default:
            preconditionFailure("\(work) is not a forward work")
        }
    }

    /// A slice's images and labels; zeros for those that a short shard lacks, and after an error.
    private func load(_ shard: any ShardSource, slice: Int, into input: UnsafeMutablePointer<Float>) {
        let pixels = graph.inputShape.count
        for place in 0..<program.slice {
            let index = slice * program.slice + place
            let image = UnsafeMutableBufferPointer(start: input + place * pixels, count: pixels)
            records.labels.pointer[index] = 0
            guard index < shard.count else {
                image.update(repeating: 0)
                continue
            }
            do {
                let label = shard.label(index)
                guard 0..<program.classes ~= label else {
                    throw ShardError.label(label, image: index, classes: program.classes)
                }
                records.labels.pointer[index] = label
                try shard.write(index, into: image)
            } catch {
                image.update(repeating: 0)
                records.note(error, slice: slice)
            }
        }
    }

    /// output (slice, out) = input (slice, in) · weightᵀ + bias.
    private func multiply(
        _ layer: LinearLayer, input: UnsafePointer<Float>, output: UnsafeMutablePointer<Float>
    ) {
        let bias = weights.tensor(layer.bias)
        for image in 0..<program.slice {
            (output + image * layer.outFeatures).update(from: bias, count: layer.outFeatures)
        }
        DenseAlgebra.multiply(
            m: program.slice, n: layer.outFeatures, k: layer.inFeatures, input, weights.tensor(layer.weight),
            transposeB: true, into: output, beta: 1)
    }
}
