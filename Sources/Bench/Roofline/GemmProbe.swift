import TensorCore

/// A square sgemm for each thread.
final class GemmProbe: Sendable {
    static let side = 768
    static let gflop = 2e-9 * Double(side * side * side)

    private let operands: AlignedBuffer<Float>
    private let results: AlignedBuffer<Float>

    init(threads: Int) throws(EngineError) {
        let area = Self.side * Self.side
        operands = try AlignedBuffer(attempting: 2 * area)
        results = try AlignedBuffer(attempting: threads * area)
        for index in operands.elements.indices { operands.pointer[index] = Float(index % 7) - 3 }
    }

    func run(_ thread: Int) {
        let area = Self.side * Self.side
        DenseAlgebra.multiply(
            m: Self.side, n: Self.side, k: Self.side, operands.pointer, operands.pointer + area,
            into: results.pointer + thread * area)
    }
}
