import ClusterCore
import NeuralNet
import TensorCore
import Testing
import Transport

@testable import Training

/// A state that is streamed out and loaded elsewhere goes on with the same bits.
@Suite(.timeLimit(.minutes(20))) struct StateTests {
    @Test(arguments: [0, 3]) func streamedStateGoesOnAlike(searchSteps: Int) throws {
        let definition = try TestDefinitions.make(searchSteps: searchSteps)
        let original = try TestDefinitions.replica(definition)
        for _ in 0..<2 { _ = try LocalSearch.step(original) }
        let copy = try Replica(definition, plan: nil, step: 2, pool: ComputePool(threads: 2))
        var stream = StateStream(try original.snapshot())
        var last: WireStateChunk?
        while let (chunk, payload) = stream.next() {
            #expect(last == nil, "nothing follows the last chunk")
            #expect(payload.count <= 1 << 20 && chunk.step == 2)
            #expect(load(chunk, payload, into: copy))
            if chunk.last { last = chunk }
        }
        let exponents = try #require(last?.exponents)
        #expect(copy.load(codes: try FixedPointState(json: exponents)))
        #expect(copy.codes == original.codes)
        #expect(copy.digest() == original.digest())
        for replica in [original, copy] { _ = try LocalSearch.step(replica) }
        #expect(copy.digest() == original.digest())
    }

    private func load(_ chunk: WireStateChunk, _ payload: Frame, into replica: Replica) -> Bool {
        payload.withUnsafeBytes {
            replica.load(chunk.section, offset: Int(clamping: chunk.offset), bytes: $0)
        }
    }

    /// A snapshot does not change with the replica that it was taken from.
    @Test func snapshotStaysAsItWas() throws {
        let replica = try TestDefinitions.replica(TestDefinitions.make())
        let snapshot = try replica.snapshot()
        let before = (0..<snapshot.weights.count).map { snapshot.weights.pointer[$0].bitPattern }
        _ = try LocalSearch.step(replica)
        #expect((0..<snapshot.weights.count).map { snapshot.weights.pointer[$0].bitPattern } == before)
        #expect((0..<before.count).contains { replica.model.state[$0].bitPattern != before[$0] })
    }

    @Test(arguments: [(0, 3), (-4, 4), (Int.max, 4), (1_000_000_000, 4), (-1, 0)])
    func chunkOutsideOfTheStateIsRefused(offset: Int, bytes: Int) throws {
        let replica = try TestDefinitions.replica(TestDefinitions.make())
        let before = replica.digest()
        for section in [WireStateChunk.Section.weights, .momentum, .UNRECOGNIZED(7)] {
            let zeros = [UInt8](repeating: 0, count: bytes)
            let fits = zeros.withUnsafeBytes { replica.load(section, offset: offset, bytes: $0) }
            #expect(!fits)
        }
        #expect(replica.digest() == before)
    }

    @Test func chunkAcrossTheEndIsRefused() throws {
        let replica = try TestDefinitions.replica(TestDefinitions.make())
        let (all, some) = (replica.model.layout.count, replica.model.layout.momentCount)
        let zeros = [UInt8](repeating: 0, count: 8)
        zeros.withUnsafeBytes { bytes in
            #expect(replica.load(.weights, offset: all - 2, bytes: bytes))
            #expect(!replica.load(.weights, offset: all - 1, bytes: bytes))
            #expect(replica.load(.momentum, offset: some - 2, bytes: bytes))
            #expect(!replica.load(.momentum, offset: some - 1, bytes: bytes))
        }
    }

    @Test func exponentsOfAnotherNetworkOrCutAreRefused() throws {
        let replica = try TestDefinitions.replica(TestDefinitions.make())
        let others = [try TestDefinitions.make("resnet32"), try TestDefinitions.make(shard: 32)]
        for other in others {
            #expect(!replica.load(codes: try TestDefinitions.replica(other).codes))
        }
        #expect(throws: (any Error).self) { try FixedPointState(json: "{}") }
        #expect(throws: (any Error).self) { try FixedPointState(json: "no JSON") }
    }

    @Test func fixedPointStateSurvivesItsText() throws {
        let replica = try TestDefinitions.replica(TestDefinitions.make())
        #expect(try FixedPointState(json: replica.codes.json) == replica.codes)
        for _ in 0..<2 { _ = try LocalSearch.step(replica) }
        #expect(replica.codes.isCalibrated)
        #expect(try FixedPointState(json: replica.codes.json) == replica.codes)
    }
}
