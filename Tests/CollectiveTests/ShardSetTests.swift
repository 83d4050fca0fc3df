import Collective
import Testing

@Suite struct ShardSetTests {
    @Test func operations() {
        var set = ShardSet([0, 63, 64, 4095])
        #expect(set.count == 4)
        #expect(set.contains(63) && set.contains(4095) && !set.contains(1))
        #expect(!set.contains(-1) && !set.contains(4096) && !set.contains(.max))
        #expect(set.upperBound == 4096)
        #expect(ShardSet([64]).isSubset(of: set))
        #expect(!set.isSubset(of: ShardSet([0, 63, 64])))
        #expect(!ShardSet([64, 65]).isSubset(of: set))
        #expect(ShardSet([1, 65]).isDisjoint(with: set))
        #expect(!ShardSet([1, 64]).isDisjoint(with: set))
        set.formUnion(ShardSet([1, 2]))
        #expect(set.description == "0-2,63-64,4095")
        #expect(ShardSet() == ShardSet([]) && ShardSet().isEmpty && ShardSet().upperBound == 0)
        #expect(ShardSet().isSubset(of: set) && ShardSet().isDisjoint(with: set))
    }

    @Test(arguments: [1, 2, 7, 8, 63, 64, 65, 128, 4095, 4096])
    func full(count: Int) {
        let set = ShardSet.all(count)
        #expect(set.isFull(count))
        #expect(!set.isFull(count - 1) && !set.isFull(count + 1))
        #expect(!ShardSet(0..<count - 1).isFull(count))
        #expect(!ShardSet(1..<count).isFull(count))
    }

    @Test func wireBytes() throws {
        #expect(ShardSet().bytes == [])
        #expect(ShardSet([0, 9]).bytes == [1, 2])
        #expect(ShardSet([64]).bytes == [0, 0, 0, 0, 0, 0, 0, 0, 1])
        #expect(ShardSet.all(4096).bytes == Array(repeating: 255, count: ShardSet.byteCountMax))
        var generator = SeededGenerator(1)
        for _ in 0..<100 {
            let bound = Int.random(in: 1...4096, using: &generator)
            let count = Int.random(in: 0...40, using: &generator)
            let set = ShardSet((0..<count).map { _ in Int.random(in: 0..<bound, using: &generator) })
            #expect(try ShardSet(bytes: set.bytes) == set)
        }
    }

    @Test func badBytes() {
        #expect(throws: CollectiveError.self) { try ShardSet(bytes: [UInt8](repeating: 1, count: 513)) }
        #expect(throws: CollectiveError.self) { try ShardSet(bytes: [1, 0] as [UInt8]) }
        #expect(throws: CollectiveError.self) { try ShardSet(bytes: [0] as [UInt8]) }
    }
}
