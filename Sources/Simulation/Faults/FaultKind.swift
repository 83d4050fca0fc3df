/// What can go wrong in a simulation.
package enum FaultKind: String, CaseIterable, Sendable {
    /// A worker dies, and comes back in a while or not before the faults end.
    case kill
    /// As `kill`, but nobody is told: the machine lost its power.
    case powerCut
    /// A worker gets no turns for a while; its connections stay.
    case stop
    /// A worker is told to leave.
    case leave
    /// Another worker comes.
    case start
    /// A cable is pulled between two processes, one way or both.
    case partition
    /// A worker's cable is pulled.
    case isolate
    /// The connections between two processes break.
    case disconnect
    /// Messages between two processes take long.
    case delay
    /// Data messages come twice.
    case duplicate
    /// Data messages come damaged.
    case corrupt
    /// A worker becomes slow.
    case slow
    /// The coordinator dies and is started again.
    case killCoordinator
    /// The coordinator gets no turns for a while.
    case stopCoordinator
    /// The coordinator is told to stop with a checkpoint, and started again.
    case preempt
}
