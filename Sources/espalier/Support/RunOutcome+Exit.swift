import ArgumentParser
import ClusterCore
import Glibc

extension RunOutcome {
    /// Ends the command with the code that scripts and schedulers look at.
    func end() throws {
        switch self {
        case .done:
            return
        case .preempted(let step, let reason):
            fputs("espalier: \(reason) at step \(step), after a checkpoint; go on with --resume\n", stderr)
            throw ExitCode.preempted
        case .failed(let reason):
            fputs("espalier: \(reason)\n", stderr)
            throw ExitCode.failure
        }
    }
}
