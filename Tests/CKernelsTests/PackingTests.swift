import CKernels
import TestSupport
import Testing

/// Packing weights in bf16: every element rounded and where the places say, whatever way they are written.
@Suite struct PackingTests {
    /// Where the elements of a weight (rows, inputs, taps) go.
    enum Order: CaseIterable {
        /// Pairs of inputs, for sixteen rows at a time.
        case inputPairs
        /// Pairs of rows, for sixteen inputs at a time, with the taps turned round.
        case rowPairs
        /// Pairs of inputs, but for the last of three.
        case irregular
        case plain
    }

    @Test(
        arguments: Order.allCases,
        [(16, 32, 1), (64, 37, 1), (37, 64, 1), (32, 16, 9), (48, 50, 9), (33, 34, 25), (3, 5, 9), (1, 1, 1)])
    func places(order: Order, sizes: (rows: Int, inputs: Int, taps: Int)) {
        let (rows, columns, room) = Self.places(order, sizes)
        let weight = values(rows.count * columns.count, seed: 4).enumerated().map { index, value in
            [0: Float.nan, 5: Float.leastNonzeroMagnitude, 7: -Float.infinity][index % 97] ?? value
        }
        let untouched: UInt16 = 0x1234
        var expected = [UInt16](repeating: untouched, count: room)
        for (row, start) in rows.enumerated() {
            for (column, place) in columns.enumerated() {
                expected[Int(start + place)] = Half.bits(weight[row * columns.count + column])
            }
        }
        var packed = [UInt16](repeating: untouched, count: room)
        rows.withUnsafeBufferPointer { rows in
            columns.withUnsafeBufferPointer { columns in
                let places = espalier_places(
                    rows: rows.baseAddress, row_count: rows.count, columns: columns.baseAddress,
                    column_count: columns.count)
                espalier_pack_bf16(weight, places, &packed)
            }
        }
        #expect(zip(packed, expected).allSatisfy(==))
    }

    private static func places(
        _ order: Order, _ sizes: (rows: Int, inputs: Int, taps: Int)
    ) -> (rows: [Int32], columns: [Int32], room: Int) {
        let (count, inputs, taps) = sizes
        let (evenRows, evenInputs) = ((count + 15) / 16 * 16, (inputs + 15) / 16 * 16)
        let indices = (0..<inputs).flatMap { input in (0..<taps).map { (input: input, tap: $0) } }
        let rows: [Int]
        let columns: [Int]
        switch order {
        case .inputPairs:
            rows = (0..<count).map { $0 / 16 * evenInputs * taps * 16 + $0 % 16 * 2 }
            columns = indices.map { ($0.input / 2 * taps + $0.tap) * 32 + $0.input % 2 }
        case .rowPairs:
            rows = (0..<count).map { $0 / 2 * taps * 32 + $0 % 2 }
            columns = indices.map {
                $0.input / 16 * evenRows * taps * 16 + (taps - 1 - $0.tap) * 32 + $0.input % 16 * 2
            }
        case .irregular:
            rows = (0..<count).map { $0 / 16 * evenInputs * taps * 32 + $0 % 16 * 2 }
            columns = indices.map { ($0.input / 3 * taps + $0.tap) * 64 + [0, 1, 32][$0.input % 3] }
        case .plain:
            rows = (0..<count).map { $0 * inputs * taps }
            columns = Array(indices.indices)
        }
        return (rows.map(Int32.init), columns.map(Int32.init), evenRows * evenInputs * taps * 2)
    }
}
