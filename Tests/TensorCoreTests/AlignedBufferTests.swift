import TensorCore
import Testing

@Suite struct AlignedBufferTests {
    @Test(arguments: [0, 1, 15, 16, 17, 1000, 1_000_003])
    func isAlignedAndZero(count: Int) {
        let buffer = AlignedBuffer<Float>(count: count)
        #expect(buffer.count == count)
        #expect(UInt(bitPattern: buffer.pointer) % 64 == 0)
        #expect(buffer.elements.allSatisfy { $0.bitPattern == 0 })
    }

    @Test func copiesAreApart() {
        let original = AlignedBuffer<Int32>(count: 100)
        for i in 0..<100 { original.pointer[i] = Int32(i) }
        let copy = original.copy()
        original.pointer[7] = -1
        #expect(Array(copy.elements) == (0..<100).map { Int32($0) })
        #expect(UInt(bitPattern: copy.pointer) % 64 == 0)
    }

    @Test(arguments: [Int.max, Int.max / 4, 1 << 55])
    func sizesBeyondMemoryAreErrors(count: Int) {
        #expect(throws: EngineError.self) { _ = try AlignedBuffer<Float>(attempting: count) }
    }
}
