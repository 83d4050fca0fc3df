import TensorCore
import Testing

/// Matrix products against loops in fp64.
@Suite struct DenseAlgebraTests {
    struct Shape: Sendable {
        let m, n, k: Int
    }

    static let shapes = [
        Shape(m: 1, n: 1, k: 1), Shape(m: 1, n: 10, k: 64), Shape(m: 32, n: 1, k: 37),
        Shape(m: 7, n: 16, k: 3),
        Shape(m: 37, n: 203, k: 16), Shape(m: 64, n: 100, k: 512), Shape(m: 3, n: 5, k: 0),
    ]

    @Test(arguments: shapes, [0, 1, 0.5] as [Float])
    func productsAgreeWithLoops(_ shape: Shape, beta: Float) {
        let (m, n, k) = (shape.m, shape.n, shape.k)
        let (a, b, c) = (values(m * k, seed: 1), values(k * n, seed: 2), values(m * n, seed: 3))
        for (transposeA, transposeB) in [(false, false), (false, true), (true, false), (true, true)] {
            // With beta 0 the target may hold anything.
            let found = buffer(beta == 0 ? [Float](repeating: .nan, count: m * n) : c)
            DenseAlgebra.multiply(
                m: m, n: n, k: k, a, transposeA: transposeA, b, transposeB: transposeB, into: found.pointer,
                alpha: 2, beta: beta)
            var expected = c.map { Double($0) * Double(beta) }
            for i in 0..<m {
                for j in 0..<n {
                    for l in 0..<k {
                        let left = transposeA ? a[l * m + i] : a[i * k + l]
                        let right = transposeB ? b[j * k + l] : b[l * n + j]
                        expected[i * n + j] += 2 * Double(left) * Double(right)
                    }
                }
            }
            #expect(relativeError(found.elements, expected) < 1e-5)
        }
    }
}
