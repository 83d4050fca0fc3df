import Foundation
import Simulation
import Testing

/// Whole runs on a simulated cluster, with faults: every promise is checked after every event. The seed of a
/// failure replays with `espalier simulate --seed SEED --verbose`.
@Suite(.timeLimit(.minutes(20))) struct SimulationTests {
    static let chunk = 25

    @Test(arguments: Array(stride(from: 0, to: 300, by: chunk)))
    func noPromiseIsBroken(first: Int) {
        for seed in first..<first + Self.chunk {
            do throws(SimulationFailure) {
                _ = try SimulatedCluster.run(SimulationSettings(seed: UInt64(seed)))
            } catch {
                Issue.record("\(error)")
            }
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func theSameSeedGivesTheSameRun(seed: UInt64) throws {
        let reports = try (0..<2).map { _ in
            try SimulatedCluster(SimulationSettings(seed: seed), isVerbose: true).run()
        }
        #expect(reports[0].digest != 0)
        #expect(reports[0] == reports[1])
    }

    @Test func otherSeedsGiveOtherRuns() throws {
        let digests = try (0..<3).map { seed in
            try SimulatedCluster(SimulationSettings(seed: UInt64(seed)), isVerbose: true).run().digest
        }
        #expect(Set(digests).count == 3)
    }

    /// Some of a hundred seeds must find a bug that was put in.
    @Test(arguments: Mutation.allCases)
    func aBugIsFound(mutation: Mutation) {
        let found = (0..<100 as Range<UInt64>).first { seed in
            do throws(SimulationFailure) {
                _ = try SimulatedCluster(SimulationSettings(seed: seed, mutation: mutation)).run()
                return false
            } catch {
                return true
            }
        }
        #expect(found != nil, "no seed finds \(mutation)")
    }
}
