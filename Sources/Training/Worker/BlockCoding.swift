import Collective
import Synchronization
import TensorCore
import Transport

/// Blocks of a vector as coded frames.
enum BlockCoding {
    /// - Parameters:
    ///   - ranges: blocks of the vector.
    ///   - pool: codes with all its threads; nil: on this one.
    static func payloads(
        of vector: UnsafeBufferPointer<Int32>, _ ranges: [Range<Int>], pool: ComputePool?
    ) -> [Frame] {
        guard let pool, ranges.count > 1 else {
            let workspace = BlockWorkspace()
            return ranges.map { payload(UnsafeBufferPointer(rebasing: vector[$0]), workspace) }
        }
        let coded = Mutex([Frame?](repeating: nil, count: ranges.count))
        let source = VectorPointer(vector)
        let threads = pool.threads
        pool.run { thread in
            let workspace = BlockWorkspace()
            for index in stride(from: thread, to: ranges.count, by: threads) {
                let frame = payload(UnsafeBufferPointer(rebasing: source.vector[ranges[index]]), workspace)
                coded.withLock { $0[index] = frame }
            }
        }
        return coded.withLock { $0.compactMap { $0 } }
    }

    static func payload(_ values: UnsafeBufferPointer<Int32>, _ workspace: BlockWorkspace) -> Frame {
        Frame(capacity: BlockCodec.encodedByteCountMax(elements: values.count)) { buffer in
            BlockCodec.encode(values, into: buffer, workspace: workspace)
        }
    }
}

/// Unchecked: the vector is only read while the pool runs.
private struct VectorPointer: @unchecked Sendable {
    let vector: UnsafeBufferPointer<Int32>

    init(_ vector: UnsafeBufferPointer<Int32>) {
        self.vector = vector
    }
}
