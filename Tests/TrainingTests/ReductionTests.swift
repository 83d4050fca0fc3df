import Collective
import NeuralNet
import Testing
import Transport

@testable import Training

/// The all-reduce of several workers without sockets.
@Suite(.timeLimit(.minutes(20))) struct ReductionTests {
    /// Noise in the lower 18 bits, both signs.
    private func randomSums(_ shards: Int, _ elements: Int) -> [[Int32]] {
        (0..<shards).map { _ in
            var state = UInt32.random(in: 1...UInt32.max)
            return [Int32](unsafeUninitializedCapacity: elements) { buffer, count in
                for index in 0..<elements {
                    state = state &* 1_664_525 &+ 1_013_904_223
                    buffer.baseAddress![index] = Int32(bitPattern: state) >> 14
                }
                count = elements
            }
        }
    }

    private func plainSum(_ sums: [[Int32]]) -> [Int32] {
        var total = sums[0]
        for other in sums.dropFirst() { other.withUnsafeBufferPointer { total.add($0) } }
        return total
    }

    /// More workers than shards, fewer elements than parts, several blocks a part.
    @Test(arguments: [1, 2, 3, 5], [1, 3, 1000, 300_001])
    func equalsThePlainSum(workers: Int, elements: Int) throws {
        let cluster = MemoryCluster(workers: workers, elements: elements, shards: 4)
        for step in 0..<2 {
            let sums = randomSums(4, elements)
            let expected = plainSum(sums)
            for gathered in try cluster.reduce(step: step, sums) {
                #expect(gathered == expected, "step \(step)")
            }
        }
    }

    @Test func trafficIsCounted() throws {
        let cluster = MemoryCluster(workers: 2, elements: 1000, shards: 4)
        _ = try cluster.reduce(step: 0, randomSums(4, 1000))
        let traffic = cluster.members.map { cluster.reduction($0).gathered }
        // Each worker sends the other's half as a contribution, and its own half reduced.
        #expect(traffic.reduce(0) { $0 + $1.bytesUncoded } == 2 * 1000 * 4)
        #expect(traffic.allSatisfy { $0.bytesSent > 0 && $0.bytesSent < 1000 * 4 + 400 })
    }

    @Test func messagesOfImpossibleContentAreRefused() throws {
        let cluster = MemoryCluster(workers: 2, elements: 1000, shards: 4)
        let (receiver, sender) = (cluster.members[0], cluster.members[1])
        let reduction = cluster.reduction(receiver)
        let context = cluster.context(sender, step: 0)
        let values = [Int32](repeating: 1, count: 500)
        for kind in [BlockHeader.Kind.contribution, .reduced] {
            for (part, block, elements, shards) in [
                (0, 7, 500, 2), (0, 0, 499, 2), (9, 0, 500, 2), (0, 0, 500, 9),
            ] {
                let header = context.header(
                    kind, part: part, block: block, elements: elements, shards: ShardSet(0..<shards))
                let frames = values.prefix(elements).withUnsafeBufferPointer {
                    context.message(header, $0, BlockWorkspace(), raw: false)
                }
                // Contributions to parts of others are not for this worker, and are left alone.
                let outgoing = try? reduction.receive(header, frames[1])
                #expect(outgoing?.isEmpty ?? true, "\(kind) \(part) \(block) \(elements) \(shards)")
            }
            let header = context.header(kind, part: 0, block: 0, elements: 500, shards: ShardSet([0]))
            for payload in [[], [0], [UInt8](repeating: 0xff, count: 64)] as [[UInt8]] {
                #expect(throws: CollectiveError.self) { try reduction.receive(header, Frame(payload)) }
            }
        }
        // Nothing of it has been added.
        let sums = randomSums(4, 1000)
        #expect(try cluster.reduce(step: 0, sums) == [plainSum(sums), plainSum(sums)])
    }

    /// On gradients of ResNet-56 the 24-bit code takes at most 0.72 of fp32, in both directions together.
    @Test func gradientsOfResNet56Compress() throws {
        let definition = try TestDefinitions.make("resnet56", batch: 64, shard: 32)
        let replica = try TestDefinitions.replica(definition, threads: 2)
        let cluster = MemoryCluster(workers: 2, elements: replica.reduction.count, shards: 2)
        for step in 0..<5 {
            var overflows = try replica.compute(shards: [0, 1], overflows: [])
            while !overflows.isEmpty {
                overflows = try replica.compute(shards: [0, 1], overflows: overflows)
            }
            // The same exponents serve the shards one by one.
            let whole = Array(replica.vector)
            var sums: [[Int32]] = []
            for shard in 0..<2 {
                #expect(try replica.compute(shards: [shard], overflows: []).isEmpty)
                sums.append(Array(replica.vector))
            }
            #expect(try cluster.reduce(step: step, sums) == [whole, whole])
            let traffic = cluster.members.map { cluster.reduction($0).gathered }
            let sent = traffic.reduce(0) { $0 + $1.bytesSent }
            let share = Double(sent) / Double(traffic.reduce(0) { $0 + $1.bytesUncoded })
            print("ResNet-56, step \(step): \(share) of fp32")
            #expect(share <= 0.72, "step \(step)")
            _ = whole.withUnsafeBufferPointer(replica.apply)
        }
    }
}
