import CKernels
import TestSupport
import Testing

/// Weight gradients of 1×1 convolutions in bf16 against sums in fp64, the plain C among them.
@Suite(.serialized) struct PointwiseWeightsTests {
    struct Case: CustomTestStringConvertible {
        let pixels: Int
        let rows: Int
        let columns: Int

        var shape: espalier_pointwise_weights_shape {
            espalier_pointwise_weights_shape(pixels: pixels, rows: rows, columns: columns)
        }
        var testDescription: String { "\(rows) × \(columns) over \(pixels)" }

        func sums(_ rowValues: [Float], _ columnValues: [Float]) -> [(sum: Double, magnitude: Double)] {
            (0..<rows * columns).map { index in
                let (row, column) = (index / columns, index % columns)
                return (0..<pixels).reduce(into: (0, 0)) { sums, pixel in
                    let product =
                        Double(rowValues[pixel * rows + row]) * Double(columnValues[pixel * columns + column])
                    sums.sum += product
                    sums.magnitude += abs(product)
                }
            }
        }
    }

    private static let channels = [1, 3, 7, 16, 37, 203]
    /// Every number of rows and vectors in a block, every rest; odd pixels, stretches and their ends.
    static let cases: [Case] =
        channels.flatMap { rows in channels.map { Case(pixels: 50, rows: rows, columns: $0) } }
        + (1...28).map { Case(pixels: 9, rows: $0, columns: 129 - 4 * $0) }
        + [1, 2, 3, 127, 128, 129, 255, 256, 257, 515, 1024].map { Case(pixels: $0, rows: 19, columns: 76) }

    @Test(arguments: cases, [false, true]) func sumsAgree(_ test: Case, isNative: Bool) {
        espalier_allow_native(isNative ? 1 : 0)
        defer { espalier_allow_native(1) }
        let rows = halves(test.pixels * test.rows, seed: 1)
        let columns = halves(test.pixels * test.columns, seed: 2)
        for start: Float? in [nil, 3] {
            let found = Self.guarded(test, rows, columns, start)
            let error = Self.error(of: found, test, rows.map(Half.value), columns.map(Half.value), start ?? 0)
            #expect(error <= 1e-6)
        }
    }

    /// The sums, of operands between what is no number, as scratch memory and sums are before; or added to a
    /// number.
    private static func guarded(
        _ test: Case, _ rows: [UInt16], _ columns: [UInt16], _ start: Float?
    ) -> [Float] {
        let fence = [UInt16](repeating: 0x7fc0, count: 67)
        var shape = test.shape
        // All bits set: no number in either type.
        var scratch = [UInt8](repeating: 0xff, count: espalier_pointwise_weights_scratch(&shape) + 64)
        let edge = [Float](repeating: .nan, count: 16)
        var sums = edge + [Float](repeating: start ?? .nan, count: test.rows * test.columns) + edge
        (fence + rows + fence).withUnsafeBufferPointer { rows in
            (fence + columns + fence).withUnsafeBufferPointer { columns in
                sums.withUnsafeMutableBufferPointer { sums in
                    espalier_pointwise_weights_bf16(
                        &shape, rows.baseAddress! + fence.count, columns.baseAddress! + fence.count,
                        &scratch, sums.baseAddress! + 16, start == nil ? 0 : 1)
                }
            }
        }
        #expect(scratch.suffix(64).allSatisfy { $0 == 0xff })
        #expect(sums.prefix(16).allSatisfy(\.isNaN) && sums.suffix(16).allSatisfy(\.isNaN))
        return Array(sums.dropFirst(16).dropLast(16))
    }

    /// The largest difference, relative to the sum of magnitudes; infinite for a NaN.
    private static func error(
        of found: [Float], _ test: Case, _ rows: [Float], _ columns: [Float], _ start: Float
    ) -> Double {
        zip(found, test.sums(rows, columns)).reduce(0) { worst, pair in
            let difference = abs(Double(pair.0) - pair.1.sum - Double(start))
            return difference.isNaN
                ? .infinity : max(worst, difference / max(pair.1.magnitude + Double(start), 1e-30))
        }
    }
}
