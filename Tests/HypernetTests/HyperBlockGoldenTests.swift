import Checkpoint
import Hypernet
import NeuralNet
import TensorCore
import TestSupport
import Testing

@Suite("Convolution, batch norm and activation with generated weights, against golden values")
struct HyperBlockGoldenTests {
    static let files = HyperLayerGoldenTests.files.filter {
        (try? HyperCase($0))?.isPlainBlock ?? false
    }

    @Test("forward and backward", arguments: files)
    func block(_ file: GoldenFile) throws {
        let golden = try HyperCase(file)
        let tensors = golden.tensors
        let shape = try #require(tensors["x"]?.shape)
        let x = Permutation.imagesToNHWC(try tensors.floats("x"), shape)
        let weight = try generatedWeight(golden)
        let bias = golden.convolution.hasBias ? try tensors.floats("bias") : nil
        let reference = try BlockReference(geometry(golden, shape), hasBias: bias != nil)

        let convolved = reference.convolve(x, weight: weight, bias: bias)
        expect(convolved, try images(golden, "out.conv"), "out.conv")
        var output = convolved.map(Double.init)
        var norm: BlockReference.Norm?
        if golden.hasNorm {
            let after = BlockReference.Norm(
                convolved, scale: try tensors.floats("bn.weight"), shift: try tensors.floats("bn.bias"),
                runningMean: try tensors.floats("bn.running_mean"),
                runningVariance: try tensors.floats("bn.running_var"))
            expect(after.runningMean, try tensors.floats("out.bn.running_mean_after"), "running mean")
            expect(after.runningVariance, try tensors.floats("out.bn.running_var_after"), "running variance")
            output = after.output
            norm = after
        }
        let isActive = output.map { !golden.hasActivation || $0 > 0 }
        expect(
            zip(output, isActive).map { $1 ? Float($0) : 0 }, try images(golden, "out.output"), "out.output")

        // loss = Σ output · loss_weighting
        let weighting = try images(golden, "loss_weighting")
        let outputGradient = zip(weighting, isActive).map { $1 ? Double($0) : 0 }
        var gradient = outputGradient.map { Float($0) }
        if let norm {
            let backward = norm.backward(outputGradient)
            expect(backward.scale, try tensors.floats("grad.bn.weight"), "grad.bn.weight")
            expect(backward.shift, try tensors.floats("grad.bn.bias"), "grad.bn.bias")
            gradient = backward.x
        }
        let backward = reference.convolveBackward(x, weight: weight, gradient: gradient)
        expect(backward.x, try images(golden, "grad.x"), "grad.x")
        expect(backward.weight, try golden.weight("grad.generated_weight"), "grad.generated_weight")
        if bias != nil { expect(backward.bias, try tensors.floats("grad.bias"), "grad.bias") }
    }

    private func expect(_ actual: [Float], _ golden: [Float], _ what: Comment) {
        #expect(Tolerance.error(actual, golden, floor: 1) < Tolerance.block, what)
    }

    private func images(_ golden: HyperCase, _ name: String) throws -> [Float] {
        Permutation.imagesToNHWC(try golden.tensors.floats(name), try #require(golden.tensors[name]?.shape))
    }

    private func generatedWeight(_ golden: HyperCase) throws -> [Float] {
        let network = golden.network()
        var weights = [Float](repeating: 0, count: network.parameters.count)
        network.generate(
            from: try golden.state(network.layout), into: &weights, pool: ComputePool(threads: 1))
        return Array(weights[try #require(network.parameters["conv.weight"]).range])
    }

    private func geometry(_ golden: HyperCase, _ shape: [Int]) -> ConvolutionGeometry {
        let convolution = golden.convolution
        return ConvolutionGeometry(
            images: shape[0], inChannels: shape[1], inHeight: shape[2], inWidth: shape[3],
            outChannels: convolution.outChannels, kernel: convolution.kernel, stride: convolution.stride,
            padding: convolution.padding, groups: convolution.groups)
    }
}
