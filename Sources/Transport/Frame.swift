import CZeroMQ
import Glibc

/// One frame of a message: an immutable run of bytes, shared and not copied when handed around.
public struct Frame: Sendable, Equatable {
    let storage: FrameStorage

    /// Copies the bytes.
    public init(_ bytes: some Sequence<UInt8>) {
        self.init(Array(bytes))
    }

    /// Copies the bytes.
    public init(_ bytes: [UInt8]) {
        self = bytes.withUnsafeBytes { Frame(copying: $0) }
    }

    /// Copies the bytes.
    public init(copying bytes: UnsafeRawBufferPointer) {
        self.init(capacity: bytes.count) { buffer in
            buffer.copyMemory(from: bytes)
            return bytes.count
        }
    }

    /// Makes a frame in place: `write` fills the first bytes of a buffer of `capacity` and returns how many.
    public init<E: Error>(
        capacity: Int, write: (UnsafeMutableRawBufferPointer) throws(E) -> Int
    ) throws(E) {
        guard let memory = malloc(max(capacity, 1)) else {
            fatalError("out of memory: no \(capacity) bytes for a frame")
        }
        let count: Int
        do {
            count = try write(UnsafeMutableRawBufferPointer(start: memory, count: capacity))
        } catch {
            free(memory)
            throw error
        }
        precondition(count >= 0 && count <= capacity, "wrote \(count) of \(capacity) bytes")
        storage = FrameStorage.adopt(memory, count: count)
    }

    init(storage: FrameStorage) {
        self.storage = storage
    }

    public var count: Int { storage.count }

    public var isEmpty: Bool { count == 0 }

    /// A copy of the bytes.
    public var bytes: [UInt8] { withUnsafeBytes { Array($0) } }

    public func withUnsafeBytes<Result, E: Error>(
        _ body: (UnsafeRawBufferPointer) throws(E) -> Result
    ) throws(E) -> Result {
        // The storage must outlive the call even if this is its last use.
        defer { withExtendedLifetime(storage) {} }
        return try body(storage.bytes)
    }

    public static func == (left: Frame, right: Frame) -> Bool {
        left.withUnsafeBytes { left in
            right.withUnsafeBytes { right in
                left.count == right.count
                    && (left.count == 0 || memcmp(left.baseAddress!, right.baseAddress!, left.count) == 0)
            }
        }
    }
}
