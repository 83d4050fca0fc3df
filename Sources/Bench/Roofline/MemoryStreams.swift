import CKernels
import TensorCore

/// Three arrays too large for any cache of ordinary machines; the threads share them out.
final class MemoryStreams: Sendable {
    /// Floats of each array: 128 MiB.
    private static let count = 32 << 20
    private static let gigabytes = Double(count * MemoryLayout<Float>.stride) / 1e9

    private let a: AlignedBuffer<Float>
    private let b: AlignedBuffer<Float>
    private let c: AlignedBuffer<Float>

    init() throws(EngineError) {
        a = try AlignedBuffer(attempting: Self.count)
        b = try AlignedBuffer(attempting: Self.count)
        c = try AlignedBuffer(attempting: Self.count)
    }

    /// Each in 10⁹ bytes a second, of all threads together.
    func read(_ pool: ComputePool, _ seconds: Double) -> Double {
        rate(pool, seconds, arrays: 1) { Sink.take(espalier_stream_read(self.a.pointer + $0, $1)) }
    }

    func write(_ pool: ComputePool, _ seconds: Double) -> Double {
        rate(pool, seconds, arrays: 1) { espalier_stream_write(self.a.pointer + $0, $1, 1) }
    }

    func triad(_ pool: ComputePool, _ seconds: Double) -> Double {
        rate(pool, seconds, arrays: 3) {
            espalier_stream_triad(self.a.pointer + $0, self.b.pointer + $0, self.c.pointer + $0, $1, 0.5)
        }
    }

    private func rate(
        _ pool: ComputePool, _ seconds: Double, arrays: Int,
        _ body: @Sendable (_ first: Int, _ count: Int) -> Void
    ) -> Double {
        let share = Self.count / pool.threads
        let work = Double(arrays) * Self.gigabytes / Double(pool.threads)
        return Roofline.best(pool, seconds, work: work) { body($0 * share, share) }
    }
}
