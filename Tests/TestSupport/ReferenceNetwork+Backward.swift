import NeuralNet

extension ReferenceNetwork {
    /// Adds what node `index` passes on to its inputs' deltas, and its parameters' gradients.
    func backward(_ index: Int, _ state: [Double], count: Int, _ deltas: inout [[Double]], _ pass: inout Pass)
    {
        let node = graph.nodes[index]
        let delta = deltas[index]
        guard let source = node.inputs.first else { return }
        let shape = graph.shapes[source]
        switch node.operation {
        case .input:
            break
        case .convolution(let convolution):
            convolveBack(index, convolution, state, count: count, &deltas, &pass)
        case .batchNorm(let norm):
            normalizeBack(index, norm, state, &deltas, &pass)
        case .activation(let activation):
            for place in delta.indices {
                deltas[source][place] += delta[place] * activation.reference(pass.values[source][place]).slope
            }
        case .add:
            for input in node.inputs {
                for place in delta.indices { deltas[input][place] += delta[place] }
            }
        case .concatenate:
            var first = 0
            for input in node.inputs {
                let channels = graph.shapes[input].channels
                for place in deltas[input].indices {
                    deltas[input][place] +=
                        delta[place / channels * graph.shapes[index].channels + first + place % channels]
                }
                first += channels
            }
        case .scale:
            let (values, gates) = (pass.values[source], pass.values[node.inputs[1]])
            for place in delta.indices {
                let gate = place / shape.count * shape.channels + place % shape.channels
                deltas[source][place] += delta[place] * gates[gate]
                deltas[node.inputs[1]][gate] += delta[place] * values[place]
            }
        case .maxPool:
            for (place, winner) in maxima(index, pass.values[source], count: count).enumerated() {
                deltas[source][winner] += delta[place]
            }
        case .averagePool(let pool):
            var target = deltas[source]
            forEachTap(index, pool.kernel, pool.stride, pool.padding, count: count) { tap in
                for channel in 0..<shape.channels {
                    target[tap.input * shape.channels + channel] +=
                        delta[tap.output * shape.channels + channel] / Double(pool.kernel * pool.kernel)
                }
            }
            deltas[source] = target
        case .globalAveragePool:
            for place in deltas[source].indices {
                deltas[source][place] +=
                    delta[place / shape.count * shape.channels + place % shape.channels]
                    / Double(shape.pixels)
            }
        case .linear(let linear):
            multiplyBack(index, linear, state, count: count, &deltas, &pass)
        }
    }

    private func convolveBack(
        _ index: Int, _ convolution: Convolution, _ state: [Double], count: Int, _ deltas: inout [[Double]],
        _ pass: inout Pass
    ) {
        let source = graph.nodes[index].inputs[0]
        let (outputs, inputs) = (convolution.outChannels, graph.shapes[source].channels)
        let perGroup = inputs / convolution.groups
        let taps = convolution.kernel * convolution.kernel
        let weight = parameters(index, .convolutionWeight, state) ?? []
        let (input, delta) = (pass.values[source], deltas[index])
        var weightGradient = [Double](repeating: 0, count: weight.count)
        var inputDelta = deltas[source]
        forEachTap(index, convolution.kernel, convolution.stride, convolution.padding, count: count) { tap in
            for o in 0..<outputs {
                let group = o / (outputs / convolution.groups)
                for i in 0..<perGroup {
                    let place = tap.input * inputs + group * perGroup + i
                    let position = (o * perGroup + i) * taps + tap.place
                    weightGradient[position] += delta[tap.output * outputs + o] * input[place]
                    inputDelta[place] += delta[tap.output * outputs + o] * weight[position]
                }
            }
        }
        deltas[source] = inputDelta
        add(weightGradient, to: tensor(index, .convolutionWeight), &pass)
        var bias = [Double](repeating: 0, count: outputs)
        for (place, value) in delta.enumerated() { bias[place % outputs] += value }
        add(bias, to: tensor(index, .convolutionBias), &pass)
    }

    private func normalizeBack(
        _ index: Int, _ norm: BatchNorm, _ state: [Double], _ deltas: inout [[Double]], _ pass: inout Pass
    ) {
        let source = graph.nodes[index].inputs[0]
        let channels = graph.shapes[index].channels
        let rows = Double(deltas[index].count / channels)
        let (mean, variance) = pass.moments[index] ?? ([], [])
        let scale = parameters(index, .normScale, state) ?? []
        var scaleGradient = [Double](repeating: 0, count: channels)
        var shiftGradient = scaleGradient
        func standardized(_ place: Int) -> Double {
            let channel = place % channels
            let deviation = (variance[channel] + Double(norm.epsilon)).squareRoot()
            return (pass.values[source][place] - mean[channel]) / deviation
        }
        for (place, delta) in deltas[index].enumerated() {
            scaleGradient[place % channels] += delta * standardized(place)
            shiftGradient[place % channels] += delta
        }
        for (place, delta) in deltas[index].enumerated() {
            let channel = place % channels
            let deviation = (variance[channel] + Double(norm.epsilon)).squareRoot()
            let centred =
                delta - shiftGradient[channel] / rows
                - standardized(place) * scaleGradient[channel] / rows
            deltas[source][place] += scale[channel] / deviation * centred
        }
        add(scaleGradient, to: tensor(index, .normScale), &pass)
        add(shiftGradient, to: tensor(index, .normShift), &pass)
        add(mean, to: tensor(index, .runningMean), &pass)
        add(variance.map { $0 * rows / max(rows - 1, 1) }, to: tensor(index, .runningVariance), &pass)
    }

    private func multiplyBack(
        _ index: Int, _ linear: Linear, _ state: [Double], count: Int, _ deltas: inout [[Double]],
        _ pass: inout Pass
    ) {
        let source = graph.nodes[index].inputs[0]
        let shape = graph.shapes[source]
        let weight = parameters(index, .linearWeight, state) ?? []
        var weightGradient = [Double](repeating: 0, count: weight.count)
        var bias = [Double](repeating: 0, count: linear.outFeatures)
        for image in 0..<count {
            for o in 0..<linear.outFeatures {
                let delta = deltas[index][image * linear.outFeatures + o]
                bias[o] += delta
                for place in 0..<shape.count {
                    let position = o * shape.count + shape.flat(place)
                    weightGradient[position] += delta * pass.values[source][image * shape.count + place]
                    deltas[source][image * shape.count + place] += delta * weight[position]
                }
            }
        }
        add(weightGradient, to: tensor(index, .linearWeight), &pass)
        add(bias, to: tensor(index, .linearBias), &pass)
    }

    private func add(_ values: [Double], to tensor: ParameterLayout.Tensor?, _ pass: inout Pass) {
        guard let tensor else { return }
        for (place, value) in values.enumerated() { pass.gradients[tensor.offset + place] += value }
    }
}
