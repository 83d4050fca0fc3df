import Glibc

/// Memory for `count` elements, 64-byte aligned, zero-filled, freed when the value goes. Large buffers lie in
/// huge pages where the system has them: passes walk them from end to end, a page after another.
public struct AlignedBuffer<Element: BitwiseCopyable>: ~Copyable {
    public let count: Int
    /// Valid as long as the buffer lives. An empty buffer's pointer may not be read.
    public let pointer: UnsafeMutablePointer<Element>

    /// Traps if memory runs out; see ``init(attempting:)``.
    public init(count: Int) {
        do {
            try self.init(attempting: count)
        } catch {
            fatalError(error.description)
        }
    }

    /// Throws where `init(count:)` would trap: for sizes that a user's input decides.
    public init(attempting count: Int) throws(EngineError) {
        precondition(count >= 0, "a buffer of \(count) elements")
        let (bytes, overflows) = count.multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
        var memory: UnsafeMutableRawPointer?
        let isLarge = bytes >= 2 * hugePageByteCount
        let alignment = isLarge ? hugePageByteCount : 64
        guard !overflows, posix_memalign(&memory, alignment, max(bytes, 64)) == 0, let memory else {
            throw EngineError(
                operation: "allocate memory",
                detail:
                    "no room for \(count) elements of \(MemoryLayout<Element>.stride) bytes; "
                    + "use a smaller network"
            )
        }
        // Advice: that the system has none is no error. What does not fill a huge page stays in small ones.
        if isLarge { _ = madvise(memory, bytes, MADV_HUGEPAGE) }
        memset(memory, 0, max(bytes, 64))
        self.count = count
        pointer = memory.bindMemory(to: Element.self, capacity: max(count, 1))
    }

    deinit {
        free(pointer)
    }

    /// All of it, for collection algorithms.
    public var elements: UnsafeMutableBufferPointer<Element> {
        UnsafeMutableBufferPointer(start: pointer, count: count)
    }

    public func copy() -> AlignedBuffer {
        let result = AlignedBuffer(count: count)
        result.pointer.update(from: pointer, count: count)
        return result
    }
}

/// Of x86-64; where they are larger, buffers only begin at less than a whole one.
private let hugePageByteCount = 1 << 21

// Owns its memory alone; who shares the pointer between threads keeps their accesses apart.
extension AlignedBuffer: @unchecked Sendable where Element: Sendable {}
