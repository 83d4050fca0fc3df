extension [Int32] {
    /// Adds another vector of the same length, by pointers: tests are built without optimisation.
    mutating func add(_ other: UnsafeBufferPointer<Int32>) {
        precondition(count == other.count, "\(count) and \(other.count) elements")
        withUnsafeMutableBufferPointer { buffer in
            guard let sums = buffer.baseAddress, let values = other.baseAddress else { return }
            var index = 0
            while index < other.count {
                sums[index] &+= values[index]
                index += 1
            }
        }
    }
}
