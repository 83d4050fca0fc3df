import NeuralNet
import TensorCore
import Testing

/// Measuring passes changes no bits, and is off unless asked for.
struct PassTimesTests {
    @Test func measuringChangesNothing() throws {
        let graph = TestNetworks.residual
        let state = testState(graph)
        let shards = [TestShard(graph, count: 8, seed: 1)]
        var all: [[Int32]] = []
        for isMeasured in [false, true] {
            let executor = try Executor(graph: graph, shard: 8, slice: 2, pool: ComputePool(threads: 2))
            executor.measuresPasses = isMeasured
            executor.setWeights(state)
            all.append(try executor.sums(of: shards).sums)
            let times = executor.takePassTimes()
            #expect((times.total > 0) == isMeasured)
            #expect((times[.convolutionForward] > 0) == isMeasured)
            #expect((times[.packing] > 0) == isMeasured)
            #expect(executor.takePassTimes().total == 0)
        }
        #expect(all[0] == all[1])
    }

    @Test func partsAddUpToTheTotal() throws {
        let graph = TestNetworks.pools
        let executor = try Executor(graph: graph, shard: 4, slice: 1, pool: ComputePool(threads: 3))
        executor.measuresPasses = true
        executor.setWeights(testState(graph))
        _ = try executor.sums(of: [TestShard(graph, count: 4, seed: 2)])
        let times = executor.takePassTimes()
        let sum = PassKind.allCases.reduce(0) { $0 + times[$1] }
        #expect((sum - times.total).magnitude < 1e-6)
        #expect(times[.pools] > 0 && times[.coding] > 0 && times[.normBackward] > 0)
    }
}
