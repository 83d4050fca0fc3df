/// What all threads of a pool do at once. A type of its own rather than a closure: those are allocated
/// whenever the threads are set to work.
public protocol ComputeWork: Sendable {
    /// The part of one thread, with its number in the pool.
    func run(thread: Int)
}

extension ComputeWork {
    /// The same of the value at `address`, for those who know its type only when they run.
    static func run(at address: UnsafeRawPointer, thread: Int) {
        address.assumingMemoryBound(to: Self.self).pointee.run(thread: thread)
    }
}
