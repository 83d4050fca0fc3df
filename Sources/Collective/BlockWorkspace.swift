import CKernels
import CLZ4

/// Scratch memory of the block codec, about 1.1 MiB, for one thread at a time. Reused, so that coding a block
/// allocates nothing.
public final class BlockWorkspace {
    /// Bytes from one plane to the next: a largest plane and a cache line, so that the planes, written
    /// together, do not all fall in the same set of the cache.
    static let planeStride = Partition.blockElementsMax / 8 + 64

    /// 32 planes, `planeStride` apart.
    let planes: UnsafeMutablePointer<UInt8>
    /// A decoded block.
    let values: UnsafeMutablePointer<Int32>
    /// Where each of the 32 planes of the block being decoded is; nil for one that is all zero.
    let sources: UnsafeMutablePointer<UnsafePointer<UInt8>?>
    /// LZ4's own scratch.
    let lz4State: UnsafeMutableRawPointer

    public init() {
        let planeBytes = 32 * Self.planeStride
        planes = UnsafeMutableRawPointer.allocate(byteCount: planeBytes, alignment: 64)
            .initializeMemory(as: UInt8.self, repeating: 0, count: planeBytes)
        let elements = Partition.blockElementsMax
        values = UnsafeMutableRawPointer.allocate(byteCount: elements * 4, alignment: 64)
            .initializeMemory(as: Int32.self, repeating: 0, count: elements)
        sources = .allocate(capacity: 32)
        sources.initialize(repeating: nil, count: 32)
        lz4State = .allocate(byteCount: Int(LZ4_sizeofState()), alignment: 64)
    }

    deinit {
        planes.deallocate()
        values.deallocate()
        sources.deallocate()
        lz4State.deallocate()
    }

    func plane(_ index: Int) -> UnsafeMutablePointer<UInt8> { planes + index * Self.planeStride }
}
