import TensorCore

extension Executor {
    /// Whether the threads measure what their time goes into. Off at first; then a pass pays for one
    /// comparison. Not to be changed while a call is under way.
    public var measuresPasses: Bool {
        get { lanes[0].timer != nil }
        set {
            guard newValue != measuresPasses else { return }
            for lane in lanes { lane.timer = newValue ? PassTimer() : nil }
        }
    }

    /// The times of all threads together since the last call, or since measuring began.
    public func takePassTimes() -> PassTimes {
        var sum = PassTimes()
        for lane in lanes {
            guard let timer = lane.timer else { continue }
            sum += timer.times
            timer.reset()
        }
        return sum
    }

    /// A run of all threads. Their time before and after `work` counts as waiting, and what `work` leaves
    /// unmeasured as `kind`.
    func runMeasured<Work: ComputeWork>(as kind: PassKind, _ work: Work) {
        for lane in lanes { lane.timer?.start() }
        pool.run(MeasuredWork(executor: self, kind: kind, work: work))
        for lane in lanes { lane.timer?.lap(.waiting) }
    }
}

private struct MeasuredWork<Work: ComputeWork>: ComputeWork {
    let executor: Executor
    let kind: PassKind
    let work: Work

    func run(thread: Int) {
        let lane = executor.lanes[thread]
        lane.timer?.lap(.waiting)
        work.run(thread: thread)
        lane.timer?.lap(kind)
    }
}
