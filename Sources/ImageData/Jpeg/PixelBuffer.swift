/// Bytes that grow and are reused: capacity stays until freed.
struct PixelBuffer: ~Copyable {
    private(set) var pointer: UnsafeMutablePointer<UInt8>
    private(set) var capacity: Int

    init() {
        capacity = 1 << 12
        pointer = .allocate(capacity: capacity)
    }

    deinit { pointer.deallocate() }

    /// Makes room for `count` bytes; what was there is lost.
    mutating func reserve(_ count: Int) {
        if count <= capacity { return }
        pointer.deallocate()
        capacity = count
        pointer = .allocate(capacity: capacity)
    }
}
