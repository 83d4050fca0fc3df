import Collective

/// SplitMix64: the tests' cases, the same in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Nearly normal, variance 1, magnitude at most 6: the sum of 12 uniform numbers, from three draws.
    mutating func gaussian() -> Double {
        var sum = -6.0
        for _ in 0..<3 {
            let draw = next()
            for part in 0..<4 { sum += Double(draw >> UInt64(16 * part) & 0xffff) / 65536 }
        }
        return sum
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }
}

/// Coded bytes of `values`.
func encode(_ values: [Int32], _ workspace: BlockWorkspace) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: BlockCodec.encodedByteCountMax(elements: values.count)) {
        bytes, count in
        count = values.withUnsafeBufferPointer {
            BlockCodec.encode($0, into: UnsafeMutableRawBufferPointer(bytes), workspace: workspace)
        }
    }
}

/// `values` after a block was decoded over them, or as they were with the error.
func decode(
    _ bytes: [UInt8], over values: inout [Int32], _ workspace: BlockWorkspace
) throws(CollectiveError) {
    try withBuffers(bytes, &values) { bytes, values throws(CollectiveError) in
        try BlockCodec.decode(bytes, into: values, workspace: workspace)
    }
}

func add(_ bytes: [UInt8], to values: inout [Int32], _ workspace: BlockWorkspace) throws(CollectiveError) {
    try withBuffers(bytes, &values) { bytes, values throws(CollectiveError) in
        try BlockCodec.add(bytes, to: values, workspace: workspace)
    }
}

/// The bytes in an allocation of just their size, so that a sanitizer sees reads beyond them.
private func withBuffers(
    _ bytes: [UInt8], _ values: inout [Int32],
    _ body: (UnsafeRawBufferPointer, UnsafeMutableBufferPointer<Int32>) throws(CollectiveError) -> Void
) throws(CollectiveError) {
    let exact = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
    defer { exact.deallocate() }
    exact.copyBytes(from: bytes)
    let target = UnsafeMutableBufferPointer<Int32>.allocate(capacity: values.count)
    defer { target.deallocate() }
    _ = target.initialize(from: values)
    defer { values = Array(target) }
    try body(UnsafeRawBufferPointer(exact), target)
}

/// Sets the checksum of coded bytes that a test has changed.
func sealed(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    let checksum = checksum(bytes[4...])
    for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: checksum >> UInt32(8 * index)) }
    return bytes
}

/// CRC-32C a bit at a time.
func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
    var crc: UInt32 = 0xffff_ffff
    for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0x82f6_3b78 : 0) }
    }
    return ~crc
}
