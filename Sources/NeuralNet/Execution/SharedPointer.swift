// Pointers that cross into a pool's threads.

/// A pointer that several threads read through while its owner waits.
struct SharedPointer<Element>: @unchecked Sendable {
    let pointer: UnsafePointer<Element>

    init(_ pointer: UnsafePointer<Element>) {
        self.pointer = pointer
    }
}

/// A pointer through which several threads write to different elements while its owner waits.
struct SharedMutablePointer<Element>: @unchecked Sendable {
    let pointer: UnsafeMutablePointer<Element>

    init(_ pointer: UnsafeMutablePointer<Element>) {
        self.pointer = pointer
    }
}
