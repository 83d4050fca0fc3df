/// What ``StepBench`` found.
public struct StepReport: Equatable, Sendable, Encodable {
    /// A kind of pass and its part of the step's time.
    public struct Part: Equatable, Sendable, Encodable {
        public let pass: String
        /// A step, averaged over the threads.
        public let seconds: Double
        /// Of the step.
        public let share: Double
    }

    public let network: String
    public let input: Int
    public let classes: Int
    public let batch: Int
    public let shard: Int
    public let slice: Int
    public let precision: StepSettings.Precision
    public let width: Double
    public let hyper: Int
    /// FLOPs of the network as a share of the unpruned one's; 1: nothing was pruned.
    public let flopsShare: Double
    /// Elements that batch norms put out, likewise: passes that memory bounds go by them. They shrink with a
    /// layer's channels where FLOPs shrink with the product of two layers'.
    public let activationsShare: Double
    /// Numbers that the optimizer updates: the network's, or the hypernetwork's and the latent vectors'.
    public let parameters: Int
    public let threads: Int
    public let steps: Int
    public let instructionLevel: String

    public let imagesPerSecondMedian: Double
    public let imagesPerSecondBest: Double
    public let secondsMedian: Double
    /// Of the median step: 3 passes of 2 operations for each multiply-accumulate of convolutions and linear
    /// layers; whatever else a step computes counts nothing.
    public let gflops: Double
    /// Measured at the start; see ``Roofline``.
    public let peakGflops: Double
    public let shareOfPeak: Double
    /// Most resident memory so far, and the executor's own, in 10⁹ bytes.
    public let peakGb: Double
    public let executorGb: Double
    /// Measured steps that were computed more than once because their code overflowed.
    public let repeatedSteps: Int

    /// Largest first.
    public let breakdown: [Part]
    /// Part of the breakdown's steps that has a name.
    public let accounted: Double
    /// Median of the breakdown's steps over that of the others: what measuring passes costs.
    public let measuringCost: Double
    /// Of the last measured step, the mean over its images.
    public let loss: Double
    /// SHA-256 of the model's state after warm-up and measured steps: the same for any number of threads.
    public let weightsSha256: String
}
