/// Name, element type and shape of one tensor in a safetensors file. A shape of [] is a scalar: one element.
public struct TensorInfo: Equatable, Sendable {
    public let name: String
    public let type: TensorType
    public let shape: [Int]
    /// Elements: the product of the shape.
    public let count: Int
    /// Bytes of the data: `count` elements.
    public let byteCount: Int

    /// Nil when an extent is negative or the size in bytes overflows.
    public init?(name: String, type: TensorType = .float32, shape: [Int]) {
        guard shape.allSatisfy({ $0 >= 0 }) else { return nil }
        // A zero makes the tensor empty whatever the others are, so it must not be hidden by an overflow
        // before it.
        var count = shape.contains(0) ? 0 : 1
        for extent in shape where count > 0 {
            let (product, overflow) = count.multipliedReportingOverflow(by: extent)
            if overflow { return nil }
            count = product
        }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: type.byteCount)
        if overflow { return nil }
        self.name = name
        self.type = type
        self.shape = shape
        self.count = count
        byteCount = bytes
    }
}
