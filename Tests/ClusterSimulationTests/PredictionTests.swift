import Simulation
import Testing

/// Predictions of cases that can be worked out on paper.
struct PredictionTests {
    func costs(workers: Int, mtbf: Double? = nil) -> ClusterCosts {
        ClusterCosts(
            workers: workers, shards: 24, imagesPerShard: 32, parameters: 10_000_000, secondsPerShard: 0.5,
            spread: 1, codingSecondsPerMB: 0, bytesPerElement: 2, applySeconds: 0.1, bytesPerSecond: 100e6,
            latencySeconds: 1e-4, mtbfSeconds: mtbf, restartSeconds: 5, timeoutSeconds: 8)
    }

    /// A step is computing, the vector but one part each way, and applying.
    @Test(arguments: [1, 2, 4, 8])
    func aCalmStepIsTheSumOfItsParts(workers: Int) throws {
        let report = try Prediction(costs(workers: workers)).run(steps: 10)
        let wire = 2 * Double(workers - 1) / Double(workers) * 0.2
        let expected = 0.5 * 24 / Double(workers) + wire + 0.1
        #expect(abs(report.meanStepSeconds - expected) < 0.02 * expected)
        #expect(report.deaths == 0)
    }

    @Test func deathsCostTimeAndWorkersComeBack() throws {
        let calm = try Prediction(costs(workers: 8)).run(steps: 100)
        let stormy = try Prediction(costs(workers: 8, mtbf: 100)).run(steps: 100)
        #expect(stormy.deaths > 0 && stormy.joins > 0)
        #expect(stormy.imagesPerSecond < calm.imagesPerSecond)
        #expect(stormy.imagesPerSecond > 0.3 * calm.imagesPerSecond)
    }
}
