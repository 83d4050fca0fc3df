import TensorCore

/// Memory larger than the caches, handed out in turns: what a call gets has left the caches since its last
/// use, as activations have between the passes of a step.
final class ColdMemory {
    private let memory: AlignedBuffer<UInt8>
    private var next = 0

    init(byteCount: Int) throws(EngineError) {
        memory = try AlignedBuffer(attempting: byteCount)
        fill()
    }

    /// Numbers between 1e-5 and 1 in fp32 and bf16: results that come back as inputs would leave the range.
    func fill() {
        let pattern = 4096
        for start in stride(from: 0, to: memory.count, by: pattern) {
            let count = min(pattern, memory.count - start)
            if start == 0 {
                for index in 0..<count { memory.pointer[index] = UInt8(0x38 + index * 37 % 8) }
            } else {
                (memory.pointer + start).update(from: memory.pointer, count: count)
            }
        }
    }

    /// Aligned to 64 bytes; pieces of one trip round the memory are apart.
    func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
        precondition(byteCount <= memory.count, "\(byteCount) bytes of \(memory.count)")
        if next + byteCount > memory.count { next = 0 }
        defer { next += (byteCount + 63) / 64 * 64 }
        return UnsafeMutableRawPointer(memory.pointer + next)
    }
}
