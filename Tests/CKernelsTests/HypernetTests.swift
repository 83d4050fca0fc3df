import CKernels
import Testing

/// Against the formulas of Hypernet.h, element by element and in the same order: equal to the bit.
@Suite struct HypernetTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let outputs: Int
        let taps: Int
        let embedding: Int
        let rows: Int
        var testDescription: String {
            "\(rows) rows, \(outputs) outputs, \(taps) taps, embedding \(embedding)"
        }

        var shape: espalier_hyper_shape {
            espalier_hyper_shape(outputs: outputs, taps: taps, embedding: embedding)
        }
        var wide: Int { rows * embedding * outputs }
        /// Elements of w1, w2, b0, b1, b2.
        var counts: [Int] { [wide, wide * taps, rows * outputs, wide, rows * taps * outputs] }
        /// Where each begins if they lie one after the other.
        var starts: [Int] { counts.indices.map { counts.prefix($0).reduce(0, +) } }

        func rows(in base: UnsafeMutablePointer<Float>) -> espalier_hyper_rows {
            let starts = starts
            return espalier_hyper_rows(
                w1: base + starts[0], w2: base + starts[1], b0: base + starts[2], b1: base + starts[3],
                b2: base + starts[4])
        }

        /// More weights of each output than these rows'.
        var stride: Int { rows * taps + 5 }
    }

    static let cases = awkwardChannels.flatMap { outputs in
        [(1, 2, 16), (9, 8, 1), (9, 2, 3), (49, 1, 3), (1, 8, 5), (9, 3, 16)].map {
            Case(outputs: outputs, taps: $0.0, embedding: $0.1, rows: $0.2)
        }
    }

    /// The five parts of a block, each in an array of its own.
    private struct Parts {
        var arrays: [[Float]]

        init(_ this: Case, seed: UInt64) {
            arrays = this.counts.enumerated().map { values($0.element, seed: seed + UInt64($0.offset)) }
        }

        mutating func withRows(_ body: (espalier_hyper_rows) -> Void) {
            let pointers = arrays.map { array in
                let pointer = UnsafeMutablePointer<Float>.allocate(capacity: array.count)
                pointer.initialize(from: array, count: array.count)
                return pointer
            }
            body(
                espalier_hyper_rows(
                    w1: pointers[0], w2: pointers[1], b0: pointers[2], b1: pointers[3], b2: pointers[4]))
            for (index, pointer) in pointers.enumerated() {
                arrays[index] = Array(UnsafeBufferPointer(start: pointer, count: arrays[index].count))
                pointer.deallocate()
            }
        }
    }

    @Test(arguments: cases)
    func generates(_ this: Case) {
        var parts = Parts(this, seed: 1)
        let (zIn, zOut) = (values(this.rows, seed: 11), values(this.outputs, seed: 12))
        var weights = [Float](repeating: 7, count: this.outputs * this.stride)
        var expected = weights
        var scratch = [Float](repeating: .nan, count: espalier_hyper_scratch(this.shape, this.rows))
        parts.withRows {
            espalier_hyper_generate(
                this.shape, $0, this.rows, zIn, zOut, &weights, this.stride, &scratch)
        }
        let (w1, w2, b0, b1, b2) = (
            parts.arrays[0], parts.arrays[1], parts.arrays[2], parts.arrays[3], parts.arrays[4]
        )
        for r in 0..<this.rows {
            for n in 0..<this.outputs {
                let a = zIn[r] * zOut[n] + b0[r * this.outputs + n]
                for t in 0..<this.taps {
                    var sum: Float = 0
                    for j in 0..<this.embedding {
                        let narrow = (r * this.embedding + j) * this.outputs + n
                        let u = a * w1[narrow] + b1[narrow]
                        let product =
                            w2[((r * this.embedding + j) * this.taps + t) * this.outputs + n] * u
                        sum = j == 0 ? product : sum + product
                    }
                    expected[n * this.stride + r * this.taps + t] =
                        sum + b2[(r * this.taps + t) * this.outputs + n]
                }
            }
        }
        #expect(areSame(weights, expected))
    }

    @Test(arguments: cases, OptimizerTests.rules.indices)
    func updates(_ this: Case, optimizer: Int) {
        var parts = Parts(this, seed: 1)
        let before = parts.arrays
        // The parts one after the other, and the second slot behind them all.
        let total = this.counts.reduce(0, +)
        var moments = values(2 * total, seed: 21).map(\.magnitude)
        let momentsBefore = moments
        let (zIn, zOut) = (values(this.rows, seed: 11), values(this.outputs, seed: 12))
        let sums = integers(this.outputs * this.stride, seed: 13)
        let scale: Float = 0x1p-31
        var rule = OptimizerTests.rules[optimizer]
        rule.slot = total
        var zInGradient = [Double](repeating: .nan, count: this.rows)
        var zOutGradient = [Double](repeating: .nan, count: this.outputs)
        var scratch = [Float](repeating: .nan, count: espalier_hyper_scratch(this.shape, this.rows))
        parts.withRows { rows in
            moments.withUnsafeMutableBufferPointer {
                espalier_hyper_update(
                    this.shape, rows, this.rows(in: $0.baseAddress!), this.rows, zIn, zOut, sums, this.stride,
                    scale, rule, &zInGradient, &zOutGradient, &scratch)
            }
        }

        let reference = HypernetReference(
            this, parts: before, moments: momentsBefore, zIn, zOut, sums, scale, rule)
        for (actual, expected) in zip(zInGradient, reference.zIn) {
            // The kernel adds in another order.
            #expect(abs(actual - expected) <= 1e-12 * Double(this.outputs * this.embedding))
        }
        #expect(zOutGradient == reference.zOut)
        for part in before.indices {
            #expect(areSame(parts.arrays[part], reference.parts[part]), "part \(part)")
        }
        #expect(areSame(moments, reference.moments))
    }
}
