import CKernels
import Testing

@Suite struct ElementwiseTests {
    @Test(arguments: awkwardCounts) func sums(count: Int) {
        let (a, b) = (values(count, seed: 1), values(count, seed: 2))
        let expected = zip(a, b).map { $0 + $1 }
        var out = [Float](repeating: .nan, count: count)
        espalier_add(a, b, &out, count)
        #expect(areSame(out, expected))
        var accumulated = a
        espalier_accumulate(&accumulated, b, count)
        #expect(areSame(accumulated, expected))
        var same = a
        same.withUnsafeMutableBufferPointer { espalier_add($0.baseAddress, b, $0.baseAddress, count) }
        #expect(areSame(same, expected))
    }

    @Test(arguments: awkwardChannels, [1, 4, 49])
    func globalAverage(channels: Int, pixels: Int) {
        let images = 3
        let x = values(images * pixels * channels, seed: 1)
        var out = [Float](repeating: .nan, count: images * channels)
        espalier_global_average(x, &out, images, pixels, channels)
        var expected = [Float](repeating: 0, count: images * channels)
        for image in 0..<images {
            for c in 0..<channels {
                var sum: Float = 0
                for p in 0..<pixels { sum += x[(image * pixels + p) * channels + c] }
                expected[image * channels + c] = sum * (1 / Float(pixels))
            }
        }
        #expect(areSame(out, expected))

        let gradient = values(images * channels, seed: 2)
        var dx = [Float](repeating: .nan, count: x.count)
        espalier_global_average_backward(gradient, &dx, images, pixels, channels)
        let back = x.indices.map { i in
            gradient[i / (pixels * channels) * channels + i % channels] * (1 / Float(pixels))
        }
        #expect(areSame(dx, back))
    }
}
