internal import COneDNN

/// A convolution ready to run on one thread: nothing is allocated in a call. Inputs, outputs and their
/// gradients are NHWC of exactly `images` images, of the kernel's element type; weights and their gradients
/// in the kernel's packed layouts.
public final class ConvolutionContext {
    private let geometry: ConvolutionGeometry
    private let forwardPass: Invocation
    private let backwardDataPass: Invocation?
    private let backwardWeightsPass: Invocation

    init(_ kernel: ConvolutionKernel, _ scratch: Scratch) throws(EngineError) {
        geometry = kernel.geometry
        let forward = kernel.forward
        var tensors: [(argument: Int32, layout: dnnl_memory_desc_t)] = [
            (DNNL_ARG_SRC, forward.tensor(dnnl_query_src_md)),
            (DNNL_ARG_WEIGHTS, forward.tensor(dnnl_query_weights_md)),
            (DNNL_ARG_DST, forward.tensor(dnnl_query_dst_md)),
        ]
        let bias = try OneDNN.description([kernel.geometry.outChannels], dnnl_x)
        if kernel.hasBias { tensors.append((DNNL_ARG_BIAS, bias)) }
        forwardPass = try Invocation(forward, scratch, tensors)

        let weights = kernel.backwardWeights
        tensors = [
            (DNNL_ARG_SRC, weights.tensor(dnnl_query_src_md)),
            (DNNL_ARG_DIFF_DST, weights.tensor(dnnl_query_diff_dst_md)),
            (DNNL_ARG_DIFF_WEIGHTS, weights.tensor(dnnl_query_diff_weights_md)),
        ]
        if kernel.hasBias { tensors.append((DNNL_ARG_DIFF_BIAS, bias)) }
        backwardWeightsPass = try Invocation(weights, scratch, tensors)

        guard let data = kernel.backwardData else {
            backwardDataPass = nil
            return
        }
        backwardDataPass = try Invocation(
            data, scratch,
            [
                (DNNL_ARG_DIFF_DST, data.tensor(dnnl_query_diff_dst_md)),
                (DNNL_ARG_WEIGHTS, data.tensor(dnnl_query_weights_md)),
                (DNNL_ARG_DIFF_SRC, data.tensor(dnnl_query_diff_src_md)),
            ])
    }

    /// output = input ∗ weight + bias. `bias` (outChannels) is given exactly if the kernel has one.
    public func forward(
        input: UnsafeRawPointer, weight: UnsafeRawPointer, bias: UnsafePointer<Float>? = nil,
        output: UnsafeMutableRawPointer
    ) {
        if let bias {
            forwardPass.run(input, weight, output, bias)
        } else {
            forwardPass.run(input, weight, output)
        }
    }

    /// The gradient of the input; overwrites it. `weight` is packed for the backward pass.
    public func backwardData(
        outputGradient: UnsafeRawPointer, weight: UnsafeRawPointer, inputGradient: UnsafeMutableRawPointer
    ) {
        guard let backwardDataPass else {
            preconditionFailure("\(geometry) was built without an input gradient")
        }
        backwardDataPass.run(outputGradient, weight, inputGradient)
    }

    /// The gradients of the weight, padding zero, and of the bias (given exactly if the kernel has one);
    /// overwrites them.
    public func backwardWeights(
        input: UnsafeRawPointer, outputGradient: UnsafeRawPointer,
        weightGradient: UnsafeMutablePointer<Float>, biasGradient: UnsafeMutablePointer<Float>? = nil
    ) {
        if let biasGradient {
            backwardWeightsPass.run(input, outputGradient, weightGradient, biasGradient)
        } else {
            backwardWeightsPass.run(input, outputGradient, weightGradient)
        }
    }
}
