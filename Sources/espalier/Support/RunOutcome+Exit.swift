import ArgumentParser
import ClusterCore

extension RunOutcome {
    /// Ends the command with the code that scripts and schedulers look at.
    func end() throws {
        switch self {
        case .done:
            return
        case .preempted(let step, let reason):
            let place = step == 0 ? "before the first step" : "at step \(step), after a checkpoint"
            Say.error("\(reason) \(place); go on with --resume")
            throw ExitCode.preempted
        case .failed(let reason):
            Say.error(reason)
            throw ExitCode.failure
        }
    }
}
