import TensorCore

/// The convolution as loops over its definition, in fp64.
///
/// N images, C and K channels in and out, H×W pixels; input NHWC, weight (K, C / groups, k, k).
struct ReferenceConvolution {
    let geometry: ConvolutionGeometry

    /// Calls `body` with the input's, the weight's and the output's index of every product.
    func forEachProduct(_ body: (_ input: Int, _ weight: Int, _ output: Int) -> Void) {
        let g = geometry
        let (inGroup, outGroup) = (g.inChannels / g.groups, g.outChannels / g.groups)
        for image in 0..<g.images {
            for y in 0..<g.outHeight {
                for x in 0..<g.outWidth {
                    for dy in 0..<g.kernel {
                        for dx in 0..<g.kernel {
                            let (row, column) = (y * g.stride + dy - g.padding, x * g.stride + dx - g.padding)
                            guard (0..<g.inHeight).contains(row), (0..<g.inWidth).contains(column) else {
                                continue
                            }
                            let inPixel = ((image * g.inHeight + row) * g.inWidth + column) * g.inChannels
                            let outPixel = ((image * g.outHeight + y) * g.outWidth + x) * g.outChannels
                            for out in 0..<g.outChannels {
                                let first = out / outGroup * inGroup
                                for i in 0..<inGroup {
                                    let weight = ((out * inGroup + i) * g.kernel + dy) * g.kernel + dx
                                    body(inPixel + first + i, weight, outPixel + out)
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    func forward(_ input: [Float], _ weight: [Float], _ bias: [Float]?) -> [Double] {
        var result = [Double](repeating: 0, count: geometry.outputCount)
        if let bias {
            for i in result.indices { result[i] = Double(bias[i % geometry.outChannels]) }
        }
        result.withUnsafeMutableBufferPointer { result in
            forEachProduct { result[$2] += Double(input[$0]) * Double(weight[$1]) }
        }
        return result
    }

    func backwardData(_ outputGradient: [Float], _ weight: [Float]) -> [Double] {
        var result = [Double](repeating: 0, count: geometry.inputCount)
        result.withUnsafeMutableBufferPointer { result in
            forEachProduct { result[$0] += Double(outputGradient[$2]) * Double(weight[$1]) }
        }
        return result
    }

    func backwardWeights(_ input: [Float], _ outputGradient: [Float]) -> [Double] {
        var result = [Double](repeating: 0, count: geometry.weightCount)
        result.withUnsafeMutableBufferPointer { result in
            forEachProduct { result[$1] += Double(input[$0]) * Double(outputGradient[$2]) }
        }
        return result
    }

    func backwardBias(_ outputGradient: [Float]) -> [Double] {
        var result = [Double](repeating: 0, count: geometry.outChannels)
        for (i, value) in outputGradient.enumerated() { result[i % geometry.outChannels] += Double(value) }
        return result
    }
}
