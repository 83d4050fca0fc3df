import TensorCore
import TestSupport

/// Numbers in memory in one element type.
struct Elements: ~Copyable {
    private let memory: AlignedBuffer<UInt8>
    private let type: ElementType
    private let count: Int

    init(_ values: [Float], _ type: ElementType) {
        memory = AlignedBuffer(count: values.count * type.byteCount)
        self.type = type
        count = values.count
        for (index, value) in values.enumerated() {
            switch type {
            case .fp32: pointer.storeBytes(of: value, toByteOffset: 4 * index, as: Float.self)
            case .bf16: pointer.storeBytes(of: Half.bits(value), toByteOffset: 2 * index, as: UInt16.self)
            }
        }
    }

    /// Full of what must be overwritten.
    init(unwritten count: Int, _ type: ElementType) {
        self.init([Float](repeating: .nan, count: count), type)
    }

    var pointer: UnsafeMutableRawPointer { UnsafeMutableRawPointer(memory.pointer) }

    var floats: [Float] {
        (0..<count).map { index in
            switch type {
            case .fp32: pointer.load(fromByteOffset: 4 * index, as: Float.self)
            case .bf16: Half.value(pointer.load(fromByteOffset: 2 * index, as: UInt16.self))
            }
        }
    }
}
