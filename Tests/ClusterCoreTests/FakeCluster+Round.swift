import ClusterCore

extension FakeCluster {
    /// One generation's try at one attempt.
    struct Round: Hashable {
        let generation: UInt64
        let step: Int
        let attempt: UInt32

        init(_ work: StepWork) {
            generation = work.generation
            step = work.step
            attempt = work.attempt
        }
    }
}
