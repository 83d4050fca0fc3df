import Collective
import Synchronization
import TensorCore
import Transport

/// Blocks of a vector as coded frames.
enum BlockCoding {
    /// A block of a vector.
    struct Piece: Sendable {
        let range: Range<Int>
        /// Whether it stays on this machine: sending it costs less than coding it.
        let isNear: Bool
    }

    /// - Parameter pool: codes with all its threads; nil: on this one.
    static func payloads(
        of vector: UnsafeBufferPointer<Int32>, _ pieces: [Piece], pool: ComputePool?
    ) -> [Frame] {
        guard let pool, pieces.count > 1 else {
            let workspace = BlockWorkspace()
            return pieces.map {
                payload(UnsafeBufferPointer(rebasing: vector[$0.range]), workspace, raw: $0.isNear)
            }
        }
        let coded = Mutex([Frame?](repeating: nil, count: pieces.count))
        let source = VectorPointer(vector)
        let threads = pool.threads
        pool.run { thread in
            let workspace = BlockWorkspace()
            for index in stride(from: thread, to: pieces.count, by: threads) {
                let values = UnsafeBufferPointer(rebasing: source.vector[pieces[index].range])
                let frame = payload(values, workspace, raw: pieces[index].isNear)
                coded.withLock { $0[index] = frame }
            }
        }
        return coded.withLock { $0.compactMap { $0 } }
    }

    static func payload(
        _ values: UnsafeBufferPointer<Int32>, _ workspace: BlockWorkspace, raw: Bool = false
    ) -> Frame {
        Frame(capacity: BlockCodec.encodedByteCountMax(elements: values.count)) { buffer in
            BlockCodec.encode(values, into: buffer, workspace: workspace, raw: raw)
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
