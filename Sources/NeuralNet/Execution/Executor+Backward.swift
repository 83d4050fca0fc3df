import CKernels
import TensorCore

extension Executor {
    func performBackward(_ work: Work, _ tile: Tile, _ lane: Lane, _ shard: any ShardSource) {
        func at(_ index: Buffer) -> UnsafeMutableRawPointer { memory(index, tile, lane) }
        func floats(_ index: Buffer) -> UnsafeMutablePointer<Float> {
            at(index).assumingMemoryBound(to: Float.self)
        }
        func type(_ index: Buffer) -> ElementType { program.bufferTypes[index] }
        switch work {
        case .loss(_, let gradient):
            performLoss(tile.slice, shard, into: floats(gradient))
        case .featureLoss(let feature, let output, let gradient):
            performFeatureLoss(feature, tile.slice, output: floats(output), into: floats(gradient))
        case .convolveBackWeights(let layer, let input, let gradient):
            convolveBackWeights(layer, tile, lane, input: at(input), gradient: at(gradient))
        case .convolveBackData(let layer, let gradient, let inputGradient):
            lane.convolutions[layer].backwardData(
                outputGradient: at(gradient), weight: packed.backward(layer),
                inputGradient: at(inputGradient))
        case .multiplyBackWeights(let layer, let input, let gradient):
            multiplyBackWeights(layer, lane, input: floats(input), gradient: floats(gradient))
        case .multiplyBackData(let layer, let gradient, let inputGradient):
            let linear = program.linears[layer]
            DenseAlgebra.multiply(
                m: program.slice, n: linear.inFeatures, k: linear.outFeatures, floats(gradient),
                weights.tensor(linear.weight), into: floats(inputGradient))
        case .poolBack(let layer, let gradient, let workspace, let inputGradient):
            lane.pools[layer].backward(
                outputGradient: at(gradient), workspace: workspace.map { UnsafeRawPointer(at($0)) },
                inputGradient: at(inputGradient))
        case .averageBack(let layer, let gradient, let inputGradient):
            let average = program.averages[layer]
            type(inputGradient).globalAverageBackward(
                floats(gradient), into: at(inputGradient), program.slice, average.pixels, average.channels)
        case .activateBack(let activation, let gradient, let input, let count):
            type(gradient).activateBackward(activation, at(gradient), input: at(input), count / tile.count)
        case .concatenateBack(let part, let gradient, let inputGradient, let accumulates):
            type(gradient).narrow(
                program.parts[part], at(gradient), into: at(inputGradient), accumulates: accumulates,
                tiles: tile.count)
        case .scaleBackGate(let layer, let gradient, let input, let gateGradient):
            type(gradient).scaleBackwardGate(
                at(gradient), input: at(input), into: at(gateGradient), program.slice / tile.count,
                program.scales[layer])
        case .scaleBackInput(let layer, let gradient, let gate, let inputGradient):
            type(gradient).scale(
                at(gradient), gate: at(gate), into: at(inputGradient), program.slice / tile.count,
                program.scales[layer])
        case .normBackSums(let layer, let gradient, let output, let input):
            let norm = program.norms[layer]
            let sums = records.backwardSums(norm, slice: tile.slice)
            if tile.isFirst { sums.update(repeating: 0, count: 2 * norm.channels) }
            type(gradient).normBackwardSums(
                norm, lane.norms, at(gradient), output: output.map { at($0) }, at(input), sums,
                tiles: tile.count)
        case .normBackApply(let layer, let gradient, let input, let inputGradient):
            type(gradient).normBackwardApply(
                program.norms[layer], lane.norms, at(gradient), at(input), into: at(inputGradient),
                tiles: tile.count)
        case .convert(let from, let to, let count):
            type(from).convert(at(from), to: type(to), at(to), count / tile.count)
        case .copy(let from, let to, let count):
            at(to).copyMemory(from: at(from), byteCount: count / tile.count * type(from).byteCount)
        case .accumulate(let from, let into, let count):
            type(into).accumulate(at(from), into: at(into), count / tile.count)
        case .normalize, .concatenate, .scale:
            // Values that were not kept.
            performForward(work, tile, lane, shard, .training)
        default:
            preconditionFailure("\(work) is not a backward work")
        }
    }

    private func convolveBackWeights(
        _ index: Int, _ tile: Tile, _ lane: Lane, input: UnsafeRawPointer, gradient: UnsafeRawPointer
    ) {
        let layer = program.convolutions[index]
        let target = lane.weightGradient.pointer
        let bias = layer.bias.map { _ in lane.channelValues.pointer }
        lane.convolutions[index].backwardWeights(
            input: input, outputGradient: gradient, weightGradient: target, biasGradient: bias,
            adds: !tile.isFirst)
        lane.timer?.lap(.convolutionBackwardWeights)
        guard tile.isLast else { return }
        lane.add(target, to: layer.weight, of: sums)
        if let segment = layer.bias, let bias {
            lane.add(bias, to: segment, of: sums)
        }
        lane.timer?.lap(.coding)
    }

    /// Weight (out, in): gradientᵀ · input; bias: the gradient's sums over the slice's images, in order.
    private func multiplyBackWeights(
        _ index: Int, _ lane: Lane, input: UnsafePointer<Float>, gradient: UnsafePointer<Float>
    ) {
        let layer = program.linears[index]
        let target = lane.weightGradient.pointer
        DenseAlgebra.multiply(
            m: layer.outFeatures, n: layer.inFeatures, k: program.slice, gradient, transposeA: true, input,
            into: target)
        lane.timer?.lap(.linearAndLoss)
        lane.add(target, to: layer.weight, of: sums)
        lane.timer?.lap(.coding)
        let bias = lane.channelValues.pointer
        bias.update(from: gradient, count: layer.outFeatures)
        for image in 1..<max(program.slice, 1) {
            espalier_accumulate(bias, gradient + image * layer.outFeatures, layer.outFeatures)
        }
        lane.add(bias, to: layer.bias, of: sums)
    }
}
