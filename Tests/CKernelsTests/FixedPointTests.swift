import CKernels
import Testing

@Suite struct FixedPointTests {
    /// What ``espalier_fixed_add`` is to add for one value.
    static func code(_ value: Float, _ scale: Float, _ limit: Float) -> Int32 {
        let scaled = value * scale
        return Int32((scaled.isNaN ? limit : min(max(scaled, -limit), limit)).rounded(.toNearestOrEven))
    }

    @Test(arguments: awkwardCounts, [0, 3, 21, 30] as [Int])
    func addsRoundedValues(count: Int, exponent: Int) {
        let scale = Float(sign: .plus, exponent: exponent, significand: 1)
        let x = values(count, seed: UInt64(exponent))
        let start = integers(count, seed: 9).map { $0 / 4 }
        var sums = start
        let largest = espalier_fixed_add(x, &sums, count, scale, 1_073_741_824)
        #expect(largest == x.map(\.magnitude).max() ?? 0)
        #expect(sums == (0..<count).map { start[$0] + Self.code(x[$0], scale, 1_073_741_824) })
    }

    /// Halves around every power of two, and where floats become integers; both signs.
    @Test func tiesGoToEven() {
        var x: [Float] = [0, 0.25, 0.5, 0.75, 1.5, 2.5, 0.49999997, 0.50000006]
        for exponent in 0...30 {
            let power = Float(sign: .plus, exponent: exponent, significand: 1)
            x += [power - 0.5, power, power + 0.5, power + 1.5, power.nextDown, power.nextUp]
        }
        x += x.map { -$0 }
        var sums = [Int32](repeating: 0, count: x.count)
        let largest = espalier_fixed_add(x, &sums, x.count, 1, .infinity)
        #expect(largest == x.map(\.magnitude).max())
        #expect(sums == x.map { Int32($0.rounded(.toNearestOrEven)) })
    }

    @Test(arguments: [0, 1, 100.25, 16_777_216, 2_147_483_520, 4e9, .infinity] as [Float])
    func clampsAtTheLimit(limit: Float) {
        let x: [Float] = [3e9, -3e9, 1e30, -1e30, 2_147_483_648, -2_147_483_648, 99, -99, 0]
        var sums = [Int32](repeating: 0, count: x.count)
        let largest = espalier_fixed_add(x, &sums, x.count, 1, limit)
        #expect(largest == 1e30)
        #expect(sums == x.map { Self.code($0, 1, min(limit, 2_147_483_520)) })
    }

    @Test(arguments: [Float.infinity, -.infinity, .nan, -.nan, .signalingNaN])
    func whatIsNotFiniteIsReported(bad: Float) {
        for position in [0, 5, 16, 40] {
            var x = values(41, seed: 3)
            x[position] = bad
            var sums = [Int32](repeating: 0, count: x.count)
            let largest = espalier_fixed_add(x, &sums, x.count, 1024, 1000)
            #expect(largest == .infinity)
            for i in x.indices where i != position { #expect(sums[i] == Self.code(x[i], 1024, 1000)) }
        }
    }

    @Test func productsThatOverflowAreClamped() {
        let x: [Float] = [3e38, -3e38, .leastNonzeroMagnitude]
        var sums = [Int32](repeating: 0, count: 3)
        let largest = espalier_fixed_add(x, &sums, 3, 1024, 500)
        #expect(largest == 3e38)
        #expect(sums == [500, -500, 0])
    }

    @Test(arguments: awkwardCounts) func integersAddAndCompare(count: Int) {
        let (a, b) = (integers(count, seed: 1), integers(count, seed: 2))
        var sums = a
        espalier_int_add(&sums, b, count)
        #expect(sums == zip(a, b).map { $0 &+ $1 })
        #expect(espalier_int_max(a, count) == a.map(\.magnitude).max() ?? 0)
        for position in stride(from: 0, to: count, by: 5) {
            var extreme = a
            extreme[position] = .min
            #expect(espalier_int_max(extreme, count) == 1 << 31)
        }
    }

    @Test(arguments: awkwardCounts) func addsRowsThatLieSideBySide(count: Int) {
        let rows = Int(ESPALIER_FIXED_ROWS)
        let x = values(count * rows, seed: 1)
        let columns = (0..<count).map { Int32(($0 * 7 + 3) % max(count, 1) * rows) }
        var found = integers(count * rows, seed: 2).map { $0 / 4 }
        var expected = found
        let largest = espalier_fixed_transposed_add(x, columns, &found, count, 0x1p20, 0x1p24)
        let plain = (0..<count * rows).map { x[Int(columns[$0 % count]) + $0 / count] }
        #expect(largest == espalier_fixed_add(plain, &expected, plain.count, 0x1p20, 0x1p24))
        #expect(found == expected)
    }

    @Test(arguments: awkwardCounts) func addsValuesThatLieApart(count: Int) {
        let x = values(count, seed: 1)
        let index = (0..<count).map { Int32(($0 * 7 + 3) % max(count, 1)) }
        var (found, expected) = (integers(count, seed: 2).map { $0 / 4 }, [Int32]())
        expected = found
        let largest = espalier_fixed_gather_add(x, index, &found, count, 0x1p20, 0x1p24)
        #expect(largest == espalier_fixed_add(index.map { x[Int($0)] }, &expected, count, 0x1p20, 0x1p24))
        #expect(found == expected)
    }
}
