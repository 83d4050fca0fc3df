import Glibc
import NeuralNet

func exponential(_ x: Double) -> Double { exp(x) }
func logarithm(_ x: Double) -> Double { log(x) }

/// One tap of a convolution or pooling window: image, output and input pixel, place in the window.
struct Tap {
    var image: Int
    var output: Int
    var input: Int
    var place: Int
}

extension ReferenceNetwork {
    func value(
        _ index: Int, _ state: [Double], _ images: [Double], count: Int, training: Bool, _ pass: inout Pass
    ) -> [Double] {
        let node = graph.nodes[index]
        let inputs = node.inputs.map { pass.values[$0] }
        let size = count * graph.shapes[index].count
        switch node.operation {
        case .input:
            return images
        case .convolution(let convolution):
            return convolve(index, convolution, inputs[0], state, count: count)
        case .batchNorm(let norm):
            return normalize(index, norm, inputs[0], state, training: training, &pass)
        case .activation(let activation):
            return inputs[0].map { activation.reference($0).value }
        case .add:
            return zip(inputs[0], inputs[1]).map { $0 + $1 }
        case .concatenate:
            return (0..<count * graph.shapes[index].pixels).flatMap { pixel in
                zip(node.inputs, inputs).flatMap { source, values in
                    let channels = graph.shapes[source].channels
                    return values[pixel * channels..<(pixel + 1) * channels]
                }
            }
        case .scale:
            let shape = graph.shapes[index]
            return inputs[0].enumerated().map { place, value in
                value * inputs[1][place / shape.count * shape.channels + place % shape.channels]
            }
        case .maxPool:
            return maxima(index, inputs[0], count: count).map { inputs[0][$0] }
        case .averagePool(let pool):
            var output = [Double](repeating: 0, count: size)
            forEachTap(index, pool.kernel, pool.stride, pool.padding, count: count) { tap in
                for channel in 0..<graph.shapes[index].channels {
                    output[tap.output * graph.shapes[index].channels + channel] +=
                        inputs[0][tap.input * graph.shapes[index].channels + channel]
                        / Double(pool.kernel * pool.kernel)
                }
            }
            return output
        case .globalAveragePool:
            let shape = graph.shapes[node.inputs[0]]
            var output = [Double](repeating: 0, count: size)
            for (place, value) in inputs[0].enumerated() {
                output[place / shape.count * shape.channels + place % shape.channels] +=
                    value / Double(shape.pixels)
            }
            return output
        case .linear(let linear):
            return multiply(index, linear, inputs[0], state, count: count)
        }
    }

    /// Calls `body` for each tap of each window that is not on padding. Pixels are counted over all images.
    func forEachTap(
        _ index: Int, _ kernel: Int, _ stride: Int, _ padding: Int, count: Int, _ body: (Tap) -> Void
    ) {
        let (input, output) = (graph.shapes[graph.nodes[index].inputs[0]], graph.shapes[index])
        for image in 0..<count {
            for place in 0..<output.pixels {
                for tap in 0..<kernel * kernel {
                    let row = place / output.width * stride - padding + tap / kernel
                    let column = place % output.width * stride - padding + tap % kernel
                    guard 0..<input.height ~= row, 0..<input.width ~= column else { continue }
                    body(
                        Tap(
                            image: image, output: image * output.pixels + place,
                            input: image * input.pixels + row * input.width + column, place: tap))
                }
            }
        }
    }

    private func convolve(
        _ index: Int, _ convolution: Convolution, _ input: [Double], _ state: [Double], count: Int
    ) -> [Double] {
        let outputs = convolution.outChannels
        let inputs = graph.shapes[graph.nodes[index].inputs[0]].channels
        let perGroup = inputs / convolution.groups
        let weight = parameters(index, .convolutionWeight, state) ?? []
        let bias = parameters(index, .convolutionBias, state)
        let taps = convolution.kernel * convolution.kernel
        var output = [Double](repeating: 0, count: count * graph.shapes[index].count)
        if let bias { for place in output.indices { output[place] = bias[place % outputs] } }
        forEachTap(index, convolution.kernel, convolution.stride, convolution.padding, count: count) { tap in
            for o in 0..<outputs {
                let group = o / (outputs / convolution.groups)
                var sum = 0.0
                for i in 0..<perGroup {
                    sum +=
                        input[tap.input * inputs + group * perGroup + i]
                        * weight[(o * perGroup + i) * taps + tap.place]
                }
                output[tap.output * outputs + o] += sum
            }
        }
        return output
    }

    private func normalize(
        _ index: Int, _ norm: BatchNorm, _ input: [Double], _ state: [Double], training: Bool,
        _ pass: inout Pass
    ) -> [Double] {
        let channels = graph.shapes[index].channels
        var mean = parameters(index, .runningMean, state) ?? []
        var variance = parameters(index, .runningVariance, state) ?? []
        if training {
            let rows = Double(input.count / channels)
            mean = [Double](repeating: 0, count: channels)
            variance = mean
            for (place, value) in input.enumerated() { mean[place % channels] += value / rows }
            for (place, value) in input.enumerated() {
                let difference = value - mean[place % channels]
                variance[place % channels] += difference * difference / rows
            }
        }
        pass.moments[index] = (mean, variance)
        let scale = parameters(index, .normScale, state) ?? []
        let shift = parameters(index, .normShift, state) ?? []
        return input.enumerated().map { place, value in
            let channel = place % channels
            let deviation = (variance[channel] + Double(norm.epsilon)).squareRoot()
            return (value - mean[channel]) / deviation * scale[channel] + shift[channel]
        }
    }

    /// The index of the input element that each output element takes: the first of equal ones.
    func maxima(_ index: Int, _ input: [Double], count: Int) -> [Int] {
        guard case .maxPool(let pool) = graph.nodes[index].operation else { return [] }
        let channels = graph.shapes[index].channels
        var winners = [Int](repeating: -1, count: count * graph.shapes[index].count)
        forEachTap(index, pool.kernel, pool.stride, pool.padding, count: count) { tap in
            for channel in 0..<channels {
                let (output, candidate) = (tap.output * channels + channel, tap.input * channels + channel)
                if winners[output] < 0 || input[candidate] > input[winners[output]] {
                    winners[output] = candidate
                }
            }
        }
        return winners
    }

    private func multiply(
        _ index: Int, _ linear: Linear, _ input: [Double], _ state: [Double], count: Int
    ) -> [Double] {
        let shape = graph.shapes[graph.nodes[index].inputs[0]]
        let weight = parameters(index, .linearWeight, state) ?? []
        let bias = parameters(index, .linearBias, state) ?? []
        var output: [Double] = []
        for image in 0..<count {
            for o in 0..<linear.outFeatures {
                var sum = bias[o]
                for place in 0..<shape.count {
                    sum += input[image * shape.count + place] * weight[o * shape.count + shape.flat(place)]
                }
                output.append(sum)
            }
        }
        return output
    }
}

extension ImageShape {
    /// Where element `place` of an NHWC image lies in PyTorch's (C, H, W) order.
    func flat(_ place: Int) -> Int { place % channels * pixels + place / channels }
}
