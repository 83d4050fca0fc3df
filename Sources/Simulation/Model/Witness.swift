import ClusterCore
import Transport

/// What all parts of one simulation share: the clock, the training, and the eyes that see what must not be.
final class Witness {
    let time: VirtualTime
    let training: SimulatedTraining
    let reference: ReferenceRun
    let mutation: Mutation?
    var trace: Trace
    /// The first thing that was broken.
    private(set) var broken: String?
    /// Told about moments that faults are aimed at.
    var moment: (Moment) -> Void = { _ in }

    init(time: VirtualTime, reference: ReferenceRun, mutation: Mutation?, trace: Trace) {
        self.time = time
        self.reference = reference
        training = reference.training
        self.mutation = mutation
        self.trace = trace
    }

    func violate(_ what: String) {
        note("VIOLATION: \(what)")
        if broken == nil { broken = what }
    }

    func note(_ text: @autoclosure () -> String) {
        trace.note(at: time.nanoseconds, text)
    }

    /// Any replica that holds a state, member or not, holds the reference's.
    func check(_ state: SimulatedState, of name: String) {
        guard let expected = reference.state(state.phase, state.step) else {
            return violate("\(name) holds step \(state.step) of \(state.phase), which no run comes to")
        }
        guard state != expected else { return }
        violate(
            "\(name) holds a state of \(state.phase) step \(state.step) with digest \(state.digest); "
                + "without a cluster it is \(expected.digest)")
    }
}
